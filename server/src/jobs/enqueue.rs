//! Asking for work, in the transaction of the change that needs it.

use super::job::Job;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::Principal,
    clock::Clock,
    ids::JobId,
    jobs::{Enqueued, JobKind},
    live::Topic,
};
use serde_json::Value;
use sqlx::PgConnection;
use store::jobs::{Inserted, NewRun};
use uuid::Uuid;

/// What to run. Made from a [`Job`] type, or from a registry entry when only the name is known.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRequest {
    pub kind: String,
    pub queue: String,
    pub payload: Value,
    /// 0 first … 9 last.
    pub priority: i16,
    /// While a run with this key is open, asking again returns it.
    pub unique_key: Option<String>,
    pub run_at: Option<DateTime<Utc>>,
    pub schedule_id: Option<String>,
    pub parent_id: Option<Uuid>,
    pub dealer_id: Option<String>,
    pub timeout_seconds: i32,
    pub max_attempts: i32,
    pub origin: String,
    /// Behind the run that stands in this slot of the queue; `None`: wherever it is free.
    pub slot: Option<i16>,
}

impl JobRequest {
    /// # Errors
    /// `internal` when the payload is not JSON.
    pub fn of<J: Job>(payload: &J::Payload) -> Result<Self, AppError> {
        let payload = serde_json::to_value(payload).map_err(|_| AppError::internal())?;
        Ok(Self::for_kind(&J::entry(), payload))
    }

    #[must_use]
    pub fn for_kind(kind: &JobKind, payload: Value) -> Self {
        Self {
            kind: kind.kind.to_owned(),
            queue: kind.queue.to_owned(),
            payload,
            priority: 5,
            unique_key: None,
            run_at: None,
            schedule_id: None,
            parent_id: None,
            dealer_id: None,
            timeout_seconds: kind.timeout_seconds,
            max_attempts: kind.max_attempts,
            origin: "live".to_owned(),
            slot: None,
        }
    }

    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    #[must_use]
    pub fn at(mut self, run_at: DateTime<Utc>) -> Self {
        self.run_at = Some(run_at);
        self
    }
}

/// Adds the run and its ticket; both appear with the caller's commit.
///
/// # Errors
/// When a statement fails.
pub async fn enqueue(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    request: JobRequest,
) -> Result<Enqueued, AppError> {
    let id = clock.new_id();
    let now = clock.now();
    let inserted = store::jobs::enqueue(connection, &new_run(&request, id, now, who)).await?;
    match inserted {
        Inserted::New => {
            store::live::emit(connection, Topic::Jobs, &id.to_string()).await?;
            Ok(Enqueued { job_id: JobId(id), deduplicated: false })
        }
        Inserted::Open(open) => Ok(Enqueued { job_id: JobId(open), deduplicated: true }),
    }
}

pub(super) fn new_run<'a>(request: &'a JobRequest, id: Uuid, now: DateTime<Utc>, who: &'a Principal) -> NewRun<'a> {
    NewRun {
        id,
        kind: &request.kind,
        queue: &request.queue,
        slot: request.slot,
        priority: request.priority,
        payload: &request.payload,
        schedule_id: request.schedule_id.as_deref(),
        parent_id: request.parent_id,
        requested_by: who.user_id().map(|user| user.0),
        requested_label: who.label(),
        dealer_id: request.dealer_id.as_deref(),
        unique_key: request.unique_key.as_deref(),
        max_attempts: request.max_attempts,
        timeout_seconds: request.timeout_seconds,
        run_at: request.run_at.unwrap_or(now),
        created_at: now,
        origin: &request.origin,
    }
}
