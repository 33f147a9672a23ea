//! Prospects as they landed, and the records that were kept back.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};
use sqlx::PgConnection;
use uuid::Uuid;

/// Bytes as the database reads them from JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 + self.0.len() * 2);
        text.push_str("\\x");
        for byte in &self.0 {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        serializer.serialize_str(&text)
    }
}

/// A row of `dealer.prospects`, its names those of the columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProspectRow {
    pub id: Uuid,
    pub dealer_id: String,
    pub prospect_no: String,
    pub source_code: Option<String>,
    pub prospect_date: Option<NaiveDate>,
    pub tagged: Option<bool>,
    pub full_name: Option<String>,
    pub phone_enc: Option<Bytes>,
    pub phone_hash: Option<Bytes>,
    pub phone_last4: Option<String>,
    pub national_id_enc: Option<Bytes>,
    pub national_id_hash: Option<Bytes>,
    pub national_id_last4: Option<String>,
    pub address_enc: Option<Bytes>,
    pub province_code: Option<String>,
    pub city_code: Option<String>,
    pub district_code: Option<String>,
    pub village_code: Option<String>,
    pub postal_code: Option<String>,
    pub location_enc: Option<Bytes>,
    pub location_swapped: bool,
    pub office: serde_json::Value,
    pub office_personal_enc: Option<Bytes>,
    pub occupation_code: Option<String>,
    pub appointment_at: Option<DateTime<Utc>>,
    pub follow_up_method: Option<String>,
    pub test_ride: Option<bool>,
    pub follow_up_status: Option<String>,
    pub status_code: Option<String>,
    pub sales_person_code: Option<String>,
    pub event_code: Option<String>,
    pub source_created_at: Option<DateTime<Utc>>,
    pub source_modified_at: Option<DateTime<Utc>>,
    pub content_sha256: Bytes,
    pub is_deleted: bool,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub run_id: Uuid,
}

/// A row of `dealer.prospect_units`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitRow {
    pub prospect_id: Uuid,
    pub dealer_id: String,
    pub unit_type_code: String,
    pub sales_program_code: Option<String>,
    pub position: i32,
}

/// What is kept of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: Uuid,
    pub key: String,
    pub content_sha256: Vec<u8>,
    pub source_modified_at: Option<DateTime<Utc>>,
}

/// What is kept of the dealer's prospects with these numbers.
///
/// # Errors
/// When the statement fails.
pub async fn kept(connection: &mut PgConnection, dealer_id: &str, numbers: &[String]) -> Result<Vec<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        "select id, prospect_no as key, content_sha256, source_modified_at from dealer.prospects
         where dealer_id = $1 and prospect_no = any($2)",
        dealer_id,
        numbers
    )
    .fetch_all(connection)
    .await?)
}

fn json<T: Serialize>(rows: &[T]) -> Result<serde_json::Value> {
    serde_json::to_value(rows).map_err(|error| sqlx::Error::Encode(Box::new(error)).into())
}

/// Writes prospects with their units, in the place of those that have the same number.
///
/// # Errors
/// When a statement fails.
pub async fn write(connection: &mut PgConnection, rows: &[ProspectRow], units: &[UnitRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into dealer.prospects
         select * from jsonb_populate_recordset(null::dealer.prospects, $1)
         on conflict (dealer_id, prospect_no) do update set
             (source_code, prospect_date, tagged, full_name, phone_enc, phone_hash, phone_last4, national_id_enc,
              national_id_hash, national_id_last4, address_enc, province_code, city_code, district_code, village_code,
              postal_code, location_enc, location_swapped, office, office_personal_enc, occupation_code, appointment_at,
              follow_up_method, test_ride, follow_up_status, status_code, sales_person_code, event_code, source_created_at,
              source_modified_at, content_sha256, is_deleted, last_seen_at, run_id)
             = (excluded.source_code, excluded.prospect_date, excluded.tagged, excluded.full_name, excluded.phone_enc,
              excluded.phone_hash, excluded.phone_last4, excluded.national_id_enc, excluded.national_id_hash,
              excluded.national_id_last4, excluded.address_enc, excluded.province_code, excluded.city_code,
              excluded.district_code, excluded.village_code, excluded.postal_code, excluded.location_enc,
              excluded.location_swapped, excluded.office, excluded.office_personal_enc, excluded.occupation_code,
              excluded.appointment_at, excluded.follow_up_method, excluded.test_ride, excluded.follow_up_status,
              excluded.status_code, excluded.sales_person_code, excluded.event_code, excluded.source_created_at,
              excluded.source_modified_at, excluded.content_sha256, excluded.is_deleted, excluded.last_seen_at,
              excluded.run_id)",
        json(rows)?
    )
    .execute(&mut *connection)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    sqlx::query!("delete from dealer.prospect_units where prospect_id = any($1)", &ids)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "insert into dealer.prospect_units select * from jsonb_populate_recordset(null::dealer.prospect_units, $1)",
        json(units)?
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that prospects were there again, as they are.
///
/// # Errors
/// When the statement fails.
pub async fn seen_again(connection: &mut PgConnection, ids: &[Uuid], at: DateTime<Utc>) -> Result<()> {
    if !ids.is_empty() {
        sqlx::query!("update dealer.prospects set last_seen_at = $2 where id = any($1)", ids, at)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// A record that was kept back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectRow {
    pub id: Uuid,
    pub dealer_id: String,
    pub feed: &'static str,
    pub run_id: Uuid,
    pub window_seq: i32,
    pub record_key: Option<String>,
    pub path: String,
    pub rule: &'static str,
    pub message: &'static str,
    pub raw_enc: Bytes,
    pub state: &'static str,
    pub created_at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn reject(connection: &mut PgConnection, rows: &[RejectRow]) -> Result<()> {
    if !rows.is_empty() {
        sqlx::query!(
            "insert into dealer.rejects select * from jsonb_populate_recordset(null::dealer.rejects, $1)",
            json(rows)?
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Prospects that are kept of the dealer, and records kept back that nobody has decided on.
///
/// # Errors
/// When the statement fails.
pub async fn totals(connection: &mut PgConnection, dealer_id: &str) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"select (select count(*) from dealer.prospects where dealer_id = $1 and not is_deleted) as "prospects!",
                  (select count(*) from dealer.rejects where dealer_id = $1 and state = 'open') as "rejects!""#,
        dealer_id
    )
    .fetch_one(connection)
    .await?;
    Ok((row.prospects, row.rejects))
}

/// Which prospects of a dealer; all conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Part of the name.
    pub name: Option<String>,
    /// Hashes of a phone number or national id, of which one is found.
    pub hashes: Vec<Vec<u8>>,
    pub status: Option<String>,
    pub unit: Option<String>,
    pub source: Option<String>,
    pub sales_person: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// A prospect of the list, its personal fields as they are sealed.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Listed {
    pub id: Uuid,
    pub prospect_no: String,
    pub prospect_date: Option<NaiveDate>,
    pub full_name: Option<String>,
    pub phone_enc: Option<Vec<u8>>,
    pub national_id_enc: Option<Vec<u8>>,
    pub status_code: Option<String>,
    pub follow_up_status: Option<String>,
    pub source_code: Option<String>,
    pub sales_person_code: Option<String>,
    pub units: Vec<String>,
    pub source_modified_at: Option<DateTime<Utc>>,
    pub last_seen_at: DateTime<Utc>,
}

/// Place of a prospect in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// `None`: among those without a date, which come last.
    pub date: Option<NaiveDate>,
    pub id: Uuid,
}

fn narrow(sql: &mut sqlx::QueryBuilder<sqlx::Postgres>, dealer_id: &str, wanted: &Wanted) {
    sql.push(" where p.dealer_id = ").push_bind(dealer_id.to_owned()).push(" and not p.is_deleted");
    if let Some(name) = &wanted.name {
        let part = name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        sql.push(" and p.full_name ilike ").push_bind(format!("%{part}%"));
    }
    if !wanted.hashes.is_empty() {
        sql.push(" and (p.phone_hash = any(").push_bind(wanted.hashes.clone());
        sql.push(") or p.national_id_hash = any(").push_bind(wanted.hashes.clone()).push("))");
    }
    for (column, value) in
        [("status_code", &wanted.status), ("source_code", &wanted.source), ("sales_person_code", &wanted.sales_person)]
    {
        if let Some(value) = value {
            sql.push(" and p.").push(column).push(" = ").push_bind(value.clone());
        }
    }
    if let Some(unit) = &wanted.unit {
        sql.push(" and exists (select from dealer.prospect_units u where u.prospect_id = p.id and u.unit_type_code = ");
        sql.push_bind(unit.clone()).push(")");
    }
    if let Some(from) = wanted.from {
        sql.push(" and p.prospect_date >= ").push_bind(from);
    }
    if let Some(to) = wanted.to {
        sql.push(" and p.prospect_date <= ").push_bind(to);
    }
}

/// How many prospects of the dealer are wanted.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, dealer_id: &str, wanted: &Wanted) -> Result<i64> {
    let mut sql = sqlx::QueryBuilder::new("select count(*) from dealer.prospects p");
    narrow(&mut sql, dealer_id, wanted);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// The dealer's prospects that are wanted, the latest first, those after `after`; whether there are more.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    dealer_id: &str,
    wanted: &Wanted,
    after: Option<Position>,
    limit: u32,
) -> Result<(Vec<Listed>, bool)> {
    let mut sql = sqlx::QueryBuilder::new(
        "select p.id, p.prospect_no, p.prospect_date, p.full_name, p.phone_enc, p.national_id_enc, p.status_code,
                p.follow_up_status, p.source_code, p.sales_person_code, p.source_modified_at, p.last_seen_at,
                array(select u.unit_type_code::text from dealer.prospect_units u where u.prospect_id = p.id order by u.position) as units
         from dealer.prospects p",
    );
    narrow(&mut sql, dealer_id, wanted);
    if let Some(Position { date, id }) = after {
        let date = date.map_or_else(|| "-infinity".to_owned(), |date| date.to_string());
        sql.push(" and (coalesce(p.prospect_date, date '-infinity'), p.id) < (").push_bind(date).push("::date, ");
        sql.push_bind(id).push(")");
    }
    sql.push(" order by coalesce(p.prospect_date, date '-infinity') desc, p.id desc limit ");
    sql.push_bind(i64::from(limit) + 1);
    let mut rows: Vec<Listed> = sql.build_query_as().fetch_all(connection).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    Ok((rows, more))
}

/// The sealed fields of one prospect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub id: Uuid,
    pub full_name: Option<String>,
    pub phone_enc: Option<Vec<u8>>,
    pub national_id_enc: Option<Vec<u8>>,
    pub address_enc: Option<Vec<u8>>,
    pub location_enc: Option<Vec<u8>>,
}

/// # Errors
/// When the statement fails.
pub async fn sealed(connection: &mut PgConnection, dealer_id: &str, prospect_no: &str) -> Result<Option<Sealed>> {
    Ok(sqlx::query_as!(
        Sealed,
        "select id, full_name, phone_enc, national_id_enc, address_enc, location_enc from dealer.prospects
         where dealer_id = $1 and prospect_no = $2",
        dealer_id,
        prospect_no
    )
    .fetch_optional(connection)
    .await?)
}

/// How many records somebody has unmasked since a moment.
///
/// # Errors
/// When the statement fails.
pub async fn unmasked_since(connection: &mut PgConnection, who: Uuid, since: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "times!" from ops.audit_log
         where actor_id = $1 and at > $2 and action in ('prospects.unmask', 'records.unmask')"#,
        who,
        since
    )
    .fetch_one(connection)
    .await?)
}
