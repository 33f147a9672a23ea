//! Feature `jobs`: background work, its history and its schedules (`platform.md` 3.9, 3.10).

mod backfill;
mod port;
mod queue;
mod run;
mod schedule;
mod screen;

pub use backfill::BackfillForm;
pub use port::{BulkAction, BulkJobs, BulkResult, Enqueued, JobFilter, JobsPort, StartJob};
pub use queue::{JobStats, KindStats, PauseQueue, QueueView, StateCount};
pub use run::{EventLevel, JobDetail, JobEvent, JobKind, JobRow, JobState, Progress};
pub use schedule::{
    Backfill, BackfillResult, CatchUp, DueTimes, Overlap, ScheduleDraft, ScheduleEdit, ScheduleForm, ScheduleView,
};
pub use screen::{BulkScreen, JobsScreen, KindChoice, ScheduleScreen};

/// Queues of the platform; each is a row of `ops.queues`.
pub mod queues {
    pub const DEFAULT: &str = "default";
    pub const LIVE: &str = "live";
    pub const DEALER_FETCH: &str = "dealer_fetch";
    pub const IMPORT: &str = "import";
    pub const SOLVE: &str = "solve";
    pub const REPORT: &str = "report";
    pub const MAINTENANCE: &str = "maintenance";
}
