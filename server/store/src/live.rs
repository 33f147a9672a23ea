//! Writing side of the live bus: a notification in the caller's transaction.

use crate::Result;
use domain::live::Topic;
use sqlx::PgConnection;

/// Announces at commit that `key` of `topic` changed.
///
/// # Errors
/// When the statement fails.
pub async fn emit(connection: &mut PgConnection, topic: Topic, key: &str) -> Result<()> {
    sqlx::query("select ops.emit($1, $2)").bind(topic.as_str()).bind(key).execute(connection).await?;
    Ok(())
}
