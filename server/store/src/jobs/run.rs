//! A run at work: claim, pulse, log, end.

use super::enqueue::add_ticket;
use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Who may still write a running run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    pub run: Uuid,
    pub worker: String,
    pub attempt: i32,
}

/// A run as its worker gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    pub id: Uuid,
    pub kind: String,
    pub queue: String,
    pub slot: i16,
    pub payload: serde_json::Value,
    pub attempt: i32,
    pub max_attempts: i32,
    pub timeout_seconds: i32,
    pub checkpoint: Option<serde_json::Value>,
    pub counters: serde_json::Value,
    pub progress_done: i64,
    pub progress_total: Option<i64>,
    pub step: Option<String>,
    pub schedule_id: Option<String>,
    pub parent_id: Option<Uuid>,
    pub requested_by: Option<Uuid>,
    pub dealer_id: Option<String>,
    pub origin: String,
}

/// Starts a queued run, when `ticket` is the one that may; `None`: nothing to do any more.
///
/// # Errors
/// When the statement fails.
pub async fn claim(
    connection: &mut PgConnection,
    run: Uuid,
    ticket: i64,
    worker: &str,
    now: DateTime<Utc>,
) -> Result<Option<Claimed>> {
    Ok(sqlx::query_as!(
        Claimed,
        "update ops.job_runs
         set state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, $4), heartbeat_at = $4,
             worker_id = $3, finished_at = null, error_code = null, error_message = null, progress_rate = null
         where id = $1 and queue_job_id = $2 and state = 'queued'
         returning id, kind, queue, slot, payload, attempt, max_attempts, timeout_seconds, checkpoint, counters, progress_done,
                   progress_total, step, schedule_id, parent_id, requested_by, dealer_id, origin",
        run,
        ticket,
        worker,
        now
    )
    .fetch_optional(connection)
    .await?)
}

/// Sign of life, with progress where it changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pulse {
    pub done: i64,
    pub total: Option<i64>,
    pub rate: Option<f64>,
    pub step: Option<String>,
    pub counters: serde_json::Value,
}

/// Writes the pulse. `None`: the run is no longer ours; else whether somebody asked to cancel it.
///
/// # Errors
/// When the statement fails.
pub async fn pulse(
    connection: &mut PgConnection,
    fence: &Fence,
    now: DateTime<Utc>,
    pulse: &Pulse,
) -> Result<Option<bool>> {
    Ok(sqlx::query_scalar!(
        r#"update ops.job_runs
         set heartbeat_at = $4, progress_done = $5, progress_total = $6, progress_rate = $7, step = $8, counters = $9
         where id = $1 and worker_id = $2 and attempt = $3 and state = 'running'
         returning cancel_requested_at is not null as "asked!""#,
        fence.run,
        fence.worker,
        fence.attempt,
        now,
        pulse.done,
        pulse.total,
        pulse.rate,
        pulse.step.as_deref(),
        pulse.counters
    )
    .fetch_optional(connection)
    .await?)
}

/// Reads what [`pulse`] answers, without writing.
///
/// # Errors
/// When the statement fails.
pub async fn open_state(connection: &mut PgConnection, fence: &Fence) -> Result<Option<bool>> {
    Ok(sqlx::query_scalar!(
        r#"select cancel_requested_at is not null as "asked!" from ops.job_runs
         where id = $1 and worker_id = $2 and attempt = $3 and state = 'running'"#,
        fence.run,
        fence.worker,
        fence.attempt
    )
    .fetch_optional(connection)
    .await?)
}

/// Writes where a killed run goes on; false when the run is no longer ours, then the caller's
/// transaction must not be committed. Locks the run's row until the end of the transaction.
///
/// # Errors
/// When the statement fails.
pub async fn save_checkpoint(
    connection: &mut PgConnection,
    fence: &Fence,
    checkpoint: &serde_json::Value,
) -> Result<bool> {
    let saved = sqlx::query!(
        "update ops.job_runs set checkpoint = $4 where id = $1 and worker_id = $2 and attempt = $3 and state = 'running'",
        fence.run,
        fence.worker,
        fence.attempt,
        checkpoint
    )
    .execute(connection)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// A closed state of `job_runs.state`.
    pub state: &'static str,
    pub last: Pulse,
    pub result: Option<serde_json::Value>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
}

/// Closes the run and tells its schedule; false when it is no longer ours.
///
/// # Errors
/// When a statement fails.
pub async fn finish(connection: &mut PgConnection, fence: &Fence, now: DateTime<Utc>, ending: &Ending) -> Result<bool> {
    let ended = sqlx::query!(
        "update ops.job_runs
         set state = $4, finished_at = $5, heartbeat_at = $5, progress_done = $6, progress_total = $7, progress_rate = $8,
             step = $9, counters = $10, result = $11, error_code = $12, error_message = $13
         where id = $1 and worker_id = $2 and attempt = $3 and state = 'running'",
        fence.run,
        fence.worker,
        fence.attempt,
        ending.state,
        now,
        ending.last.done,
        ending.last.total,
        ending.last.rate,
        ending.last.step.as_deref(),
        ending.last.counters,
        ending.result.as_ref(),
        ending.error_code.as_deref(),
        ending.error_message.as_deref()
    )
    .execute(&mut *connection)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    tell_schedule(connection, fence.run).await?;
    Ok(true)
}

pub(super) async fn tell_schedule(connection: &mut PgConnection, run: Uuid) -> Result<()> {
    sqlx::query!(
        "update ops.schedules s
         set last_state = r.state,
             last_success_at = case when r.state in ('succeeded', 'partial') then r.finished_at else s.last_success_at end
         from ops.job_runs r where r.id = $1 and s.id = r.schedule_id",
        run
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a running run back into its queue with a new ticket. `count_attempt` false: the attempt
/// was not the job's fault and is given back.
///
/// # Errors
/// When a statement fails.
pub async fn requeue(
    connection: &mut PgConnection,
    fence: &Fence,
    now: DateTime<Utc>,
    run_at: DateTime<Utc>,
    count_attempt: bool,
    last: &Pulse,
    error: Option<(&str, &str)>,
) -> Result<bool> {
    let back = sqlx::query!(
        "update ops.job_runs
         set state = 'queued', run_at = $4, attempt = attempt - $5, worker_id = null, heartbeat_at = null,
             progress_done = $6, progress_total = $7, progress_rate = null, step = $8, counters = $9,
             error_code = $10, error_message = $11
         where id = $1 and worker_id = $2 and attempt = $3 and state = 'running'",
        fence.run,
        fence.worker,
        fence.attempt,
        run_at,
        i32::from(!count_attempt),
        last.done,
        last.total,
        last.step.as_deref(),
        last.counters,
        error.map(|e| e.0),
        error.map(|e| e.1)
    )
    .execute(&mut *connection)
    .await?;
    if back.rows_affected() == 0 {
        return Ok(false);
    }
    add_ticket(connection, fence.run, now).await?;
    Ok(true)
}

/// Lines a run's log may have before it only counts what it drops.
const LOG_LINES: i32 = 2_000;

/// Adds a line to the run's log; after 2,000 the last one says how many were dropped.
///
/// # Errors
/// When a statement fails.
pub async fn add_event(
    connection: &mut PgConnection,
    run: Uuid,
    now: DateTime<Utc>,
    level: &str,
    step: Option<&str>,
    message: &str,
    data: Option<&serde_json::Value>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.job_run_events as e (job_id, seq, at, level, step, message, data)
         select $1, least(coalesce(max(seq), 0) + 1, $7), $2, case when coalesce(max(seq), 0) < $7 - 1 then $3 else 'warn' end,
                $4, case when coalesce(max(seq), 0) < $7 - 1 then $5 else '1 lines dropped' end,
                case when coalesce(max(seq), 0) < $7 - 1 then $6::jsonb end
         from ops.job_run_events where job_id = $1
         on conflict (job_id, seq) do update
         set at = excluded.at, message = split_part(e.message, ' ', 1)::bigint + 1 || ' lines dropped'
         where e.seq = $7",
        run,
        now,
        level,
        step,
        message,
        data,
        LOG_LINES + 1
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a run that has not started; false when it is not waiting. Its ticket goes with it.
///
/// # Errors
/// When a statement fails.
pub async fn cancel_queued(connection: &mut PgConnection, run: Uuid, now: DateTime<Utc>, by: &str) -> Result<bool> {
    let ticket: Option<Option<i64>> = sqlx::query_scalar!(
        "update ops.job_runs
         set state = 'cancelled', finished_at = $2, cancel_requested_at = $2, cancel_requested_by = $3
         where id = $1 and state = 'queued' returning queue_job_id",
        run,
        now,
        by
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(ticket) = ticket else { return Ok(false) };
    sqlx::query("delete from graphile_worker._private_jobs where id = $1 and locked_at is null")
        .bind(ticket)
        .execute(&mut *connection)
        .await?;
    tell_schedule(connection, run).await?;
    Ok(true)
}

/// Asks a running run to stop; false when it is not running. Asking again changes nothing.
///
/// # Errors
/// When the statement fails.
pub async fn request_cancel(connection: &mut PgConnection, run: Uuid, now: DateTime<Utc>, by: &str) -> Result<bool> {
    let asked = sqlx::query!(
        "update ops.job_runs
         set cancel_requested_at = coalesce(cancel_requested_at, $2), cancel_requested_by = coalesce(cancel_requested_by, $3)
         where id = $1 and state = 'running'",
        run,
        now,
        by
    )
    .execute(connection)
    .await?;
    Ok(asked.rows_affected() == 1)
}
