//! `ops.schedules` and their fires.

mod standing;

pub use standing::{Standing, standings};

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleRow {
    pub id: String,
    pub title: String,
    pub group_name: String,
    pub owner_feature: String,
    pub kind: String,
    pub payload: serde_json::Value,
    pub cron: Option<String>,
    pub every_seconds: Option<i32>,
    pub zone: Option<String>,
    pub enabled: bool,
    pub overlap: String,
    pub catch_up: String,
    pub catch_up_window_seconds: i32,
    pub jitter_seconds: i32,
    pub timeout_seconds: Option<i32>,
    pub max_attempts: Option<i32>,
    pub next_due_at: Option<DateTime<Utc>>,
    pub due_zone: Option<String>,
    pub last_fire_at: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_state: Option<String>,
    pub version: i32,
}

/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<ScheduleRow>> {
    Ok(sqlx::query_as!(ScheduleRow, "select * from ops.schedules order by group_name, id")
        .fetch_all(connection)
        .await?)
}

/// # Errors
/// When the statement fails.
pub async fn get(connection: &mut PgConnection, id: &str) -> Result<Option<ScheduleRow>> {
    Ok(sqlx::query_as!(ScheduleRow, "select * from ops.schedules where id = $1", id).fetch_optional(connection).await?)
}

/// The schedule, locked for the caller's transaction.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: &str) -> Result<Option<ScheduleRow>> {
    Ok(sqlx::query_as!(ScheduleRow, "select * from ops.schedules where id = $1 for update", id)
        .fetch_optional(connection)
        .await?)
}

/// Tries to be the one scheduler of the database until the end of the transaction.
///
/// # Errors
/// When the statement fails.
pub async fn elect(connection: &mut PgConnection) -> Result<bool> {
    // Any number, the same in every release.
    Ok(sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(724310958231) as "elected!""#)
        .fetch_one(connection)
        .await?)
}

/// Ids of enabled schedules that are due at `now`, never computed, or computed in another business zone.
///
/// # Errors
/// When the statement fails.
pub async fn due(connection: &mut PgConnection, now: DateTime<Utc>, business_zone: &str) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select id from ops.schedules
         where enabled and (next_due_at <= $1 or next_due_at is null or (zone is null and due_zone is distinct from $2))
         order by next_due_at nulls first, id",
        now,
        business_zone
    )
    .fetch_all(connection)
    .await?)
}

/// Writes when the schedule is due next, computed in `zone`.
///
/// # Errors
/// When the statement fails.
pub async fn set_next(
    connection: &mut PgConnection,
    id: &str,
    next: Option<DateTime<Utc>>,
    zone: &str,
    fired: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "update ops.schedules
         set next_due_at = $2, due_zone = $3, last_fire_at = coalesce($4, last_fire_at), enabled = enabled and $2::timestamptz is not null
         where id = $1",
        id,
        next,
        zone,
        fired
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the fire; false when this due time was fired before.
///
/// # Errors
/// When the statement fails.
pub async fn fire(
    connection: &mut PgConnection,
    schedule: &str,
    due_at: DateTime<Utc>,
    fired_at: DateTime<Utc>,
    outcome: &str,
    run: Option<Uuid>,
) -> Result<bool> {
    let fired = sqlx::query!(
        "insert into ops.schedule_fires (schedule_id, due_at, fired_at, outcome, job_run_id)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        schedule,
        due_at,
        fired_at,
        outcome,
        run
    )
    .execute(connection)
    .await?;
    Ok(fired.rows_affected() == 1)
}

/// Says which run the fire started.
///
/// # Errors
/// When the statement fails.
pub async fn link_run(connection: &mut PgConnection, schedule: &str, due_at: DateTime<Utc>, run: Uuid) -> Result<()> {
    sqlx::query!(
        "update ops.schedule_fires set job_run_id = $3 where schedule_id = $1 and due_at = $2",
        schedule,
        due_at,
        run
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes fires that started no run, all with the same outcome.
///
/// # Errors
/// When the statement fails.
pub async fn fire_without_run(
    connection: &mut PgConnection,
    schedule: &str,
    due: &[DateTime<Utc>],
    fired_at: DateTime<Utc>,
    outcome: &str,
) -> Result<u64> {
    let fired = sqlx::query!(
        "insert into ops.schedule_fires (schedule_id, due_at, fired_at, outcome)
         select $1, due_at, $3, $4 from unnest($2::timestamptz[]) as due_at on conflict do nothing",
        schedule,
        due,
        fired_at,
        outcome
    )
    .execute(connection)
    .await?;
    Ok(fired.rows_affected())
}

/// An open run of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    pub id: Uuid,
    pub state: String,
    pub slot: i16,
}

/// Open runs of the schedule, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn open_runs(connection: &mut PgConnection, schedule: &str) -> Result<Vec<OpenRun>> {
    Ok(sqlx::query_as!(
        OpenRun,
        "select id, state, slot from ops.job_runs
         where schedule_id = $1 and state in ('queued', 'running') order by created_at, id",
        schedule
    )
    .fetch_all(connection)
    .await?)
}

/// New values of an edited schedule.
#[derive(Debug, Clone)]
pub struct Edited<'a> {
    pub enabled: bool,
    pub cron: Option<&'a str>,
    pub every_seconds: Option<i32>,
    pub zone: Option<&'a str>,
    pub overlap: &'a str,
    pub catch_up: &'a str,
    pub catch_up_window_seconds: i32,
    pub jitter_seconds: i32,
    pub timeout_seconds: Option<i32>,
    pub max_attempts: Option<i32>,
    pub next_due_at: Option<DateTime<Utc>>,
    pub due_zone: &'a str,
}

/// Writes an edit; the caller holds the row's lock and has compared the version.
///
/// # Errors
/// When the statement fails.
pub async fn update(connection: &mut PgConnection, id: &str, edited: &Edited<'_>) -> Result<()> {
    sqlx::query!(
        "update ops.schedules
         set enabled = $2, cron = $3, every_seconds = $4, zone = $5, overlap = $6, catch_up = $7, catch_up_window_seconds = $8,
             jitter_seconds = $9, timeout_seconds = $10, max_attempts = $11, next_due_at = $12, due_zone = $13,
             version = version + 1
         where id = $1",
        id,
        edited.enabled,
        edited.cron,
        edited.every_seconds,
        edited.zone,
        edited.overlap,
        edited.catch_up,
        edited.catch_up_window_seconds,
        edited.jitter_seconds,
        edited.timeout_seconds,
        edited.max_attempts,
        edited.next_due_at,
        edited.due_zone
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes the monthly partitions of append-only tables from the month of `day` on; returns how many were new.
///
/// # Errors
/// When the statement fails.
pub async fn ensure_partitions(connection: &mut PgConnection, day: chrono::NaiveDate, months: i32) -> Result<i32> {
    Ok(sqlx::query_scalar!(r#"select ops.ensure_audit_partitions($1, $2) as "made!""#, day, months)
        .fetch_one(connection)
        .await?)
}

/// The same for visits and for the history of the figures.
///
/// # Errors
/// When the statement fails.
pub async fn ensure_other_partitions(
    connection: &mut PgConnection,
    day: chrono::NaiveDate,
    months: i32,
) -> Result<i32> {
    Ok(sqlx::query_scalar!(
        r#"select ops.ensure_month_partitions('ops.kpi_snapshots', 'computed_at', $1, $2)
                  + ops.ensure_month_partitions('sales.visits', 'visited_at', $1, $2) as "made!""#,
        day,
        months
    )
    .fetch_one(connection)
    .await?)
}
