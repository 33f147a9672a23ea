//! The database: one of our own, started and stopped with us, or one given by `DATABASE_URL`.

pub mod account;
pub mod binaries;
pub mod cluster;
pub mod external;
pub mod files;
pub mod managed;
pub mod migrations;
pub mod place;
mod watch;

use crate::{config::Config, failure::Failure};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use std::time::Duration;

pub use managed::Managed;

/// How to reach the database, and the hold on the managed server while this process uses it.
#[derive(Debug)]
pub struct Database {
    /// The program's connections: `millrace_app` itself on a managed server, else a login that becomes it.
    pub app: PgConnectOptions,
    /// Migrations only.
    pub owner: PgConnectOptions,
    pub replica: Option<PgConnectOptions>,
    managed: Option<Managed>,
}

impl Database {
    /// Finds the database and, when it is ours, starts it. An external one is not yet contacted.
    ///
    /// # Errors
    /// 69 without Postgres binaries, 78 when what is found does not fit.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        if let Some(url) = &config.database_url {
            let app = external::options(url)?;
            let owner = config.migrate_url.as_ref().map_or_else(|| Ok(app.clone()), external::options)?;
            let replica = config.replica_url.as_ref().map(external::options).transpose()?;
            return Ok(Self { app, owner, replica, managed: None });
        }
        let managed = Managed::open(config).await?;
        Ok(Self { app: managed.app_options(), owner: managed.owner_options(), replica: None, managed: Some(managed) })
    }

    #[must_use]
    pub const fn managed(&self) -> Option<&Managed> {
        self.managed.as_ref()
    }

    /// One line for the operator; no password in it.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.managed {
            Some(managed) => managed.describe(),
            None => format!(
                "external, {}:{}/{}",
                self.app.get_host(),
                self.app.get_port(),
                self.app.get_database().unwrap_or_default()
            ),
        }
    }

    /// Watches a managed server from now on and starts it again when it dies.
    pub fn watch(&mut self) {
        if let Some(managed) = &mut self.managed {
            managed.watch();
        }
    }

    /// Lets go; the last process on a managed server stops it.
    pub async fn close(self) {
        if let Some(managed) = self.managed {
            managed.close().await;
        }
    }
}

/// One connection with a limit on the wait for it.
///
/// # Errors
/// When the server does not answer in time or refuses.
pub async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let options = options.clone().disable_statement_logging();
    match tokio::time::timeout(Duration::from_secs(10), PgConnection::connect_with(&options)).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
