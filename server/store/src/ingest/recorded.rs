//! What is recorded already and could meet the rows of a file.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// A sale by its order reference, with the numbers and hashes of its lines.
#[derive(Debug, FromRow)]
pub struct Sale {
    pub external_ref: String,
    pub id: Uuid,
    pub version: i32,
    pub entry: String,
    pub occurred_at: DateTime<Utc>,
    pub line_nos: Vec<i32>,
    pub hashes: Vec<Option<i64>>,
}

/// # Errors
/// When the statement fails.
pub async fn sales(connection: &mut PgConnection, origin: &str, references: &[&str]) -> Result<Vec<Sale>> {
    Ok(sqlx::query_as(
        "select t.external_ref, t.id, t.version, t.entry, t.occurred_at,
                array_agg(l.line_no) as line_nos, array_agg(l.source_hash) as hashes
         from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id
         where t.origin = $1 and t.external_ref = any($2)
         group by t.id",
    )
    .bind(origin)
    .bind(references)
    .fetch_all(connection)
    .await?)
}

/// Cancel documents: reference, line numbers, hashes.
///
/// # Errors
/// When the statement fails.
pub async fn refunds(
    connection: &mut PgConnection,
    origin: &str,
    references: &[&str],
) -> Result<Vec<(String, Vec<i32>, Vec<Option<i64>>)>> {
    Ok(sqlx::query_as(
        "select r.external_ref, array_agg(l.line_no), array_agg(l.source_hash)
         from sales.refunds r join sales.refund_lines l on l.refund_id = r.id
         where r.origin = $1 and r.external_ref = any($2)
         group by r.external_ref",
    )
    .bind(origin)
    .bind(references)
    .fetch_all(connection)
    .await?)
}

/// Rows of earlier imports that were not plainly applied: order reference, line number, hash. What was
/// undone counts as never seen.
///
/// # Errors
/// When the statement fails.
pub async fn staged(
    connection: &mut PgConnection,
    target: &str,
    origin: &str,
    references: &[&str],
) -> Result<Vec<(String, i32, i64)>> {
    Ok(sqlx::query_as(
        "select s.business_key, s.line_no, s.content_hash
         from ops.staged_rows s join ops.import_batches b on b.id = s.import_id
         where b.target = $1 and b.origin = $2 and b.state <> 'undone' and s.business_key = any($3)",
    )
    .bind(target)
    .bind(origin)
    .bind(references)
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn customers(
    connection: &mut PgConnection,
    origin: &str,
    references: &[&str],
) -> Result<Vec<(String, Uuid)>> {
    Ok(sqlx::query_as("select external_ref, id from sales.customers where origin = $1 and external_ref = any($2)")
        .bind(origin)
        .bind(references)
        .fetch_all(connection)
        .await?)
}

/// SKU, id, whether it is stocked.
///
/// # Errors
/// When the statement fails.
pub async fn products(connection: &mut PgConnection, skus: &[&str]) -> Result<Vec<(String, Uuid, bool)>> {
    Ok(sqlx::query_as("select sku::text, id, kind = 'stocked' from sales.products where sku = any($1)")
        .bind(skus)
        .fetch_all(connection)
        .await?)
}

/// A line of a recognised sale that can still be refunded.
#[derive(Debug, FromRow)]
pub struct OpenLine {
    pub transaction_id: Uuid,
    pub version: i32,
    pub line_no: i32,
    pub customer_id: Uuid,
    pub product_id: Uuid,
    pub unit_price: Decimal,
    pub left_quantity: Decimal,
    pub occurred_at: DateTime<Utc>,
}

/// Open lines of the given customers and products (pairs by position), newest last.
///
/// # Errors
/// When the statement fails.
pub async fn open_lines(
    connection: &mut PgConnection,
    origin: &str,
    currency: &str,
    customers: &[Uuid],
    products: &[Uuid],
) -> Result<Vec<OpenLine>> {
    Ok(sqlx::query_as(
        "select t.id as transaction_id, t.version, l.line_no, t.customer_id, l.product_id, l.unit_price,
                l.quantity - l.refunded_quantity as left_quantity, t.occurred_at
         from (select distinct c, p from unnest($3::uuid[], $4::uuid[]) as w(c, p)) w
         join sales.transactions t on t.customer_id = w.c
         join sales.transaction_lines l on l.transaction_id = t.id and l.product_id = w.p
         where t.origin = $1 and t.currency = $2 and t.recognised_at is not null
           and t.status in ('approved', 'released', 'partially_refunded') and l.quantity > l.refunded_quantity
         order by t.occurred_at, t.id, l.line_no",
    )
    .bind(origin)
    .bind(currency)
    .bind(customers)
    .bind(products)
    .fetch_all(connection)
    .await?)
}

/// The highest line number of an order, recorded or staged; 0 when there is none.
///
/// # Errors
/// When the statement fails.
pub async fn last_line(connection: &mut PgConnection, target: &str, origin: &str, reference: &str) -> Result<i32> {
    Ok(sqlx::query_scalar(
        "select greatest(
             (select coalesce(max(l.line_no), 0) from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id
              where t.origin = $2 and t.external_ref = $3),
             (select coalesce(max(l.line_no), 0) from sales.refunds r join sales.refund_lines l on l.refund_id = r.id
              where r.origin = $2 and r.external_ref = $3),
             (select coalesce(max(s.line_no), 0) from ops.staged_rows s join ops.import_batches b on b.id = s.import_id
              where b.target = $1 and b.origin = $2 and s.business_key = $3))",
    )
    .bind(target)
    .bind(origin)
    .bind(reference)
    .fetch_one(connection)
    .await?)
}
