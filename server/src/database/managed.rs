//! The managed database: found, made, started, shared between processes, stopped by the last one.

use super::{
    account::Account,
    binaries::Binaries,
    cluster::{Cluster, DATABASE, OWNER},
    connect, files,
    place::Place,
    watch,
};
use crate::{config::Config, failure::Failure};
use sqlx::{
    AssertSqlSafe, Connection, Executor,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use tokio::task::JoinHandle;

/// The role of the program's connections.
pub const APP: &str = "millrace_app";

/// A running managed server and this process's share in it.
#[derive(Debug)]
pub struct Managed {
    cluster: Cluster,
    place: Place,
    app_password: String,
    owner_password: String,
    /// Shared lock: as long as it is held no other process stops the server.
    users: File,
    watch: Option<JoinHandle<()>>,
}

impl Managed {
    /// # Errors
    /// 69 without binaries or when the server does not start, 78 when place or data do not fit.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        let config = config.clone();
        let mut managed = tokio::task::spawn_blocking(move || Self::start(&config))
            .await
            .map_err(|e| Failure::internal(format!("starting the database broke off: {e}")))??;
        managed.prepare().await?;
        Ok(managed)
    }

    fn start(config: &Config) -> Result<Self, Failure> {
        let account = Account::choose(config)?;
        let place = Place::choose(config, &account)?;
        let binaries = Binaries::find(config, place.releases().last().copied())?;
        place.check_release(binaries.major)?;
        let users = lock_file(&place.root.join("users.lock"))?;
        // Waits while the last user of before is still stopping the server.
        users.lock_shared().map_err(|e| Failure::internal(format!("users.lock: {e}")))?;
        let starting = starting(&place.root)?;
        let cluster = Cluster {
            data: place.data(binaries.major),
            socket_dir: place.socket_dir(binaries.major, &account)?,
            binaries,
            account,
        };
        let owner_password = files::secret(&place.root.join("owner.password"))?;
        let app_password = files::secret(&place.root.join("app.password"))?;
        if !cluster.exists() {
            cluster.create(&owner_password)?;
        }
        if !cluster.is_running() {
            cluster.configure()?;
            cluster.start()?;
        }
        drop(starting);
        Ok(Self { cluster, place, app_password, owner_password, users, watch: None })
    }

    /// The database and the login of the program's role, if missing.
    async fn prepare(&mut self) -> Result<(), Failure> {
        let fault =
            |e: sqlx::Error| Failure::unavailable(format!("The managed database does not take our connection: {e}"));
        let root = self.place.root.clone();
        let starting = tokio::task::spawn_blocking(move || starting(&root))
            .await
            .map_err(|e| Failure::internal(format!("waiting for the start lock broke off: {e}")))??;
        let mut connection = connect(&self.options(OWNER, &self.owner_password, "postgres")).await.map_err(fault)?;
        let there: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await
            .map_err(fault)?;
        if !there {
            connection
                .execute(AssertSqlSafe(format!("create database {DATABASE} template template0 encoding 'UTF8'")))
                .await
                .map_err(fault)?;
        }
        // The password is hex made by us, so it needs no quoting.
        let login = format!(
            "do $$ begin
                if not exists (select from pg_roles where rolname = '{APP}') then create role {APP}; end if;
                alter role {APP} login nosuperuser nocreatedb nocreaterole nobypassrls password '{}';
             end $$",
            self.app_password
        );
        connection.execute(AssertSqlSafe(login)).await.map_err(fault)?;
        let _ = connection.close().await;
        drop(starting);
        Ok(())
    }

    fn options(&self, user: &str, password: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.cluster.socket_dir)
            .port(5432)
            .username(user)
            .password(password)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .application_name("millrace")
    }

    #[must_use]
    pub fn app_options(&self) -> PgConnectOptions {
        self.options(APP, &self.app_password, DATABASE)
    }

    #[must_use]
    pub fn owner_options(&self) -> PgConnectOptions {
        self.options(OWNER, &self.owner_password, DATABASE)
    }

    /// Address with password, for other programs of the operator.
    #[must_use]
    pub fn url(&self, owner: bool) -> String {
        let (user, password) = if owner { (OWNER, &self.owner_password) } else { (APP, &self.app_password) };
        let host: String = self.cluster.socket_dir.to_string_lossy().bytes().map(percent).collect();
        format!("postgresql://{user}:{password}@{host}:5432/{DATABASE}")
    }

    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("PostgreSQL {} in {}", self.cluster.binaries.version, self.cluster.data.display());
        if self.cluster.account.is_other() {
            text.push_str(&format!(", run as {}", self.cluster.account.name));
        }
        if let Some((wanted, barred)) = &self.place.moved_from {
            text.push_str(&format!(
                " (not in {}: account {} may not pass through {})",
                wanted.display(),
                self.cluster.account.name,
                barred.display()
            ));
        }
        text
    }

    pub(super) fn watch(&mut self) {
        if self.watch.is_none() {
            self.watch = Some(tokio::spawn(watch::run(self.cluster.clone(), self.place.root.clone())));
        }
    }

    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Lets the server run on without us (`db start`).
    pub fn leave_running(self) {
        if let Some(watch) = self.watch {
            watch.abort();
        }
    }

    /// Stops the server when nobody else holds it.
    pub(super) async fn close(self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
        let Self { cluster, users, .. } = self;
        let stopped = tokio::task::spawn_blocking(move || match users.try_lock() {
            Ok(()) => cluster.stop(),
            Err(_) => Ok(()),
        });
        match stopped.await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => tracing::warn!(%failure, "the database was left running"),
            Err(error) => tracing::warn!(%error, "stopping the database broke off"),
        }
    }

    /// The managed server of this configuration without holding or starting it: for `db stop|status`.
    ///
    /// # Errors
    /// As [`Managed::open`].
    pub fn look(config: &Config) -> Result<Cluster, Failure> {
        let account = Account::choose(config)?;
        let place = Place::choose(config, &account)?;
        let binaries = Binaries::find(config, place.releases().last().copied())?;
        place.check_release(binaries.major)?;
        Ok(Cluster {
            data: place.data(binaries.major),
            socket_dir: place.socket_dir(binaries.major, &account)?,
            binaries,
            account,
        })
    }
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

fn lock_file(path: &Path) -> Result<File, Failure> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| Failure::config(format!("{}: {e}", path.display())))
}

/// Held while one process makes or starts the server. Blocks.
pub(super) fn starting(root: &Path) -> Result<File, Failure> {
    let file = lock_file(&root.join("start.lock"))?;
    file.lock().map_err(|e| Failure::internal(format!("start.lock: {e}")))?;
    Ok(file)
}
