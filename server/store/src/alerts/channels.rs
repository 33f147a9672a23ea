//! Channels out of the house.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct ChannelFields {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub format: Option<String>,
    pub config_enc: Vec<u8>,
    pub target: String,
    pub enabled: bool,
    pub last_ok_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
}

/// By name.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, id: Option<Uuid>) -> Result<Vec<ChannelFields>> {
    Ok(sqlx::query_as!(
        ChannelFields,
        "select id, name, kind, format, config_enc, target, enabled, last_ok_at, last_error, last_error_at
         from ops.notification_channels where deleted_at is null and ($1::uuid is null or id = $1) order by lower(name)",
        id
    )
    .fetch_all(connection)
    .await?)
}

#[derive(Debug)]
pub struct NewChannel<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub kind: &'a str,
    pub format: Option<&'a str>,
    pub config_enc: &'a [u8],
    pub target: &'a str,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// `false`: the name is taken.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewChannel<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into ops.notification_channels (id, name, kind, format, config_enc, target, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        new.id,
        new.name,
        new.kind,
        new.format,
        new.config_enc,
        new.target,
        new.by,
        new.at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// When the statement fails.
pub async fn enable(connection: &mut PgConnection, id: Uuid, enabled: bool) -> Result<()> {
    sqlx::query!("update ops.notification_channels set enabled = $2 where id = $1", id, enabled)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes it away; what waits for it is given up.
///
/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "with gone as (update ops.notification_channels set deleted_at = $2, enabled = false where id = $1)
         update ops.notifications set state = 'dead', next_attempt_at = null, error = 'The channel was removed.'
         where channel_id = $1 and state in ('waiting', 'failed')",
        id,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the last attempt through it came to.
///
/// # Errors
/// When the statement fails.
pub async fn stamp(connection: &mut PgConnection, id: Uuid, error: Option<&str>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.notification_channels
         set last_ok_at = case when $2::text is null then $3 else last_ok_at end,
             last_error = coalesce($2, last_error), last_error_at = case when $2 is null then last_error_at else $3 end
         where id = $1",
        id,
        error,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}
