//! Fetching a dealer's records: what may be asked, and what came of it.

use super::Feed;
use crate::{FieldError, ids::JobId, jobs::JobState, words::words};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Starts a fetch of one feed of one dealer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StartFetch {
    /// The dealer's code.
    pub dealer_id: String,
    /// One of the feeds; `prospect` unless said.
    pub fetch_type: Option<String>,
    /// ISO 8601, or `YYYY-MM-DD HH:MM:SS` in the dealer's zone; the beginning of today unless said.
    pub from_time: Option<String>,
    /// Likewise; now unless said.
    pub to_time: Option<String>,
    /// The feed's free filter.
    pub no_po: Option<String>,
}

impl StartFetch {
    /// The feed that is asked for.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn feed(&self) -> Result<Feed, FieldError> {
        let name = self.fetch_type.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("prospect");
        Feed::parse(name).ok_or_else(|| {
            let known: Vec<_> = Feed::ALL.iter().map(|feed| feed.as_str()).collect();
            FieldError::new("fetch_type", format!("Choose what is fetched: {}.", known.join(", ")))
        })
    }

    /// The filter, if one is asked for.
    ///
    /// # Errors
    /// When it is too long or holds signs that are no text.
    pub fn filter(&self) -> Result<Option<&str>, FieldError> {
        let text = self.no_po.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if text.is_some_and(|text| text.chars().count() > 60 || text.chars().any(char::is_control)) {
            return Err(FieldError::new("no_po", "Write at most 60 characters."));
        }
        Ok(text)
    }
}

/// A fetch that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FetchStarted {
    pub message: String,
    /// Of the run; see `/jobs/{task_id}/status`.
    pub task_id: JobId,
    pub dealer_id: String,
    pub fetch_type: Feed,
    pub status: JobState,
    /// The same was asked before and is still open.
    pub deduplicated: bool,
}

words! {
    /// How far a window is.
    #[schema(as = FetchWindowState)]
    WindowState {
        Pending => "pending", "Waits";
        Running => "running", "Runs";
        Done => "done", "Done";
        Failed => "failed", "Failed";
    }
}

/// What became of records: `received` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FetchCounts {
    pub received: i64,
    /// New here.
    pub inserted: i64,
    /// Known, and changed since.
    pub updated: i64,
    /// Known as they are.
    pub unchanged: i64,
    /// Older than what is kept.
    pub stale: i64,
    /// The same record again in one answer.
    pub duplicate: i64,
    /// Kept back for a fault.
    pub rejected: i64,
}

impl FetchCounts {
    /// By name, for the counters of a run.
    #[must_use]
    pub const fn named(self) -> [(&'static str, i64); 7] {
        [
            ("received", self.received),
            ("inserted", self.inserted),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("stale", self.stale),
            ("duplicate", self.duplicate),
            ("rejected", self.rejected),
        ]
    }
}

impl std::ops::AddAssign for FetchCounts {
    fn add_assign(&mut self, more: Self) {
        self.received += more.received;
        self.inserted += more.inserted;
        self.updated += more.updated;
        self.unchanged += more.unchanged;
        self.stale += more.stale;
        self.duplicate += more.duplicate;
        self.rejected += more.rejected;
    }
}

/// A part of the range that one call asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FetchWindow {
    pub seq: i32,
    pub from: DateTime<FixedOffset>,
    pub to: DateTime<FixedOffset>,
    pub state: WindowState,
    pub attempts: i32,
    pub counters: FetchCounts,
    /// Class of the error that ended it.
    pub error_class: Option<String>,
    pub duration_ms: Option<i64>,
}

/// Progress of a fetch, in windows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FetchProgress {
    pub done: i64,
    pub total: i64,
    pub unit: String,
    pub percent: i64,
    pub step: Option<String>,
    pub rate: Option<f64>,
    pub eta_seconds: Option<i64>,
}

/// Why a fetch failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FetchError {
    pub class: String,
    pub message: String,
}

/// One fetch with its windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FetchStatus {
    pub task_id: JobId,
    pub dealer_id: String,
    pub fetch_type: Feed,
    pub status: JobState,
    pub progress: FetchProgress,
    pub counters: FetchCounts,
    pub windows: Vec<FetchWindow>,
    pub error: Option<FetchError>,
}

/// A fetch in the list of a dealer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FetchRow {
    pub task_id: JobId,
    pub fetch_type: Feed,
    pub status: JobState,
    pub from: DateTime<FixedOffset>,
    pub to: DateTime<FixedOffset>,
    pub counters: FetchCounts,
    pub error: Option<FetchError>,
    pub requested_by: String,
    pub created_at: DateTime<FixedOffset>,
    pub finished_at: Option<DateTime<FixedOffset>>,
}

/// What was fetched of a feed so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedCoverage {
    pub feed: Feed,
    /// Records that are kept.
    pub records: i64,
    /// Whether it is fetched.
    pub is_enabled: bool,
    /// Why it is not, where the program switched it off.
    pub reason: Option<String>,
    pub covered: Vec<FetchRange>,
    /// Parts of the days that can still be asked for which were never fetched.
    pub gaps: Vec<FetchRange>,
    /// End of the latest range that was fetched.
    pub watermark: Option<DateTime<FixedOffset>>,
}

/// Both ends belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FetchRange {
    pub from: DateTime<FixedOffset>,
    pub to: DateTime<FixedOffset>,
}

/// What was fetched of a dealer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DealerFetches {
    /// Prospects that are kept.
    pub prospects: i64,
    /// Records kept back that nobody has decided on.
    pub open_rejects: i64,
    pub coverage: Vec<FeedCoverage>,
    /// The newest first.
    pub runs: Vec<FetchRow>,
}
