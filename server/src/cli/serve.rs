//! `millrace serve`: the web server, with the worker inside it.

use super::{
    Global,
    start::{self, Started},
};
use crate::{
    database::external::{Reach, check_server},
    failure::Failure,
    http,
    jobs::{self, JobsConfig, Registry},
    logs::Steps,
    process::{DRAIN, Process},
    services::Services,
};
use clap::Args;
use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Debug, Args)]
pub struct Options {
    /// Address and port (MILLRACE_LISTEN)
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Run no jobs in this process; a `millrace worker` must run somewhere
    #[arg(long)]
    no_worker: bool,
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let steps = Steps::shown();
    let step = steps.begin("configuration");
    let given = options.listen.map(|listen| ("MILLRACE_LISTEN", listen));
    let config = step.done(global.load(given), |c| c.environment.as_str().to_owned())?;
    let mut started = start::open_or_outage(config, steps).await?;
    started.database.watch();
    let result = listen(&started, !options.no_worker, steps).await;
    started.close().await;
    result
}

async fn listen(started: &Started, work: bool, steps: Steps) -> Result<(), Failure> {
    let process = Process::new(started.config.clone());
    process.stop_on_signal();
    let services = Services::new(started.backend.clone(), started.door()?);
    let live = services.live.start(&process.stop);
    let (router, _) = http::router::router(services.clone(), process.clone());

    let step = steps.begin("listen");
    let address = started.config.listen;
    let bound = TcpListener::bind(address).await.map_err(|e| {
        Failure::unavailable(format!("{address} cannot be listened on: {e}. Choose another with --listen or MILLRACE_LISTEN."))
    });
    let listener = step.done(bound, |l| l.local_addr().map_or_else(|_| address.to_string(), |a| a.to_string()))?;
    let metrics = http::metrics_listener::start(&process, services.clone(), steps).await;

    let config = JobsConfig { work, ..JobsConfig::with_concurrency(started.config.worker_concurrency) };
    let jobs = jobs::start(services, Registry::standard(), config, &process.stop);
    let recovery = (!started.reached).then(|| recover(started));

    eprintln!("\nMillrace is at {}\n", url(&started.config.base_url, address, listener.local_addr().ok()));
    let served = http::listener::serve(listener, router, process.stop.clone(), DRAIN).await;
    process.stop.cancel();
    tokio::join!(live.stop(), jobs.stop());
    for task in [metrics, recovery].into_iter().flatten() {
        task.abort();
    }
    served.map_err(|e| Failure::internal(format!("the listener broke off: {e}")))
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
                Err(failure) => tracing::error!(%failure, error_code = "database_unfit", "the database answers but cannot be used"),
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
