//! Queues: depth, pause, resume.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    pub name: String,
    pub concurrency: i32,
    pub per_key_concurrency: Option<i32>,
    pub queued: i64,
    pub running: i64,
    pub paused_at: Option<DateTime<Utc>>,
    pub paused_by: Option<String>,
    pub pause_reason: Option<String>,
}

/// All queues by name.
///
/// # Errors
/// When the statement fails.
pub async fn queues(connection: &mut PgConnection) -> Result<Vec<QueueRow>> {
    Ok(sqlx::query_as!(
        QueueRow,
        r#"select q.name, q.concurrency, q.per_key_concurrency, coalesce(o.queued, 0) as "queued!",
                coalesce(o.running, 0) as "running!",
                q.paused_at, q.paused_by, q.pause_reason
         from ops.queues q
         left join (select queue, count(*) filter (where state = 'queued') as queued,
                           count(*) filter (where state = 'running') as running
                    from ops.job_runs where state in ('queued', 'running') group by queue) as o on o.queue = q.name
         order by q.name"#
    )
    .fetch_all(connection)
    .await?)
}

/// How many of the queue run at a time from now on. Who waits already keeps the slot they have.
///
/// # Errors
/// When the statement fails.
pub async fn set_concurrency(connection: &mut PgConnection, queue: &str, runs: i32) -> Result<()> {
    sqlx::query!("update ops.queues set concurrency = $2 where name = $1 and concurrency <> $2", queue, runs)
        .execute(connection)
        .await?;
    Ok(())
}

/// Stops handing out the queue's tickets; false when there is no such queue.
///
/// # Errors
/// When a statement fails.
pub async fn pause(
    connection: &mut PgConnection,
    queue: &str,
    now: DateTime<Utc>,
    by: &str,
    reason: &str,
) -> Result<bool> {
    let paused = sqlx::query!(
        "update ops.queues set paused_at = coalesce(paused_at, $2), paused_by = $3, pause_reason = $4 where name = $1",
        queue,
        now,
        by,
        reason
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "update graphile_worker._private_jobs j set run_at = timestamptz '2999-01-01'
         from ops.job_runs r
         where r.queue = $1 and r.state = 'queued' and j.id = r.queue_job_id and j.locked_at is null",
    )
    .bind(queue)
    .execute(connection)
    .await?;
    Ok(paused.rows_affected() == 1)
}

/// Hands out the queue's tickets again; false when there is no such queue.
///
/// # Errors
/// When a statement fails.
pub async fn resume(connection: &mut PgConnection, queue: &str) -> Result<bool> {
    let resumed = sqlx::query!(
        "update ops.queues set paused_at = null, paused_by = null, pause_reason = null where name = $1",
        queue
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "update graphile_worker._private_jobs j set run_at = r.run_at
         from ops.job_runs r
         where r.queue = $1 and r.state = 'queued' and j.id = r.queue_job_id and j.locked_at is null",
    )
    .bind(queue)
    .execute(&mut *connection)
    .await?;
    // An update does not wake the workers as an insert does; they would find out at their next poll.
    sqlx::query!("select pg_notify('jobs:insert', '{}')::text as told").fetch_one(connection).await?;
    Ok(resumed.rows_affected() == 1)
}
