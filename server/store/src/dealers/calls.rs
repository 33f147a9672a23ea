//! Calls to dealers' systems: their log, how many of a day, and whether a system is asked at all.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use domain::dealers::Environment;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `dealer.call_log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallRow {
    pub id: Uuid,
    pub run_id: Uuid,
    pub dealer_id: String,
    pub feed: &'static str,
    pub requested_at: DateTime<Utc>,
    pub duration_ms: i64,
    pub http_status: Option<i16>,
    pub dgi_status: Option<i16>,
    pub error_class: Option<&'static str>,
    pub records: i64,
    pub bytes: i64,
    pub clock_offset_ms: Option<i64>,
}

/// Writes calls down and counts them for their day.
///
/// # Errors
/// When a statement fails.
pub async fn log(
    connection: &mut PgConnection,
    rows: &[CallRow],
    (dealer_id, environment, day): (&str, Environment, NaiveDate),
) -> Result<()> {
    let calls = serde_json::to_value(rows).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query!(
        "insert into dealer.call_log select * from jsonb_populate_recordset(null::dealer.call_log, $1)",
        calls
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into dealer.quota_days as q (dealer_id, environment, day, requests) values ($1, $2, $3, $4)
         on conflict (dealer_id, environment, day) do update set requests = q.requests + excluded.requests",
        dealer_id,
        environment.as_str(),
        day,
        i32::try_from(rows.len()).unwrap_or(i32::MAX)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Calls of the dealer on a day.
///
/// # Errors
/// When the statement fails.
pub async fn of_day(
    connection: &mut PgConnection,
    dealer_id: &str,
    environment: Environment,
    day: NaiveDate,
) -> Result<i64> {
    let requests = sqlx::query_scalar!(
        "select requests from dealer.quota_days where dealer_id = $1 and environment = $2 and day = $3",
        dealer_id,
        environment.as_str(),
        day
    )
    .fetch_optional(connection)
    .await?;
    Ok(requests.unwrap_or(0).into())
}

/// When the dealer's breaker opened; `None`: its system is asked.
///
/// # Errors
/// When the statement fails.
pub async fn opened_at(
    connection: &mut PgConnection,
    dealer_id: &str,
    environment: Environment,
) -> Result<Option<DateTime<Utc>>> {
    let opened = sqlx::query_scalar!(
        "select opened_at from dealer.breakers where dealer_id = $1 and environment = $2",
        dealer_id,
        environment.as_str()
    )
    .fetch_optional(connection)
    .await?;
    Ok(opened.flatten())
}

/// Whether the dealer's system failed when it was last asked. It is looked up where a run finds its line, whoever adds the run:
/// the transaction names the dealer for this one question and has its own scope again afterwards.
///
/// # Errors
/// When a statement fails.
pub(crate) async fn fails(connection: &mut PgConnection, dealer_id: &str) -> Result<bool> {
    let before: Option<String> =
        sqlx::query_scalar("select current_setting('millrace.dealer_scope', true)").fetch_one(&mut *connection).await?;
    let named = "select set_config('millrace.dealer_scope', $1, true)";
    sqlx::query(named).bind(dealer_id).execute(&mut *connection).await?;
    let fails = sqlx::query_scalar!(
        r#"select exists (select from dealer.breakers where dealer_id = $1 and failures > 0) as "fails!""#,
        dealer_id
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(named).bind(before.unwrap_or_default()).execute(connection).await?;
    Ok(fails)
}

/// Notes that the dealer's system answered, or that it failed once more; at `most` failures in a row it is not asked for a
/// while, and after that while one failed probe is enough.
///
/// # Errors
/// When the statement fails.
pub async fn note(
    connection: &mut PgConnection,
    (dealer_id, environment): (&str, Environment),
    failed: bool,
    most: i32,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into dealer.breakers as b (dealer_id, environment, failures, opened_at)
         values ($1, $2, case when $3 then 1 else 0 end, null)
         on conflict (dealer_id, environment) do update set
             failures = case when $3 then b.failures + 1 else 0 end,
             opened_at = case when $3 and b.failures + 1 >= $4 then $5::timestamptz end",
        dealer_id,
        environment.as_str(),
        failed,
        most,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets calls and counts from before a moment; how many calls.
///
/// # Errors
/// When a statement fails.
pub async fn forget(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    sqlx::query!("delete from dealer.quota_days where day < $1::timestamptz::date", before)
        .execute(&mut *connection)
        .await?;
    let gone = sqlx::query!("delete from dealer.call_log where requested_at < $1", before).execute(connection).await?;
    Ok(gone.rows_affected())
}
