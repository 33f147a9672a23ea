//! Forward-only migrations, and the queue's own schema with what our roles need on it.

use super::connect;
use crate::{clock::SystemClock, failure::Failure};
use domain::clock::Clock;
use sqlx::{
    Connection, Executor, PgConnection,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{collections::BTreeMap, time::Duration};
use store::MIGRATOR;

/// Advisory lock of migrations, the same in every release: one migration at a time per database.
pub const LOCK: i64 = 0x6d69_6c6c_7261_6365;

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub applied: Vec<String>,
    pub total: usize,
}

/// One migration in `status` and `verify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub version: i64,
    pub description: String,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Applied,
    Pending,
    /// Applied, but the file has another text now.
    Changed,
    /// Applied by a newer or other release; this one does not know it.
    Unknown,
    /// Broken off midway.
    Partial,
}

impl State {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
            Self::Partial => "partial",
        }
    }
}

fn fault(error: &sqlx::Error) -> Failure {
    match error.as_database_error() {
        Some(e) => Failure::config(format!("Migration failed: {}", e.message())),
        None => Failure::unavailable("The database cannot be reached for the migration."),
    }
}

/// Brings the schema up to date. With `wait`, another process's migration is waited for (one minute).
///
/// # Errors
/// 75 while another migration runs; 2 on drift; 69 and 78 as the database answers.
pub async fn up(owner: &PgConnectOptions, wait: bool) -> Result<Report, Failure> {
    let mut connection = connect(owner).await.map_err(|e| fault(&e))?;
    lock(&mut connection, wait).await?;
    let before = entries(&mut connection).await?;
    if let Some(broken) = before.iter().find(|e| matches!(e.state, State::Changed | State::Partial)) {
        return Err(Failure::found(format!(
            "Migration {} {} is {} here; restore the backup of before, or the file. Nothing was changed.",
            broken.version,
            broken.description,
            broken.state.as_str()
        )));
    }
    let pending: Vec<_> = before
        .iter()
        .filter(|e| e.state == State::Pending)
        .map(|e| format!("{:04} {}", e.version, e.description))
        .collect();
    if !pending.is_empty() {
        // Release N−1 runs on schema N, so an unknown newer migration is no reason to stop.
        let mut migrator = sqlx::migrate::Migrator::with_migrations(MIGRATOR.iter().cloned().collect());
        migrator.set_ignore_missing(true);
        // `run` is not general enough over the connection's lifetime for a spawned task.
        migrator.run_direct(None, &mut connection, false).await.map_err(|e| of_migration(&e))?;
    }
    // The running server asks whether the schema is current.
    connection
        .execute("grant select on table public._sqlx_migrations to millrace_app, millrace_all")
        .await
        .map_err(|e| fault(&e))?;
    queue(owner).await?;
    // Acts and figures are written before the worker's first round.
    let (today, not_made) = (SystemClock.now().date_naive(), |e: store::StoreError| {
        Failure::config(format!("Partitions could not be made: {e}"))
    });
    store::schedules::ensure_partitions(&mut connection, today, 4).await.map_err(not_made)?;
    store::schedules::ensure_other_partitions(&mut connection, today, 4).await.map_err(not_made)?;
    let _ = connection.close().await;
    Ok(Report { applied: pending, total: MIGRATOR.iter().count() })
}

fn of_migration(error: &MigrateError) -> Failure {
    match error {
        MigrateError::ExecuteMigration(error, version) => {
            let text = error.as_database_error().map_or_else(|| "no answer".to_owned(), |e| e.message().to_owned());
            Failure::config(format!("Migration {version} failed and was rolled back: {text}"))
        }
        other => Failure::config(format!("Migration failed: {other}")),
    }
}

async fn lock(connection: &mut PgConnection, wait: bool) -> Result<(), Failure> {
    for second in 0..60 {
        let got: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut *connection)
            .await
            .map_err(|e| fault(&e))?;
        if got {
            return Ok(());
        }
        if !wait || second == 59 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(Failure::busy("Another process is migrating this database. Try again when it is done."))
}

/// State of every migration, known or applied, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn status(options: &PgConnectOptions) -> Result<Vec<Entry>, Failure> {
    let mut connection = connect(options).await.map_err(|e| fault(&e))?;
    entries(&mut connection).await
}

async fn entries(connection: &mut PgConnection) -> Result<Vec<Entry>, Failure> {
    let applied = store::schema::applied(connection)
        .await
        .map_err(|_| Failure::config("The list of applied migrations cannot be read."))?;
    let mut applied: BTreeMap<_, _> = applied.into_iter().map(|m| (m.version, m)).collect();
    let mut all: Vec<_> = MIGRATOR
        .iter()
        .map(|known| {
            let state = match applied.remove(&known.version) {
                None => State::Pending,
                Some(m) if !m.complete => State::Partial,
                Some(m) if m.checksum != known.checksum.as_ref() => State::Changed,
                Some(_) => State::Applied,
            };
            Entry { version: known.version, description: known.description.to_string(), state }
        })
        .collect();
    all.extend(applied.into_values().map(|m| Entry {
        version: m.version,
        description: m.description,
        state: State::Unknown,
    }));
    all.sort_by_key(|e| e.version);
    Ok(all)
}

/// The queue's schema, made as `millrace_owner`, and what the program's roles need on it: the queue
/// switches row security on without a policy, so without ours only the owner could enqueue or run.
///
/// # Errors
/// When a statement fails.
pub async fn queue(owner: &PgConnectOptions) -> Result<(), Failure> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute("set role millrace_owner").await.map(|_| ()) })
        })
        .connect_with(owner.clone())
        .await
        .map_err(|e| fault(&e))?;
    let made = graphile_worker::WorkerUtils::new(pool.clone(), "graphile_worker").migrate().await;
    let opened = match made {
        Ok(()) => pool.execute(QUEUE_RIGHTS).await.map(|_| ()).map_err(|e| fault(&e)),
        Err(error) => Err(Failure::config(format!("The job queue's schema could not be made: {error}"))),
    };
    pool.close().await;
    opened
}

const QUEUE_RIGHTS: &str = "
do $$
declare
    t regclass;
begin
    grant usage on schema graphile_worker to millrace_app, millrace_all;
    grant select, insert, update, delete on all tables in schema graphile_worker to millrace_app, millrace_all;
    grant usage, select, update on all sequences in schema graphile_worker to millrace_app, millrace_all;
    grant execute on all functions in schema graphile_worker to millrace_app, millrace_all;
    for t in select c.oid from pg_class c
             where c.relnamespace = 'graphile_worker'::regnamespace and c.relkind in ('r', 'p')
    loop
        if not exists (select from pg_policy where polrelid = t and polname = 'millrace') then
            execute format('create policy millrace on %s to millrace_app, millrace_all using (true) with check (true)', t);
        end if;
    end loop;
end $$";
