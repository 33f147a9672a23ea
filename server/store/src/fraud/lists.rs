//! The block and the allow list.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// An entry. Of a customer `label` is the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub id: Uuid,
    pub list: String,
    pub subject: String,
    pub value: String,
    pub label: String,
    pub reason: String,
    pub expires_at: Option<DateTime<Utc>>,
    pub by: String,
    pub created_at: DateTime<Utc>,
}

/// Which entries, the newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    pub id: Option<Uuid>,
    pub list: Option<&'a str>,
    pub subject: Option<&'a str>,
    /// Those behind this one.
    pub after: Option<(DateTime<Utc>, Uuid)>,
}

/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, which: Which<'_>, limit: i64) -> Result<Vec<EntryRow>> {
    let (after, after_id) = which.after.unzip();
    Ok(sqlx::query_as!(
        EntryRow,
        r#"select e.id, e.list, e.subject, e.value, coalesce(c.external_ref, c.number::text, e.value) as "label!", e.reason, e.expires_at,
                  e.by, e.created_at
           from sales.fraud_list_entries e
           left join sales.customers c on e.subject = 'customer' and c.id::text = e.value
           where ($1::uuid is null or e.id = $1) and ($2::text is null or e.list = $2) and ($3::text is null or e.subject = $3)
             and ($4::timestamptz is null or (e.created_at, e.id) < ($4, $5::uuid))
           order by e.created_at desc, e.id desc
           limit $6"#,
        which.id,
        which.list,
        which.subject,
        after,
        after_id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// Entries of the filter.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, which: Which<'_>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from sales.fraud_list_entries
           where ($1::text is null or list = $1) and ($2::text is null or subject = $2)"#,
        which.list,
        which.subject
    )
    .fetch_one(connection)
    .await?)
}

/// The customer with this id, number or reference of another system, in this order.
///
/// # Errors
/// When the statement fails.
pub async fn customer(connection: &mut PgConnection, text: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select id from sales.customers
         where erased_at is null and (id::text = lower($1) or number::text = $1 or external_ref = $1)
         order by (id::text = lower($1)) desc, (external_ref = $1) is true desc, number limit 1",
        text
    )
    .fetch_optional(connection)
    .await?)
}

/// An entry to be written.
#[derive(Debug)]
pub struct NewEntry<'a> {
    pub id: Uuid,
    pub list: &'a str,
    pub subject: &'a str,
    pub value: &'a str,
    pub reason: &'a str,
    pub expires_at: Option<DateTime<Utc>>,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// Writes an entry in the place of one that has ended; `false`: the same stands on the list.
///
/// # Errors
/// When a statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewEntry<'_>) -> Result<bool> {
    sqlx::query!(
        "delete from sales.fraud_list_entries where list = $1 and subject = $2 and value = $3 and expires_at <= $4",
        new.list,
        new.subject,
        new.value,
        new.at
    )
    .execute(&mut *connection)
    .await?;
    let written = sqlx::query!(
        "insert into sales.fraud_list_entries (id, list, subject, value, reason, expires_at, by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        new.id,
        new.list,
        new.subject,
        new.value,
        new.reason,
        new.expires_at,
        new.by,
        new.at
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("delete from sales.fraud_list_entries where id = $1", id).execute(connection).await?;
    Ok(())
}
