//! Networks: what is said of one as a whole, and the documents it was frozen into.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A network as it stands; `head` is a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredNetwork {
    pub id: Uuid,
    pub code: String,
    pub name: String,
    pub currency: String,
    pub head: String,
    pub version: i32,
    pub changed_at: DateTime<Utc>,
    pub updated_by: String,
    pub origin: String,
    /// Of the newest freeze.
    pub frozen_at: Option<DateTime<Utc>>,
    pub frozen_by: Option<String>,
    pub input_id: Option<Uuid>,
    pub sha256: Option<Vec<u8>>,
    pub validation: Option<String>,
}

macro_rules! shown {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            StoredNetwork,
            r#"select n.id, n.code, n.name, n.currency, n.head::text as "head!", n.version, n.changed_at, n.updated_by,
                      n.origin, f.frozen_at as "frozen_at?", f.frozen_by as "frozen_by?", f.input_id as "input_id?",
                      f.validation as "validation?", i.sha256 as "sha256?"
               from plan.networks n
               left join lateral (select * from plan.network_freezes z where z.network_id = n.id
                                  order by z.frozen_at desc, z.input_id limit 1) f on true
               left join plan.inputs i on i.id = f.input_id "# + $rest
            $(, $argument)*
        )
    };
}

/// By code.
///
/// # Errors
/// When the statement fails.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<StoredNetwork>> {
    Ok(shown!("order by n.code limit 500").fetch_all(connection).await?)
}

/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, code: &str) -> Result<Option<StoredNetwork>> {
    Ok(shown!("where n.code = $1", code).fetch_optional(connection).await?)
}

/// Keeps others from changing it, or its rows, until the end of the transaction.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, code: &str) -> Result<Option<Uuid>> {
    let found = sqlx::query_scalar!("select id from plan.networks where code = $1 for update", code);
    Ok(found.fetch_optional(connection).await?)
}

/// Whose act it is, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    pub at: DateTime<Utc>,
    pub label: &'a str,
    pub origin: &'a str,
}

/// False when the code is taken.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, id: Uuid, code: &str, head: &str, by: By<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into plan.networks (id, code, head, changed_at, created_at, created_by, updated_at, updated_by, origin)
         values ($1, $2, $3::text::jsonb, $4, $4, $5, $4, $5, $6) on conflict on constraint networks_code do nothing",
        id,
        code,
        head,
        by.at,
        by.label,
        by.origin
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// False when it has another version by now.
///
/// # Errors
/// When the statement fails.
pub async fn update(connection: &mut PgConnection, id: Uuid, version: i32, head: &str, by: By<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.networks
         set head = $3::text::jsonb, version = version + 1, changed_at = $4, updated_at = $4, updated_by = $5
         where id = $1 and version = $2",
        id,
        version,
        head,
        by.at,
        by.label
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// A row of it has changed.
///
/// # Errors
/// When the statement fails.
pub async fn touch(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update plan.networks set changed_at = $2 where id = $1", id, at).execute(connection).await?;
    Ok(())
}

/// With all its rows; the documents it was frozen into stay.
///
/// # Errors
/// When the statement fails.
pub async fn remove(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("delete from plan.networks where id = $1", id).execute(connection).await?;
    Ok(())
}

/// It came to an input.
///
/// # Errors
/// When the statement fails.
pub async fn frozen(
    connection: &mut PgConnection,
    network: Uuid,
    input: Uuid,
    validation: &str,
    by: By<'_>,
) -> Result<()> {
    sqlx::query!(
        "insert into plan.network_freezes (network_id, input_id, frozen_at, frozen_by, validation, origin)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (network_id, input_id) do update
         set frozen_at = excluded.frozen_at, frozen_by = excluded.frozen_by, validation = excluded.validation",
        network,
        input,
        by.at,
        by.label,
        validation,
        by.origin
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The document that a network was frozen into last.
///
/// # Errors
/// When the statement fails.
pub async fn newest_document(connection: &mut PgConnection, code: &str) -> Result<Option<String>> {
    let found = sqlx::query_scalar!(
        r#"select i.document::text as "document!" from plan.networks n
           join plan.network_freezes f on f.network_id = n.id join plan.inputs i on i.id = f.input_id
           where n.code = $1 order by f.frozen_at desc, f.input_id limit 1"#,
        code
    );
    Ok(found.fetch_optional(connection).await?)
}
