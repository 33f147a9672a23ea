//! The import batch: one uploaded file and what became of it.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::{
    ids::JobId,
    ingest::{Counts, Examples, FileShape, ImportState, Mapping, OpenQuarantine, Proposal, RuleCount, Target, Work},
    jobs::{JobState, Progress},
};
use sqlx::{PgConnection, types::Json};
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
    pub proposals: Vec<Proposal>,
    /// Recorded sales that a person agreed to close.
    pub confirmed_closed: Option<i32>,
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

/// The row as it is stored; words become types in [`Batch`].
struct Stored {
    id: Uuid,
    number: i64,
    target: String,
    file_id: Uuid,
    file_name: String,
    file_sha256: Vec<u8>,
    size_bytes: i64,
    shape: Json<FileShape>,
    mapping: Json<Mapping>,
    mapping_name: Option<String>,
    state: String,
    counts: Option<Json<Counts>>,
    issues: Option<Json<Vec<RuleCount>>>,
    examples: Option<Json<Examples>>,
    proposals: Option<Json<Vec<Proposal>>>,
    confirmed_closed: Option<i32>,
    digest: Option<Vec<u8>>,
    failure: Option<String>,
    job_id: Option<Uuid>,
    created_by: String,
    origin: String,
    created_at: DateTime<Utc>,
    previewed_at: Option<DateTime<Utc>>,
    committed_at: Option<DateTime<Utc>>,
    version: i32,
    undo_of: Option<Uuid>,
    open_rows: i64,
}

impl TryFrom<Stored> for Batch {
    type Error = sqlx::Error;

    fn try_from(row: Stored) -> sqlx::Result<Self> {
        let unknown = |what: &str| sqlx::Error::Decode(format!("unknown {what}").into());
        Ok(Self {
            id: row.id,
            number: row.number,
            target: Target::parse(&row.target).ok_or_else(|| unknown("target"))?,
            file_id: row.file_id,
            file_name: row.file_name,
            file_sha256: row.file_sha256,
            size_bytes: row.size_bytes,
            shape: row.shape.0,
            mapping: row.mapping.0,
            mapping_name: row.mapping_name,
            state: ImportState::parse(&row.state).ok_or_else(|| unknown("state"))?,
            counts: row.counts.map(|json| json.0),
            issues: row.issues.map(|json| json.0).unwrap_or_default(),
            examples: row.examples.map(|json| json.0).unwrap_or_default(),
            proposals: row.proposals.map(|json| json.0).unwrap_or_default(),
            confirmed_closed: row.confirmed_closed,
            digest: row.digest,
            failure: row.failure,
            job_id: row.job_id,
            created_by: row.created_by,
            origin: row.origin,
            created_at: row.created_at,
            previewed_at: row.previewed_at,
            committed_at: row.committed_at,
            version: row.version,
            undo_of: row.undo_of,
            open_rows: row.open_rows,
        })
    }
}

/// The checked query for batches; `$tail` is its condition and order.
macro_rules! select_batches {
    ($tail:tt $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            Stored,
            r#"select b.id, b.number, b.target, b.file_id, b.file_name, b.file_sha256, b.size_bytes,
                      b.shape as "shape: Json<FileShape>", b.mapping as "mapping: Json<Mapping>", b.mapping_name, b.state,
                      b.counts as "counts: Json<Counts>", b.issues as "issues: Json<Vec<RuleCount>>",
                      b.examples as "examples: Json<Examples>", b.proposals as "proposals: Json<Vec<Proposal>>",
                      b.confirmed_closed, b.digest, b.failure, b.job_id, b.created_by, b.origin, b.created_at, b.previewed_at,
                      b.committed_at, b.version, b.undo_of,
                      (select count(*) from ops.staged_rows s where s.import_id = b.id and s.state = 'open') as "open_rows!"
               from ops.import_batches b "# + $tail
            $(, $value)*
        )
    };
}

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
    sqlx::query!(
        "insert into ops.import_batches (id, target, file_id, file_name, file_sha256, size_bytes, shape, mapping, mapping_name,
                                         state, created_by, origin, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'uploaded', $10, $11, $12, $12)",
        batch.id,
        batch.target.as_str(),
        batch.file_id,
        batch.file_name,
        batch.file_sha256,
        batch.size_bytes,
        Json(batch.shape) as _,
        Json(batch.mapping) as _,
        batch.mapping_name,
        batch.created_by,
        batch.origin,
        batch.at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> Result<Option<Batch>> {
    let stored = select_batches!("where b.id = $1", id).fetch_optional(connection).await?;
    Ok(stored.map(Batch::try_from).transpose()?)
}

/// The batch, locked until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<Option<Batch>> {
    let stored = select_batches!("where b.id = $1 for update of b", id).fetch_optional(connection).await?;
    Ok(stored.map(Batch::try_from).transpose()?)
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
    let (at, id) = after.unzip();
    let stored = select_batches!(
        "where ($1::timestamptz is null or (b.created_at, b.id) < ($1, $2)) order by b.created_at desc, b.id desc limit $3",
        at,
        id,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(stored.into_iter().map(Batch::try_from).collect::<sqlx::Result<_>>()?)
}

/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "n!" from ops.import_batches"#).fetch_one(connection).await?)
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
    Ok(sqlx::query_scalar!(
        "select number from ops.import_batches
         where target = $1 and file_sha256 = $2 and origin = $3 and id <> $4 and undo_of is null and state in ('committed', 'committed_partial')
         order by number",
        target.as_str(),
        sha256,
        origin,
        except,
    )
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
    sqlx::query!(
        "update ops.import_batches set mapping = $2, mapping_name = $3, state = 'mapped', counts = null, issues = null, examples = null,
                proposals = null, confirmed_closed = null, digest = null, previewed_at = null, failure = null, updated_at = $4, version = version + 1
         where id = $1",
        id,
        Json(mapping) as _,
        name,
        at,
    )
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
    /// None: those of the last check stay.
    pub proposals: Option<&'a [Proposal]>,
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
    sqlx::query!(
        "update ops.import_batches set state = $2, counts = $3, issues = $4, examples = $5, digest = $6, failure = null,
                proposals = coalesce($8, proposals),
                previewed_at = case when $2 = 'previewed' then $7 else previewed_at end,
                committed_at = case when $2 like 'committed%' then $7 else committed_at end,
                updated_at = $7, version = version + 1
         where id = $1",
        id,
        state.as_str(),
        Json(found.counts) as _,
        Json(found.issues) as _,
        Json(found.examples) as _,
        found.digest,
        at,
        found.proposals.map(Json) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_counts(connection: &mut PgConnection, id: Uuid, counts: &Counts, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.import_batches set counts = $2, updated_at = $3, version = version + 1 where id = $1",
        id,
        Json(counts) as _,
        at
    )
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
    sqlx::query!(
        "update ops.import_batches set state = $2, failure = $3, updated_at = $4, version = version + 1 where id = $1",
        id,
        state.as_str(),
        failure,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps how many recorded sales a person agreed to close.
///
/// # Errors
/// When the statement fails.
pub async fn set_confirmed(connection: &mut PgConnection, id: Uuid, closed: Option<i32>) -> Result<()> {
    sqlx::query!("update ops.import_batches set confirmed_closed = $2 where id = $1", id, closed)
        .execute(connection)
        .await?;
    Ok(())
}

/// The job that works on the batch now.
///
/// # Errors
/// When the statement fails.
pub async fn set_job(connection: &mut PgConnection, id: Uuid, job_id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.import_batches set job_id = $2, failure = null, updated_at = $3 where id = $1",
        id,
        job_id,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Why the last attempt changed nothing, in words; the state stays.
///
/// # Errors
/// When the statement fails.
pub async fn set_failure(connection: &mut PgConnection, id: Uuid, failure: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update ops.import_batches set failure = $2, updated_at = $3 where id = $1", id, failure, at)
        .execute(connection)
        .await?;
    Ok(())
}

/// The job of a batch, as its page shows it.
///
/// # Errors
/// When the statement fails.
pub async fn work(connection: &mut PgConnection, job_id: Uuid) -> Result<Option<Work>> {
    let row = sqlx::query!(
        r#"select kind, state, progress_done, progress_total, progress_rate, step, error_message,
                  cancel_requested_at is not null as "cancel_requested!"
           from ops.job_runs where id = $1"#,
        job_id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|row| {
        let (done, total, rate) = (row.progress_done, row.progress_total, row.progress_rate);
        Some(Work {
            job_id: JobId(job_id),
            kind: row.kind,
            state: JobState::parse(&row.state)?,
            progress: Progress { done, total, step: row.step, rate, eta_seconds: None }.with_eta(),
            cancel_requested: row.cancel_requested,
            error_message: row.error_message,
        })
    }))
}

/// A committed batch without open rows is committed, with open ones partially.
///
/// # Errors
/// When the statement fails.
pub async fn settle(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.import_batches b set updated_at = $2, version = version + 1,
                state = case when exists (select from ops.staged_rows s where s.import_id = b.id and s.state = 'open')
                             then 'committed_partial' else 'committed' end
         where id = $1 and state in ('committed', 'committed_partial')",
        id,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Open rejected rows by target; targets without any are absent.
///
/// # Errors
/// When the statement fails.
pub async fn quarantine(connection: &mut PgConnection) -> Result<Vec<OpenQuarantine>> {
    let rows = sqlx::query!(
        r#"select b.target, count(*) as "rows!", count(distinct b.id) as "imports!"
           from ops.staged_rows s join ops.import_batches b on b.id = s.import_id
           where s.state = 'open' group by b.target order by b.target"#,
    )
    .fetch_all(connection)
    .await?;
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let quarantine = rows.into_iter().filter_map(|row| {
        Some(OpenQuarantine {
            target: Target::parse(&row.target)?,
            rows: number(row.rows),
            imports: number(row.imports),
        })
    });
    Ok(quarantine.collect())
}
