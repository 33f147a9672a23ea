//! Which migrations the database has seen.

use crate::Result;
use sqlx::PgConnection;

/// A row of the migrator's own table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub version: i64,
    pub description: String,
    pub checksum: Vec<u8>,
    /// `false`: broken off midway.
    pub complete: bool,
}

/// Oldest first; empty when nothing was ever applied.
///
/// # Errors
/// When the statement fails.
pub async fn applied(connection: &mut PgConnection) -> Result<Vec<Applied>> {
    let there: bool = sqlx::query_scalar("select to_regclass('public._sqlx_migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, String, Vec<u8>, bool)> =
        sqlx::query_as("select version, description, checksum, success from public._sqlx_migrations order by version")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(version, description, checksum, complete)| Applied { version, description, checksum, complete })
        .collect())
}

/// Whether every migration of this release is applied.
///
/// # Errors
/// When the statement fails.
pub async fn is_current(connection: &mut PgConnection) -> Result<bool> {
    let applied = applied(connection).await?;
    Ok(crate::MIGRATOR.iter().all(|known| applied.iter().any(|a| a.complete && a.version == known.version)))
}
