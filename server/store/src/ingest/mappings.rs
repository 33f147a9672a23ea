//! Mappings kept under a name.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::ingest::{Mapping, SavedMapping, Target};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

struct Stored {
    id: Uuid,
    target: String,
    name: String,
    header_signature: String,
    mapping: Json<Mapping>,
    version: i32,
}

/// Of a target this release does not know: none.
fn saved(stored: Stored) -> Option<SavedMapping> {
    Some(SavedMapping {
        id: stored.id,
        target: Target::parse(&stored.target)?,
        name: stored.name,
        header_signature: stored.header_signature,
        mapping: stored.mapping.0,
        version: stored.version,
    })
}

/// Keeps the mapping; the same name of the same target is replaced.
///
/// # Errors
/// When the statement fails.
pub async fn put(
    connection: &mut PgConnection,
    id: Uuid,
    target: Target,
    name: &str,
    header_signature: &str,
    mapping: &Mapping,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.import_mappings (id, target, name, header_signature, mapping, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict on constraint import_mappings_name_key do update
         set header_signature = excluded.header_signature, mapping = excluded.mapping, updated_at = excluded.updated_at,
             version = ops.import_mappings.version + 1",
        id,
        target.as_str(),
        name,
        header_signature,
        Json(mapping) as _,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps a new or changed mapping as it is given.
///
/// # Errors
/// `import_mappings_name_key` when another mapping of the target has the name.
pub async fn write(connection: &mut PgConnection, saved: &SavedMapping, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into ops.import_mappings (id, target, name, header_signature, mapping, created_at, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $6, $7)
         on conflict (id) do update
         set name = excluded.name, header_signature = excluded.header_signature, mapping = excluded.mapping,
             updated_at = excluded.updated_at, version = excluded.version",
        saved.id,
        saved.target.as_str(),
        saved.name,
        saved.header_signature,
        Json(&saved.mapping) as _,
        at,
        saved.version,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The mapping, locked until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<Option<SavedMapping>> {
    let stored = sqlx::query_as!(
        Stored,
        r#"select id, target, name, header_signature, mapping as "mapping: Json<Mapping>", version
           from ops.import_mappings where id = $1 for update"#,
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(stored.and_then(saved))
}

/// The mapping last used for files with this header.
///
/// # Errors
/// When the statement fails.
pub async fn by_header(
    connection: &mut PgConnection,
    target: Target,
    header_signature: &str,
) -> Result<Option<SavedMapping>> {
    let stored = sqlx::query_as!(
        Stored,
        r#"select id, target, name, header_signature, mapping as "mapping: Json<Mapping>", version
           from ops.import_mappings
           where target = $1 and header_signature = $2 order by updated_at desc, id desc limit 1"#,
        target.as_str(),
        header_signature,
    )
    .fetch_optional(connection)
    .await?;
    Ok(stored.and_then(saved))
}

/// # Errors
/// When the statement fails.
pub async fn by_name(connection: &mut PgConnection, target: Target, name: &str) -> Result<Option<SavedMapping>> {
    let stored = sqlx::query_as!(
        Stored,
        r#"select id, target, name, header_signature, mapping as "mapping: Json<Mapping>", version
           from ops.import_mappings where target = $1 and name = $2"#,
        target.as_str(),
        name,
    )
    .fetch_optional(connection)
    .await?;
    Ok(stored.and_then(saved))
}

/// # Errors
/// When the statement fails.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<SavedMapping>> {
    let stored = sqlx::query_as!(
        Stored,
        r#"select id, target, name, header_signature, mapping as "mapping: Json<Mapping>", version
           from ops.import_mappings order by target, name limit 1000"#,
    )
    .fetch_all(connection)
    .await?;
    Ok(stored.into_iter().filter_map(saved).collect())
}
