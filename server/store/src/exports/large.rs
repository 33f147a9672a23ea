//! Exports that a job writes to a file: what was asked for, and the file in pieces.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Bytes of a piece; the table takes no larger one.
pub const PIECE: usize = 1 << 20;

/// An export to be written.
#[derive(Debug, Clone)]
pub struct NewRequest<'a> {
    pub id: Uuid,
    pub dataset: &'a str,
    pub format: &'a str,
    pub filter: &'a str,
    pub expected_rows: i64,
    pub owner_id: Uuid,
    pub owner_label: &'a str,
    /// Keys of the rights the owner has.
    pub rights: &'a [String],
    pub job_id: Uuid,
    pub created_at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn ask(connection: &mut PgConnection, request: &NewRequest<'_>) -> Result<()> {
    sqlx::query!(
        "insert into ops.exports (id, dataset, format, filter, expected_rows, owner_id, owner_label, rights, job_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        request.id,
        request.dataset,
        request.format,
        request.filter,
        request.expected_rows,
        request.owner_id,
        request.owner_label,
        request.rights,
        request.job_id,
        request.created_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The export that run `run` writes.
///
/// # Errors
/// When the statement fails.
pub async fn of_run(connection: &mut PgConnection, run: Uuid) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        r#"select e.id from ops.exports e join ops.job_runs r on e.id = (r.payload ->> 'export_id')::uuid where r.id = $1"#,
        run
    )
    .fetch_optional(connection)
    .await?)
}

/// What its run has to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub dataset: String,
    pub format: String,
    pub filter: String,
    pub owner_id: Uuid,
    pub rights: Vec<String>,
    /// Written already: a run that was killed after its commit has nothing left to do.
    pub file_id: Option<Uuid>,
}

/// The export, from now on written by `run`; `None`: it was removed.
///
/// # Errors
/// When the statement fails.
pub async fn take_up(connection: &mut PgConnection, export: Uuid, run: Uuid) -> Result<Option<Request>> {
    Ok(sqlx::query_as!(
        Request,
        "update ops.exports set job_id = $2 where id = $1 returning dataset, format, filter, owner_id, rights, file_id",
        export,
        run
    )
    .fetch_optional(connection)
    .await?)
}

/// A file about to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub media_type: &'a str,
    pub created_by: &'a str,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Begins a file; nobody sees it before the commit of the transaction that finishes it.
///
/// # Errors
/// When the statement fails.
pub async fn begin_file(connection: &mut PgConnection, file: NewFile<'_>) -> Result<()> {
    sqlx::query!(
        "insert into ops.files (id, name, media_type, size_bytes, sha256, created_by, created_at, expires_at)
         values ($1, $2, $3, 0, '', $4, $5, $6)",
        file.id,
        file.name,
        file.media_type,
        file.created_by,
        file.created_at,
        file.expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds the next piece of the file, of at most [`PIECE`] bytes.
///
/// # Errors
/// When the statement fails.
pub async fn add_piece(connection: &mut PgConnection, file: Uuid, seq: i32, bytes: &[u8]) -> Result<()> {
    sqlx::query!("insert into ops.file_chunks (file_id, seq, bytes) values ($1, $2, $3)", file, seq, bytes)
        .execute(connection)
        .await?;
    Ok(())
}

/// What a finished file is.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    pub file: Uuid,
    pub size_bytes: i64,
    pub sha256: &'a [u8],
    pub rows: i64,
}

/// Gives the export its file; false when the export was removed meanwhile.
///
/// # Errors
/// When a statement fails.
pub async fn finish_file(connection: &mut PgConnection, export: Uuid, done: Finished<'_>) -> Result<bool> {
    sqlx::query!(
        "update ops.files set size_bytes = $2, sha256 = $3 where id = $1",
        done.file,
        done.size_bytes,
        done.sha256
    )
    .execute(&mut *connection)
    .await?;
    let given =
        sqlx::query!("update ops.exports set file_id = $2, file_rows = $3 where id = $1", export, done.file, done.rows)
            .execute(connection)
            .await?;
    Ok(given.rows_affected() == 1)
}

/// An export with its run and its file.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: Uuid,
    pub dataset: String,
    pub format: String,
    pub filter: String,
    pub expected_rows: i64,
    pub created_at: DateTime<Utc>,
    pub job_id: Option<Uuid>,
    pub state: Option<String>,
    pub progress_done: Option<i64>,
    pub error_message: Option<String>,
    pub file_id: Option<Uuid>,
    pub file_rows: Option<i64>,
    pub size_bytes: Option<i64>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Exports of `owner`, the newest first.
///
/// # Errors
/// When the statement fails.
pub async fn of_owner(
    connection: &mut PgConnection,
    owner: Uuid,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        r#"select e.id, e.dataset, e.format, e.filter, e.expected_rows, e.created_at, e.job_id, r.state as "state?",
                  r.progress_done as "progress_done?", r.error_message, f.id as "file_id?", e.file_rows,
                  f.size_bytes as "size_bytes?", f.expires_at
           from ops.exports e
           left join ops.job_runs r on r.id = e.job_id
           left join ops.files f on f.id = e.file_id and f.expires_at > $2
           where e.owner_id = $1
           order by e.created_at desc, e.id desc
           limit $3"#,
        owner,
        now,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// Removes an export of `owner` and its file; answers the run that writes it. `None`: there is no such export.
///
/// # Errors
/// When a statement fails.
pub async fn remove(connection: &mut PgConnection, owner: Uuid, export: Uuid) -> Result<Option<Option<Uuid>>> {
    let removed = sqlx::query!(
        "delete from ops.exports where id = $1 and owner_id = $2 returning file_id, job_id",
        export,
        owner
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(removed) = removed else { return Ok(None) };
    sqlx::query!("delete from ops.files where id = $1", removed.file_id).execute(connection).await?;
    Ok(Some(removed.job_id))
}

/// A file as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub media_type: String,
    pub size_bytes: i64,
    pub rows: i64,
}

/// The file, if `owner` asked for it and its time is not over.
///
/// # Errors
/// When the statement fails.
pub async fn file(connection: &mut PgConnection, id: Uuid, owner: Uuid, now: DateTime<Utc>) -> Result<Option<File>> {
    Ok(sqlx::query_as!(
        File,
        r#"select f.name, f.media_type, f.size_bytes, coalesce(e.file_rows, 0) as "rows!"
           from ops.files f join ops.exports e on e.file_id = f.id
           where f.id = $1 and e.owner_id = $2 and f.expires_at > $3"#,
        id,
        owner,
        now
    )
    .fetch_optional(connection)
    .await?)
}

/// One piece of a file; `None` behind its end.
///
/// # Errors
/// When the statement fails.
pub async fn piece(connection: &mut PgConnection, file: Uuid, seq: i32) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!("select bytes from ops.file_chunks where file_id = $1 and seq = $2", file, seq)
        .fetch_optional(connection)
        .await?)
}
