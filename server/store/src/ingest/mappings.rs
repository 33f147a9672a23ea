//! Mappings kept under a name.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::ingest::{Mapping, SavedMapping, Target};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

type Row = (Uuid, String, String, String, Json<Mapping>);

fn saved(row: Row) -> Option<SavedMapping> {
    Some(SavedMapping {
        id: row.0,
        target: Target::parse(&row.1)?,
        name: row.2,
        header_signature: row.3,
        mapping: row.4.0,
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
    sqlx::query(
        "insert into ops.import_mappings (id, target, name, header_signature, mapping, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict on constraint import_mappings_name_key do update
         set header_signature = excluded.header_signature, mapping = excluded.mapping, updated_at = excluded.updated_at,
             version = ops.import_mappings.version + 1",
    )
    .bind(id)
    .bind(target.as_str())
    .bind(name)
    .bind(header_signature)
    .bind(Json(mapping))
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
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
    let row: Option<Row> = sqlx::query_as(
        "select id, target, name, header_signature, mapping from ops.import_mappings
         where target = $1 and header_signature = $2 order by updated_at desc, id desc limit 1",
    )
    .bind(target.as_str())
    .bind(header_signature)
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(saved))
}

/// # Errors
/// When the statement fails.
pub async fn by_name(connection: &mut PgConnection, target: Target, name: &str) -> Result<Option<SavedMapping>> {
    let row: Option<Row> = sqlx::query_as(
        "select id, target, name, header_signature, mapping from ops.import_mappings where target = $1 and name = $2",
    )
    .bind(target.as_str())
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(saved))
}

/// # Errors
/// When the statement fails.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<SavedMapping>> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, target, name, header_signature, mapping from ops.import_mappings order by target, name limit 1000",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().filter_map(saved).collect())
}
