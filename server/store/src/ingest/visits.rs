//! Imported visits: what is recorded already, months to keep them in, and taking them back.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A recorded visit.
#[derive(Debug)]
pub struct Recorded {
    pub visitor_key: String,
    pub session_ref: Option<String>,
    pub visited_at: DateTime<Utc>,
}

/// Visits of these browsers from after `from` to before `until`, in the order of time. The span is read by its
/// months and times; browsers are looked up in memory.
///
/// # Errors
/// When the statement fails.
pub async fn recorded(
    connection: &mut PgConnection,
    origin: &str,
    visitors: &[&str],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Recorded>> {
    Ok(sqlx::query_as!(
        Recorded,
        "select visitor_key, session_ref, visited_at from sales.visits
         where origin = $1 and visited_at > $3 and visited_at < $4 and visitor_key = any($2::text[])
         order by visited_at",
        origin,
        visitors as &[&str],
        from,
        until,
    )
    .fetch_all(connection)
    .await?)
}

/// Makes the partitions of these months, given by any of their days, where they are missing; answers how many were new.
///
/// # Errors
/// When the statement fails.
pub async fn ensure_months(connection: &mut PgConnection, months: &[NaiveDate]) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(sum(ops.ensure_month_partitions('sales.visits', 'visited_at', m.day, 1)), 0) as "made!"
           from unnest($1::date[]) as m(day)"#,
        months,
    )
    .fetch_one(connection)
    .await?)
}

/// Visits of an import.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, import_id: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "n!" from sales.visits where import_id = $1"#, import_id)
        .fetch_one(connection)
        .await?)
}

/// Deletes the visits of an import; answers when they were.
///
/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, import_id: Uuid) -> Result<Vec<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("delete from sales.visits where import_id = $1 returning visited_at", import_id)
        .fetch_all(connection)
        .await?)
}
