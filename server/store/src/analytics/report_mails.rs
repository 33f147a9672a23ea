//! Who gets the report of a day by mail, and who has got it.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
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

/// Everybody who subscribed is to get the report of `date`, when there is one.
///
/// # Errors
/// When the statement fails.
pub async fn queue_report_mails(connection: &mut PgConnection, date: NaiveDate) -> Result<()> {
    sqlx::query!(
        "insert into sales.report_mails (report_date, user_id)
         select $1, s.user_id from sales.report_subscribers s
         where exists (select from sales.daily_reports r where r.report_date = $1)
         on conflict do nothing",
        date
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A mail that has not gone out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueMail {
    pub report_date: NaiveDate,
    pub user_id: Uuid,
}

/// Mails of days since `since` to who is still subscribed, tried fewer than `most` times.
///
/// # Errors
/// When the statement fails.
pub async fn due_report_mails(connection: &mut PgConnection, since: NaiveDate, most: i32) -> Result<Vec<DueMail>> {
    Ok(sqlx::query_as!(
        DueMail,
        "select m.report_date, m.user_id from sales.report_mails m
         join sales.report_subscribers s using (user_id)
         where m.sent_at is null and m.report_date >= $1 and m.attempts < $2
         order by m.report_date, m.user_id",
        since,
        most
    )
    .fetch_all(connection)
    .await?)
}

/// Takes a mail for as long as the transaction runs; whether it is still to go out and no other has it.
///
/// # Errors
/// When the statement fails.
pub async fn take_report_mail(connection: &mut PgConnection, mail: DueMail) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        "select true from sales.report_mails
         where report_date = $1 and user_id = $2 and sent_at is null for update skip locked",
        mail.report_date,
        mail.user_id
    )
    .fetch_optional(connection)
    .await?
    .is_some())
}

/// What came of an attempt.
///
/// # Errors
/// When the statement fails.
pub async fn tried_report_mail(
    connection: &mut PgConnection,
    mail: DueMail,
    sent_at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "update sales.report_mails set attempts = attempts + 1, sent_at = $3 where report_date = $1 and user_id = $2",
        mail.report_date,
        mail.user_id,
        sent_at
    )
    .execute(connection)
    .await?;
    Ok(())
}
