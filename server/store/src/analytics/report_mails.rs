//! Who gets the report of a day by mail, and who has got it.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// # Errors
/// When the statement fails.
pub async fn is_subscribed(connection: &mut PgConnection, user: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from sales.report_subscribers where user_id = $1) as "known!""#,
        user
    )
    .fetch_one(connection)
    .await?)
}

/// Adds or removes a person; answers whether that changed anything.
///
/// # Errors
/// When the statement fails.
pub async fn subscribe(
    connection: &mut PgConnection,
    user: Uuid,
    subscribed: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = if subscribed {
        sqlx::query!(
            "insert into sales.report_subscribers (user_id, since) values ($1, $2) on conflict do nothing",
            user,
            now
        )
        .execute(connection)
        .await?
    } else {
        sqlx::query!("delete from sales.report_subscribers where user_id = $1", user).execute(connection).await?
    };
    Ok(done.rows_affected() > 0)
}

/// Everybody who subscribed is to get the reports there are from `days.start()` to `days.end()`, none from before the day that
/// they subscribed on was the day after.
///
/// # Errors
/// When the statement fails.
pub async fn queue_report_mails(
    connection: &mut PgConnection,
    days: RangeInclusive<NaiveDate>,
    zone: &str,
) -> Result<()> {
    sqlx::query!(
        "insert into sales.report_mails (report_date, user_id)
         select distinct r.report_date, s.user_id
         from sales.report_subscribers s
         join sales.daily_reports r on r.report_date between greatest($1, (s.since at time zone $3)::date - 1) and $2
         on conflict do nothing",
        days.start(),
        days.end(),
        zone
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A mail that has not gone out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueMail {
    /// The same for each attempt.
    pub id: Uuid,
    pub report_date: NaiveDate,
    pub user_id: Uuid,
}

/// Mails of days since `since` to who is still subscribed, tried fewer than `most` times and taken by nobody.
///
/// # Errors
/// When the statement fails.
pub async fn due_report_mails(
    connection: &mut PgConnection,
    since: NaiveDate,
    most: i32,
    now: DateTime<Utc>,
) -> Result<Vec<DueMail>> {
    Ok(sqlx::query_as!(
        DueMail,
        "select m.id, m.report_date, m.user_id from sales.report_mails m
         join sales.report_subscribers s using (user_id)
         where m.sent_at is null and m.report_date >= $1 and m.attempts < $2 and (m.taken_until is null or m.taken_until <= $3)
         order by m.report_date, m.user_id",
        since,
        most,
        now
    )
    .fetch_all(connection)
    .await?)
}

/// Takes a mail for an attempt, until `lease`; whether it is still to go out and no other has it.
///
/// # Errors
/// When the statement fails.
pub async fn take_report_mail(
    connection: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
) -> Result<bool> {
    let taken = sqlx::query!(
        "update sales.report_mails set attempts = attempts + 1, taken_until = $3
         where id = $1 and sent_at is null and (taken_until is null or taken_until <= $2)",
        id,
        now,
        lease
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// What came of the attempt: sent, or free for the next one.
///
/// # Errors
/// When the statement fails.
pub async fn tried_report_mail(connection: &mut PgConnection, id: Uuid, sent_at: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!("update sales.report_mails set taken_until = null, sent_at = $2 where id = $1", id, sent_at)
        .execute(connection)
        .await?;
    Ok(())
}
