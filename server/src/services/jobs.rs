//! Jobs as people see and steer them: runs, queues, schedules.

mod control;
mod runs;
mod schedules;

pub(crate) use control::cancel_open;

use crate::{backend::Backend, jobs::Registry};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, Utc};
use chrono_tz::Tz;
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::JobId,
    jobs::{
        Backfill, BackfillForm, BackfillResult, BulkJobs, BulkResult, DueTimes, Enqueued, JobDetail, JobEvent,
        JobFilter, JobKind, JobRow, JobStats, JobsPort, PauseQueue, QueueView, ScheduleDraft, ScheduleEdit,
        ScheduleView, StartJob,
    },
    paging::Page,
};
use sqlx::PgConnection;

/// The service behind [`JobsPort`].
#[derive(Debug, Clone)]
pub struct JobsService {
    backend: Backend,
    registry: Registry,
}

impl JobsService {
    /// `registry` names the kinds that can be started and retried here.
    #[must_use]
    pub const fn new(backend: Backend, registry: Registry) -> Self {
        Self { backend, registry }
    }
}

async fn business_zone(connection: &mut PgConnection) -> Result<Tz, AppError> {
    Ok(store::settings::business(connection).await?.zone.parse().unwrap_or(Tz::UTC))
}

fn local(at: DateTime<Utc>, zone: Tz) -> DateTime<FixedOffset> {
    at.with_timezone(&zone).fixed_offset()
}

#[async_trait]
impl JobsPort for JobsService {
    async fn list(&self, who: &Principal, filter: JobFilter) -> Result<Page<JobRow>, AppError> {
        who.require(Permission::JobsView)?;
        self.read_list(who, &filter).await
    }

    async fn detail(&self, who: &Principal, id: JobId) -> Result<JobDetail, AppError> {
        who.require(Permission::JobsView)?;
        self.read_detail(who, id).await
    }

    async fn events(&self, who: &Principal, id: JobId, after: Option<i32>) -> Result<Vec<JobEvent>, AppError> {
        who.require(Permission::JobsView)?;
        self.read_events(who, id, after.unwrap_or(0)).await
    }

    async fn stats(&self, who: &Principal) -> Result<JobStats, AppError> {
        who.require(Permission::JobsView)?;
        self.read_stats().await
    }

    async fn kinds(&self, who: &Principal) -> Result<Vec<JobKind>, AppError> {
        who.require(Permission::JobsView)?;
        Ok(self.registry.kinds().copied().collect())
    }

    async fn start(
        &self,
        who: &Principal,
        command: StartJob,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<Enqueued, AppError>> {
        Answered::of(self.start_run(who, &command, key).await)
    }

    async fn cancel(&self, who: &Principal, id: JobId) -> Result<(), AppError> {
        who.require(Permission::JobsView)?;
        self.cancel_run(who, id).await
    }

    async fn retry(&self, who: &Principal, id: JobId) -> Result<Enqueued, AppError> {
        who.require(Permission::JobsRun)?;
        self.retry_run(who, id).await
    }

    async fn bulk(&self, who: &Principal, command: BulkJobs) -> Result<BulkResult, AppError> {
        who.require(Permission::JobsManage)?;
        self.act_on_all(who, command).await
    }

    async fn queues(&self, who: &Principal) -> Result<Vec<QueueView>, AppError> {
        who.require(Permission::JobsView)?;
        self.read_queues().await
    }

    async fn pause(&self, who: &Principal, queue: &str, command: PauseQueue) -> Result<QueueView, AppError> {
        who.require(Permission::JobsManage)?;
        command.validate().map_err(AppError::validation)?;
        self.set_pause(who, queue, Some(command.reason.trim())).await
    }

    async fn resume(&self, who: &Principal, queue: &str) -> Result<QueueView, AppError> {
        who.require(Permission::JobsManage)?;
        self.set_pause(who, queue, None).await
    }

    async fn schedules(&self, who: &Principal) -> Result<Vec<ScheduleView>, AppError> {
        who.require(Permission::JobsView)?;
        self.read_schedules().await
    }

    async fn edit_schedule(&self, who: &Principal, id: &str, edit: ScheduleEdit) -> Result<ScheduleView, AppError> {
        who.require(Permission::JobsManage)?;
        self.change_schedule(who, id, edit).await
    }

    async fn run_schedule(
        &self,
        who: &Principal,
        id: &str,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<Enqueued, AppError>> {
        Answered::of(self.run_schedule_now(who, id, key).await)
    }

    async fn backfill(
        &self,
        who: &Principal,
        id: &str,
        range: Backfill,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<BackfillResult, AppError>> {
        Answered::of(self.backfill_schedule(who, id, &range, key).await)
    }

    async fn backfill_local(&self, who: &Principal, id: &str, form: BackfillForm) -> Result<BackfillResult, AppError> {
        who.require(Permission::JobsManage)?;
        let range = self.range_of(id, &form).await?;
        self.backfill(who, id, range, None).await.value
    }

    async fn next_due(&self, who: &Principal, id: &str, count: u32) -> Result<DueTimes, AppError> {
        who.require(Permission::JobsView)?;
        self.due_times_of(id, count).await
    }

    async fn preview(&self, who: &Principal, draft: ScheduleDraft, count: u32) -> Result<DueTimes, AppError> {
        who.require(Permission::JobsView)?;
        self.due_times(draft, count).await
    }
}
