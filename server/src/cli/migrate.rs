//! `millrace migrate [up|status|verify]`.

use super::{Global, start};
use crate::{
    database::{
        Database,
        migrations::{self, Entry, State},
    },
    failure::Failure,
    logs,
};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct Options {
    /// What to do
    #[arg(value_enum, default_value_t = Act::Up)]
    act: Act,
    /// Only say what `up` would apply
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Act {
    /// Apply what is missing
    Up,
    /// List every migration
    Status,
    /// Compare with what this release knows; exit 2 on drift
    Verify,
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let config = global.load([])?;
    logs::start(&config)?;
    let database = Database::open(&config).await?;
    let result = act(&database, &options).await;
    if result.is_ok() && options.act == Act::Up && !options.dry_run {
        let checked = start::schema(&config, &database.app, &database.owner).await.map(|_| ());
        database.close().await;
        return checked;
    }
    database.close().await;
    result
}

async fn act(database: &Database, options: &Options) -> Result<(), Failure> {
    match options.act {
        Act::Up if !options.dry_run => {
            let report = migrations::up(&database.owner, false).await?;
            for applied in &report.applied {
                eprintln!("applied  {applied}");
            }
            eprintln!("up to date: {} migrations and the job queue", report.total);
            Ok(())
        }
        Act::Up => {
            let entries = migrations::status(&database.owner).await?;
            print(entries.iter().filter(|e| e.state == State::Pending));
            Ok(())
        }
        Act::Status => {
            print(migrations::status(&database.owner).await?.iter());
            Ok(())
        }
        Act::Verify => {
            let entries = migrations::status(&database.owner).await?;
            let drift: Vec<_> = entries.iter().filter(|e| e.state != State::Applied).collect();
            print(drift.iter().copied());
            if drift.is_empty() {
                Ok(())
            } else {
                Err(Failure::found(format!("{} migration(s) differ from this release", drift.len())))
            }
        }
    }
}

fn print<'a>(entries: impl Iterator<Item = &'a Entry>) {
    for entry in entries {
        println!("{:<8} {:04} {}", entry.state.as_str(), entry.version, entry.description);
    }
}
