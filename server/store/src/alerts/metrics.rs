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

/// Tables whose partition for what has none of its own is not empty.
///
/// # Errors
/// When the statement fails.
pub async fn rows_astray(connection: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select name as "name!"
           from (values ('ops.audit_log', exists (select from ops.audit_log_default)),
                        ('ops.kpi_snapshots', exists (select from ops.kpi_snapshots_default)),
                        ('sales.visits', exists (select from sales.visits_default))) as t (name, astray)
           where astray order by name"#
    )
    .fetch_all(connection)
    .await?)
}

/// When the database was started.
///
/// # Errors
/// When the statement fails.
pub async fn database_started(connection: &mut PgConnection) -> Result<DateTime<Utc>> {
    Ok(sqlx::query_scalar!(r#"select pg_postmaster_start_time() as "started!""#).fetch_one(connection).await?)
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

/// Sales that were made after `since` and up to `now`.
///
/// # Errors
/// When the statement fails.
pub async fn sales_recorded(
    connection: &mut PgConnection,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select 'business' as "entity_key!", 'The business' as "label!", count(*)::numeric as value
           from sales.transactions where occurred_at > $1 and occurred_at <= $2"#,
        since,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Sign-ins that failed after `since` and up to `now`, of all names and addresses.
///
/// # Errors
/// When the statement fails.
pub async fn failed_sign_ins(
    connection: &mut PgConnection,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select 'sign_in' as "entity_key!", 'Sign-in' as "label!", count(*)::numeric as value
           from access.login_attempts where not ok and at > $1 and at <= $2"#,
        since,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Somebody whose name is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub id: uuid::Uuid,
    pub name: String,
}

/// People of whom the audit log says `reason` after `since`, where no alert has told of it yet.
///
/// # Errors
/// When the statement fails.
pub async fn held_names(connection: &mut PgConnection, reason: &str, since: DateTime<Utc>) -> Result<Vec<Held>> {
    Ok(sqlx::query_as!(
        Held,
        r#"select u.id, u.display_name as name
           from (select entity_id, max(at) as at from ops.audit_log
                 where action = 'access.sign_in' and at > $2 and reason = $1 and entity_id <> '' group by entity_id) held
           join access.users u on u.id = held.entity_id::uuid
           where not exists (select from ops.alerts a where a.alert_type = 'account_held' and a.entity_id = held.entity_id
                                                        and a.last_seen_at >= held.at)
           order by u.id"#,
        reason,
        since
    )
    .fetch_all(connection)
    .await?)
}

/// Runs that failed after `since` and up to `now`, by kind.
///
/// # Errors
/// When the statement fails.
pub async fn failed_runs(connection: &mut PgConnection, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select kind as entity_key, kind as label, count(*)::numeric as value
           from ops.job_runs where state = 'failed' and finished_at > $1 and finished_at <= $2 group by kind order by kind"#,
        since,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Seconds since rows of a dataset were committed, or since somebody first uploaded such a file.
///
/// # Errors
/// When the statement fails.
pub async fn since_received(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select target as entity_key, target as label,
                  round(greatest(0, extract(epoch from $1 - coalesce(
                      max(committed_at) filter (where state in ('committed', 'committed_partial') and undo_of is null), min(created_at))))) as value
           from ops.import_batches group by target order by target"#,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Seconds since a token that still holds was used, or since it was made.
///
/// # Errors
/// When the statement fails.
pub async fn since_token_used(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select t.id::text as "entity_key!", u.display_name || ': ' || t.name as "label!",
                  round(greatest(0, extract(epoch from $1 - coalesce(t.last_used_at, t.created_at)))) as value
           from access.api_tokens t join access.users u on u.id = t.user_id
           where t.revoked_at is null and t.expires_at > $1 and u.is_active order by t.id"#,
        now
    )
    .fetch_all(connection)
    .await?)
}
