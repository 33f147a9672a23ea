//! Search over the tables themselves, so that what is found is never behind what is there.
//!
//! There is no table of search documents beside them. Each kind is found through indexes of its own table
//! (unique numbers, text prefixes, trigrams), which the writing statement keeps up to date anyway: nothing
//! is written twice by an import, a right or a dealer's scope on the table holds here too, and there is no
//! index job that may lag. Measured with 1,000,000 sales, 100,000 customers and 10,000 products: a number
//! or reference 1 ms, a prefix 1 to
//! 15 ms, a mistyped reference 2 to 60 ms, a mistyped product name up to 90 ms.

use crate::{
    Result,
    transactions::list::{prefix, within},
};
use domain::{ids::CustomerId, search::SearchHit, transactions::CustomerRef};
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// Rows that a mistyped text is compared with at most; so many alike tell nothing any more.
const ALIKE: i64 = 1_000;
/// A shorter text has too few trigrams to be like anything.
const ALIKE_FROM: usize = 3;

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

/// Exact number or reference, then numbers and references that begin so, then references that are
/// spelled alike (similarity ≥ 0.3) unless `exactly`.
///
/// # Errors
/// When the statement fails.
pub async fn sales(connection: &mut PgConnection, q: &str, exactly: bool, limit: i64) -> Result<Vec<FoundSale>> {
    Ok(sqlx::query_as!(
        FoundSale,
        r#"with near as materialized (
               (select id, 0 as rank, 0::real as alike from sales.transactions where number = $1)
               union all
               (select id, 0, 0 from sales.transactions where external_ref = $2)
               union all
               -- Numbers that begin so are those of a few ranges: 81, 810 to 819, 8100 to 8199 …
               (select begun.id, 1, 0
                from generate_series(1, 8) as more (digits)
                cross join lateral (
                    select id, number from sales.transactions
                    where $1 between 1 and 99999999
                      and number >= $1 * (10 ^ more.digits)::bigint and number < ($1 + 1) * (10 ^ more.digits)::bigint
                    order by number limit $5) as begun
                order by begun.number limit $5)
               union all
               -- In the order of the index, or a short prefix would sort half the table.
               (select id, 1, 0 from sales.transactions where external_ref like $3 order by external_ref using ~<~ limit $5)
           ), found as (
               select * from near
               union all
               (select id, 2, similarity(external_ref, $2)
                from (select id, external_ref from sales.transactions
                      where $4 and (select count(*) from near) < $5 and external_ref % $2 limit $6) as spelled)
           )
           select t.id as "id!", t.number as "number!", t.external_ref, t.total as "total!", t.currency as "currency!",
                  t.occurred_at as "occurred_at!"
           from (select id, min(rank) as rank, max(alike) as alike from found group by id order by 2, 3 desc, 1 limit $6) as best
           join sales.transactions t using (id)
           order by best.rank, best.alike desc, t.number
           limit $5"#,
        q.parse::<i64>().unwrap_or(-1),
        q,
        prefix(q),
        !exactly && q.chars().count() >= ALIKE_FROM,
        limit,
        ALIKE
    )
    .fetch_all(connection)
    .await?)
}

/// Exact SKU, then SKU or name that begins so, then text within, then similar spellings of the whole
/// (≥ 0.3) or of one word (≥ 0.6).
///
/// # Errors
/// When the statement fails.
pub async fn products(connection: &mut PgConnection, q: &str, sku_only: bool, limit: i64) -> Result<Vec<SearchHit>> {
    let sku = q.to_uppercase();
    let rows = sqlx::query!(
        r#"with near as materialized (
               select id, sku, name, case when sku = $1 then 0 when sku like $2 then 1 when name ilike $3 then 2 else 3 end as rank,
                      0::real as alike
               from sales.products
               where deleted_at is null and (sku like $2 or (not $6 and (sku || ' ' || name) ilike $4))
               order by rank, name, sku limit $7
           )
           select id as "id!", sku as "sku!", name as "name!"
           from (select * from near
                 union all
                 select id, sku, name, 4, greatest(similarity(sku || ' ' || name, $5), word_similarity($5, sku || ' ' || name))
                 from (select id, sku, name from sales.products
                       where not $6 and (select count(*) from near) < $7 and deleted_at is null
                         and ((sku || ' ' || name) % $5 or (sku || ' ' || name) %> $5)
                         and id not in (select id from near)
                       limit $8) as spelled) as found
           order by rank, alike desc, name, sku
           limit $7"#,
        sku,
        prefix(&sku),
        prefix(q),
        within(q),
        q,
        sku_only,
        limit,
        ALIKE
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| SearchHit { title: r.name, subtitle: r.sku, path: format!("/products/{}", r.id) })
        .collect())
}

/// Exact number or reference, then references that begin so, then similar spellings; with `by_name` also
/// names and addresses that hold the text (from three characters on) or are spelled alike. Labels are masked.
///
/// # Errors
/// When the statement fails.
pub async fn customers(
    connection: &mut PgConnection,
    q: &str,
    exactly: bool,
    by_name: bool,
    limit: i64,
) -> Result<Vec<CustomerRef>> {
    let spelled = !exactly && q.chars().count() >= ALIKE_FROM;
    let rows = sqlx::query!(
        r#"with near as materialized (
               (select id, 0 as rank, 0::real as alike from sales.customers where number = $1)
               union all
               (select id, 0, 0 from sales.customers where external_ref = $2)
               union all
               (select id, 1, 0 from sales.customers where external_ref like $3 order by external_ref using ~<~ limit $8)
               union all
               (select id, 2, 0 from sales.customers
                where $6 and $4 and (first_name || ' ' || last_name || ' ' || coalesce(email, '')) ilike $5 limit $8)
           ), found as (
               select * from near
               union all
               (select id, 3, greatest(similarity(name, $2), word_similarity($2, name))
                from (select id, first_name || ' ' || last_name || ' ' || coalesce(email, '') as name from sales.customers
                      where $6 and $4 and (select count(*) from near) < $8
                        and ((first_name || ' ' || last_name || ' ' || coalesce(email, '')) % $2
                             or (first_name || ' ' || last_name || ' ' || coalesce(email, '')) %> $2)
                      limit $7) as named)
               union all
               (select id, 3, similarity(external_ref, $2)
                from (select id, external_ref from sales.customers
                      where $4 and (select count(*) from near) < $8 and external_ref % $2 limit $7) as spelled)
           )
           select c.id as "id!", c.number as "number!", c.first_name as "first_name!", c.last_name as "last_name!", c.email, c.external_ref
           from (select id, min(rank) as rank, max(alike) as alike from found group by id) as best
           join sales.customers c using (id)
           where c.erased_at is null
           order by best.rank, best.alike desc, c.number
           limit $8"#,
        q.parse::<i64>().unwrap_or(-1),
        q,
        prefix(q),
        spelled,
        within(q),
        by_name,
        ALIKE,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let names = (r.first_name.as_str(), r.last_name.as_str());
            CustomerRef::masked(CustomerId(r.id), r.number, names, r.email.as_deref(), r.external_ref.as_deref())
        })
        .collect())
}
