//! A database that somebody else runs: checked before it is used.

use super::{binaries::OLDEST_MAJOR, connect};
use crate::{
    config::{Config, Secret},
    failure::Failure,
};
use sqlx::{Executor, PgConnection, postgres::PgConnectOptions};
use store::pool::{RoleProperties, current_role};

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Fits,
    /// `serve` starts all the same, in outage mode.
    Unreachable,
}

/// # Errors
/// 78 when the address cannot be read (configuration checked it before).
pub fn options(url: &Secret) -> Result<PgConnectOptions, Failure> {
    url.expose()
        .parse::<PgConnectOptions>()
        .map(|o| o.application_name("millrace"))
        .map_err(|_| Failure::config("DATABASE_URL is not an address of a Postgres database"))
}

fn unexpected(error: &sqlx::Error) -> Failure {
    Failure::config(format!("The database refused a question about itself: {error}"))
}

/// A login that answers but may not come in is a fault of the configuration, not an outage.
fn refused(error: &sqlx::Error) -> bool {
    // 28xxx: authorisation, 3D000: no such database.
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code.starts_with("28") || code == "3D000")
}

/// Release, encoding and `pg_trgm`; in production also what the login role may do. Nothing is written.
///
/// # Errors
/// 78 naming what does not fit.
pub async fn check_server(options: &PgConnectOptions, config: &Config) -> Result<Reach, Failure> {
    let mut connection = match connect(options).await {
        Ok(connection) => connection,
        Err(error) if refused(&error) => {
            return Err(Failure::config(format!("The database does not let us in: {}", message(&error))));
        }
        Err(_) => return Ok(Reach::Unreachable),
    };
    let (version, encoding, trigram): (i32, String, bool) = sqlx::query_as(
        "select current_setting('server_version_num')::int, current_setting('server_encoding'),
                exists (select from pg_available_extensions where name = 'pg_trgm')",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(|e| unexpected(&e))?;
    let mut faults = Vec::new();
    if version / 10_000 < OLDEST_MAJOR as i32 {
        faults.push(format!("PostgreSQL {} is too old; {OLDEST_MAJOR} or newer is needed", version / 10_000));
    }
    if encoding != "UTF8" {
        faults
            .push(format!("the database's encoding is {encoding}; UTF8 is needed (create database … encoding 'UTF8')"));
    }
    if !trigram {
        faults.push("extension pg_trgm is not installed on the server (Debian: package postgresql-contrib)".to_owned());
    }
    if config.is_production() {
        let role = current_role(&mut connection)
            .await
            .map_err(|e| Failure::config(format!("The login role could not be read: {e}")))?;
        faults.extend(role_fault(&role, "login role"));
    }
    if faults.is_empty() {
        Ok(Reach::Fits)
    } else {
        Err(Failure::config(format!("DATABASE_URL does not fit: {}.", faults.join("; "))))
    }
}

/// After the migrations: the program's role exists, can be taken on, and is as small as promised.
///
/// # Errors
/// 78 naming the property.
pub async fn check_role(options: &PgConnectOptions) -> Result<(), Failure> {
    let mut connection: PgConnection =
        connect(options).await.map_err(|e| Failure::unavailable(format!("The database went away: {}", message(&e))))?;
    connection.execute("set role millrace_app").await.map_err(|e| {
        Failure::config(format!(
            "The login role may not become millrace_app: {}. Run: grant millrace_app to <login role>",
            message(&e)
        ))
    })?;
    let role =
        current_role(&mut connection).await.map_err(|e| Failure::config(format!("The role could not be read: {e}")))?;
    match role_fault(&role, "role") {
        Some(fault) => Err(Failure::config(format!("{fault}."))),
        None => Ok(()),
    }
}

fn role_fault(role: &RoleProperties, what: &str) -> Option<String> {
    let mut wrong = Vec::new();
    if role.superuser {
        wrong.push("is SUPERUSER");
    }
    if role.bypass_rls {
        wrong.push("has BYPASSRLS");
    }
    if role.owns_tables {
        wrong.push("owns business tables");
    }
    (!wrong.is_empty()).then(|| {
        format!("{what} {} {}; Millrace works with a role that is none of this", role.name, wrong.join(" and "))
    })
}

fn message(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| "no answer".to_owned(), |e| e.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_excess_of_a_role_is_named() {
        let role = |superuser, bypass_rls, owns_tables| RoleProperties {
            name: "x".into(),
            superuser,
            bypass_rls,
            owns_tables,
        };
        assert_eq!(role_fault(&role(false, false, false), "role"), None);
        let fault = role_fault(&role(true, true, true), "login role").expect("three");
        assert!(fault.contains("SUPERUSER") && fault.contains("BYPASSRLS") && fault.contains("owns"));
    }
}
