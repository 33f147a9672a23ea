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

/// # Errors
/// When the statement fails.
pub async fn begin(connection: &mut PgConnection, id: Uuid, by: &str, at: DateTime<Utc>, faults: &Value) -> Result<()> {
    sqlx::query!(
        "insert into ops.drill_runs (id, started_by, started_at, faults) values ($1, $2, $3, $4)",
        id,
        by,
        at,
        faults
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
