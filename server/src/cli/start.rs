//! What every command that needs the database does first.

use crate::{
    access::{AccessSettings, Doorkeeper},
    backend::{Backend, Pools},
    clock::SystemClock,
    config::Config,
    database::{
        Database,
        external::{Reach, check_role, check_server},
        migrations,
    },
    failure::Failure,
    logs::{self, Steps},
    services::{
        Services,
        alerts::{Destinations, Mailer},
    },
};
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;

/// Configuration, database and back end of one command.
#[derive(Debug)]
pub struct Started {
    pub config: Arc<Config>,
    pub database: Database,
    pub backend: Backend,
    /// `false`: an external database does not answer (only `serve` goes on then).
    pub reached: bool,
}

impl Started {
    /// Sign-in, with the keys of the configuration.
    ///
    /// # Errors
    /// When the master key cannot be read or made.
    pub fn door(&self) -> Result<Arc<Doorkeeper>, Failure> {
        let door = Doorkeeper::new(self.backend.clone(), AccessSettings::of(&self.config)?);
        door.map(Arc::new).map_err(|error| Failure::internal(error.message))
    }

    /// All services, with the ways out of the house that the configuration names.
    ///
    /// # Errors
    /// When the master key cannot be read, or the mail server's address is none.
    pub fn services(&self) -> Result<Services, Failure> {
        let config = &self.config;
        let mailer = config.smtp_url.as_ref().map(|url| {
            let from = config.mail_from.as_deref().unwrap_or("millrace@localhost");
            Mailer::new(url.expose(), from)
                .map_err(|told| Failure::usage(format!("MILLRACE_SMTP_URL, MILLRACE_MAIL_FROM: {told}.")))
        });
        let destinations = Destinations::new(config.webhook_allow.clone(), None);
        Ok(Services::new(self.backend.clone(), self.door()?).delivering(destinations, mailer.transpose()?))
    }

    /// Closes the pools and lets the managed database go.
    pub async fn close(self) {
        let pools = &self.backend.pools;
        futures::future::join_all(pools.faces().into_iter().map(|(_, pool)| pool.close())).await;
        self.database.close().await;
    }
}

/// Log, database, migrations, roles, pools: everything but listening.
///
/// # Errors
/// As the steps fail; 69 when an external database does not answer.
pub async fn open(config: Config, steps: Steps) -> Result<Started, Failure> {
    let started = open_or_outage(config, steps).await?;
    if started.reached {
        Ok(started)
    } else {
        Err(Failure::unavailable("The database of DATABASE_URL does not answer."))
    }
}

/// As [`open`], but an external database that does not answer is no failure.
///
/// # Errors
/// As the steps fail.
pub async fn open_or_outage(config: Config, steps: Steps) -> Result<Started, Failure> {
    logs::start(&config)?;
    if config.redis_url_given {
        tracing::info!("REDIS_URL is set and ignored: Millrace needs no cache server");
    }
    let config = Arc::new(config);
    let step = steps.begin("database");
    let database = match Database::open(&config).await {
        Ok(database) => database,
        Err(failure) => return step.done(Err(failure), |_: &Started| String::new()),
    };
    let reached = match prepare(&config, &database, step, steps).await {
        Ok(reached) => reached,
        Err(failure) => {
            database.close().await;
            return Err(failure);
        }
    };
    let backend = Backend::new(Pools::open(&database.app, config.pool_total), Arc::new(SystemClock));
    Ok(Started { config, database, backend, reached })
}

async fn prepare(config: &Config, database: &Database, step: logs::Step, steps: Steps) -> Result<bool, Failure> {
    if database.managed().is_none() {
        match check_server(&database.app, config).await {
            Ok(Reach::Fits) => {}
            Ok(Reach::Unreachable) => {
                step.wait("does not answer; pages show their last numbers until it does");
                return Ok(false);
            }
            Err(failure) => return step.done(Err(failure), |(): &()| String::new()).map(|()| false),
        }
    }
    step.ok(database.describe());
    steps.begin("migrations").done(schema(config, &database.app, &database.owner).await, Clone::clone)?;
    Ok(true)
}

/// Brings the schema up to date, or, where that is switched off, proves that it is.
///
/// # Errors
/// 78 when it is behind or the role is larger than promised.
pub async fn schema(config: &Config, app: &PgConnectOptions, owner: &PgConnectOptions) -> Result<String, Failure> {
    let told = if config.auto_migrate {
        let report = migrations::up(owner, true).await?;
        match report.applied.len() {
            0 => format!("up to date ({} files)", report.total),
            n => format!("{n} of {} applied", report.total),
        }
    } else {
        let entries = migrations::status(app).await?;
        let pending = entries.iter().filter(|e| e.state == migrations::State::Pending).count();
        if pending > 0 {
            return Err(Failure::config(format!(
                "The schema is {pending} migration(s) behind and MILLRACE_AUTO_MIGRATE is off. Run: millrace migrate"
            )));
        }
        "up to date".to_owned()
    };
    check_role(app).await?;
    Ok(told)
}
