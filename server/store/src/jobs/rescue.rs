//! Workers that died: who they were, what they held, and giving it back.

use super::enqueue::add_ticket;
use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// # Errors
/// When the statement fails.
pub async fn register(
    connection: &mut PgConnection,
    worker: &str,
    host: &str,
    pid: i32,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.workers (id, host, pid, started_at, heartbeat_at) values ($1, $2, $3, $4, $4)
         on conflict (id) do update set heartbeat_at = excluded.heartbeat_at",
        worker,
        host,
        pid,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Signs a worker's life, and that of the runs it holds. Both at once: a run is only stale when its
/// worker is silent.
///
/// # Errors
/// When a statement fails.
pub async fn heartbeat(connection: &mut PgConnection, worker: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update ops.workers set heartbeat_at = $2 where id = $1", worker, now).execute(connection).await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn deregister(connection: &mut PgConnection, worker: &str) -> Result<()> {
    sqlx::query!("delete from ops.workers where id = $1", worker).execute(connection).await?;
    Ok(())
}

/// Workers registered from `host`, with their process ids.
///
/// # Errors
/// When the statement fails.
pub async fn workers_on(connection: &mut PgConnection, host: &str) -> Result<Vec<(String, i32)>> {
    let rows = sqlx::query!("select id, pid from ops.workers where host = $1", host).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|worker| (worker.id, worker.pid)).collect())
}

/// Workers silent since `cutoff`, and holders of tickets or queues that are not registered at all.
///
/// # Errors
/// When the statement fails.
pub async fn dead_workers(connection: &mut PgConnection, cutoff: DateTime<Utc>) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "select id from ops.workers where heartbeat_at < $1
         union
         select holder.id
         from (select locked_by as id from graphile_worker._private_jobs where locked_by is not null
               union select locked_by from graphile_worker._private_job_queues where locked_by is not null) as holder
         where not exists (select from ops.workers w where w.id = holder.id)",
    )
    .bind(cutoff)
    .fetch_all(connection)
    .await?)
}

/// Frees the tickets and queues a dead worker holds and forgets it.
///
/// # Errors
/// When a statement fails.
pub async fn release_worker(connection: &mut PgConnection, worker: &str) -> Result<()> {
    sqlx::query("select graphile_worker.force_unlock_workers(array[$1])")
        .bind(worker)
        .execute(&mut *connection)
        .await?;
    deregister(connection, worker).await
}

/// A run taken from a worker that stopped beating: back in its queue, or failed after its last attempt.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Rescued {
    pub id: Uuid,
    pub state: String,
    pub attempt: i32,
}

/// Takes running runs whose heartbeat is older than `cutoff`, or whose worker is `worker`.
///
/// # Errors
/// When a statement fails.
pub async fn rescue_stale(
    connection: &mut PgConnection,
    cutoff: DateTime<Utc>,
    worker: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vec<Rescued>> {
    let rescued: Vec<Rescued> = sqlx::query_as(
        "with stale as (
             select id, queue_job_id from ops.job_runs
             where state = 'running' and (heartbeat_at < $1 or worker_id = $2)
             for update skip locked
         ), torn as (
             delete from graphile_worker._private_jobs j using stale where j.id = stale.queue_job_id
         )
         update ops.job_runs r
         set state = case when r.cancel_requested_at is not null then 'cancelled'
                          when r.attempt >= r.max_attempts then 'failed' else 'queued' end,
             finished_at = case when r.cancel_requested_at is not null or r.attempt >= r.max_attempts then $3 end,
             run_at = $3, worker_id = null, heartbeat_at = null, progress_rate = null,
             error_code = 'worker_lost',
             error_message = 'The worker stopped answering during attempt ' || r.attempt || '.'
         from stale where r.id = stale.id
         returning r.id, r.state, r.attempt",
    )
    .bind(cutoff)
    .bind(worker)
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    for run in &rescued {
        if run.state == "queued" {
            add_ticket(connection, run.id, now).await?;
        } else {
            super::run::tell_schedule(connection, run.id).await?;
        }
    }
    Ok(rescued)
}

/// Queued runs, waiting since before `cutoff`, whose ticket is gone: each gets a new one.
///
/// # Errors
/// When a statement fails.
pub async fn lost_tickets(connection: &mut PgConnection, cutoff: DateTime<Utc>, now: DateTime<Utc>) -> Result<usize> {
    let lost: Vec<Uuid> = sqlx::query_scalar(
        "select r.id from ops.job_runs r
         where r.state = 'queued' and r.run_at < $1
           and not exists (select from graphile_worker._private_jobs j where j.id = r.queue_job_id)
         for update skip locked",
    )
    .bind(cutoff)
    .fetch_all(&mut *connection)
    .await?;
    for id in &lost {
        add_ticket(connection, *id, now).await?;
    }
    Ok(lost.len())
}
