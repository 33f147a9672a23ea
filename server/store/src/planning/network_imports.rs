//! Documents that wait beside a network.

use super::networks::By;
use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A document as it waits, or has been committed.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredImport {
    pub id: Uuid,
    /// Code of the network.
    pub network: String,
    pub document: String,
    pub file_name: Option<String>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub committed_at: Option<DateTime<Utc>>,
}

/// # Errors
/// When the statement fails.
pub async fn insert(
    connection: &mut PgConnection,
    id: Uuid,
    network: Uuid,
    (document, file_name): (&str, Option<&str>),
    by: By<'_>,
) -> Result<()> {
    sqlx::query!(
        "insert into plan.network_imports (id, network_id, document, file_name, created_at, created_by, origin)
         values ($1, $2, $3::text::jsonb, $4, $5, $6, $7)",
        id,
        network,
        document,
        file_name,
        by.at,
        by.label,
        by.origin
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, id: Uuid) -> Result<Option<StoredImport>> {
    Ok(sqlx::query_as!(
        StoredImport,
        r#"select i.id, n.code as network, i.document::text as "document!", i.file_name, i.created_at, i.created_by,
                  i.committed_at
           from plan.network_imports i join plan.networks n on n.id = i.network_id where i.id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// False when somebody has committed it.
///
/// # Errors
/// When the statement fails.
pub async fn commit(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>, by: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.network_imports set committed_at = $2, committed_by = $3 where id = $1 and committed_at is null",
        id,
        at,
        by
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Removes those from before `until`; how many there were.
///
/// # Errors
/// When the statement fails.
pub async fn remove_old(connection: &mut PgConnection, until: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("delete from plan.network_imports where created_at < $1", until);
    Ok(done.execute(connection).await?.rows_affected())
}
