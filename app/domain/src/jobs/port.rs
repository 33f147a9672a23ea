//! What pages, server functions and REST may ask of jobs.

use super::{
    backfill::BackfillForm,
    queue::{JobStats, PauseQueue, QueueView},
    run::{JobDetail, JobEvent, JobKind, JobRow, words},
    schedule::{Backfill, BackfillResult, DueTimes, ScheduleDraft, ScheduleEdit, ScheduleView},
};
use crate::{
    access::Principal,
    error::AppError,
    idempotency::{Answered, IdempotencyKey},
    ids::JobId,
    paging::Page,
    query,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Filters of the list as they stand in the URL; empty text means no filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct JobFilter {
    /// A state, or `open` for queued and running.
    pub state: Option<String>,
    pub kind: Option<String>,
    pub queue: Option<String>,
    pub schedule: Option<String>,
    pub dealer: Option<String>,
    /// Part of the requester's name.
    pub requester: Option<String>,
    /// Text in kind, payload, step or error.
    pub q: Option<String>,
    /// Created from this time on (RFC 3339).
    pub from: Option<String>,
    /// Created before this time (RFC 3339).
    pub to: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// Start a job by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartJob {
    pub kind: String,
    #[serde(default)]
    pub payload: serde_json::Value,
}

/// Answer of everything that enqueues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Enqueued {
    pub job_id: JobId,
    /// An open run with the same unique key was there; this is its id.
    pub deduplicated: bool,
}

words! {
    /// What to do with all runs that match a filter.
    BulkAction { Cancel => "cancel", Retry => "retry", Delete => "delete" }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkJobs {
    pub action: BulkAction,
    #[serde(default)]
    pub filter: JobFilter,
    /// Only these runs, within the filter.
    #[serde(default)]
    pub ids: Vec<JobId>,
    /// Only say how many.
    #[serde(default)]
    pub dry_run: bool,
}

impl BulkJobs {
    /// From the address of the page that asks before it acts: `action`, any number of `ids`, and a filter.
    ///
    /// # Errors
    /// A fault of `action`, or of `ids`.
    pub fn from_query(query: &str) -> Result<Self, AppError> {
        let pairs = query::pairs(query);
        let action = pairs.iter().find(|(name, _)| name == "action").and_then(|(_, value)| BulkAction::parse(value));
        let action = action.ok_or_else(|| AppError::field("action", "Choose cancel, retry or delete."))?;
        let ids = query::ticked(&pairs)?;
        let filter = JobFilter { cursor: None, limit: None, ..JobFilter::from_query(query) };
        Ok(Self { action, filter, ids, dry_run: false })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkResult {
    pub matched: i64,
    pub changed: i64,
}

#[async_trait::async_trait]
pub trait JobsPort: Send + Sync + 'static {
    /// Right `jobs.view`, as for all that only reads.
    async fn list(&self, who: &Principal, filter: JobFilter) -> Result<Page<JobRow>, AppError>;
    async fn detail(&self, who: &Principal, id: JobId) -> Result<JobDetail, AppError>;
    /// Lines of the log after `after`, oldest first, at most 500.
    async fn events(&self, who: &Principal, id: JobId, after: Option<i32>) -> Result<Vec<JobEvent>, AppError>;
    async fn stats(&self, who: &Principal) -> Result<JobStats, AppError>;
    async fn kinds(&self, who: &Principal) -> Result<Vec<JobKind>, AppError>;

    /// Right `jobs.run`.
    async fn start(
        &self,
        who: &Principal,
        command: StartJob,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<Enqueued, AppError>>;
    /// Right `jobs.run` for own runs, `jobs.manage` for others'. `conflict` when it is over.
    async fn cancel(&self, who: &Principal, id: JobId) -> Result<(), AppError>;
    /// Right `jobs.run`. A new run linked to the old one; `conflict` while it is open.
    async fn retry(&self, who: &Principal, id: JobId) -> Result<Enqueued, AppError>;
    /// Right `jobs.manage`.
    async fn bulk(&self, who: &Principal, command: BulkJobs) -> Result<BulkResult, AppError>;

    async fn queues(&self, who: &Principal) -> Result<Vec<QueueView>, AppError>;
    /// Right `jobs.manage`; runs at work go on, waiting ones wait.
    async fn pause(&self, who: &Principal, queue: &str, command: PauseQueue) -> Result<QueueView, AppError>;
    async fn resume(&self, who: &Principal, queue: &str) -> Result<QueueView, AppError>;

    async fn schedules(&self, who: &Principal) -> Result<Vec<ScheduleView>, AppError>;
    /// Right `jobs.manage`. `conflict` when `version` is not the current one.
    async fn edit_schedule(&self, who: &Principal, id: &str, edit: ScheduleEdit) -> Result<ScheduleView, AppError>;
    /// Right `jobs.run`. Does not move the next due time.
    async fn run_schedule(
        &self,
        who: &Principal,
        id: &str,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<Enqueued, AppError>>;
    /// Right `jobs.manage`. At most 1,000 due times.
    async fn backfill(
        &self,
        who: &Principal,
        id: &str,
        range: Backfill,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<BackfillResult, AppError>>;
    /// The same with times of the schedule's wall clock.
    async fn backfill_local(&self, who: &Principal, id: &str, form: BackfillForm) -> Result<BackfillResult, AppError>;
    async fn next_due(&self, who: &Principal, id: &str, count: u32) -> Result<DueTimes, AppError>;
    /// Due times of a rhythm being typed.
    async fn preview(&self, who: &Principal, draft: ScheduleDraft, count: u32) -> Result<DueTimes, AppError>;
}

impl JobFilter {
    /// From the query part of an address; unknown names and empty values are left out.
    #[must_use]
    pub fn from_query(query: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in crate::query::pairs(query) {
            if value.trim().is_empty() {
                continue;
            }
            match name.as_str() {
                "state" => filter.state = Some(value),
                "kind" => filter.kind = Some(value),
                "queue" => filter.queue = Some(value),
                "schedule" => filter.schedule = Some(value),
                "dealer" => filter.dealer = Some(value),
                "requester" => filter.requester = Some(value),
                "q" => filter.q = Some(value),
                "from" => filter.from = Some(value),
                "to" => filter.to = Some(value),
                "cursor" => filter.cursor = Some(value),
                "limit" => filter.limit = value.parse().ok(),
                _ => {}
            }
        }
        filter
    }

    /// The query part of the list's address with this filter.
    #[must_use]
    pub fn to_query(&self) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let pairs = [
            ("state", &self.state),
            ("kind", &self.kind),
            ("queue", &self.queue),
            ("schedule", &self.schedule),
            ("dealer", &self.dealer),
            ("requester", &self.requester),
            ("q", &self.q),
            ("from", &self.from),
            ("to", &self.to),
            ("limit", &limit),
            ("cursor", &self.cursor),
        ];
        crate::query::write(pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_with_which_runs_is_read_from_the_address() {
        let id = "01890000-0000-7000-8000-000000000001";
        let asked = BulkJobs::from_query(&format!("action=retry&ids={id}&kind=cleanup&cursor=x")).unwrap();
        assert_eq!(
            (asked.action, asked.ids.len(), asked.filter.kind.as_deref()),
            (BulkAction::Retry, 1, Some("cleanup"))
        );
        assert_eq!(asked.filter.cursor, None);
        let fault = |query: &str| BulkJobs::from_query(query).unwrap_err().fields[0].path.clone();
        assert_eq!(fault("action=explode"), "action");
        assert_eq!(fault(&format!("action=retry&ids={id}&ids=nonsense")), "ids");
        assert_eq!(fault("action=delete&ids=nonsense"), "ids", "all of the list are not meant");
    }

    #[test]
    fn a_filter_survives_its_address() {
        let filter = JobFilter::from_query("?state=open&q=a%20b%26c&kind=&limit=50&nonsense=1&cursor=x-y");
        assert_eq!(
            (filter.state.as_deref(), filter.q.as_deref(), filter.kind.as_deref()),
            (Some("open"), Some("a b&c"), None)
        );
        assert_eq!(JobFilter::from_query(&filter.to_query()), filter);
    }
}
