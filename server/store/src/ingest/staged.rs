//! Rows that were not plainly applied.

use super::{
    rows::Rows,
    writing::{Record, Stamp},
};
use crate::Result;
use chrono::{DateTime, Utc};
use domain::ingest::{Field, Issue, RowState, StagedRow, Verdict};
use sqlx::{PgConnection, types::Json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A row at its arrival in quarantine.
#[derive(Debug)]
pub struct NewStaged<'a> {
    pub row_no: u32,
    pub business_key: &'a str,
    pub line_no: i32,
    pub raw: &'a [String],
    pub mapped: &'a BTreeMap<Field, String>,
    pub content_hash: i64,
    pub verdict: Verdict,
    pub issues: &'a [Issue],
}

impl Record for NewStaged<'_> {
    const COPY: &'static str = "copy ops.staged_rows (import_id, row_no, business_key, line_no, raw, mapped, content_hash, verdict, issues) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        let json = |value: serde_json::Result<String>| value.unwrap_or_else(|_| "null".to_owned());
        out.id(stamp.import_id)
            .whole(i64::from(self.row_no))
            .text(self.business_key)
            .whole(i64::from(self.line_no))
            .text(&json(serde_json::to_string(self.raw)))
            .text(&json(serde_json::to_string(self.mapped)))
            .whole(self.content_hash)
            .text(self.verdict.as_str())
            .text(&json(serde_json::to_string(self.issues)))
            .end();
    }
}

/// A quarantined row as stored.
#[derive(Debug, Clone)]
pub struct Staged {
    pub row: StagedRow,
    pub business_key: String,
    pub line_no: i32,
}

struct Stored {
    row_no: i32,
    business_key: String,
    line_no: i32,
    raw: Json<Vec<String>>,
    mapped: Json<BTreeMap<Field, String>>,
    edits: Option<Json<BTreeMap<Field, String>>>,
    verdict: String,
    issues: Json<Vec<Issue>>,
    state: String,
    reason: Option<String>,
}

impl TryFrom<Stored> for Staged {
    type Error = sqlx::Error;

    fn try_from(stored: Stored) -> sqlx::Result<Self> {
        let unknown = |what: &str| sqlx::Error::Decode(format!("unknown {what}").into());
        let mut mapped = stored.mapped.0;
        let edited = stored.edits.is_some();
        mapped.extend(stored.edits.map(|json| json.0).unwrap_or_default());
        Ok(Self {
            row: StagedRow {
                row_no: u32::try_from(stored.row_no).unwrap_or(0),
                verdict: Verdict::parse(&stored.verdict).ok_or_else(|| unknown("verdict"))?,
                state: RowState::parse(&stored.state).ok_or_else(|| unknown("state"))?,
                raw: stored.raw.0,
                mapped,
                edited,
                issues: stored.issues.0,
                reason: stored.reason,
            },
            business_key: stored.business_key,
            line_no: stored.line_no,
        })
    }
}

/// By row number, from the one after `after`.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    import_id: Uuid,
    open_only: bool,
    after: i32,
    limit: i64,
) -> Result<Vec<Staged>> {
    let stored = sqlx::query_as!(
        Stored,
        r#"select row_no, business_key, line_no, raw as "raw: Json<Vec<String>>", mapped as "mapped: Json<BTreeMap<Field, String>>",
                  edits as "edits: Json<BTreeMap<Field, String>>", verdict, issues as "issues: Json<Vec<Issue>>", state, reason
           from ops.staged_rows
           where import_id = $1 and row_no > $2 and (state = 'open' or not $3) order by row_no limit $4"#,
        import_id,
        after,
        open_only,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(stored.into_iter().map(Staged::try_from).collect::<sqlx::Result<_>>()?)
}

/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, import_id: Uuid, open_only: bool) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from ops.staged_rows where import_id = $1 and (state = 'open' or not $2)"#,
        import_id,
        open_only,
    )
    .fetch_one(connection)
    .await?)
}

/// The open row, locked.
///
/// # Errors
/// When the statement fails.
pub async fn lock_open(connection: &mut PgConnection, import_id: Uuid, row_no: u32) -> Result<Option<Staged>> {
    let stored = sqlx::query_as!(
        Stored,
        r#"select row_no, business_key, line_no, raw as "raw: Json<Vec<String>>", mapped as "mapped: Json<BTreeMap<Field, String>>",
                  edits as "edits: Json<BTreeMap<Field, String>>", verdict, issues as "issues: Json<Vec<Issue>>", state, reason
           from ops.staged_rows where import_id = $1 and row_no = $2 and state = 'open' for update"#,
        import_id,
        i32::try_from(row_no).unwrap_or(0),
    )
    .fetch_optional(connection)
    .await?;
    Ok(stored.map(Staged::try_from).transpose()?)
}

/// Row numbers among `row_nos` that are open.
///
/// # Errors
/// When the statement fails.
pub async fn open_among(connection: &mut PgConnection, import_id: Uuid, row_nos: &[i32]) -> Result<Vec<i32>> {
    Ok(sqlx::query_scalar!(
        "select row_no from ops.staged_rows where import_id = $1 and row_no = any($2) and state = 'open' order by row_no",
        import_id,
        row_nos,
    )
    .fetch_all(connection)
    .await?)
}

/// New values of a row, if it has any, and what the rules say of it now.
#[derive(Debug)]
pub struct Revision {
    pub row_no: u32,
    /// Values by field; they stand over what came.
    pub values: Option<BTreeMap<Field, String>>,
    pub issues: Vec<Issue>,
}

/// Keeps revisions of open rows, all in one statement.
///
/// # Errors
/// When the statement fails.
pub async fn revise(connection: &mut PgConnection, import_id: Uuid, revisions: Vec<Revision>) -> Result<()> {
    if revisions.is_empty() {
        return Ok(());
    }
    let mut row_nos = Vec::with_capacity(revisions.len());
    let mut values = Vec::with_capacity(revisions.len());
    let mut issues = Vec::with_capacity(revisions.len());
    for revision in revisions {
        row_nos.push(i32::try_from(revision.row_no).unwrap_or(0));
        values.push(revision.values.map(|values| serde_json::json!(values)));
        issues.push(serde_json::json!(revision.issues));
    }
    sqlx::query!(
        "update ops.staged_rows s
         set edits = case when u.edits is null then s.edits else coalesce(s.edits, '{}'::jsonb) || u.edits end, issues = u.issues
         from unnest($2::int[], $3::jsonb[], $4::jsonb[]) as u(row_no, edits, issues)
         where s.import_id = $1 and s.row_no = u.row_no and s.state = 'open'",
        import_id,
        &row_nos,
        &values as &[Option<serde_json::Value>],
        &issues,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Closes open rows (all of them when `row_nos` is none); answers how many.
///
/// # Errors
/// When the statement fails.
pub async fn close(
    connection: &mut PgConnection,
    import_id: Uuid,
    row_nos: Option<&[i32]>,
    state: RowState,
    reason: Option<&str>,
    by: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    Ok(sqlx::query!(
        "update ops.staged_rows set state = $3, reason = $4, handled_by = $5, handled_at = $6
         where import_id = $1 and state = 'open' and ($2::int[] is null or row_no = any($2))",
        import_id,
        row_nos,
        state.as_str(),
        reason,
        by,
        at,
    )
    .execute(connection)
    .await?
    .rows_affected())
}
