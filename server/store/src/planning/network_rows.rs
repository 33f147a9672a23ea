//! Rows of networks, in the sections of the format.

use super::networks::By;
use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A row as it stands; `fields` is a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRow {
    pub id: Uuid,
    pub section: String,
    pub position: i64,
    pub key: String,
    pub fields: String,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: String,
}

macro_rules! shown {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            StoredRow,
            r#"select id, section, position, key, fields::text as "fields!", version, updated_at, updated_by
               from plan.network_rows "# + $rest
            $(, $argument)*
        )
    };
}

/// Which rows of a section; None narrows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Such as `node:A`: rows that are it, or refer to it.
    pub about: Option<&'a str>,
    /// A part of the key or of a field's text.
    pub search: Option<&'a str>,
    pub after: Option<(i64, Uuid)>,
    pub limit: i64,
}

/// In their order.
///
/// # Errors
/// When the statement fails.
pub async fn list(
    connection: &mut PgConnection,
    network: Uuid,
    section: &str,
    wanted: Wanted<'_>,
) -> Result<Vec<StoredRow>> {
    let (position, id) = wanted.after.unzip();
    Ok(shown!(
        "where network_id = $1 and section = $2
           and ($3::text is null or mentions @> array[$3] or defines = $3)
           and ($4::text is null or strpos(lower(key || ' ' || coalesce(fields ->> 'name', '')), lower($4)) > 0)
           and ($5::int8 is null or (position, id) > ($5, $6))
         order by position, id limit $7",
        network,
        section,
        wanted.about,
        wanted.search,
        position,
        id,
        wanted.limit
    )
    .fetch_all(connection)
    .await?)
}

/// How many there are of them on all pages.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, network: Uuid, section: &str, wanted: Wanted<'_>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "rows!" from plan.network_rows
           where network_id = $1 and section = $2
             and ($3::text is null or mentions @> array[$3] or defines = $3)
             and ($4::text is null or strpos(lower(key || ' ' || coalesce(fields ->> 'name', '')), lower($4)) > 0)"#,
        network,
        section,
        wanted.about,
        wanted.search
    )
    .fetch_one(connection)
    .await?)
}

/// Of all sections, each in its order.
///
/// # Errors
/// When the statement fails.
pub async fn all(connection: &mut PgConnection, network: Uuid) -> Result<Vec<StoredRow>> {
    Ok(shown!("where network_id = $1 order by section, position, id", network).fetch_all(connection).await?)
}

/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, network: Uuid, id: Uuid) -> Result<Option<StoredRow>> {
    Ok(shown!("where network_id = $1 and id = $2", network, id).fetch_optional(connection).await?)
}

/// The row of a key.
///
/// # Errors
/// When the statement fails.
pub async fn of_key(
    connection: &mut PgConnection,
    network: Uuid,
    section: &str,
    key: &str,
) -> Result<Option<StoredRow>> {
    let found = shown!("where network_id = $1 and section = $2 and key = $3", network, section, key);
    Ok(found.fetch_optional(connection).await?)
}

/// How many rows a section has.
///
/// # Errors
/// When the statement fails.
pub async fn counts(connection: &mut PgConnection, network: Uuid) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select section, count(*) as "rows!" from plan.network_rows where network_id = $1 group by section"#,
        network
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.section, row.rows)).collect())
}

/// Rows that refer to something, by section; for a row that is the last to be it.
///
/// # Errors
/// When the statement fails.
pub async fn users_of(connection: &mut PgConnection, network: Uuid, row: Uuid) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select u.section, count(*) as "rows!"
           from plan.network_rows r join plan.network_rows u on u.network_id = r.network_id and u.id <> r.id
           where r.network_id = $1 and r.id = $2 and u.mentions @> array[r.defines]
             and not exists (select from plan.network_rows o
                             where o.network_id = r.network_id and o.defines = r.defines and o.id <> r.id)
           group by u.section order by u.section"#,
        network,
        row
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.section, row.rows)).collect())
}

/// A row to be, or what it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRow {
    pub id: Uuid,
    pub section: &'static str,
    pub key: String,
    pub fields: String,
    pub defines: Option<String>,
    pub mentions: Vec<String>,
}

/// Behind the rows that are there, in the order given. The caller holds the network's lock.
///
/// # Errors
/// `network_rows_key` where a key stands already.
pub async fn insert(connection: &mut PgConnection, network: Uuid, rows: &[NewRow], by: By<'_>) -> Result<()> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let sections: Vec<_> = rows.iter().map(|row| row.section.to_owned()).collect();
    let keys: Vec<_> = rows.iter().map(|row| row.key.clone()).collect();
    let fields: Vec<_> = rows.iter().map(|row| row.fields.clone()).collect();
    let defines: Vec<_> = rows.iter().map(|row| row.defines.clone()).collect();
    // Postgres has no list of lists of different lengths; no name holds a line break.
    let mentions: Vec<_> = rows.iter().map(|row| row.mentions.join("\n")).collect();
    sqlx::query!(
        "with last as (select coalesce(max(position), 0) as position from plan.network_rows where network_id = $1)
         insert into plan.network_rows (id, network_id, section, position, key, fields, defines, mentions, created_at,
                                        created_by, updated_at, updated_by, origin)
         select n.id, $1, n.section, last.position + n.n, n.key, n.fields::jsonb, n.defines,
                case when n.mentions = '' then '{}' else string_to_array(n.mentions, e'\\n') end, $8, $9, $8, $9, $10
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
              with ordinality as n (id, section, key, fields, defines, mentions, n), last",
        network,
        &ids,
        &sections,
        &keys,
        &fields,
        &defines as &[Option<String>],
        &mentions,
        by.at,
        by.label,
        by.origin
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a row its new fields, a version more; it stays of its origin. False when it has another version by now.
///
/// # Errors
/// `network_rows_key` where another row has the key.
pub async fn update(
    connection: &mut PgConnection,
    network: Uuid,
    row: &NewRow,
    version: i32,
    by: By<'_>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.network_rows
         set key = $3, fields = $4::text::jsonb, defines = $5, mentions = $6, version = version + 1, updated_at = $7,
             updated_by = $8
         where network_id = $1 and id = $2 and version = $9",
        network,
        row.id,
        row.key,
        row.fields,
        row.defines.as_deref(),
        &row.mentions,
        by.at,
        by.label,
        version
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Names that no row of the network is; a network without products has the one product `P`.
///
/// # Errors
/// When the statement fails.
pub async fn unknown(connection: &mut PgConnection, network: Uuid, names: &[String]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select n as "n!" from unnest($2::text[]) n
           where not exists (select from plan.network_rows r where r.network_id = $1 and r.defines = n)
             and not (n = 'product:P' and not exists (
                 select from plan.network_rows r where r.network_id = $1 and r.section = 'products'))
           order by n"#,
        network,
        names
    )
    .fetch_all(connection)
    .await?)
}

/// The code of a row's network.
///
/// # Errors
/// When the statement fails.
pub async fn network_of(connection: &mut PgConnection, row: Uuid, section: &str) -> Result<Option<String>> {
    let found = sqlx::query_scalar!(
        "select n.code from plan.network_rows r join plan.networks n on n.id = r.network_id
         where r.id = $1 and r.section = $2",
        row,
        section
    );
    Ok(found.fetch_optional(connection).await?)
}

/// Gives many rows their new fields, each a version more. The caller holds the network's lock.
///
/// # Errors
/// `network_rows_key` where another row has a key.
pub async fn update_all(connection: &mut PgConnection, network: Uuid, rows: &[NewRow], by: By<'_>) -> Result<()> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let fields: Vec<_> = rows.iter().map(|row| row.fields.clone()).collect();
    let mentions: Vec<_> = rows.iter().map(|row| row.mentions.join("\n")).collect();
    sqlx::query!(
        "update plan.network_rows r
         set fields = n.fields::jsonb, version = r.version + 1, updated_at = $5, updated_by = $6,
             mentions = case when n.mentions = '' then '{}' else string_to_array(n.mentions, e'\\n') end
         from unnest($2::uuid[], $3::text[], $4::text[]) as n (id, fields, mentions)
         where r.network_id = $1 and r.id = n.id",
        network,
        &ids,
        &fields,
        &mentions,
        by.at,
        by.label
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn remove_all(connection: &mut PgConnection, network: Uuid, ids: &[Uuid]) -> Result<()> {
    sqlx::query!("delete from plan.network_rows where network_id = $1 and id = any($2)", network, ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// False when it has another version by now, or is gone.
///
/// # Errors
/// When the statement fails.
pub async fn remove(connection: &mut PgConnection, network: Uuid, id: Uuid, version: i32) -> Result<bool> {
    let done = sqlx::query!(
        "delete from plan.network_rows where network_id = $1 and id = $2 and version = $3",
        network,
        id,
        version
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}
