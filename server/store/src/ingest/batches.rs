//! The import batch: one uploaded file and what became of it.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::{
    ids::JobId,
    ingest::{Counts, Examples, FileShape, ImportState, Mapping, OpenQuarantine, RuleCount, Target, Work},
    jobs::{JobState, Progress},
};
use sqlx::{FromRow, PgConnection, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

/// A batch as stored.
#[derive(Debug, Clone)]
pub struct Batch {
    pub id: Uuid,
    pub number: i64,
    pub target: Target,
    pub file_id: Uuid,
    pub file_name: String,
    pub file_sha256: Vec<u8>,
    pub size_bytes: i64,
    pub shape: FileShape,
    pub mapping: Mapping,
    pub mapping_name: Option<String>,
    pub state: ImportState,
    pub counts: Option<Counts>,
    pub issues: Vec<RuleCount>,
    pub examples: Examples,
    pub digest: Option<Vec<u8>>,
    pub failure: Option<String>,
    pub job_id: Option<Uuid>,
    pub created_by: String,
    pub origin: String,
    pub created_at: DateTime<Utc>,
    pub previewed_at: Option<DateTime<Utc>>,
    pub committed_at: Option<DateTime<Utc>>,
    pub version: i32,
    /// The import that this batch took back.
    pub undo_of: Option<Uuid>,
    pub open_rows: i64,
}

impl<'r> FromRow<'r, PgRow> for Batch {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let word = |name: &str| row.try_get::<String, _>(name);
        let unknown = |what: &str| sqlx::Error::Decode(format!("unknown {what}").into());
        Ok(Self {
            id: row.try_get("id")?,
            number: row.try_get("number")?,
            target: Target::parse(&word("target")?).ok_or_else(|| unknown("target"))?,
            file_id: row.try_get("file_id")?,
            file_name: row.try_get("file_name")?,
            file_sha256: row.try_get("file_sha256")?,
            size_bytes: row.try_get("size_bytes")?,
            shape: row.try_get::<Json<_>, _>("shape")?.0,
            mapping: row.try_get::<Json<_>, _>("mapping")?.0,
            mapping_name: row.try_get("mapping_name")?,
            state: ImportState::parse(&word("state")?).ok_or_else(|| unknown("state"))?,
            counts: row.try_get::<Option<Json<_>>, _>("counts")?.map(|j| j.0),
            issues: row.try_get::<Option<Json<_>>, _>("issues")?.map(|j| j.0).unwrap_or_default(),
            examples: row.try_get::<Option<Json<_>>, _>("examples")?.map(|j| j.0).unwrap_or_default(),
            digest: row.try_get("digest")?,
            failure: row.try_get("failure")?,
            job_id: row.try_get("job_id")?,
            created_by: row.try_get("created_by")?,
            origin: row.try_get("origin")?,
            created_at: row.try_get("created_at")?,
            previewed_at: row.try_get("previewed_at")?,
            committed_at: row.try_get("committed_at")?,
            version: row.try_get("version")?,
            undo_of: row.try_get("undo_of")?,
            open_rows: row.try_get("open_rows")?,
        })
    }
}

const COLUMNS: &str =
    "select b.*, (select count(*) from ops.staged_rows s where s.import_id = b.id and s.state = 'open') as open_rows
     from ops.import_batches b ";

/// A batch at its upload.
#[derive(Debug)]
pub struct NewBatch<'a> {
    pub id: Uuid,
    pub target: Target,
    pub file_id: Uuid,
    pub file_name: &'a str,
    pub file_sha256: &'a [u8],
    pub size_bytes: i64,
    pub shape: &'a FileShape,
    pub mapping: &'a Mapping,
    pub mapping_name: Option<&'a str>,
    pub created_by: &'a str,
    pub origin: &'a str,
    pub at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, batch: NewBatch<'_>) -> Result<()> {
    sqlx::query(
        "insert into ops.import_batches (id, target, file_id, file_name, file_sha256, size_bytes, shape, mapping, mapping_name,
                                         state, created_by, origin, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'uploaded', $10, $11, $12, $12)",
    )
    .bind(batch.id)
    .bind(batch.target.as_str())
    .bind(batch.file_id)
    .bind(batch.file_name)
    .bind(batch.file_sha256)
    .bind(batch.size_bytes)
    .bind(Json(batch.shape))
    .bind(Json(batch.mapping))
    .bind(batch.mapping_name)
    .bind(batch.created_by)
    .bind(batch.origin)
    .bind(batch.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> Result<Option<Batch>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where b.id = $1"));
    Ok(sqlx::query_as(sql).bind(id).fetch_optional(connection).await?)
}

/// The batch, locked until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<Option<Batch>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where b.id = $1 for update of b"));
    Ok(sqlx::query_as(sql).bind(id).fetch_optional(connection).await?)
}

/// Newest first; `after` is the last one seen.
///
/// # Errors
/// When the statement fails.
pub async fn list(
    connection: &mut PgConnection,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Batch>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{COLUMNS} where ($1::timestamptz is null or (b.created_at, b.id) < ($1, $2)) order by b.created_at desc, b.id desc limit $3"
    ));
    let (at, id) = after.unzip();
    Ok(sqlx::query_as(sql).bind(at).bind(id).bind(limit).fetch_all(connection).await?)
}

/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from ops.import_batches").fetch_one(connection).await?)
}

/// Numbers of committed imports of the same bytes, `except` this one.
///
/// # Errors
/// When the statement fails.
pub async fn same_file(
    connection: &mut PgConnection,
    target: Target,
    origin: &str,
    sha256: &[u8],
    except: Uuid,
) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar(
        "select number from ops.import_batches
         where target = $1 and file_sha256 = $2 and origin = $3 and id <> $4 and undo_of is null and state in ('committed', 'committed_partial')
         order by number",
    )
    .bind(target.as_str())
    .bind(sha256)
    .bind(origin)
    .bind(except)
    .fetch_all(connection)
    .await?)
}

/// Keeps a checked mapping; an earlier preview is void.
///
/// # Errors
/// When the statement fails.
pub async fn set_mapping(
    connection: &mut PgConnection,
    id: Uuid,
    mapping: &Mapping,
    name: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "update ops.import_batches set mapping = $2, mapping_name = $3, state = 'mapped', counts = null, issues = null, examples = null,
                digest = null, previewed_at = null, failure = null, updated_at = $4, version = version + 1
         where id = $1",
    )
    .bind(id)
    .bind(Json(mapping))
    .bind(name)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// What a preview found.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    pub counts: &'a Counts,
    pub issues: &'a [RuleCount],
    pub examples: &'a Examples,
    pub digest: &'a [u8],
}

/// # Errors
/// When the statement fails.
pub async fn set_findings(
    connection: &mut PgConnection,
    id: Uuid,
    state: ImportState,
    found: Findings<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "update ops.import_batches set state = $2, counts = $3, issues = $4, examples = $5, digest = $6, failure = null,
                previewed_at = case when $2 = 'previewed' then $7 else previewed_at end,
                committed_at = case when $2 like 'committed%' then $7 else committed_at end,
                updated_at = $7, version = version + 1
         where id = $1",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(Json(found.counts))
    .bind(Json(found.issues))
    .bind(Json(found.examples))
    .bind(found.digest)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_counts(connection: &mut PgConnection, id: Uuid, counts: &Counts, at: DateTime<Utc>) -> Result<()> {
    sqlx::query("update ops.import_batches set counts = $2, updated_at = $3, version = version + 1 where id = $1")
        .bind(id)
        .bind(Json(counts))
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_state(
    connection: &mut PgConnection,
    id: Uuid,
    state: ImportState,
    failure: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "update ops.import_batches set state = $2, failure = $3, updated_at = $4, version = version + 1 where id = $1",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(failure)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The job that works on the batch now.
///
/// # Errors
/// When the statement fails.
pub async fn set_job(connection: &mut PgConnection, id: Uuid, job_id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query("update ops.import_batches set job_id = $2, failure = null, updated_at = $3 where id = $1")
        .bind(id)
        .bind(job_id)
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Why the last attempt changed nothing, in words; the state stays.
///
/// # Errors
/// When the statement fails.
pub async fn set_failure(connection: &mut PgConnection, id: Uuid, failure: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query("update ops.import_batches set failure = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(failure)
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}

/// The job of a batch, as its page shows it.
///
/// # Errors
/// When the statement fails.
pub async fn work(connection: &mut PgConnection, job_id: Uuid) -> Result<Option<Work>> {
    type Row = (String, String, i64, Option<i64>, Option<f64>, Option<String>, Option<String>, bool);
    let row: Option<Row> = sqlx::query_as(
        "select kind, state, progress_done, progress_total, progress_rate, step, error_message, cancel_requested_at is not null
         from ops.job_runs where id = $1",
    )
    .bind(job_id)
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|(kind, state, done, total, rate, step, error_message, cancel_requested)| {
        Some(Work {
            job_id: JobId(job_id),
            kind,
            state: JobState::parse(&state)?,
            progress: Progress { done, total, step, rate, eta_seconds: None }.with_eta(),
            cancel_requested,
            error_message,
        })
    }))
}

/// A committed batch without open rows is committed, with open ones partially.
///
/// # Errors
/// When the statement fails.
pub async fn settle(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "update ops.import_batches b set updated_at = $2, version = version + 1,
                state = case when exists (select from ops.staged_rows s where s.import_id = b.id and s.state = 'open')
                             then 'committed_partial' else 'committed' end
         where id = $1 and state in ('committed', 'committed_partial')",
    )
    .bind(id)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Open rejected rows by target; targets without any are absent.
///
/// # Errors
/// When the statement fails.
pub async fn quarantine(connection: &mut PgConnection) -> Result<Vec<OpenQuarantine>> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select b.target, count(*), count(distinct b.id) from ops.staged_rows s join ops.import_batches b on b.id = s.import_id
         where s.state = 'open' group by b.target order by b.target",
    )
    .fetch_all(connection)
    .await?;
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(rows
        .into_iter()
        .filter_map(|(target, rows, imports)| {
            Some(OpenQuarantine { target: Target::parse(&target)?, rows: number(rows), imports: number(imports) })
        })
        .collect())
}
