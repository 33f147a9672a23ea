//! `millrace serve`: the web server, with the worker inside it.

use super::{
    Global, seed,
    start::{self, Started},
};
use crate::{
    access::FirstAdmin,
    database::external::{Reach, check_server},
    demo::LogIns,
    failure::Failure,
    freshness,
    http::{self, face::Served},
    jobs::{self, JobsConfig, Registry},
    logs::Steps,
    process::{DRAIN, Process},
    services::Services,
};
use clap::Args;
use domain::access::Password;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Debug, Args)]
pub struct Options {
    /// Address and port (MILLRACE_LISTEN)
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Serve one face alone; the other runs as a process of its own with another --listen
    #[arg(long, value_enum, default_value_t = Served::All)]
    face: Served,
    /// Run no jobs in this process; a `millrace worker` must run somewhere
    #[arg(long)]
    no_worker: bool,
    /// Load the demo world first, unless there are live rows
    #[arg(long)]
    demo: bool,
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let steps = Steps::shown();
    let step = steps.begin("configuration");
    let given = options.listen.clone().map(|listen| ("MILLRACE_LISTEN", listen));
    let config = step.done(global.load(given), |c| c.environment.as_str().to_owned())?;
    let mut started = start::open_or_outage(config, steps).await?;
    started.database.watch();
    let result = listen(&started, &options, steps).await;
    started.close().await;
    result
}

async fn listen(started: &Started, options: &Options, steps: Steps) -> Result<(), Failure> {
    let process = Process::new(started.config.clone()).serving(options.face);
    process.stop_on_signal();
    let data_dir = &started.config.data_dir;
    let services =
        started.services()?.keeping_demo_logins(data_dir).drilling(started.config.enable_drill).watching_disk(data_dir);
    if options.demo && started.reached {
        seed::at_start(&services, steps).await?;
    }
    let file = data_dir.join(freshness::LAST_GOOD);
    let step = steps.begin("last figures");
    step.ok(match freshness::load_last_good(&services.backend.figures, &file) {
        0 => "none kept".to_owned(),
        n => format!("{n} kept"),
    });
    if !started.reached {
        // Nobody waits to find that out again.
        services.backend.breaker.open(services.backend.clock.now());
    }
    let kept = freshness::keep_last_good(services.backend.figures.clone(), file, process.stop.clone());
    let kept = tokio::spawn(kept);
    let live = services.live.start(&process.stop);
    let probe = freshness::watch(services.backend.clone(), services.live.clone(), process.stop.clone());
    let probe = tokio::spawn(probe);
    let door = tokio::spawn(Arc::clone(&services.door).follow(services.live.subscribe(), process.stop.clone()));
    let drills = tokio::spawn(Arc::clone(&services.drill).follow(services.live.subscribe(), process.stop.clone()));
    let (router, _) = http::router::router(services.clone(), process.clone());

    let step = steps.begin("listen");
    let address = started.config.listen;
    let bound = TcpListener::bind(address).await.map_err(|e| {
        Failure::unavailable(format!(
            "{address} cannot be listened on: {e}. Choose another with --listen or MILLRACE_LISTEN."
        ))
    });
    let listener = step.done(bound, |l| l.local_addr().map_or_else(|_| address.to_string(), |a| a.to_string()))?;
    let metrics = http::metrics_listener::start(&process, services.clone(), steps).await;

    let config = JobsConfig {
        work: !options.no_worker,
        solves: Some(started.config.solve_concurrency),
        ..JobsConfig::with_concurrency(started.config.worker_concurrency)
    };
    let jobs = jobs::start(services.clone(), Registry::standard(), config, &process.stop);
    let recovery = (!started.reached).then(|| recover(started));

    if started.reached {
        first_admin(started, &services, steps).await?;
    }
    eprintln!("\nMillrace is at {}\n", url(&started.config.base_url, address, listener.local_addr().ok()));
    seed::print_logins(&LogIns::kept_in(data_dir).read());
    let served = http::listener::serve(listener, router, process.stop.clone(), DRAIN).await;
    process.stop.cancel();
    services.drill.close().await;
    let _ = tokio::join!(live.stop(), jobs.stop(), door, probe, kept, drills);
    for task in [metrics, recovery].into_iter().flatten() {
        task.abort();
    }
    served.map_err(|e| Failure::internal(format!("the listener broke off: {e}")))
}

/// With no user in the database: makes the one of the configuration, or prints the way to make one.
async fn first_admin(started: &Started, services: &Services, steps: Steps) -> Result<(), Failure> {
    let step = steps.begin("first admin");
    let config = &started.config;
    let password = config.admin_password.as_ref().map(|secret| Password::new(secret.expose()));
    let made = services.door.first_admin(config.admin_email.as_deref().zip(password.as_ref())).await;
    match step.done(made.map_err(|error| Failure::config(error.message)), |found| match found {
        FirstAdmin::Exists => "there is one".to_owned(),
        FirstAdmin::Made => "made as MILLRACE_ADMIN_EMAIL says".to_owned(),
        FirstAdmin::Link(_) => "nobody can sign in yet; see the link below".to_owned(),
    })? {
        FirstAdmin::Link(path) => {
            let text = format!("Set up the first administrator within 60 minutes, once, at {}{path}", config.base_url);
            eprintln!("\n{text}");
        }
        FirstAdmin::Exists | FirstAdmin::Made => {}
    }
    Ok(())
}

/// Started in an outage: does what the start left out as soon as the database answers.
fn recover(started: &Started) -> JoinHandle<()> {
    let (config, app, owner) = (started.config.clone(), started.database.app.clone(), started.database.owner.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let done = match check_server(&app, &config).await {
                Ok(Reach::Unreachable) => continue,
                Ok(Reach::Fits) => start::schema(&config, &app, &owner).await,
                Err(failure) => Err(failure),
            };
            match done {
                Ok(told) => {
                    tracing::info!("the database answers; schema {told}");
                    return;
                }
                Err(failure) => {
                    tracing::error!(%failure, error_code = "database_unfit", "the database answers but cannot be used")
                }
            }
        }
    })
}

/// The origin people use; with port 0 the one that was given.
fn url(base: &str, wanted: SocketAddr, bound: Option<SocketAddr>) -> String {
    match bound {
        Some(bound) if wanted.port() == 0 => format!("http://{bound}"),
        _ => base.to_owned(),
    }
}
