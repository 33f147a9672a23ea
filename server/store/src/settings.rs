//! Settings that change while the program runs, one row a key (`business.zone`), value as JSON.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::settings::Business;
use sqlx::PgConnection;

pub const BASE_CURRENCY: &str = "business.base_currency";
pub const ZONE: &str = "business.zone";
pub const LOCALE: &str = "business.locale";

/// Whose day and whose money. A key nobody has set yet has its default.
///
/// # Errors
/// When the statement fails.
pub async fn business(connection: &mut PgConnection) -> Result<Business> {
    let rows: Vec<(String, serde_json::Value)> =
        sqlx::query_as("select key, value from ops.settings where key like 'business.%'").fetch_all(connection).await?;
    let mut business = Business::default();
    for (key, value) in rows {
        let Some(text) = value.as_str() else { continue };
        match key.as_str() {
            BASE_CURRENCY => business.base_currency = text.parse().unwrap_or(business.base_currency),
            ZONE => text.clone_into(&mut business.zone),
            LOCALE => text.clone_into(&mut business.locale),
            _ => {}
        }
    }
    Ok(business)
}

/// Writes one setting; the version counts its changes.
///
/// # Errors
/// When the statement fails.
pub async fn put(
    connection: &mut PgConnection,
    key: &str,
    value: &serde_json::Value,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "insert into ops.settings (key, value, updated_by, updated_at) values ($1, $2, $3, $4)
         on conflict (key) do update set value = excluded.value, version = ops.settings.version + 1,
             updated_by = excluded.updated_by, updated_at = excluded.updated_at",
    )
    .bind(key)
    .bind(value)
    .bind(by)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The value of a key that somebody has set, as text.
///
/// # Errors
/// When the statement fails.
pub async fn text(connection: &mut PgConnection, key: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("select value #>> '{}' from ops.settings where key = $1")
        .bind(key)
        .fetch_optional(connection)
        .await?)
}

/// One stored setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub key: String,
    pub value: serde_json::Value,
    pub version: i32,
    pub updated_by: String,
    pub updated_at: DateTime<Utc>,
}

/// Every setting somebody has written, by key.
///
/// # Errors
/// When the statement fails.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<Stored>> {
    let rows: Vec<(String, serde_json::Value, i32, String, DateTime<Utc>)> =
        sqlx::query_as("select key, value, version, updated_by, updated_at from ops.settings order by key")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(key, value, version, updated_by, updated_at)| Stored { key, value, version, updated_by, updated_at })
        .collect())
}

/// Keeps other writers of settings waiting until the transaction ends; readers go on.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("lock table ops.settings in share row exclusive mode").execute(connection).await?;
    Ok(())
}
