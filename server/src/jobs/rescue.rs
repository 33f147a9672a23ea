//! Workers that stop beating, and what becomes of their runs.

use super::runtime::Runtime;
use chrono::Duration as Span;
use domain::live::Topic;
use std::{fs, path::Path, sync::Arc};
use store::StoreError;

impl Runtime {
    pub(super) async fn register(&self, worker: &str) -> Result<(), StoreError> {
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        store::jobs::register(&mut connection, worker, &process_space(), pid, self.backend.clock.now()).await
    }

    /// A worker of this process has ended: what it still holds goes back at once.
    pub(super) async fn give_back(&self, worker: &str) -> Result<(), StoreError> {
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        take(&mut tx, Span::days(36_500), Some(worker), now).await?;
        store::jobs::release_worker(&mut tx, worker).await?;
        store::commit(tx).await
    }

    /// Takes back the runs and tickets of dead workers; returns how many runs were taken.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let now = self.backend.clock.now();
        let silence = Span::from_std(self.config.rescue_after).unwrap_or(Span::seconds(300));
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let mut taken = 0;
        for worker in store::jobs::dead_workers(&mut tx, now - silence).await? {
            tracing::warn!(worker_id = %worker, "worker does not beat any more; its tickets are given back");
            taken += take(&mut tx, silence, Some(&worker), now).await?;
            store::jobs::release_worker(&mut tx, &worker).await?;
        }
        taken += take(&mut tx, silence, None, now).await?;
        store::jobs::lost_tickets(&mut tx, now - silence, now).await?;
        store::commit(tx).await?;
        Ok(taken)
    }

    /// Workers of processes of this machine that are gone need no waiting for their silence.
    pub(super) async fn bury_neighbours(&self) -> Result<(), StoreError> {
        let space = process_space();
        if space.is_empty() {
            return Ok(());
        }
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let neighbours = store::jobs::workers_on(&mut connection, &space).await?;
        drop(connection);
        for (worker, pid) in neighbours {
            if is_gone(pid) {
                tracing::info!(worker_id = %worker, pid, "the process of this worker is gone; its runs are taken up again");
                self.give_back(&worker).await?;
            }
        }
        Ok(())
    }
}

async fn take(
    connection: &mut sqlx::PgConnection,
    silence: Span,
    worker: Option<&str>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<usize, StoreError> {
    let rescued = store::jobs::rescue_stale(connection, now - silence, worker, now).await?;
    for run in &rescued {
        let message = format!("The worker of attempt {} stopped answering; the run is {}.", run.attempt, run.state);
        store::jobs::add_event(connection, run.id, now, "warn", None, &message, None).await?;
        store::live::emit(connection, Topic::Jobs, &run.id.to_string()).await?;
    }
    Ok(rescued.len())
}

/// Sweeps until the runtime stops.
pub(super) async fn keep_sweeping(runtime: Arc<Runtime>) {
    if let Err(error) = runtime.bury_neighbours().await {
        tracing::warn!(error = %error, "workers of ended processes not looked for");
    }
    loop {
        if tokio::time::timeout(runtime.config.sweep, runtime.stop.cancelled()).await.is_ok() {
            return;
        }
        if let Err(error) = runtime.sweep().await {
            tracing::warn!(error = %error, "sweep for dead workers failed");
        }
    }
}

/// Names the space in which a process id means something: this start of this kernel, this
/// namespace of process ids. Empty where the system does not say.
fn process_space() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    if boot.is_empty() || namespace.is_empty() { String::new() } else { format!("{} {namespace}", boot.trim()) }
}

/// No such process, or only its remains.
fn is_gone(pid: i32) -> bool {
    let path = format!("/proc/{pid}/stat");
    match fs::read_to_string(&path) {
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])),
        Err(_) => !Path::new(&path).exists(),
    }
}
