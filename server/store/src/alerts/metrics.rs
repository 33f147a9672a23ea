//! What rules watch: one row an entity.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// The value of one entity; `None`: nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub entity_key: String,
    pub label: String,
    pub value: Option<Decimal>,
}

/// Minutes that the oldest held case waits without anybody working on it; 0 when none does.
///
/// # Errors
/// When the statement fails.
pub async fn oldest_held(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select 'held' as "entity_key!", 'Held sales' as "label!",
                  round(coalesce(max(extract(epoch from $1 - c.created_at)) / 60, 0), 1) as value
           from sales.fraud_cases c join sales.transactions t on t.id = c.transaction_id
           where c.state <> 'closed' and t.status = 'held' and (c.claim_expires_at is null or c.claim_expires_at <= $1)"#,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Seconds that the oldest run which is ready waits, by queue; paused queues are left out.
///
/// # Errors
/// When the statement fails.
pub async fn queue_lag(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select q.name as entity_key, q.name as label,
                  round(coalesce(extract(epoch from $1 - min(r.run_at)), 0), 0) as value
           from ops.queues q left join ops.job_runs r on r.queue = q.name and r.state = 'queued' and r.run_at <= $1
           where q.paused_at is null group by q.name order by q.name"#,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Stock that is free, by product.
///
/// # Errors
/// When the statement fails.
pub async fn stock_available(connection: &mut PgConnection) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select p.id::text as "entity_key!", p.sku || ' ' || p.name as "label!", sum(l.on_hand - l.reserved) as value
           from stock.levels l join sales.products p on p.id = l.product_id
           where p.kind = 'stocked' and p.is_active and p.deleted_at is null
           group by p.id order by p.id"#
    )
    .fetch_all(connection)
    .await?)
}

/// A product whose stock has become low, or is no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock {
    pub product_id: uuid::Uuid,
    pub label: String,
    pub available: Decimal,
    /// It is there and sold.
    pub sold: bool,
    /// An alert of it is open, with this severity.
    pub severity: Option<i16>,
}

/// Products at or below `threshold` without an open alert of that gravity, and those with an alert above `recovered`.
///
/// # Errors
/// When the statement fails.
pub async fn low_stock(
    connection: &mut PgConnection,
    threshold: Decimal,
    recovered: Decimal,
    limit: i64,
) -> Result<Vec<Stock>> {
    Ok(sqlx::query_as!(
        Stock,
        r#"with low as (
               select l.product_id from stock.levels l where l.on_hand - l.reserved <= $1
               union
               select entity_id::uuid from ops.alerts
               where alert_type = 'low_stock' and source = 'signal' and state <> 'resolved' and deleted_at is null
           ), stock as (
               select low.product_id, max(p.sku || ' ' || p.name) as label, coalesce(sum(l.on_hand - l.reserved), 0) as available,
                      coalesce(bool_and(p.kind = 'stocked' and p.is_active and p.deleted_at is null), false) as sold
               from low left join sales.products p on p.id = low.product_id left join stock.levels l on l.product_id = p.id
               group by low.product_id
           )
           select s.product_id as "product_id!", coalesce(s.label, '') as "label!", s.available as "available!", s.sold as "sold!",
                  a.severity as "severity?"
           from stock s
           left join ops.alerts a on a.dedup_key = 'low_stock:-:product:' || s.product_id and a.state <> 'resolved'
                                  and a.deleted_at is null
           where case when s.sold and s.available <= $1
                      then a.severity is null or a.severity <> case when s.available <= 0 then 4 else 3 end
                      else a.severity is not null and (s.available > $2 or not s.sold) end
           order by s.available, s.product_id limit $3"#,
        threshold,
        recovered,
        limit
    )
    .fetch_all(connection)
    .await?)
}
