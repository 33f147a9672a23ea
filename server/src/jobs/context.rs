//! What a running job may use.

use super::job::JobFailure;
use crate::{backend::Backend, services::Services};
use domain::{access::Principal, ids::JobId};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::PgConnection;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::jobs::{Claimed, Fence, Pulse};
use tokio_util::sync::CancellationToken;

/// Handed to [`super::Job::run`]. Cheap to clone; progress is only noted here and written to the
/// database at most once a second by the worker.
#[derive(Clone)]
pub struct JobContext {
    pub backend: Backend,
    pub services: Services,
    pub run_id: JobId,
    /// 1 on the first try.
    pub attempt: i32,
    shared: Arc<Shared>,
}

struct Shared {
    principal: Principal,
    fence: Fence,
    claimed: Claimed,
    noted: Mutex<Noted>,
    stop: CancellationToken,
}

#[derive(Debug, Clone)]
pub(super) struct Noted {
    pub pulse: Pulse,
    pub changed: bool,
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("run_id", &self.run_id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl JobContext {
    pub(super) fn new(
        backend: Backend,
        services: Services,
        claimed: Claimed,
        fence: Fence,
        principal: Principal,
    ) -> Self {
        let pulse = Pulse {
            done: claimed.progress_done,
            total: claimed.progress_total,
            rate: None,
            step: claimed.step.clone(),
            counters: claimed.counters.clone(),
        };
        let noted = Mutex::new(Noted { pulse, changed: false });
        Self {
            backend,
            services,
            run_id: JobId(claimed.id),
            attempt: claimed.attempt,
            shared: Arc::new(Shared { principal, fence, claimed, noted, stop: CancellationToken::new() }),
        }
    }

    /// Who acts in audit rows and port calls of this run.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.shared.principal
    }

    /// Whose rows the run is about.
    #[must_use]
    pub fn dealer_id(&self) -> Option<&str> {
        self.shared.claimed.dealer_id.as_deref()
    }

    /// Nobody asked for it but a schedule.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.shared.claimed.schedule_id.is_some() && self.shared.claimed.requested_by.is_none()
    }

    /// The schedule that it is a run of.
    #[must_use]
    pub fn schedule_id(&self) -> Option<&str> {
        self.shared.claimed.schedule_id.as_deref()
    }

    /// In the line beside the queue's, where nobody else stands behind it.
    #[must_use]
    pub fn is_aside(&self) -> bool {
        self.shared.claimed.slot == store::jobs::ASIDE
    }

    /// The run that this one repeats.
    #[must_use]
    pub fn parent_id(&self) -> Option<uuid::Uuid> {
        self.shared.claimed.parent_id
    }

    /// Tries of the run at most.
    #[must_use]
    pub fn max_attempts(&self) -> i32 {
        self.shared.claimed.max_attempts
    }

    /// `live` or `demo`: what rows made by this run are.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.shared.claimed.origin
    }

    /// Notes how far the run is.
    pub fn progress(&self, done: i64, total: Option<i64>) {
        self.note(|pulse| {
            pulse.done = done;
            pulse.total = total;
        });
    }

    /// Notes `items` more as done.
    pub fn advance(&self, items: i64) {
        self.note(|pulse| pulse.done += items);
    }

    /// Notes what the run is at, in the user's words: "Reading the file".
    pub fn step(&self, step: &str) {
        self.note(|pulse| pulse.step = Some(step.to_owned()));
    }

    /// Sets a counter shown on the run's page, e.g. `rejected`.
    pub fn count(&self, counter: &str, value: i64) {
        self.note(|pulse| {
            if !pulse.counters.is_object() {
                pulse.counters = Value::Object(serde_json::Map::new());
            }
            pulse.counters[counter] = value.into();
        });
    }

    /// Adds a line to the run's log. A line lost to a failed statement is only logged.
    pub async fn log(&self, level: domain::jobs::EventLevel, message: &str) {
        let step = self.noted().pulse.step.clone();
        let now = self.backend.clock.now();
        let written = async {
            let mut connection = store::acquire(&self.backend.pools.jobs).await?;
            store::jobs::add_event(&mut connection, self.run_id.0, now, level.as_str(), step.as_deref(), message, None)
                .await
        };
        if let Err(error) = written.await {
            tracing::warn!(job_id = %self.run_id, error = %error, "line of a job's log not written");
        }
    }

    /// The run shall stop: somebody cancelled it, its time is over, or the process ends.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.shared.stop.is_cancelled()
    }

    /// For `select!` and child processes.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.shared.stop
    }

    /// To be asked between steps, at least every few seconds.
    ///
    /// # Errors
    /// [`JobFailure::Cancelled`] when the run shall stop.
    pub fn check(&self) -> Result<(), JobFailure> {
        if self.cancelled() { Err(JobFailure::Cancelled) } else { Ok(()) }
    }

    /// Where an earlier attempt left off.
    ///
    /// # Errors
    /// `Fail` when the stored checkpoint does not have this shape.
    pub fn checkpoint<T: DeserializeOwned>(&self) -> Result<Option<T>, JobFailure> {
        let stored = self.shared.claimed.checkpoint.clone();
        stored.map(|value| serde_json::from_value(value)).transpose().map_err(|_| {
            JobFailure::fail("checkpoint", "The stored checkpoint has another shape than this release expects.")
        })
    }

    /// Writes the checkpoint in the transaction of the work it stands for, as its last statement:
    /// it locks the run's row, so heartbeat and cancel wait until the commit.
    ///
    /// # Errors
    /// [`JobFailure::Cancelled`] when the run is no longer ours: roll back.
    pub async fn save_checkpoint<T: Serialize + Sync>(
        &self,
        connection: &mut PgConnection,
        checkpoint: &T,
    ) -> Result<(), JobFailure> {
        let value = serde_json::to_value(checkpoint)
            .map_err(|_| JobFailure::fail("checkpoint", "The checkpoint cannot be stored."))?;
        if store::jobs::save_checkpoint(connection, &self.shared.fence, &value).await? {
            Ok(())
        } else {
            Err(JobFailure::Cancelled)
        }
    }

    fn note(&self, change: impl FnOnce(&mut Pulse)) {
        let mut noted = self.noted();
        change(&mut noted.pulse);
        noted.changed = true;
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.shared.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fence(&self) -> &Fence {
        &self.shared.fence
    }

    pub(super) fn claimed(&self) -> &Claimed {
        &self.shared.claimed
    }
}
