//! What is recorded already and could meet the rows of a file.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A sale by its order reference, with the numbers and hashes of its lines.
#[derive(Debug)]
pub struct Sale {
    pub external_ref: String,
    pub id: Uuid,
    pub version: i32,
    pub entry: String,
    pub occurred_at: DateTime<Utc>,
    pub line_nos: Vec<i32>,
    pub hashes: Vec<Option<i64>>,
}

/// Each reference is looked up by itself: for an array of thousands the planner may take the trigram index of the
/// search (50 s at 800,000 lines, on statistics of 200,000).
///
/// # Errors
/// When the statement fails.
pub async fn sales(connection: &mut PgConnection, origin: &str, references: &[&str]) -> Result<Vec<Sale>> {
    Ok(sqlx::query_as!(
        Sale,
        r#"select t.external_ref as "external_ref!", t.id as "id!", t.version as "version!", t.entry as "entry!",
                  t.occurred_at as "occurred_at!", l.line_nos as "line_nos!", l.hashes as "hashes!: Vec<Option<i64>>"
           from (select distinct unnest($2::text[]) as reference) w
           cross join lateral (select t.external_ref, t.id, t.version, t.entry, t.occurred_at from sales.transactions t
                               where t.origin = $1 and t.external_ref = w.reference offset 0) t
           cross join lateral (select array_agg(l.line_no) as line_nos, array_agg(l.source_hash) as hashes
                               from sales.transaction_lines l where l.transaction_id = t.id) l
           where l.line_nos is not null"#,
        origin,
        references as &[&str],
    )
    .fetch_all(connection)
    .await?)
}

/// A cancel document, with the numbers and hashes of its lines.
#[derive(Debug)]
pub struct Cancel {
    pub external_ref: String,
    pub line_nos: Vec<i32>,
    pub hashes: Vec<Option<i64>>,
}

/// # Errors
/// When the statement fails.
pub async fn refunds(connection: &mut PgConnection, origin: &str, references: &[&str]) -> Result<Vec<Cancel>> {
    Ok(sqlx::query_as!(
        Cancel,
        r#"select r.external_ref as "external_ref!", array_agg(l.line_no) as "line_nos!",
                  array_agg(l.source_hash) as "hashes!: Vec<Option<i64>>"
           from sales.refunds r join sales.refund_lines l on l.refund_id = r.id
           where r.origin = $1 and r.external_ref = any($2::text[])
           group by r.external_ref"#,
        origin,
        references as &[&str],
    )
    .fetch_all(connection)
    .await?)
}

/// A row of an earlier import that was not plainly applied.
#[derive(Debug)]
pub struct StagedKey {
    pub business_key: String,
    pub line_no: i32,
    pub content_hash: i64,
}

/// Rows of earlier imports with these order references. What was undone counts as never seen.
///
/// # Errors
/// When the statement fails.
pub async fn staged(
    connection: &mut PgConnection,
    target: &str,
    origin: &str,
    references: &[&str],
) -> Result<Vec<StagedKey>> {
    Ok(sqlx::query_as!(
        StagedKey,
        "select s.business_key, s.line_no, s.content_hash
         from ops.staged_rows s join ops.import_batches b on b.id = s.import_id
         where b.target = $1 and b.origin = $2 and b.state <> 'undone' and s.business_key = any($3::text[])",
        target,
        origin,
        references as &[&str],
    )
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
    let rows = sqlx::query!(
        r#"select c.external_ref as "external_ref!", c.id as "id!" from (select distinct unnest($2::text[]) as reference) w
           cross join lateral (select c.external_ref, c.id from sales.customers c
                               where c.origin = $1 and c.external_ref = w.reference offset 0) c"#,
        origin,
        references as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.external_ref, row.id)).collect())
}

/// SKU, id, whether it is stocked.
///
/// # Errors
/// When the statement fails.
pub async fn products(connection: &mut PgConnection, skus: &[&str]) -> Result<Vec<(String, Uuid, bool)>> {
    let rows = sqlx::query!(
        r#"select sku, id, kind = 'stocked' as "stocked!" from sales.products where sku = any($1::text[])"#,
        skus as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.sku, row.id, row.stocked)).collect())
}

/// All product codes, at most 100,000: what a slip in a file may have meant.
///
/// # Errors
/// When the statement fails.
pub async fn skus(connection: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!("select sku from sales.products where deleted_at is null order by sku limit 100000")
        .fetch_all(connection)
        .await?)
}

/// Countries of recorded customers.
///
/// # Errors
/// When the statement fails.
pub async fn countries(connection: &mut PgConnection, origin: &str) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select country as "country!" from sales.customers where origin = $1 and country is not null
           group by country order by count(*) desc, country limit 1000"#,
        origin,
    )
    .fetch_all(connection)
    .await?)
}

/// A line of a recognised sale that can still be refunded.
#[derive(Debug)]
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
    Ok(sqlx::query_as!(
        OpenLine,
        r#"select t.id as transaction_id, t.version, l.line_no, t.customer_id as "customer_id!", l.product_id, l.unit_price,
                  l.quantity - l.refunded_quantity as "left_quantity!", t.occurred_at
           from (select distinct c, p from unnest($3::uuid[], $4::uuid[]) as w(c, p)) w
           join sales.transactions t on t.customer_id = w.c
           join sales.transaction_lines l on l.transaction_id = t.id and l.product_id = w.p
           where t.origin = $1 and t.currency = $2 and t.recognised_at is not null
             and t.status in ('approved', 'released', 'partially_refunded') and l.quantity > l.refunded_quantity
           order by t.occurred_at, t.id, l.line_no"#,
        origin,
        currency,
        customers,
        products,
    )
    .fetch_all(connection)
    .await?)
}

/// An imported sale that counts in a period.
#[derive(Debug)]
pub struct ScopeSale {
    pub id: Uuid,
    pub reference: String,
    pub version: i32,
    /// Refunded or disputed: it cannot simply be closed.
    pub settled: bool,
}

/// Imported sales of one currency that count and occurred from `from` to before `until`.
///
/// # Errors
/// When the statement fails.
pub async fn in_scope(
    connection: &mut PgConnection,
    origin: &str,
    currency: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<ScopeSale>> {
    Ok(sqlx::query_as!(
        ScopeSale,
        r#"select t.id, t.external_ref as "reference!", t.version,
                  (t.status not in ('approved', 'released') or t.refunded_net > 0
                   or exists (select from sales.refunds r where r.transaction_id = t.id)) as "settled!"
           from sales.transactions t
           where t.origin = $1 and t.entry = 'import' and t.currency = $2 and t.external_ref is not null
             and t.recognised_at is not null and t.occurred_at >= $3 and t.occurred_at < $4
           order by t.id"#,
        origin,
        currency,
        from,
        until,
    )
    .fetch_all(connection)
    .await?)
}

/// The highest line number of each order, recorded or staged; 0 when there is none.
///
/// # Errors
/// When the statement fails.
pub async fn last_lines(
    connection: &mut PgConnection,
    target: &str,
    origin: &str,
    references: &[&str],
) -> Result<Vec<(String, i32)>> {
    let rows = sqlx::query!(
        r#"select w.reference as "reference!",
                  greatest(
                      (select coalesce(max(l.line_no), 0) from sales.transactions t
                       join sales.transaction_lines l on l.transaction_id = t.id
                       where t.origin = $2 and t.external_ref = w.reference),
                      (select coalesce(max(l.line_no), 0) from sales.refunds r join sales.refund_lines l on l.refund_id = r.id
                       where r.origin = $2 and r.external_ref = w.reference),
                      (select coalesce(max(s.line_no), 0) from ops.staged_rows s join ops.import_batches b on b.id = s.import_id
                       where b.target = $1 and b.origin = $2 and s.business_key = w.reference)) as "line_no!"
           from unnest($3::text[]) as w(reference)"#,
        target,
        origin,
        references as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.reference, row.line_no)).collect())
}
