//! Documents that were solved; each stands once.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A document in its canonical text.
#[derive(Debug)]
pub struct NewInput<'a> {
    pub id: Uuid,
    pub sha256: &'a [u8],
    pub document: &'a str,
    pub row_counts: &'a serde_json::Value,
    pub at: DateTime<Utc>,
    pub by: &'a str,
    /// What comes of a demo input is demo.
    pub origin: &'a str,
}

/// The document's id: a new one, or that of the same content.
///
/// # Errors
/// When a statement fails.
pub async fn keep(connection: &mut PgConnection, new: &NewInput<'_>) -> Result<Uuid> {
    sqlx::query!(
        "insert into plan.inputs (id, sha256, document, row_counts, created_at, created_by, origin)
         values ($1, $2, $3::text::jsonb, $4, $5, $6, $7) on conflict (sha256) do nothing",
        new.id,
        new.sha256,
        new.document,
        new.row_counts,
        new.at,
        new.by,
        new.origin
    )
    .execute(&mut *connection)
    .await?;
    Ok(sqlx::query_scalar!("select id from plan.inputs where sha256 = $1", new.sha256).fetch_one(connection).await?)
}

/// What a run was given.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenInput {
    /// Without its scenario.
    pub document: String,
    pub scenario: String,
    /// Of an own scenario: its operations, and the seed it has or was given.
    pub ops: Option<String>,
    pub seed: i64,
    pub draw: i32,
    pub options: serde_json::Value,
}

/// Of a run that was not deleted: its document, and what was laid over it.
///
/// # Errors
/// When the statement fails.
pub async fn of_run(connection: &mut PgConnection, run: Uuid) -> Result<Option<GivenInput>> {
    Ok(sqlx::query_as!(
        GivenInput,
        r#"select i.document::text as "document!", r.scenario, s.ops::text as ops, coalesce(r.seed, s.seed, 0) as "seed!",
                  r.draw, r.options
           from plan.runs r join plan.inputs i on i.id = r.input_id left join plan.scenarios s on s.id = r.scenario_id
           where r.id = $1 and r.deleted_at is null"#,
        run
    )
    .fetch_optional(connection)
    .await?)
}
