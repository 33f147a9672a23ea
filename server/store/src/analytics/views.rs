//! What the materialised views hold, and the calendar they are made by.

use crate::{Result, overview::Books};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

/// What a view held when it was refreshed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    pub view: String,
    pub zone: String,
    pub currency: String,
    /// Days before this one are in it.
    pub closed_before: NaiveDate,
    pub refreshed_at: DateTime<Utc>,
    /// The products that there were then are of the categories they were of.
    pub same_catalogue: bool,
}

/// What is known of `views`.
///
/// # Errors
/// When the statement fails.
pub async fn refreshed(connection: &mut PgConnection, views: &[&str]) -> Result<Vec<Refreshed>> {
    let views: Vec<String> = views.iter().map(|view| (*view).to_owned()).collect();
    Ok(sqlx::query_as!(
        Refreshed,
        r#"select v.view, v.zone, v.currency as "currency!", v.closed_before, v.refreshed_at,
                  v.catalogue = (select coalesce(sum(hashtextextended(p.id::text || coalesce(p.category_id::text, ''), 0)::numeric), 0)
                                 from sales.products p where p.created_at <= v.refreshed_at) as "same_catalogue!"
           from ops.view_refreshes v
           where v.view = any($1)"#,
        &views
    )
    .fetch_all(connection)
    .await?)
}

/// Makes a view anew of the hours in the calendar, while others go on reading it.
///
/// # Errors
/// When the statement fails.
pub async fn refresh_view(connection: &mut PgConnection, view: &str) -> Result<()> {
    sqlx::query("select ops.refresh_view($1::name)").bind(view).execute(connection).await?;
    Ok(())
}

/// Writes down what `view` holds from now on.
///
/// # Errors
/// When the statement fails.
pub async fn put_refreshed(
    connection: &mut PgConnection,
    view: &str,
    books: Books<'_>,
    closed_before: NaiveDate,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.view_refreshes (view, zone, currency, closed_before, refreshed_at, catalogue)
         values ($1, $2, $3::char(3), $4, $5,
                 (select coalesce(sum(hashtextextended(p.id::text || coalesce(p.category_id::text, ''), 0)::numeric), 0)
                  from sales.products p where p.created_at <= $5))
         on conflict (view) do update set zone = excluded.zone, currency = excluded.currency,
             closed_before = excluded.closed_before, refreshed_at = excluded.refreshed_at, catalogue = excluded.catalogue",
        view,
        books.zone,
        books.currency.as_str(),
        closed_before,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// First and last day of the calendar, if it is of `zone`.
///
/// # Errors
/// When the statement fails.
pub async fn calendar_days(connection: &mut PgConnection, zone: &str) -> Result<Option<(NaiveDate, NaiveDate)>> {
    let row = sqlx::query!(
        "select min(day) as first, max(day) as last from ops.calendar_hours
         where exists (select from ops.calendar_books where zone = $1)",
        zone
    )
    .fetch_one(connection)
    .await?;
    Ok(row.first.zip(row.last))
}

/// # Errors
/// When the statement fails.
pub async fn forget_calendar(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("delete from ops.calendar_hours").execute(connection).await?;
    Ok(())
}

/// A local hour of a closed day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarHour {
    pub starts: DateTime<Utc>,
    pub ends: DateTime<Utc>,
    pub day: NaiveDate,
}

/// # Errors
/// When the statement fails.
pub async fn keep_hours(connection: &mut PgConnection, hours: &[CalendarHour]) -> Result<()> {
    let starts: Vec<_> = hours.iter().map(|h| h.starts).collect();
    let ends: Vec<_> = hours.iter().map(|h| h.ends).collect();
    let days: Vec<_> = hours.iter().map(|h| h.day).collect();
    sqlx::query!(
        "insert into ops.calendar_hours (starts, ends, day)
         select * from unnest($1::timestamptz[], $2::timestamptz[], $3::date[])
         on conflict (starts) do nothing",
        &starts,
        &ends,
        &days
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The books that the views are made by.
///
/// # Errors
/// When the statement fails.
pub async fn put_books(connection: &mut PgConnection, books: Books<'_>) -> Result<()> {
    sqlx::query!(
        "insert into ops.calendar_books (zone, currency) values ($1, $2::char(3))
         on conflict (one) do update set zone = excluded.zone, currency = excluded.currency",
        books.zone,
        books.currency.as_str()
    )
    .execute(connection)
    .await?;
    Ok(())
}
