//! What the pages of jobs get in one piece.

use super::{
    port::{BulkAction, JobFilter},
    queue::{QueueView, StateCount},
    run::JobRow,
    schedule::{BackfillResult, DueTimes, ScheduleForm, ScheduleView},
};
use crate::{error::AppError, paging::Page};
use serde::{Deserialize, Serialize};

/// A kind to choose, in the filter or to start by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindChoice {
    pub kind: String,
    pub title: String,
    pub by_hand: bool,
}

/// `/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobsScreen {
    pub filter: JobFilter,
    pub page: Page<JobRow>,
    pub states: Vec<StateCount>,
    pub window_days: i32,
    pub kinds: Vec<KindChoice>,
    pub queues: Vec<QueueView>,
}

/// `/jobs/act`: how many runs an action would change, before it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkScreen {
    pub action: BulkAction,
    /// Runs the action fits among those asked for.
    pub matched: i64,
    /// Chosen one by one; else all that match the filter.
    pub selected: bool,
    pub filter: JobFilter,
    /// What the action changed, when it was done already.
    pub changed: Option<i64>,
}

/// `/jobs/schedules/{id}`: the form as far as it is filled in, and when the schedule would then be due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleScreen {
    pub schedule: ScheduleView,
    pub form: ScheduleForm,
    pub due: Result<DueTimes, AppError>,
    /// What a backfill did, when one was just made.
    pub filled: Option<BackfillResult>,
}
