//! The library's worker: it hands out tickets, we run what they name.

use super::{attempt, job::Job, runtime::Runtime};
use domain::{AppError, jobs::queues};
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, Worker, WorkerContext, WorkerOptions, WorkerShutdownConfig};
use serde::{Deserialize, Serialize};
use std::{marker::PhantomData, sync::Arc, time::Duration};
use uuid::Uuid;

/// What the library stores: which run to start.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Ticket<J> {
    run: Uuid,
    #[serde(skip)]
    job: PhantomData<fn() -> J>,
}

impl<J: Job> TaskHandler for Ticket<J> {
    const IDENTIFIER: &'static str = J::KIND;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let runtime = context.get_ext::<Arc<Runtime>>().cloned().ok_or_else(|| "no runtime".to_owned())?;
        attempt::run::<J>(&runtime, self.run, *context.job().id(), context.worker_id()).await
    }
}

/// Runs tickets until the runtime stops. The library's worker ends when the database goes away;
/// a new one takes its place as soon as there is a connection.
pub(super) async fn work(runtime: Arc<Runtime>) {
    let mut pause = Duration::from_millis(500);
    while !runtime.stop.is_cancelled() {
        if runtime.backend.faults.is_worker_stopped() {
            // A drill: nobody works until it is over.
            tokio::select! {
                () = runtime.stop.cancelled() => break,
                () = runtime.backend.faults.worker_stopped(false) => {}
            }
        }
        match work_once(&runtime).await {
            Ok(()) => pause = Duration::from_millis(500),
            Err(error) => {
                tracing::warn!(error = %error, retry_in_ms = pause.as_millis(), "worker stopped; starting another");
                let stopped = tokio::time::timeout(pause, runtime.stop.cancelled()).await.is_ok();
                if stopped {
                    break;
                }
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
}

async fn work_once(runtime: &Arc<Runtime>) -> Result<(), String> {
    let worker = build(runtime).await?;
    let id = worker.worker_id().clone();
    runtime.register(&id).await.map_err(|e| e.to_string())?;
    runtime.set_solves().await.map_err(|e| e.to_string())?;
    let beating = tokio::spawn(beat(Arc::clone(runtime), id.clone()));
    let ended = worker.run().await;
    beating.abort();
    if let Err(error) = runtime.give_back(&id).await {
        tracing::warn!(worker_id = %id, error = %error, "a stopped worker's tickets stay locked until the sweep");
    }
    ended.map_err(|e| e.to_string())
}

async fn beat(runtime: Arc<Runtime>, worker: String) {
    loop {
        tokio::time::sleep(runtime.config.heartbeat).await;
        let now = runtime.backend.clock.now();
        let beaten = async {
            let mut connection = store::acquire(&runtime.backend.pools.jobs).await?;
            store::jobs::heartbeat(&mut connection, &worker, now).await
        };
        if let Err(error) = beaten.await {
            tracing::warn!(worker_id = %worker, error = %error, "heartbeat not written");
        }
    }
}

async fn build(runtime: &Arc<Runtime>) -> Result<Worker, String> {
    let (stop, faults) = (runtime.stop.clone(), runtime.backend.faults.clone());
    let shutdown = WorkerShutdownConfig::default()
        .listen_os_shutdown_signals(false)
        // The attempt itself gives up after our own grace and still needs a moment to write that down.
        .grace_period(runtime.config.stop_grace + Duration::from_secs(10))
        .interrupted_job_retry_delay(Duration::ZERO)
        .shutdown_signal(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = faults.worker_stopped(true) => {}
            }
        });
    WorkerOptions::default()
        .pg_pool(runtime.backend.pools.jobs.clone())
        .schema("graphile_worker")
        .concurrency(runtime.config.concurrency)
        .poll_interval(Duration::from_secs(1))
        .worker_shutdown(shutdown)
        .add_extension(Arc::clone(runtime))
        .define_jobs(runtime.registry.definitions(&runtime.config.queues))
        .init()
        .await
        .map_err(|e| e.to_string())
}

impl Runtime {
    async fn set_solves(&self) -> Result<(), AppError> {
        let Some(solves) = self.config.solves.and_then(|solves| i32::try_from(solves).ok()) else { return Ok(()) };
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        Ok(store::jobs::set_concurrency(&mut connection, queues::SOLVE, solves).await?)
    }

    /// Runs every ticket that is due, also those that the jobs themselves add, then returns: for
    /// tests and for the command line.
    ///
    /// # Errors
    /// `unavailable` when the queue cannot be reached.
    pub async fn drain(self: &Arc<Self>) -> Result<(), AppError> {
        let away = |error: String| {
            tracing::error!(error = %error, "queue not drained");
            AppError::unavailable("The job queue cannot be reached just now.")
        };
        let worker = build(self).await.map_err(away)?;
        let id = worker.worker_id().clone();
        self.register(&id).await?;
        let ended = worker.run_once().await;
        self.give_back(&id).await?;
        ended.map_err(|e| away(e.to_string()))
    }
}
