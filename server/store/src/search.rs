//! Search over the tables themselves, so that what is found is never behind what is there.

use crate::{
    Result,
    transactions::list::{prefix, within},
};
use domain::search::SearchHit;
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// A sale found by its number or reference.
#[derive(Debug, Clone)]
pub struct FoundSale {
    pub id: uuid::Uuid,
    pub number: i64,
    pub external_ref: Option<String>,
    pub total: Decimal,
    pub currency: String,
    pub occurred_at: chrono::DateTime<chrono::Utc>,
}

/// Exact number or reference first, then references that begin so, the latest first.
///
/// # Errors
/// When the statement fails.
pub async fn sales(connection: &mut PgConnection, q: &str, limit: i64) -> Result<Vec<FoundSale>> {
    Ok(sqlx::query_as!(
        FoundSale,
        r#"select id as "id!", number as "number!", external_ref, total as "total!", currency as "currency!",
                  occurred_at as "occurred_at!"
           from (
               (select id, number, external_ref, total, currency, occurred_at, 0 as rank from sales.transactions where number = $1)
               union
               (select id, number, external_ref, total, currency, occurred_at, case when external_ref = $2 then 0 else 1 end
                from sales.transactions where external_ref like $3 limit 50)
           ) as found
           order by rank, occurred_at desc, id limit $4"#,
        q.parse::<i64>().unwrap_or(-1),
        q,
        prefix(q),
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// Exact SKU, then SKU or name that begins so, then text within, then similar spellings (≥ 0.3).
///
/// # Errors
/// When the statement fails.
pub async fn products(connection: &mut PgConnection, q: &str, sku_only: bool, limit: i64) -> Result<Vec<SearchHit>> {
    let sku = q.to_uppercase();
    let rows = sqlx::query!(
        r#"select id, sku, name from sales.products
           where deleted_at is null
             and (sku like $2 or (not $5 and ((sku || ' ' || name) ilike $3 or (sku || ' ' || name) % $4)))
           order by (sku = $1) desc, (sku like $2) desc, (name ilike $6) desc, ((sku || ' ' || name) ilike $3) desc,
                    similarity(sku || ' ' || name, $4) desc, name, sku
           limit $7"#,
        sku,
        prefix(&sku),
        within(q),
        q,
        sku_only,
        prefix(q),
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| SearchHit { title: r.name, subtitle: r.sku, path: format!("/transactions?product_id={}", r.id) })
        .collect())
}
