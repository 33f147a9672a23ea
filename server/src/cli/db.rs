//! `millrace db start|stop|status|url`: the managed database by hand.

use super::Global;
use crate::{
    config::Config,
    database::{Managed, cluster::Cluster},
    failure::Failure,
    logs,
};
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Start it and leave it running
    Start,
    /// Stop it, also under running processes of Millrace
    Stop,
    /// Tell whether it runs and where
    Status,
    /// Print its address with password, for psql and pg_dump
    Url {
        /// The owner's login instead of the program's
        #[arg(long)]
        owner: bool,
    },
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let config = global.load([])?;
    logs::start(&config)?;
    if config.database_url.is_some() {
        return Err(Failure::config("DATABASE_URL is set: that database is not managed by Millrace."));
    }
    match options.act {
        Act::Start => {
            let managed = Managed::open(&config).await?;
            eprintln!("running: {}", managed.describe());
            managed.leave_running();
            Ok(())
        }
        Act::Stop => {
            let cluster = look(config).await?;
            if !cluster.is_running() {
                eprintln!("not running");
                return Ok(());
            }
            tokio::task::spawn_blocking(move || cluster.stop())
                .await
                .map_err(|e| Failure::internal(e.to_string()))??;
            eprintln!("stopped");
            Ok(())
        }
        Act::Status => {
            let cluster = look(config).await?;
            let state = if cluster.is_running() { "running" } else { "stopped" };
            println!("{state}: PostgreSQL {} in {}", cluster.binaries.version, cluster.data.display());
            if cluster.is_running() { Ok(()) } else { Err(Failure::found("The managed database is not running.")) }
        }
        Act::Url { owner } => {
            let managed = Managed::open(&config).await?;
            println!("{}", managed.url(owner));
            managed.leave_running();
            Ok(())
        }
    }
}

async fn look(config: Config) -> Result<Cluster, Failure> {
    tokio::task::spawn_blocking(move || Managed::look(&config)).await.map_err(|e| Failure::internal(e.to_string()))?
}
