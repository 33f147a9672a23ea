//! Rows that were not plainly applied.

use super::rows::copy;
use crate::Result;
use chrono::{DateTime, Utc};
use domain::ingest::{Field, Issue, RowState, StagedRow, Verdict};
use sqlx::{FromRow, PgConnection, Row, postgres::PgRow, types::Json};
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

/// # Errors
/// When the statement fails.
pub async fn insert(
    connection: &mut PgConnection,
    import_id: Uuid,
    rows: impl IntoIterator<Item = NewStaged<'_>>,
) -> Result<()> {
    let json = |value: serde_json::Result<String>| value.unwrap_or_else(|_| "null".to_owned());
    copy(
        connection,
        "copy ops.staged_rows (import_id, row_no, business_key, line_no, raw, mapped, content_hash, verdict, issues) from stdin",
        rows,
        |out, row| {
            out.id(import_id)
                .whole(i64::from(row.row_no))
                .text(row.business_key)
                .whole(i64::from(row.line_no))
                .text(&json(serde_json::to_string(row.raw)))
                .text(&json(serde_json::to_string(row.mapped)))
                .whole(row.content_hash)
                .text(row.verdict.as_str())
                .text(&json(serde_json::to_string(row.issues)))
                .end();
        },
        &|_| true,
    )
    .await?;
    Ok(())
}

/// A quarantined row as stored.
#[derive(Debug, Clone)]
pub struct Staged {
    pub row: StagedRow,
    pub business_key: String,
    pub line_no: i32,
}

impl<'r> FromRow<'r, PgRow> for Staged {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let unknown = |what: &str| sqlx::Error::Decode(format!("unknown {what}").into());
        let edits: Option<Json<BTreeMap<Field, String>>> = row.try_get("edits")?;
        let mut mapped: BTreeMap<Field, String> = row.try_get::<Json<_>, _>("mapped")?.0;
        let edited = edits.is_some();
        mapped.extend(edits.map(|j| j.0).unwrap_or_default());
        Ok(Self {
            row: StagedRow {
                row_no: u32::try_from(row.try_get::<i32, _>("row_no")?).unwrap_or(0),
                verdict: Verdict::parse(row.try_get("verdict")?).ok_or_else(|| unknown("verdict"))?,
                state: RowState::parse(row.try_get("state")?).ok_or_else(|| unknown("state"))?,
                raw: row.try_get::<Json<_>, _>("raw")?.0,
                mapped,
                edited,
                issues: row.try_get::<Json<_>, _>("issues")?.0,
                reason: row.try_get("reason")?,
            },
            business_key: row.try_get("business_key")?,
            line_no: row.try_get("line_no")?,
        })
    }
}

const COLUMNS: &str =
    "select row_no, business_key, line_no, raw, mapped, edits, verdict, issues, state, reason from ops.staged_rows ";

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
    let sql = sqlx::AssertSqlSafe(format!(
        "{COLUMNS} where import_id = $1 and row_no > $2 and (state = 'open' or not $3) order by row_no limit $4"
    ));
    Ok(sqlx::query_as(sql).bind(import_id).bind(after).bind(open_only).bind(limit).fetch_all(connection).await?)
}

/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, import_id: Uuid, open_only: bool) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from ops.staged_rows where import_id = $1 and (state = 'open' or not $2)")
        .bind(import_id)
        .bind(open_only)
        .fetch_one(connection)
        .await?)
}

/// The open row, locked.
///
/// # Errors
/// When the statement fails.
pub async fn lock_open(connection: &mut PgConnection, import_id: Uuid, row_no: u32) -> Result<Option<Staged>> {
    let sql =
        sqlx::AssertSqlSafe(format!("{COLUMNS} where import_id = $1 and row_no = $2 and state = 'open' for update"));
    Ok(sqlx::query_as(sql).bind(import_id).bind(i32::try_from(row_no).unwrap_or(0)).fetch_optional(connection).await?)
}

/// Keeps edits of an open row and what the rules say of it now.
///
/// # Errors
/// When the statement fails.
pub async fn edit(
    connection: &mut PgConnection,
    import_id: Uuid,
    row_no: u32,
    edits: &BTreeMap<Field, String>,
    issues: &[Issue],
) -> Result<()> {
    sqlx::query(
        "update ops.staged_rows set edits = coalesce(edits, '{}'::jsonb) || $3, issues = $4
         where import_id = $1 and row_no = $2 and state = 'open'",
    )
    .bind(import_id)
    .bind(i32::try_from(row_no).unwrap_or(0))
    .bind(Json(edits))
    .bind(Json(issues))
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_issues(connection: &mut PgConnection, import_id: Uuid, row_no: u32, issues: &[Issue]) -> Result<()> {
    sqlx::query("update ops.staged_rows set issues = $3 where import_id = $1 and row_no = $2")
        .bind(import_id)
        .bind(i32::try_from(row_no).unwrap_or(0))
        .bind(Json(issues))
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
    Ok(sqlx::query(
        "update ops.staged_rows set state = $3, reason = $4, handled_by = $5, handled_at = $6
         where import_id = $1 and state = 'open' and ($2::int[] is null or row_no = any($2))",
    )
    .bind(import_id)
    .bind(row_nos)
    .bind(state.as_str())
    .bind(reason)
    .bind(by)
    .bind(at)
    .execute(connection)
    .await?
    .rows_affected())
}
