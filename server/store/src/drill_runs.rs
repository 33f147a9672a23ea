//! Fault drills that were.

use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `ops.drill_runs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: Uuid,
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub faults: Value,
    pub checks: Value,
    pub passed: i32,
    pub failed: i32,
}

/// A drill that begins.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'a> {
    pub id: Uuid,
    pub by: &'a str,
    pub at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub faults: &'a Value,
    pub everywhere: bool,
}

/// A drill under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub id: Uuid,
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub faults: Value,
}

/// # Errors
/// When the statement fails.
pub async fn begin(connection: &mut PgConnection, drill: &Begun<'_>) -> Result<()> {
    // What a killed server left open is over by now.
    sqlx::query!("update ops.drill_runs set ended_at = ends_at where ended_at is null and ends_at < $1", drill.at)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "insert into ops.drill_runs (id, started_by, started_at, ends_at, faults, everywhere) values ($1, $2, $3, $4, $5, $6)",
        drill.id,
        drill.by,
        drill.at,
        drill.ends_at,
        drill.faults,
        drill.everywhere
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A drill of all servers that is under way.
///
/// # Errors
/// When the statement fails.
pub async fn everywhere(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        "select id, started_by, started_at, ends_at, faults from ops.drill_runs
         where ended_at is null and ends_at > $1 and everywhere order by started_at limit 1",
        now
    )
    .fetch_optional(connection)
    .await?)
}

/// Writes down what was seen so far.
///
/// # Errors
/// When the statement fails.
pub async fn note(connection: &mut PgConnection, id: Uuid, checks: &Value, passed: i32, failed: i32) -> Result<()> {
    sqlx::query!(
        "update ops.drill_runs set checks = $2, passed = $3, failed = $4 where id = $1 and ended_at is null",
        id,
        checks,
        passed,
        failed
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down how a drill ended; one that ended already stays as it is.
///
/// # Errors
/// When the statement fails.
pub async fn end(
    connection: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    checks: &Value,
    passed: i32,
    failed: i32,
) -> Result<bool> {
    let done = sqlx::query!(
        "update ops.drill_runs set ended_at = greatest($2, started_at), checks = $3, passed = $4, failed = $5
         where id = $1 and ended_at is null",
        id,
        at,
        checks,
        passed,
        failed
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The newest first.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, limit: i64) -> Result<Vec<Run>> {
    Ok(sqlx::query_as!(
        Run,
        "select id, started_by, started_at, ended_at, faults, checks, passed, failed
         from ops.drill_runs order by started_at desc, id desc limit $1",
        limit
    )
    .fetch_all(connection)
    .await?)
}
