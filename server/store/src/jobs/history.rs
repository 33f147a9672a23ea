//! What is kept how long (`platform.md` 3.9, 3.14), and removing the rest.

use crate::Result;
use chrono::{DateTime, Duration, Utc};
use sqlx::PgConnection;

/// Rows removed by [`clean_up`], per table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanupCounts {
    pub job_runs: u64,
    pub schedule_fires: u64,
}

/// Removes closed runs older than 400 days, and of the schedules in `fast` older than 30 days after
/// adding them to the hourly sums; of each schedule the last success and the last failure stay for ever.
///
/// # Errors
/// When a statement fails.
pub async fn clean_up(connection: &mut PgConnection, now: DateTime<Utc>, fast: &[String]) -> Result<CleanupCounts> {
    let job_runs = sqlx::query!(
        r#"with kept as (
             select distinct on (schedule_id, state in ('succeeded', 'partial')) id
             from ops.job_runs
             where schedule_id is not null and state in ('succeeded', 'partial', 'failed')
             order by schedule_id, state in ('succeeded', 'partial'), created_at desc, id desc
         ), removed as (
             delete from ops.job_runs r
             where r.state not in ('queued', 'running')
               and (r.created_at < $1 or (r.created_at < $2 and r.schedule_id = any($3)))
               and not exists (select from kept where kept.id = r.id)
             returning kind, state, created_at, started_at, finished_at
         ), summed as (
             insert into ops.job_run_hours as h (hour, kind, state, runs, seconds)
             select date_trunc('hour', created_at, 'UTC'), kind, state, count(*),
                    coalesce(sum(extract(epoch from finished_at - started_at)), 0)
             from removed group by 1, 2, 3
             on conflict (hour, kind, state) do update
             set runs = h.runs + excluded.runs, seconds = h.seconds + excluded.seconds
         )
         select count(*) as "removed!" from removed"#,
        now - Duration::days(400),
        now - Duration::days(30),
        fast
    )
    .fetch_one(&mut *connection)
    .await?;
    let schedule_fires = sqlx::query!("delete from ops.schedule_fires where fired_at < $1", now - Duration::days(400))
        .execute(connection)
        .await?
        .rows_affected();
    Ok(CleanupCounts { job_runs: u64::try_from(job_runs.removed).unwrap_or(0), schedule_fires })
}

/// Deletes closed runs with their logs; returns how many.
///
/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, runs: &[uuid::Uuid]) -> Result<i64> {
    let deleted =
        sqlx::query!("delete from ops.job_runs where id = any($1) and state not in ('queued', 'running')", runs)
            .execute(connection)
            .await?;
    Ok(i64::try_from(deleted.rows_affected()).unwrap_or(i64::MAX))
}

/// Days that visits are kept in rows; their counts stand in the summed-up days for ever.
pub const VISITS_KEPT_DAYS: i64 = 400;

async fn remove_visits(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    let removed =
        sqlx::query!("delete from sales.visits where visited_at < $1", before).execute(&mut *connection).await?;
    sqlx::query_scalar!("select ops.drop_month_partitions('sales.visits', $1)", before).fetch_one(connection).await?;
    Ok(removed.rows_affected())
}

/// Removes what a fixed keeping time ended: sign-in attempts (30 days), idempotency keys (24 h),
/// expired files, sessions and snoozes, exports whose file is gone (30 days). Returns the rows removed from each table.
///
/// # Errors
/// When a statement fails.
pub async fn remove_expired(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<(&'static str, u64)>> {
    let login_attempts = sqlx::query!("delete from access.login_attempts where at < $1", now - Duration::days(30));
    let login_attempts = login_attempts.execute(&mut *connection).await?.rows_affected();
    let keys = sqlx::query!("delete from ops.idempotency_keys where created_at < $1", now - Duration::hours(24));
    let keys = keys.execute(&mut *connection).await?.rows_affected();
    let files = sqlx::query!("delete from ops.files where expires_at < $1", now).execute(&mut *connection).await?;
    // An export without its file says for a month what it was; its run says it for longer.
    let exports =
        sqlx::query!("delete from ops.exports where created_at < $1 and file_id is null", now - Duration::days(30))
            .execute(&mut *connection)
            .await?
            .rows_affected();
    let figures = crate::figures::forget_older(connection, now - Duration::days(7)).await?;
    let sessions = sqlx::query!(
        "delete from access.sessions where least(expires_at, absolute_expires_at) < $1",
        now - Duration::days(1)
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    let visits = remove_visits(connection, now - Duration::days(VISITS_KEPT_DAYS)).await?;
    let snoozes = sqlx::query!("delete from ops.attention_snoozes where until < $1", now)
        .execute(connection)
        .await?
        .rows_affected();
    Ok(vec![
        ("login_attempts", login_attempts),
        ("idempotency_keys", keys),
        ("files", files.rows_affected()),
        ("exports", exports),
        ("sessions", sessions),
        ("metric_values", figures),
        ("attention_snoozes", snoozes),
        ("visits", visits),
    ])
}
