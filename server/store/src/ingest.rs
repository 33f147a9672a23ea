//! Imports: files, batches, quarantined rows, what is recorded already, and the bulk writes of a commit.

pub mod arrivals;
pub mod batches;
pub mod changes;
pub mod files;
pub mod loads;
pub mod mappings;
pub mod recorded;
pub mod rows;
pub mod staged;
pub mod undo;
pub mod visits;
pub mod writing;

use crate::Result;
use sqlx::PgConnection;

/// One commit of a target at a time; held until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn lock_target(connection: &mut PgConnection, target: &str) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('millrace.ingest.' || $1::text, 0))", target)
        .execute(connection)
        .await?;
    Ok(())
}
