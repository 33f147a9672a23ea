//! Records of the feeds beside the prospects, and which feeds of a dealer are fetched.

use super::prospects::{Bytes, Kept, Position};
use crate::{Result, transactions::read};
use chrono::{DateTime, NaiveDate, Utc};
use domain::dealers::{Feed, RecordQuery};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `dealer.feed_records`, its names those of the columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordRow {
    pub id: Uuid,
    pub dealer_id: String,
    pub feed: &'static str,
    pub record_key: String,
    pub business_date: Option<NaiveDate>,
    pub status_code: Option<String>,
    pub amount: Option<Decimal>,
    pub fields: Map<String, Value>,
    pub personal_enc: Option<Bytes>,
    pub phone_hash: Option<Bytes>,
    pub id_hash: Option<Bytes>,
    pub location_swapped: bool,
    pub content_sha256: Bytes,
    pub source_created_at: Option<DateTime<Utc>>,
    pub source_modified_at: Option<DateTime<Utc>>,
    pub is_deleted: bool,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub run_id: Uuid,
}

/// A row of `dealer.feed_lines`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineRow {
    pub record_id: Uuid,
    pub dealer_id: String,
    pub array_name: &'static str,
    pub line_key: String,
    pub position: i32,
    pub fields: Map<String, Value>,
}

/// What is kept of the dealer's records with these keys.
///
/// # Errors
/// When the statement fails.
pub async fn kept(connection: &mut PgConnection, dealer_id: &str, feed: Feed, keys: &[String]) -> Result<Vec<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        "select id, record_key as key, content_sha256, source_modified_at from dealer.feed_records
         where dealer_id = $1 and feed = $2 and record_key = any($3)",
        dealer_id,
        feed.as_str(),
        keys
    )
    .fetch_all(connection)
    .await?)
}

fn json<T: Serialize>(rows: &[T]) -> Result<Value> {
    serde_json::to_value(rows).map_err(|error| sqlx::Error::Encode(Box::new(error)).into())
}

/// Writes records with their child records, in the place of those that have the same key.
///
/// # Errors
/// When a statement fails.
pub async fn write(connection: &mut PgConnection, rows: &[RecordRow], lines: &[LineRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into dealer.feed_records
         select * from jsonb_populate_recordset(null::dealer.feed_records, $1)
         on conflict (dealer_id, feed, record_key) do update set
             (business_date, status_code, amount, fields, personal_enc, phone_hash, id_hash, location_swapped, content_sha256,
              source_created_at, source_modified_at, is_deleted, last_seen_at, run_id)
             = (excluded.business_date, excluded.status_code, excluded.amount, excluded.fields, excluded.personal_enc,
              excluded.phone_hash, excluded.id_hash, excluded.location_swapped, excluded.content_sha256,
              excluded.source_created_at, excluded.source_modified_at, excluded.is_deleted, excluded.last_seen_at,
              excluded.run_id)",
        json(rows)?
    )
    .execute(&mut *connection)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    sqlx::query!("delete from dealer.feed_lines where record_id = any($1)", &ids).execute(&mut *connection).await?;
    sqlx::query!(
        "insert into dealer.feed_lines select * from jsonb_populate_recordset(null::dealer.feed_lines, $1)",
        json(lines)?
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that records were there again, as they are.
///
/// # Errors
/// When the statement fails.
pub async fn seen_again(connection: &mut PgConnection, ids: &[Uuid], at: DateTime<Utc>) -> Result<()> {
    if !ids.is_empty() {
        sqlx::query!("update dealer.feed_records set last_seen_at = $2 where id = any($1)", ids, at)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// How many records of each feed are kept of the dealer; a feed without any is left out.
///
/// # Errors
/// When the statement fails.
pub async fn totals(connection: &mut PgConnection, dealer_id: &str) -> Result<Vec<(Feed, i64)>> {
    let rows = sqlx::query!(
        r#"select feed, count(*) as "records!" from dealer.feed_records
           where dealer_id = $1 and not is_deleted group by feed"#,
        dealer_id
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((read("feed", &row.feed, Feed::parse)?, row.records))).collect()
}

/// A record of the list.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Listed {
    pub id: Uuid,
    pub record_key: String,
    pub business_date: Option<NaiveDate>,
    pub status_code: Option<String>,
    pub amount: Option<Decimal>,
    pub lines: i64,
    pub source_modified_at: Option<DateTime<Utc>>,
    pub last_seen_at: DateTime<Utc>,
}

/// Of whom, what, and by which hashes of numbers if it is searched by these.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub dealer_id: &'a str,
    pub feed: Feed,
    pub query: &'a RecordQuery,
    pub hashes: &'a [Vec<u8>],
}

fn narrow(sql: &mut sqlx::QueryBuilder<sqlx::Postgres>, wanted: Wanted<'_>) {
    let Wanted { dealer_id, feed, query, hashes } = wanted;
    sql.push(" where r.dealer_id = ").push_bind(dealer_id.to_owned());
    sql.push(" and r.feed = ").push_bind(feed.as_str()).push(" and not r.is_deleted");
    if let Some(search) = &query.search {
        sql.push(" and (starts_with(lower(r.record_key), lower(").push_bind(search.clone()).push("))");
        if !hashes.is_empty() {
            sql.push(" or r.phone_hash = any(").push_bind(hashes.to_vec());
            sql.push(") or r.id_hash = any(").push_bind(hashes.to_vec()).push(")");
        }
        sql.push(")");
    }
    if let Some(status) = &query.status {
        sql.push(" and r.status_code = ").push_bind(status.clone());
    }
    if let Some(from) = query.from {
        sql.push(" and r.business_date >= ").push_bind(from);
    }
    if let Some(to) = query.to {
        sql.push(" and r.business_date <= ").push_bind(to);
    }
}

/// How many records are wanted.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, wanted: Wanted<'_>) -> Result<i64> {
    let mut sql = sqlx::QueryBuilder::new("select count(*) from dealer.feed_records r");
    narrow(&mut sql, wanted);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// The records that are wanted, the latest first, those after `after`; whether there are more.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    wanted: Wanted<'_>,
    after: Option<Position>,
) -> Result<(Vec<Listed>, bool)> {
    let limit = wanted.query.limit;
    let mut sql = sqlx::QueryBuilder::new(
        "select r.id, r.record_key, r.business_date, r.status_code, r.amount, r.source_modified_at, r.last_seen_at,
                (select count(*) from dealer.feed_lines l where l.record_id = r.id) as lines
         from dealer.feed_records r",
    );
    narrow(&mut sql, wanted);
    if let Some(Position { date, id }) = after {
        let date = date.map_or_else(|| "-infinity".to_owned(), |date| date.to_string());
        sql.push(" and (coalesce(r.business_date, date '-infinity'), r.id) < (").push_bind(date).push("::date, ");
        sql.push_bind(id).push(")");
    }
    sql.push(" order by coalesce(r.business_date, date '-infinity') desc, r.id desc limit ");
    sql.push_bind(i64::from(limit) + 1);
    let mut rows: Vec<Listed> = sql.build_query_as().fetch_all(connection).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    Ok((rows, more))
}

/// One record, its personal fields as they are sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    pub id: Uuid,
    pub record_key: String,
    pub business_date: Option<NaiveDate>,
    pub status_code: Option<String>,
    pub amount: Option<Decimal>,
    pub fields: Value,
    pub personal_enc: Option<Vec<u8>>,
    pub location_swapped: bool,
    pub source_created_at: Option<DateTime<Utc>>,
    pub source_modified_at: Option<DateTime<Utc>>,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn whole(connection: &mut PgConnection, dealer_id: &str, feed: Feed, key: &str) -> Result<Option<Whole>> {
    Ok(sqlx::query_as!(
        Whole,
        "select id, record_key, business_date, status_code, amount, fields, personal_enc, location_swapped, source_created_at,
                source_modified_at, first_seen_at, last_seen_at
         from dealer.feed_records where dealer_id = $1 and feed = $2 and record_key = $3 and not is_deleted",
        dealer_id,
        feed.as_str(),
        key
    )
    .fetch_optional(connection)
    .await?)
}

/// A child record.
#[derive(Debug, Clone, PartialEq)]
pub struct LineOf {
    pub array_name: String,
    pub line_key: String,
    pub fields: Value,
}

/// The child records of a record, in their order.
///
/// # Errors
/// When the statement fails.
pub async fn lines(connection: &mut PgConnection, record: Uuid) -> Result<Vec<LineOf>> {
    Ok(sqlx::query_as!(
        LineOf,
        "select array_name, line_key, fields from dealer.feed_lines where record_id = $1 order by array_name, position",
        record
    )
    .fetch_all(connection)
    .await?)
}

/// Feeds of the dealer that are not fetched, with why where the program switched them off.
///
/// # Errors
/// When the statement fails.
pub async fn switched_off(connection: &mut PgConnection, dealer_id: &str) -> Result<Vec<(Feed, Option<String>)>> {
    let rows = sqlx::query!(
        "select feed, reason from dealer.feed_settings where dealer_id = $1 and not is_enabled",
        dealer_id
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((read("feed", &row.feed, Feed::parse)?, row.reason))).collect()
}

/// Switches a feed of a dealer on or off.
///
/// # Errors
/// When the statement fails.
pub async fn switch(
    connection: &mut PgConnection,
    (dealer_id, feed): (&str, Feed),
    (is_enabled, reason): (bool, Option<&str>),
    (by, at): (&str, DateTime<Utc>),
) -> Result<()> {
    sqlx::query!(
        "insert into dealer.feed_settings (dealer_id, feed, is_enabled, reason, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (dealer_id, feed) do update set
             (is_enabled, reason, updated_at, updated_by)
             = (excluded.is_enabled, excluded.reason, excluded.updated_at, excluded.updated_by)",
        dealer_id,
        feed.as_str(),
        is_enabled,
        reason,
        at,
        by
    )
    .execute(connection)
    .await?;
    Ok(())
}
