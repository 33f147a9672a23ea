//! Writing side of the live bus: a notification in the caller's transaction.

use crate::Result;
use domain::live::Topic;
use sqlx::PgConnection;

/// Announces at commit that `key` of `topic` changed.
///
/// # Errors
/// When the statement fails.
pub async fn emit(connection: &mut PgConnection, topic: Topic, key: &str) -> Result<()> {
    sqlx::query!("select ops.emit($1, $2)", topic.as_str(), key).execute(connection).await?;
    Ok(())
}

/// Announces all of `events`, topic and key, at once.
///
/// # Errors
/// When the statement fails.
pub async fn emit_all(connection: &mut PgConnection, events: &[(Topic, String)]) -> Result<()> {
    let topics: Vec<String> = events.iter().map(|(topic, _)| topic.as_str().to_owned()).collect();
    let keys: Vec<String> = events.iter().map(|(_, key)| key.clone()).collect();
    sqlx::query!(
        "select ops.emit(topic, key) from unnest($1::text[], $2::text[]) as event (topic, key)",
        &topics,
        &keys
    )
    .execute(connection)
    .await?;
    Ok(())
}
