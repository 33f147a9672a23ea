//! The command line: one file a command (`platform.md` 3.3).

mod check;
mod db;
mod import;
mod migrate;
mod openapi;
mod seed;
mod serve;
mod simulate;
mod solve;
pub mod start;
mod user;
mod worker;

use crate::{config::Config, failure::Failure};
use clap::{Args, Parser, Subcommand};
use std::{collections::HashMap, path::PathBuf, process::ExitCode};

/// Millrace: sales, stock, dealers, leads and supply plans, live, in one place.
#[derive(Debug, Parser)]
#[command(name = "millrace", version, about)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Taken by every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Configuration file (default: millrace.toml in the working folder)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the managed database and the keys (MILLRACE_DATA_DIR)
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Global {
    /// The configuration, with what this command's own options set.
    ///
    /// # Errors
    /// 78 with all faults.
    pub fn load(&self, options: impl IntoIterator<Item = (&'static str, String)>) -> Result<Config, Failure> {
        let mut values: HashMap<_, _> = options.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        if let Some(dir) = &self.data_dir {
            values.insert("MILLRACE_DATA_DIR".to_owned(), dir.to_string_lossy().into_owned());
        }
        Config::load(&crate::config::Sources::standard(values, self.config.as_deref())?)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the web server (and the worker inside it)
    Serve(serve::Options),
    /// Run jobs, and the scheduler if elected, without the web side
    Worker(worker::Options),
    /// Bring the database's schema up to date, or tell its state
    Migrate(migrate::Options),
    /// Load the demo world, or remove it to the last row
    Seed(seed::Options),
    /// Tell whether this installation is fit to run; exit 0, 1 (warnings) or 2
    Check(check::Options),
    /// Import a file of sales; exit 2 when rows were rejected
    Import(import::Options),
    /// The managed database: start, stop, status, url
    Db(db::Options),
    /// People who may sign in: add, list, set-role, grant, disable, enable, reset-password, sessions
    User(user::Options),
    /// Solve a plan from a file, without database; exit 0, 2 (refused), 3 (no solution) or 4 (limit, with a plan)
    Solve(solve::Options),
    /// Play a system outside: invented records, and faults on demand
    Simulate(simulate::Options),
    /// Print the API description (OpenAPI 3.1)
    Openapi,
}

/// Reads the command line, runs the command, gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    // A solve takes a whole thread for minutes and needs no runtime.
    if let Command::Solve(options) = &cli.command {
        return solve::run(options);
    }
    let threads = std::thread::available_parallelism().map_or(4, |n| n.get().max(4));
    // A page render may block a thread for a moment; with fewer than four, small machines stand still.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(&Failure::internal(format!("the runtime did not start: {error}"))),
    };
    let result = runtime.block_on(run(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

fn end(failure: &Failure) -> ExitCode {
    eprintln!("millrace: {failure}");
    ExitCode::from(failure.exit)
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let global = cli.global;
    match cli.command {
        Command::Serve(options) => serve::run(&global, options).await,
        Command::Worker(options) => worker::run(&global, options).await,
        Command::Migrate(options) => migrate::run(&global, options).await,
        Command::Seed(options) => seed::run(&global, options).await,
        Command::Check(options) => check::run(&global, options).await,
        Command::User(options) => user::run(&global, options).await,
        Command::Import(options) => import::run(&global, options).await,
        Command::Db(options) => db::run(&global, options).await,
        Command::Simulate(options) => simulate::run(options).await,
        Command::Solve(_) => Ok(()),
        Command::Openapi => openapi::run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
