//! How customers buy.

use crate::{
    Result,
    overview::Books,
    transactions::{Local, money, read},
};
use chrono::{DateTime, Utc};
use domain::customers::{CustomerPattern, FavoriteCategory};
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::{PgConnection, types::Json};
use std::collections::HashMap;
use uuid::Uuid;

/// Sums up customers whose sales after `since` changed since they were summed up; answers how many.
///
/// # Errors
/// When the statement fails.
pub async fn sum_up(
    connection: &mut PgConnection,
    books: Books<'_>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query_file!("src/customers/patterns.sql", since, now, books.currency.as_str(), books.zone);
    Ok(done.execute(connection).await?.rows_affected())
}

/// Forgets customers who bought nothing after `since`; answers how many.
///
/// # Errors
/// When the statement fails.
pub async fn forget(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "delete from sales.customer_purchase_patterns p
         where not exists (select from sales.transactions t where t.customer_id = p.customer_id and t.recognised_at > $1)",
        since
    );
    Ok(done.execute(connection).await?.rows_affected())
}

#[derive(Debug, Deserialize)]
struct Favorite {
    category_id: Uuid,
    net: Decimal,
    share: Decimal,
}

/// `None`: nobody has summed the customer up. A category that is gone is left out.
///
/// # Errors
/// When a statement fails.
pub async fn get(connection: &mut PgConnection, id: Uuid, local: Local<'_>) -> Result<Option<CustomerPattern>> {
    let row = sqlx::query!(
        r#"select average_transaction_amount, median_transaction_amount, stddev_transaction_amount, p90_amount, total_transactions,
                  last_purchase_at, extract(epoch from avg_time_between_purchases)::bigint as gap_seconds,
                  favorite_categories as "favorites: Json<Vec<Favorite>>", typical_purchase_hours, currency::text as "currency!",
                  updated_at
           from sales.customer_purchase_patterns where customer_id = $1"#,
        id
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let ids: Vec<Uuid> = row.favorites.iter().map(|f| f.category_id).collect();
    let names: HashMap<Uuid, String> = sqlx::query!("select id, name from sales.categories where id = any($1)", &ids)
        .fetch_all(connection)
        .await?
        .into_iter()
        .map(|c| (c.id, c.name))
        .collect();
    let favorites = row.favorites.0.into_iter().filter_map(|f| {
        let name = names.get(&f.category_id)?.clone();
        Some(FavoriteCategory {
            category_id: domain::ids::CategoryId(f.category_id),
            name,
            net: money(f.net),
            share: f.share.normalize(),
        })
    });
    Ok(Some(CustomerPattern {
        currency: read("currency", &row.currency, |t| t.parse().ok())?,
        average_transaction_amount: row.average_transaction_amount.map(money),
        median_transaction_amount: row.median_transaction_amount.map(money),
        stddev_transaction_amount: row.stddev_transaction_amount.map(money),
        p90_amount: row.p90_amount.map(money),
        total_transactions: row.total_transactions,
        last_purchase_at: local(row.last_purchase_at),
        avg_time_between_purchases_seconds: row.gap_seconds,
        favorite_categories: favorites.collect(),
        typical_purchase_hours: row.typical_purchase_hours,
        updated_at: local(row.updated_at),
    }))
}
