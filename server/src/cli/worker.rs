//! `millrace worker`: jobs and, if elected, the scheduler, without a web side.

use super::{Global, start};
use crate::{
    failure::Failure,
    freshness,
    jobs::{self, JobsConfig, Registry},
    logs::Steps,
    process::Process,
};
use clap::Args;

#[derive(Debug, Args)]
pub struct Options {
    /// Only jobs of these queues, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "QUEUES")]
    queues: Vec<String>,
    /// Jobs at once (MILLRACE_WORKER_CONCURRENCY)
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let steps = Steps::shown();
    let given = options.concurrency.map(|n| ("MILLRACE_WORKER_CONCURRENCY", n.to_string()));
    let registry = Registry::standard();
    if let Some(unknown) = options.queues.iter().find(|q| !registry.kinds().any(|kind| kind.queue == q.as_str())) {
        return Err(Failure::usage(format!("No job belongs to the queue {unknown}.")));
    }
    let mut started = start::open(global.load(given)?, steps).await?;
    started.database.watch();
    let process = Process::new(started.config.clone());
    process.stop_on_signal();
    let services = started.services()?.watching_disk(&started.config.data_dir);
    let live = services.live.start(&process.stop);
    // Who works tells of an outage, so it has to notice one.
    let probe = freshness::watch(services.backend.clone(), services.live.clone(), process.stop.clone());
    let probe = tokio::spawn(probe);
    let config = JobsConfig {
        queues: options.queues,
        solves: Some(started.config.solve_concurrency),
        ..JobsConfig::with_concurrency(started.config.worker_concurrency)
    };
    let jobs = jobs::start(services, registry, config, &process.stop);
    steps.begin("worker").ok(format!("{} jobs at once", started.config.worker_concurrency));
    process.stop.cancelled().await;
    let _ = tokio::join!(live.stop(), jobs.stop(), probe);
    started.close().await;
    Ok(())
}
