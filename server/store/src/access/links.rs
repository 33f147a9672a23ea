//! `access.one_time_links`: the set-up link of the first start.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Makes a set-up link; the ones before it stop working.
///
/// # Errors
/// When a statement fails.
pub async fn renew_setup(connection: &mut PgConnection, token_hash: &[u8], expires_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("delete from access.one_time_links where kind = 'setup' and used_at is null")
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "insert into access.one_time_links (token_hash, kind, expires_at) values ($1, 'setup', $2)",
        token_hash,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the set-up link may be used now.
///
/// # Errors
/// When the statement fails.
pub async fn setup_is_open(connection: &mut PgConnection, token_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from access.one_time_links
                          where token_hash = $1 and kind = 'setup' and used_at is null and expires_at > $2) as "open!""#,
        token_hash,
        now
    )
    .fetch_one(connection)
    .await?)
}

/// Uses the set-up link up. Of two callers at once one is told `false`.
///
/// # Errors
/// When the statement fails.
pub async fn use_setup(connection: &mut PgConnection, token_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let used = sqlx::query!(
        "update access.one_time_links set used_at = $2 where token_hash = $1 and kind = 'setup' and used_at is null and expires_at > $2",
        token_hash,
        now
    )
    .execute(connection)
    .await?;
    Ok(used.rows_affected() == 1)
}
