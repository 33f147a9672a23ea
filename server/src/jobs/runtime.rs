//! One process's part in running jobs: worker, scheduler and sweep, started and stopped together.

use super::{registry::Registry, rescue, scheduler, worker};
use crate::{
    backend::Backend,
    services::{Services, alerts::keep_delivering},
};
use std::{fmt, sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Figures of `platform.md` 3.9.
#[derive(Debug, Clone)]
pub struct JobsConfig {
    /// Runs at a time in this process; enough for every slot of every queue.
    pub concurrency: usize,
    pub heartbeat: Duration,
    pub sweep: Duration,
    /// Silence after which a worker counts as dead.
    pub rescue_after: Duration,
    /// Time from a cancel until the run is dropped without its help.
    pub cancel_grace: Duration,
    /// Time from the stop of the process until runs go back to their queue.
    pub stop_grace: Duration,
    /// Whether this process runs jobs; the scheduler runs either way.
    pub work: bool,
    /// Queues this process works on; none: all.
    pub queues: Vec<String>,
    /// Solves at a time over all processes; none: as the queue says.
    pub solves: Option<u32>,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            concurrency: 15,
            heartbeat: Duration::from_secs(30),
            sweep: Duration::from_secs(60),
            rescue_after: Duration::from_secs(300),
            cancel_grace: Duration::from_secs(30),
            stop_grace: Duration::from_secs(20),
            work: true,
            queues: Vec::new(),
            solves: None,
        }
    }
}

impl JobsConfig {
    #[must_use]
    pub fn with_concurrency(runs: u32) -> Self {
        Self { concurrency: usize::try_from(runs).unwrap_or(4).max(1), ..Self::default() }
    }
}

/// What worker, scheduler and sweep share.
pub struct Runtime {
    pub(super) backend: Backend,
    pub(super) services: Services,
    pub(super) registry: Registry,
    pub(super) config: JobsConfig,
    pub(super) stop: CancellationToken,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("registry", &self.registry)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    #[must_use]
    pub fn new(services: Services, registry: Registry, config: JobsConfig) -> Arc<Self> {
        Self::until(services, registry, config, &CancellationToken::new())
    }

    /// A runtime that stops taking runs when `stop` is cancelled.
    #[must_use]
    pub fn until(services: Services, registry: Registry, config: JobsConfig, stop: &CancellationToken) -> Arc<Self> {
        Arc::new(Self { backend: services.backend.clone(), services, registry, config, stop: stop.child_token() })
    }

    /// Starts the tasks.
    #[must_use]
    pub fn start(self: &Arc<Self>) -> JobsHandle {
        let tasks = TaskTracker::new();
        if self.config.work {
            tasks.spawn(worker::work(Arc::clone(self)));
            tasks.spawn(keep_delivering(self.services.clone(), self.stop.clone()));
        }
        tasks.spawn(scheduler::keep_ticking(Arc::clone(self)));
        tasks.spawn(rescue::keep_sweeping(Arc::clone(self)));
        tasks.close();
        JobsHandle { stop: self.stop.clone(), tasks }
    }
}

/// Starts worker (unless switched off), scheduler and sweep with the jobs of all features; they
/// wind down when `stop` is cancelled.
#[must_use]
pub fn start(services: Services, registry: Registry, config: JobsConfig, stop: &CancellationToken) -> JobsHandle {
    Runtime::until(services, registry, config, stop).start()
}

/// Owns the tasks of a started runtime.
#[derive(Debug)]
pub struct JobsHandle {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl JobsHandle {
    /// Takes no more runs, gives those at work their 20 s, puts the rest back, then returns.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for JobsHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
