//! One run of a job as the panel shows it.

use crate::ids::JobId;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use words;

words! {
    /// `queued → running → succeeded | partial | failed | cancelled`; `queued → cancelled | skipped`;
    /// `running → queued` (retry, rescue).
    JobState {
        Queued => "queued",
        Running => "running",
        Succeeded => "succeeded",
        Partial => "partial",
        Failed => "failed",
        Cancelled => "cancelled",
        Skipped => "skipped",
    }
}

impl JobState {
    /// Waiting or at work: it will still change.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    /// Class of the badge that shows the state.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Succeeded => "good",
            Self::Partial | Self::Cancelled => "warn",
            Self::Failed => "bad",
            Self::Running => "info",
            Self::Queued | Self::Skipped => "neutral",
        }
    }
}

words! {
    /// Weight of a line in a run's log.
    EventLevel { Info => "info", Warn => "warn", Error => "error" }
}

/// What the program knows of a kind of job; one entry of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobKind {
    /// Stable name, e.g. `cleanup`.
    pub kind: &'static str,
    /// In the user's words.
    pub title: &'static str,
    pub queue: &'static str,
    pub timeout_seconds: i32,
    pub max_attempts: i32,
    /// May be started on its own from the panel; others only come from their feature.
    pub by_hand: bool,
}

/// How far a run is. `rate` is items a second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    pub done: i64,
    pub total: Option<i64>,
    pub step: Option<String>,
    pub rate: Option<f64>,
    pub eta_seconds: Option<i64>,
}

impl Progress {
    /// Fills in the remaining time from rate and total; unknown stays unknown.
    #[must_use]
    pub fn with_eta(mut self) -> Self {
        self.eta_seconds = match (self.total, self.rate) {
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "an estimate in whole seconds"
            )]
            (Some(total), Some(rate)) if rate > 0.0 && total >= self.done => {
                Some((((total - self.done) as f64) / rate).ceil().min(1e9) as i64)
            }
            _ => None,
        };
        self
    }

    /// Whole percent, when the total is known.
    #[must_use]
    pub fn percent(&self) -> Option<i64> {
        self.total.filter(|total| *total > 0).map(|total| (self.done.clamp(0, total) * 100) / total)
    }
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobRow {
    pub id: JobId,
    pub kind: String,
    pub title: String,
    pub queue: String,
    pub state: JobState,
    pub priority: i16,
    pub attempt: i32,
    pub max_attempts: i32,
    pub progress: Progress,
    pub schedule_id: Option<String>,
    pub requested_by: String,
    pub error_message: Option<String>,
    pub created_at: DateTime<FixedOffset>,
    pub run_at: DateTime<FixedOffset>,
    pub started_at: Option<DateTime<FixedOffset>>,
    pub finished_at: Option<DateTime<FixedOffset>>,
    pub cancel_requested: bool,
}

impl JobRow {
    /// Time at work, of a finished run.
    #[must_use]
    pub fn duration_seconds(&self) -> Option<i64> {
        Some((self.finished_at? - self.started_at?).num_seconds())
    }
}

/// The page of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobDetail {
    pub run: JobRow,
    pub payload: serde_json::Value,
    pub counters: serde_json::Value,
    pub result: Option<serde_json::Value>,
    pub error_code: Option<String>,
    pub worker_id: Option<String>,
    pub heartbeat_at: Option<DateTime<FixedOffset>>,
    pub cancel_requested_by: Option<String>,
    pub timeout_seconds: i32,
    pub dealer_id: Option<String>,
    /// The run this one repeats.
    pub parent_id: Option<JobId>,
    /// Runs that repeat this one, newest first.
    pub retries: Vec<JobId>,
    /// The newest lines of the log, oldest first.
    pub events: Vec<JobEvent>,
    /// Whether the caller may cancel, and may run it again.
    pub may_cancel: bool,
    pub may_retry: bool,
}

/// A line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobEvent {
    pub seq: i32,
    pub at: DateTime<FixedOffset>,
    pub level: EventLevel,
    pub step: Option<String>,
    pub message: String,
    pub data: Option<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_follows_from_rate_and_total() {
        let progress =
            Progress { done: 4_000, total: Some(10_000), rate: Some(250.0), ..Progress::default() }.with_eta();
        assert_eq!(progress.eta_seconds, Some(24));
        assert_eq!(progress.percent(), Some(40));
    }

    #[test]
    fn unknown_total_or_rate_stays_unknown() {
        let no_total = Progress { done: 5, rate: Some(1.0), ..Progress::default() }.with_eta();
        assert_eq!((no_total.eta_seconds, no_total.percent()), (None, None));
        let stalled = Progress { done: 5, total: Some(9), rate: Some(0.0), ..Progress::default() }.with_eta();
        assert_eq!(stalled.eta_seconds, None);
        assert_eq!(Progress { total: Some(0), ..Progress::default() }.percent(), None);
    }

    #[test]
    fn states_parse_back_and_only_two_are_open() {
        assert!(JobState::ALL.iter().all(|s| JobState::parse(s.as_str()) == Some(*s)));
        assert_eq!(JobState::ALL.iter().filter(|s| s.is_open()).count(), 2);
    }
}
