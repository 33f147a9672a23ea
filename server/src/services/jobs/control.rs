//! Steering runs and queues. Every change has its audit row in the same transaction.

use super::{
    JobsService,
    runs::{may_cancel, parse},
};
use crate::{
    jobs::{JobRequest, enqueue},
    services::idempotency::{Request, once},
};
use domain::{
    AppError,
    access::{Permission, Principal},
    clock::Clock,
    idempotency::{Answered, IdempotencyKey},
    ids::JobId,
    jobs::{BulkAction, BulkJobs, BulkResult, Enqueued, JobState, QueueView, StartJob},
    live::Topic,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use store::{audit::Act, jobs::JobRecord};
use uuid::Uuid;

/// Runs that one bulk action changes at most.
const BULK: i64 = 10_000;

impl JobsService {
    pub(super) async fn audit(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        let clock = &self.backend.clock;
        Ok(store::audit::record(connection, clock.new_id(), clock.now(), who, act).await?)
    }

    pub(super) async fn start_run(
        &self,
        who: &Principal,
        command: &StartJob,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answered<Result<Enqueued, AppError>>, AppError> {
        who.require(Permission::JobsRun)?;
        let request = Request { who, key, route: "POST /api/v1/jobs", body: command, status: 202 };
        let at = self.backend.clock.now();
        once(&self.backend.pools.admin, at, request, async |connection: &mut PgConnection| {
            self.begin_run(connection, who, command).await
        })
        .await
    }

    async fn begin_run(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        command: &StartJob,
    ) -> Result<Enqueued, AppError> {
        let kind = self.registry.kind(&command.kind).filter(|kind| kind.by_hand).ok_or_else(|| {
            let known: Vec<_> = self.registry.kinds().filter(|k| k.by_hand).map(|k| k.kind).collect();
            AppError::field("kind", format!("Choose a job that can be started on its own: {}.", known.join(", ")))
        })?;
        let payload = match &command.payload {
            Value::Null => json!({}),
            payload @ Value::Object(_) => payload.clone(),
            _ => return Err(AppError::field("payload", "The payload must be a JSON object.")),
        };
        let request = JobRequest::for_kind(kind, payload).unique("by hand");
        let enqueued = enqueue(connection, self.backend.clock.as_ref(), who, request).await?;
        if !enqueued.deduplicated {
            let act = Act::done("jobs.run", "job", enqueued.job_id).after(json!({"kind": command.kind}));
            self.audit(connection, who, act).await?;
        }
        Ok(enqueued)
    }

    pub(super) async fn cancel_run(&self, who: &Principal, id: JobId) -> Result<(), AppError> {
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let record = self.visible(&mut tx, who, Permission::JobsView, id).await?;
        if !may_cancel(who, &record) {
            return Err(AppError::forbidden());
        }
        if !cancel_open(&mut tx, self.backend.clock.as_ref(), who, id.0).await? {
            return Err(AppError::conflict("The run is over already; there is nothing to cancel."));
        }
        self.audit(&mut tx, who, Act::done("jobs.cancel", "job", id).before(json!({"state": record.state}))).await?;
        Ok(store::commit(tx).await?)
    }

    pub(super) async fn retry_run(&self, who: &Principal, id: JobId) -> Result<Enqueued, AppError> {
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let record = self.visible(&mut tx, who, Permission::JobsRun, id).await?;
        let enqueued = self.repeat(&mut tx, who, &record).await?;
        self.audit(&mut tx, who, Act::done("jobs.retry", "job", id).after(json!({"new_run": enqueued.job_id}))).await?;
        store::commit(tx).await?;
        Ok(enqueued)
    }

    /// A new run of the same work, linked to the old one.
    async fn repeat(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        record: &JobRecord,
    ) -> Result<Enqueued, AppError> {
        if JobState::parse(&record.state).is_some_and(JobState::is_open) {
            return Err(AppError::conflict("The run is still open; wait for its end or cancel it first."));
        }
        let Some(kind) = self.registry.kind(&record.kind) else {
            return Err(AppError::conflict("This release does not know this kind of job any more."));
        };
        let mut request = JobRequest::for_kind(kind, record.payload.clone());
        request.priority = record.priority;
        request.unique_key.clone_from(&record.unique_key);
        request.schedule_id.clone_from(&record.schedule_id);
        request.parent_id = Some(record.id);
        request.dealer_id.clone_from(&record.dealer_id);
        request.timeout_seconds = record.timeout_seconds;
        request.max_attempts = record.max_attempts;
        request.origin.clone_from(&record.origin);
        enqueue(connection, self.backend.clock.as_ref(), who, request).await
    }

    pub(super) async fn act_on_all(&self, who: &Principal, command: BulkJobs) -> Result<BulkResult, AppError> {
        let (mut filter, _, _) = parse(&command.filter)?;
        filter.ids = command.ids.iter().map(|id| id.0).collect();
        let open = command.action == BulkAction::Cancel;
        let fitting = JobState::ALL.iter().filter(|s| s.is_open() == open).map(|s| s.as_str());
        filter.states = fitting.filter(|s| filter.states.is_empty() || filter.states.contains(s)).collect();
        if filter.states.is_empty() {
            return Ok(BulkResult { matched: 0, changed: 0 });
        }
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let matched = store::jobs::count(&mut tx, &filter).await?;
        if command.dry_run {
            return Ok(BulkResult { matched, changed: 0 });
        }
        let ids = store::jobs::matching_ids(&mut tx, &filter, BULK).await?;
        let mut changed = 0;
        match command.action {
            BulkAction::Cancel => {
                for id in ids {
                    changed += i64::from(cancel_open(&mut tx, self.backend.clock.as_ref(), who, id).await?);
                }
            }
            BulkAction::Retry => {
                for id in ids {
                    let Some(record) = store::jobs::detail(&mut tx, id).await? else { continue };
                    // A kind that is gone is left as it is; the count says so.
                    if self.registry.kind(&record.kind).is_some() {
                        changed += i64::from(!self.repeat(&mut tx, who, &record).await?.deduplicated);
                    }
                }
            }
            BulkAction::Delete => {
                changed = store::jobs::delete(&mut tx, &ids).await?;
                store::live::emit(&mut tx, Topic::Jobs, "").await?;
            }
        }
        let after = json!({"filter": command.filter, "matched": matched, "changed": changed});
        self.audit(&mut tx, who, Act::done(bulk_action(command.action), "job", "*").after(after)).await?;
        store::commit(tx).await?;
        Ok(BulkResult { matched, changed })
    }

    pub(super) async fn set_pause(
        &self,
        who: &Principal,
        queue: &str,
        reason: Option<&str>,
    ) -> Result<QueueView, AppError> {
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let (action, known) = match reason {
            Some(reason) => {
                let now = self.backend.clock.now();
                ("jobs.pause", store::jobs::pause(&mut tx, queue, now, who.label(), reason).await?)
            }
            None => ("jobs.resume", store::jobs::resume(&mut tx, queue).await?),
        };
        if !known {
            return Err(AppError::not_found("Queue"));
        }
        self.audit(&mut tx, who, Act::done(action, "queue", queue).after(json!({"reason": reason}))).await?;
        store::live::emit(&mut tx, Topic::Jobs, "").await?;
        store::commit(tx).await?;
        let queues = self.read_queues().await?;
        queues.into_iter().find(|q| q.name == queue).ok_or_else(|| AppError::not_found("Queue"))
    }
}

/// Cancels a waiting run or asks a running one to stop; false when it is over.
pub(crate) async fn cancel_open(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    id: Uuid,
) -> Result<bool, AppError> {
    let now = clock.now();
    let done = store::jobs::cancel_queued(connection, id, now, who.label()).await?
        || store::jobs::request_cancel(connection, id, now, who.label()).await?;
    if done {
        let message = format!("{} asked to cancel.", who.label());
        store::jobs::add_event(connection, id, now, "info", None, &message, None).await?;
        store::live::emit(connection, Topic::Jobs, &id.to_string()).await?;
    }
    Ok(done)
}

const fn bulk_action(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Cancel => "jobs.cancel_all",
        BulkAction::Retry => "jobs.retry_all",
        BulkAction::Delete => "jobs.delete_all",
    }
}
