//! A new run and its ticket, in the caller's transaction.

use crate::{Result, dealers::calls};
use chrono::{DateTime, Utc};
use domain::dealers::is_code;
use sqlx::PgConnection;
use uuid::Uuid;

/// A run to be. `slot`: stand in line behind these runs of the same queue; `None`: where it is shortest.
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    pub id: Uuid,
    pub kind: &'a str,
    pub queue: &'a str,
    pub slot: Option<i16>,
    pub priority: i16,
    pub payload: &'a serde_json::Value,
    pub schedule_id: Option<&'a str>,
    pub parent_id: Option<Uuid>,
    pub requested_by: Option<Uuid>,
    pub requested_label: &'a str,
    pub dealer_id: Option<&'a str>,
    pub unique_key: Option<&'a str>,
    pub max_attempts: i32,
    pub timeout_seconds: i32,
    pub run_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub origin: &'a str,
}

/// Slot beside those of a queue, for the runs of dealers whose systems keep others waiting.
pub const ASIDE: i16 = -1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    New,
    /// A run with the same unique key is open; nothing was added.
    Open(Uuid),
}

/// Adds run and ticket, or finds the open run with the same unique key.
///
/// # Errors
/// When a statement fails; an unknown queue violates `job_runs_queue_fkey`.
pub async fn enqueue(connection: &mut PgConnection, run: &NewRun<'_>) -> Result<Inserted> {
    loop {
        let slot = free_slot(connection, run).await?;
        if insert(connection, run, slot, "queued").await? {
            add_ticket(connection, run.id, run.created_at).await?;
            return Ok(Inserted::New);
        }
        let open: Option<Uuid> = sqlx::query_scalar!(
            "select id from ops.job_runs where kind = $1 and unique_key = $2 and state in ('queued', 'running')",
            run.kind,
            run.unique_key
        )
        .fetch_optional(&mut *connection)
        .await?;
        // None: it ended between the two statements, so there is room now.
        if let Some(id) = open {
            return Ok(Inserted::Open(id));
        }
    }
}

/// A run that was due but not started because the one before was still open.
///
/// # Errors
/// When the statement fails.
pub async fn insert_skipped(connection: &mut PgConnection, run: &NewRun<'_>) -> Result<()> {
    insert(connection, run, 0, "skipped").await?;
    sqlx::query!("update ops.job_runs set finished_at = created_at where id = $1", run.id).execute(connection).await?;
    Ok(())
}

async fn insert(connection: &mut PgConnection, run: &NewRun<'_>, slot: i16, state: &str) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into ops.job_runs (id, kind, queue, slot, state, priority, payload, schedule_id, parent_id, requested_by,
                                   requested_label, dealer_id, unique_key, max_attempts, timeout_seconds, run_at, created_at, origin)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         on conflict (kind, unique_key) where state in ('queued', 'running') do nothing",
        run.id,
        run.kind,
        run.queue,
        slot,
        state,
        run.priority,
        run.payload,
        run.schedule_id,
        run.parent_id,
        run.requested_by,
        run.requested_label,
        run.dealer_id,
        run.unique_key,
        run.max_attempts,
        run.timeout_seconds,
        run.run_at,
        run.created_at,
        run.origin
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Where a run stands in line.
async fn free_slot(connection: &mut PgConnection, run: &NewRun<'_>) -> Result<i16> {
    if let Some(slot) = run.slot {
        return Ok(slot);
    }
    // Runs of one dealer stand in one line, so that no two of them run at once.
    if let Some(dealer) = run.dealer_id {
        hold_line(connection, run.queue, dealer).await?;
        if let Some(slot) = dealer_slot(connection, run.queue, dealer).await? {
            return Ok(slot);
        }
    }
    shortest_slot(connection, run.queue, run.id).await
}

/// Whoever changes where a dealer's runs stand waits for who does so already.
async fn hold_line(connection: &mut PgConnection, queue: &str, dealer: &str) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", format!("{queue}:{dealer}"))
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets the dealer's runs that wait in a queue stand aside.
///
/// # Errors
/// When a statement fails.
pub async fn set_aside(connection: &mut PgConnection, queue: &str, dealer: &str, now: DateTime<Utc>) -> Result<()> {
    hold_line(connection, queue, dealer).await?;
    let moved = sqlx::query_scalar!(
        "update ops.job_runs set slot = $3 where queue = $1 and dealer_id = $2 and state = 'queued' and slot <> $3
         returning id",
        queue,
        dealer,
        ASIDE
    )
    .fetch_all(&mut *connection)
    .await?;
    for run in moved {
        add_ticket(connection, run, now).await?;
    }
    Ok(())
}

/// The slot where the dealer's open runs stand; without any, aside if its system failed when it was last asked.
async fn dealer_slot(connection: &mut PgConnection, queue: &str, dealer: &str) -> Result<Option<i16>> {
    let stands = sqlx::query_scalar!(
        "select min(slot) from ops.job_runs where dealer_id = $1 and queue = $2 and state in ('queued', 'running')",
        dealer,
        queue
    )
    .fetch_one(&mut *connection)
    .await?;
    match stands {
        None if is_code(dealer) && calls::fails(connection, dealer).await? => Ok(Some(ASIDE)),
        stands => Ok(stands),
    }
}

/// The slot with the fewest open runs; lines longer than 100 count as equal, so that enqueueing
/// stays cheap, and the run's id breaks ties.
async fn shortest_slot(connection: &mut PgConnection, queue: &str, id: Uuid) -> Result<i16> {
    let salt = i32::from(id.as_bytes()[15]);
    let slot: Option<i16> = sqlx::query_scalar!(
        r#"select s.slot::smallint as "slot!"
         from ops.queues q
         cross join lateral generate_series(0, q.concurrency - 1) as s (slot)
         cross join lateral (
             select count(*) as runs from (
                 select 1 from ops.job_runs r
                 where r.queue = q.name and r.slot = s.slot and r.state in ('queued', 'running') limit 100) as line
         ) as open
         where q.name = $1
         order by open.runs, (s.slot + $2) % q.concurrency
         limit 1"#,
        queue,
        salt
    )
    .fetch_optional(connection)
    .await?;
    Ok(slot.unwrap_or(0))
}

/// Gives a queued run the ticket that will start it, in place of any earlier one. The library runs
/// a named queue one ticket at a time over all workers, so queue and slot make its name; a paused
/// queue's tickets lie in the far future.
///
/// # Errors
/// When a statement fails.
pub async fn add_ticket(connection: &mut PgConnection, run: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "with target as (
             select r.id, r.kind, r.queue, r.slot, r.run_at, r.priority, q.paused_at
             from ops.job_runs r join ops.queues q on q.name = r.queue
             where r.id = $1 for share of q
         ), ticket as (
             select t.id as run_id, j.id as ticket_id
             from target t
             cross join lateral graphile_worker.add_job(
                 t.kind,
                 json_build_object('run', t.id),
                 queue_name => t.queue || ':' || t.slot,
                 run_at => case when t.paused_at is not null then timestamptz '2999-01-01'
                                when t.run_at > $2 then t.run_at end,
                 max_attempts => 32000,
                 priority => t.priority::int) as j
         )
         update ops.job_runs r set queue_job_id = ticket.ticket_id from ticket where r.id = ticket.run_id",
    )
    .bind(run)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}
