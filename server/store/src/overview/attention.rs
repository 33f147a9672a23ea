//! What the attention list is made of: counts and ages of what waits, and what a user has put off.

use super::{Books, Origins};
use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// Sales of one status that wait for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub sales: i64,
    /// Σ net in base currency, each at the rate of its business day.
    pub net: Decimal,
    /// Sales in another currency whose day has no rate: not in `net`.
    pub without_rate: i64,
    pub oldest: DateTime<Utc>,
    pub origins: Origins,
}

/// Sales held for review; `None`: there are none.
///
/// # Errors
/// When the statement fails.
pub async fn held(connection: &mut PgConnection, books: Books<'_>) -> Result<Option<Waiting>> {
    let row = sqlx::query!(
        r#"select count(*) as "sales!", min(t.occurred_at) as oldest,
                  coalesce(sum(case when t.currency = $1::char(3) then t.net else round(t.net * r.rate, 4) end), 0) as "net!",
                  count(*) filter (where t.currency <> $1::char(3) and r.rate is null) as "without_rate!",
                  coalesce(bool_or(t.origin = 'demo'), false) as "demo!",
                  coalesce(bool_or(t.origin = 'simulated'), false) as "simulated!"
           from sales.transactions t
           left join lateral ops.fx_rate_on(t.currency, $1::char(3), (t.occurred_at at time zone $2::text)::date) r
               on t.currency <> $1::char(3)
           where t.status = 'held'
             and not ($3 and exists (select from sales.v_confirmed_fraud c where c.transaction_id = t.id))"#,
        books.currency.as_str(),
        books.zone,
        books.without_fraud
    )
    .fetch_one(connection)
    .await?;
    Ok(row.oldest.map(|oldest| Waiting {
        sales: row.sales,
        net: row.net,
        without_rate: row.without_rate,
        oldest,
        origins: Origins { demo: row.demo, simulated: row.simulated },
    }))
}

/// Sales recorded here until `until` whose payment is still open; `None`: there are none.
///
/// # Errors
/// When the statement fails.
pub async fn open_payments(
    connection: &mut PgConnection,
    books: Books<'_>,
    until: DateTime<Utc>,
) -> Result<Option<Waiting>> {
    let row = sqlx::query!(
        r#"select count(*) as "sales!", min(t.created_at) as oldest,
                  coalesce(sum(case when t.currency = $1::char(3) then t.net else round(t.net * r.rate, 4) end), 0) as "net!",
                  count(*) filter (where t.currency <> $1::char(3) and r.rate is null) as "without_rate!",
                  coalesce(bool_or(t.origin = 'demo'), false) as "demo!",
                  coalesce(bool_or(t.origin = 'simulated'), false) as "simulated!"
           from sales.transactions t
           left join lateral ops.fx_rate_on(t.currency, $1::char(3), (t.occurred_at at time zone $2::text)::date) r
               on t.currency <> $1::char(3)
           where t.status = 'pending' and t.entry <> 'import' and t.created_at <= $3"#,
        books.currency.as_str(),
        books.zone,
        until
    )
    .fetch_one(connection)
    .await?;
    Ok(row.oldest.map(|oldest| Waiting {
        sales: row.sales,
        net: row.net,
        without_rate: row.without_rate,
        oldest,
        origins: Origins { demo: row.demo, simulated: row.simulated },
    }))
}

/// Work started by people that failed after its last attempt, and was not done since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedWork {
    /// The latest run.
    pub run: Uuid,
    pub kind: String,
    pub error_message: Option<String>,
    pub times: i64,
    pub first_at: DateTime<Utc>,
}

/// Failed work of no schedule since `since`, one row for the same work tried several times.
///
/// # Errors
/// When the statement fails.
pub async fn failed_work(connection: &mut PgConnection, since: DateTime<Utc>, limit: i64) -> Result<Vec<FailedWork>> {
    Ok(sqlx::query_as!(
        FailedWork,
        r#"with failed as (
               select r.id, r.kind, r.payload, r.error_message, r.created_at, coalesce(r.finished_at, r.created_at) as at
               from ops.job_runs r
               where r.state = 'failed' and r.schedule_id is null and r.run_at >= $1
               order by r.run_at desc limit 1000
           )
           select run as "run!", kind as "kind!", error_message, times as "times!", first_at as "first_at!"
           from (
               select distinct on (f.kind, f.payload) f.id as run, f.kind, f.error_message,
                      count(*) over work as times, min(f.at) over work as first_at
               from failed f
               where not exists (
                   select from ops.job_runs n
                   where n.kind = f.kind and n.created_at > f.created_at and n.schedule_id is null and n.payload = f.payload
                     and n.state in ('queued', 'running', 'succeeded', 'partial'))
               window work as (partition by f.kind, f.payload)
               order by f.kind, f.payload, f.created_at desc, f.id desc
           ) latest
           order by first_at, run limit $2"#,
        since,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// An import with rows that wait for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub import: Uuid,
    pub number: i64,
    pub file_name: String,
    /// Data rows of the file.
    pub lines: i64,
    pub open_rows: i64,
    pub committed_at: DateTime<Utc>,
}

/// Committed imports with open rows, the newest first.
///
/// # Errors
/// When the statement fails.
pub async fn quarantined(connection: &mut PgConnection, limit: i64) -> Result<Vec<Quarantined>> {
    Ok(sqlx::query_as!(
        Quarantined,
        r#"select b.id as import, b.number, b.file_name, coalesce((b.counts->>'lines')::bigint, 0) as "lines!",
                  s.open_rows as "open_rows!", coalesce(b.committed_at, b.created_at) as "committed_at!"
           from (select import_id, count(*) as open_rows from ops.staged_rows where state = 'open' group by import_id) s
           join ops.import_batches b on b.id = s.import_id
           where b.state = 'committed_partial'
           order by b.committed_at desc, b.id desc limit $1"#,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// An item that a user has put off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnoozeRow {
    pub item_key: String,
    pub severity: String,
    pub snoozed_at: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// What the user has put off beyond `now`.
///
/// # Errors
/// When the statement fails.
pub async fn snoozes(connection: &mut PgConnection, user: Uuid, now: DateTime<Utc>) -> Result<Vec<SnoozeRow>> {
    Ok(sqlx::query_as!(
        SnoozeRow,
        "select item_key, severity, snoozed_at, until from ops.attention_snoozes where user_id = $1 and until > $2",
        user,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Puts an item off; an earlier snooze of it is replaced.
///
/// # Errors
/// When the statement fails.
pub async fn snooze(connection: &mut PgConnection, user: Uuid, snooze: &SnoozeRow) -> Result<()> {
    sqlx::query!(
        "insert into ops.attention_snoozes (user_id, item_key, severity, snoozed_at, until) values ($1, $2, $3, $4, $5)
         on conflict (user_id, item_key)
         do update set severity = excluded.severity, snoozed_at = excluded.snoozed_at, until = excluded.until",
        user,
        snooze.item_key,
        snooze.severity,
        snooze.snoozed_at,
        snooze.until
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a snooze back; until when it would have lasted, if there was one.
///
/// # Errors
/// When the statement fails.
pub async fn unsnooze(connection: &mut PgConnection, user: Uuid, item_key: &str) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "delete from ops.attention_snoozes where user_id = $1 and item_key = $2 returning until",
        user,
        item_key
    )
    .fetch_optional(connection)
    .await?)
}
