//! Own scenarios: versions are added, never changed.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A version as it stands. `ops` is a JSON list.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredScenario {
    pub id: Uuid,
    pub code: String,
    pub version: i32,
    pub name: String,
    pub description: Option<String>,
    pub ops: String,
    pub seed: i64,
    pub probability: Option<f64>,
    pub archived_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    /// The newest version of its code.
    pub newest: Uuid,
}

macro_rules! shown {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            StoredScenario,
            r#"select s.id, s.code, s.version, s.name, s.description, s.ops::text as "ops!", s.seed, s.probability,
                      s.archived_at, s.created_at, s.created_by, newest.id as "newest!"
               from plan.scenarios s
               join lateral (select n.id from plan.scenarios n
                             where n.code = s.code and n.network is not distinct from s.network
                             order by n.version desc limit 1) as newest on true "# + $rest
            $(, $argument)*
        )
    };
}

/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, id: Uuid) -> Result<Option<StoredScenario>> {
    Ok(shown!("where s.id = $1", id).fetch_optional(connection).await?)
}

/// The newest version of a code.
///
/// # Errors
/// When the statement fails.
pub async fn newest(connection: &mut PgConnection, code: &str) -> Result<Option<StoredScenario>> {
    Ok(shown!("where s.code = $1 and s.network is null and s.id = newest.id", code).fetch_optional(connection).await?)
}

/// The newest versions that are not archived, by code.
///
/// # Errors
/// When the statement fails.
pub async fn current(connection: &mut PgConnection) -> Result<Vec<StoredScenario>> {
    Ok(shown!("where s.id = newest.id and s.archived_at is null order by s.code").fetch_all(connection).await?)
}

/// Of one code, the newest first.
///
/// # Errors
/// When the statement fails.
pub async fn versions(connection: &mut PgConnection, code: &str) -> Result<Vec<StoredScenario>> {
    Ok(shown!("where s.code = $1 and s.network is null order by s.version desc", code).fetch_all(connection).await?)
}

/// A version to be.
#[derive(Debug)]
pub struct NewScenario<'a> {
    pub id: Uuid,
    pub code: &'a str,
    pub version: i32,
    pub parent_id: Option<Uuid>,
    pub name: &'a str,
    pub description: Option<&'a str>,
    pub ops: &'a str,
    pub seed: i64,
    pub probability: Option<f64>,
    pub at: DateTime<Utc>,
    pub by: &'a str,
    pub by_id: Option<Uuid>,
}

/// False when the code has that version already.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewScenario<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into plan.scenarios (id, code, version, parent_id, name, description, ops, seed, probability, created_at,
                                     created_by, created_by_id)
         values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10, $11, $12)
         on conflict on constraint scenarios_code_version do nothing",
        new.id,
        new.code,
        new.version,
        new.parent_id,
        new.name,
        new.description,
        new.ops,
        new.seed,
        new.probability,
        new.at,
        new.by,
        new.by_id
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Archives every version of a code; false when it was archived.
///
/// # Errors
/// When the statement fails.
pub async fn archive(connection: &mut PgConnection, code: &str, at: DateTime<Utc>, by: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.scenarios set archived_at = $2, archived_by = $3
         where code = $1 and network is null and archived_at is null",
        code,
        at,
        by
    );
    Ok(done.execute(connection).await?.rows_affected() > 0)
}
