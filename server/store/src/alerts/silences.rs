//! Silences.

use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct SilenceFields {
    pub id: Uuid,
    pub matchers: Value,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub reason: String,
    pub created_by: String,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<String>,
    pub held_back: i64,
}

/// The latest first.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, id: Option<Uuid>, limit: i64) -> Result<Vec<SilenceFields>> {
    Ok(sqlx::query_as!(
        SilenceFields,
        r#"select s.id, s.matchers, s.starts_at, s.ends_at, s.reason, s.created_by, s.ended_at, s.ended_by,
                  (select count(*) from ops.alert_events e where e.kind = 'silenced' and e.at >= s.starts_at
                      and e.data->>'silence' = s.id::text) as "held_back!"
           from ops.silences s where $1::uuid is null or s.id = $1 order by s.created_at desc, s.id desc limit $2"#,
        id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// A silence that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    pub id: Uuid,
    pub matchers: Value,
    pub ends_at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn running(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Running>> {
    Ok(sqlx::query_as!(
        Running,
        "select id, matchers, ends_at from ops.silences
         where ended_at is null and starts_at <= $1 and ends_at > $1 order by ends_at desc, id",
        now
    )
    .fetch_all(connection)
    .await?)
}

#[derive(Debug)]
pub struct NewSilence<'a> {
    pub id: Uuid,
    pub matchers: &'a Value,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub reason: &'a str,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewSilence<'_>) -> Result<()> {
    sqlx::query!(
        "insert into ops.silences (id, matchers, starts_at, ends_at, reason, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        new.matchers,
        new.starts_at,
        new.ends_at,
        new.reason,
        new.by,
        new.at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// `false`: there is none, or it is over.
///
/// # Errors
/// When the statement fails.
pub async fn end(connection: &mut PgConnection, id: Uuid, by: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update ops.silences set ended_at = $3, ended_by = $2 where id = $1 and ended_at is null and ends_at > $3",
        id,
        by,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What silences are held against.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAlert {
    pub id: Uuid,
    pub rule_id: Option<Uuid>,
    pub alert_type: String,
    pub feature: String,
    pub severity: i16,
    pub title: String,
    pub state: String,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub silenced_until: Option<DateTime<Utc>>,
}

/// Alerts that are not over, locked.
///
/// # Errors
/// When the statement fails.
pub async fn open_alerts(connection: &mut PgConnection) -> Result<Vec<OpenAlert>> {
    Ok(sqlx::query_as!(
        OpenAlert,
        "select id, rule_id, alert_type, feature, severity, title, state, entity_type, entity_id, silenced_until
         from ops.alerts where state <> 'resolved' and deleted_at is null order by id for update"
    )
    .fetch_all(connection)
    .await?)
}

/// Until when messages of an alert are held back, which calls off the steps to come.
///
/// # Errors
/// When the statement fails.
pub async fn set(connection: &mut PgConnection, alert: Uuid, until: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!(
        "with called_off as (
             update ops.alert_steps set outcome = 'silenced' where alert_id = $1 and outcome is null and $2::timestamptz is not null)
         update ops.alerts set silenced_until = $2 where id = $1",
        alert,
        until
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether any silence begins, runs or has just ended.
///
/// # Errors
/// When the statement fails.
pub async fn any(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from ops.silences where ended_at is null and starts_at <= $1 and ends_at > $1)
               or exists (select from ops.alerts where silenced_until is not null and state <> 'resolved') as "any!""#,
        now
    )
    .fetch_one(connection)
    .await?)
}
