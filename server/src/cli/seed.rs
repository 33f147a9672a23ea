//! `millrace seed`: the demo world in, or out again.

use super::{Global, start};
use crate::{
    access::actors,
    demo::{LogIn, LogIns},
    failure::Failure,
    logs::Steps,
    services::Services,
};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use domain::{
    AppError, ErrorCode,
    access::Principal,
    dealers::DealersPort,
    demo::{DemoLoaded, DemoPart, LoadDemo, TableRows},
};

#[derive(Debug, Args)]
pub struct Options {
    /// What to load
    #[arg(value_enum, default_value_t = Subject::All)]
    subject: Subject,
    /// Seed of chance; the same arguments give the same rows [default: 42]
    #[arg(long, value_name = "N")]
    rng: Option<u32>,
    /// Last day of the demo world [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// Load beside live rows, too
    #[arg(long)]
    mix: bool,
    /// Remove every demo row instead
    #[arg(long, conflicts_with_all = ["rng", "as_of", "mix", "more"])]
    remove: bool,
    /// Nine dealers more beside the sample dealer
    #[arg(long)]
    more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Everything there is
    All,
    /// The shop's users with their orders and visits
    Orders,
    /// Catalogue, stock, customers and the sales file
    Commerce,
    /// A supply network, frozen into an input
    Planning,
    /// The sample dealer, whose main dealer is simulated
    Dealers,
}

impl Subject {
    fn parts(self) -> Vec<DemoPart> {
        match self {
            Self::All => DemoPart::ALL.to_vec(),
            Self::Orders => vec![DemoPart::Orders],
            Self::Commerce => vec![DemoPart::Commerce],
            Self::Planning => vec![DemoPart::Planning],
            Self::Dealers => Vec::new(),
        }
    }
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let started = start::open(global.load([])?, Steps::silent()).await?;
    let result = act(&started, options).await;
    started.close().await;
    result
}

async fn act(started: &start::Started, options: Options) -> Result<(), Failure> {
    let services =
        Services::new(started.backend.clone(), started.door()?).keeping_demo_logins(&started.config.data_dir);
    let who = actors::cli("millrace seed", started.backend.clock.new_id());
    if options.remove {
        return remove(&services, &who).await;
    }
    if options.subject == Subject::Dealers {
        let written = services.dealers.seed(&who, options.more).await.map_err(failure)?;
        eprintln!("{written} sample dealers written");
        return Ok(());
    }
    let command = LoadDemo {
        seed: options.rng.map(i64::from),
        as_of: options.as_of,
        mix: options.mix,
        parts: options.subject.parts(),
    };
    let loaded = services.demo.load(&who, command).await.map_err(failure)?;
    if options.subject == Subject::All {
        services.dealers.seed(&who, options.more).await.map_err(failure)?;
    }
    tell(&loaded);
    print_logins(&LogIns::kept_in(&started.config.data_dir).read());
    Ok(())
}

async fn remove(services: &Services, who: &Principal) -> Result<(), Failure> {
    let view = services.demo.view(who).await.map_err(failure)?;
    eprintln!("Demo rows: {}", view.total);
    print_rows(&view.rows);
    let removed = services.demo.remove(who).await.map_err(failure)?;
    eprintln!("Removed {} demo rows. Live rows are as they were.", removed.total);
    if removed.kept_admin {
        eprintln!(
            "The account admin@demo.millrace stays, because it is the only administrator.\n\
             Make another with `millrace user add`, then disable this one."
        );
    }
    Ok(())
}

fn tell(loaded: &DemoLoaded) {
    eprintln!("Demo world of seed {} up to {}: {} changes", loaded.seed, loaded.as_of, loaded.changes);
    if let Some(file) = loaded.sales_file {
        eprintln!("Sales file: {} rows, {} imported, {} in quarantine", file.rows, file.imported, file.quarantined);
    }
    print_rows(&loaded.rows);
}

fn print_rows(rows: &[TableRows]) {
    for row in rows {
        eprintln!("{:>9}  {}", row.rows, row.table);
    }
}

/// Loads what is missing of the demo world before `serve` listens. Live rows keep it out, which is no failure.
pub async fn at_start(services: &Services, steps: Steps) -> Result<(), Failure> {
    let step = steps.begin("demo world");
    let who = actors::cli("millrace serve --demo", services.backend.clock.new_id());
    let loaded = services.demo.load(&who, LoadDemo::default()).await;
    if loaded.is_ok() {
        services.dealers.seed(&who, false).await.map_err(failure)?;
    }
    match loaded {
        Ok(loaded) if loaded.changes == 0 => step.ok(format!("there already, up to {}", loaded.as_of)),
        Ok(loaded) => step.ok(format!("{} rows up to {}", loaded.changes, loaded.as_of)),
        Err(error) if error.code == ErrorCode::Conflict => step.wait(error.message),
        Err(error) => return step.done(Err(failure(error)), |(): &()| String::new()),
    }
    Ok(())
}

/// Prints the log-ins of the demo world; to the terminal only, never to the log.
pub fn print_logins(logins: &[LogIn]) {
    if logins.is_empty() {
        return;
    }
    eprintln!("\nLog-ins of the demo world:");
    for login in logins {
        eprintln!("  {:<22} {}", login.email, login.password);
    }
    eprintln!();
}

/// What the operator asked for could not be done: exit 2 where the data stand against it.
pub fn failure(error: AppError) -> Failure {
    let mut message = error.message;
    for field in error.fields {
        message = format!("{message}\n  {}: {}", field.path, field.message);
    }
    match error.code {
        ErrorCode::Conflict | ErrorCode::Forbidden | ErrorCode::NotFound => Failure::found(message),
        ErrorCode::Validation => Failure::usage(message),
        ErrorCode::Unavailable => Failure::unavailable(message),
        _ => Failure::internal(message),
    }
}
