//! `access.login_attempts`: what lock-out is counted from, the same for every server.

use crate::Result;
use chrono::{DateTime, Duration, Utc};
use sqlx::{PgConnection, types::ipnet::IpNet};
use std::net::IpAddr;

/// What has been tried before this attempt.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Failures of the name from the address in the window, latest first.
    pub failures: Vec<DateTime<Utc>>,
    /// Attempts from the address in the last minute, latest first.
    pub from_address: Vec<DateTime<Utc>>,
    /// Failures of the name from anywhere in the last hour, and the latest of them.
    pub account_failures: i64,
    pub account_last_failure: Option<DateTime<Utc>>,
    /// The name has signed in from this address in the last 30 days.
    pub address_is_known: bool,
}

/// Lets attempts from one address and for one name pass one at a time till the end of the
/// transaction, so that counting is exact however many come at once. Address first, always.
///
/// # Errors
/// When a statement fails.
pub async fn queue_up(connection: &mut PgConnection, account_key: &[u8], ip: Option<IpAddr>) -> Result<()> {
    let address = ip.map(|ip| ip.to_string()).unwrap_or_default();
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('sign-in address ' || $1, 0))", address)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('sign-in name ' || encode($1, 'hex'), 0))",
        account_key
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When a statement fails.
pub async fn standing(
    connection: &mut PgConnection,
    account_key: &[u8],
    ip: Option<IpAddr>,
    window: Duration,
    now: DateTime<Utc>,
) -> Result<Standing> {
    let ip = ip.map(IpNet::from);
    let failures = sqlx::query_scalar!(
        "select at from access.login_attempts
         where account_key = $1 and ip is not distinct from $2 and not ok and at > $3 order by at desc limit 100",
        account_key,
        ip as Option<IpNet>,
        now - window
    )
    .fetch_all(&mut *connection)
    .await?;
    let from_address = sqlx::query_scalar!(
        "select at from access.login_attempts where ip is not distinct from $1 and at > $2 order by at desc limit 1000",
        ip as Option<IpNet>,
        now - Duration::minutes(1)
    )
    .fetch_all(&mut *connection)
    .await?;
    let account = sqlx::query!(
        r#"select count(*) as "failures!", max(at) as last from access.login_attempts where account_key = $1 and not ok and at > $2"#,
        account_key,
        now - Duration::hours(1)
    )
    .fetch_one(&mut *connection)
    .await?;
    let address_is_known = sqlx::query_scalar!(
        r#"select exists (select from access.login_attempts
                          where account_key = $1 and ip is not distinct from $2 and ok and at > $3) as "known!""#,
        account_key,
        ip as Option<IpNet>,
        now - Duration::days(30)
    )
    .fetch_one(connection)
    .await?;
    Ok(Standing {
        failures,
        from_address,
        account_failures: account.failures,
        account_last_failure: account.last,
        address_is_known,
    })
}

/// Writes an attempt down as failed, before the password is looked at: attempts at the same moment
/// then count each other. [`succeeded`] puts it right.
///
/// # Errors
/// When the statement fails.
pub async fn insert(
    connection: &mut PgConnection,
    account_key: &[u8],
    ip: Option<IpAddr>,
    at: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "insert into access.login_attempts (account_key, ip, ok, at) values ($1, $2, false, $3) returning id",
        account_key,
        ip.map(IpNet::from) as Option<IpNet>,
        at
    )
    .fetch_one(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn succeeded(connection: &mut PgConnection, id: i64) -> Result<()> {
    sqlx::query!("update access.login_attempts set ok = true where id = $1", id).execute(connection).await?;
    Ok(())
}

/// Takes an attempt back that was never decided (the hashing queue was full).
///
/// # Errors
/// When the statement fails.
pub async fn withdraw(connection: &mut PgConnection, id: i64) -> Result<()> {
    sqlx::query!("delete from access.login_attempts where id = $1", id).execute(connection).await?;
    Ok(())
}
