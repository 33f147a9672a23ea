//! Bytes of uploaded files, in chunks of at most 1 MiB.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

const CHUNK: usize = 1 << 20;

/// What is known of a file beside its bytes.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub media_type: &'a str,
    pub sha256: &'a [u8],
    pub created_by: &'a str,
    pub created_at: DateTime<Utc>,
}

/// # Errors
/// When a statement fails.
pub async fn insert(connection: &mut PgConnection, file: NewFile<'_>, bytes: &[u8]) -> Result<()> {
    sqlx::query!(
        "insert into ops.files (id, name, media_type, size_bytes, sha256, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
        file.id,
        file.name,
        file.media_type,
        i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        file.sha256,
        file.created_by,
        file.created_at,
    )
    .execute(&mut *connection)
    .await?;
    for (seq, chunk) in (0_i32..).zip(bytes.chunks(CHUNK)) {
        sqlx::query!("insert into ops.file_chunks (file_id, seq, bytes) values ($1, $2, $3)", file.id, seq, chunk)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// All bytes of the file; empty when it is gone.
///
/// # Errors
/// When a statement fails.
pub async fn read(connection: &mut PgConnection, id: Uuid) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for seq in 0_i32.. {
        let chunk: Option<Vec<u8>> =
            sqlx::query_scalar!("select bytes from ops.file_chunks where file_id = $1 and seq = $2", id, seq)
                .fetch_optional(&mut *connection)
                .await?;
        match chunk {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(bytes)
}
