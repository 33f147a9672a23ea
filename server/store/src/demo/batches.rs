//! Which parts of the demo world are loaded, from which arguments.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A loaded part that has not been removed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Batch {
    pub id: Uuid,
    pub dataset: String,
    pub seed: i64,
    pub as_of: NaiveDate,
    /// How far loading has come, what it was given besides seed and day, and the rows by table.
    #[sqlx(rename = "row_counts")]
    pub details: serde_json::Value,
    pub loaded_at: DateTime<Utc>,
}

/// Oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn current_batches(connection: &mut PgConnection) -> Result<Vec<Batch>> {
    Ok(sqlx::query_as(
        "select id, dataset, seed, as_of, row_counts, loaded_at from ops.demo_batches where removed_at is null order by loaded_at, id",
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn start_batch(connection: &mut PgConnection, batch: &Batch) -> Result<()> {
    sqlx::query("insert into ops.demo_batches (id, dataset, seed, as_of, row_counts, loaded_at) values ($1, $2, $3, $4, $5, $6)")
        .bind(batch.id)
        .bind(&batch.dataset)
        .bind(batch.seed)
        .bind(batch.as_of)
        .bind(&batch.details)
        .bind(batch.loaded_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_details(connection: &mut PgConnection, id: Uuid, details: &serde_json::Value) -> Result<()> {
    sqlx::query("update ops.demo_batches set row_counts = $2 where id = $1")
        .bind(id)
        .bind(details)
        .execute(connection)
        .await?;
    Ok(())
}

/// Marks every batch as removed; the rows stay as history.
///
/// # Errors
/// When the statement fails.
pub async fn mark_removed(connection: &mut PgConnection, at: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query("update ops.demo_batches set removed_at = $1 where removed_at is null")
        .bind(at)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
