//! Schedules as shown and edited. When they are due is computed by `engine::schedule`.

use super::run::words;
use crate::error::FieldError;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::fmt;

words! {
    /// What happens when a schedule is due while its last run is still open.
    Overlap { Skip => "skip", BufferOne => "buffer_one", Allow => "allow", CancelRunning => "cancel_running" }
}

words! {
    /// What happens with due times that passed while no scheduler ran.
    CatchUp { None => "none", Latest => "latest", All => "all" }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    pub id: String,
    pub title: String,
    pub group_name: String,
    pub owner_feature: String,
    pub kind: String,
    pub cron: Option<String>,
    pub every_seconds: Option<i32>,
    /// `None`: the business zone.
    pub zone: Option<String>,
    pub enabled: bool,
    pub overlap: Overlap,
    pub catch_up: CatchUp,
    pub catch_up_window_seconds: i32,
    pub jitter_seconds: i32,
    pub timeout_seconds: Option<i32>,
    pub max_attempts: Option<i32>,
    pub next_due_at: Option<DateTime<FixedOffset>>,
    pub last_fire_at: Option<DateTime<FixedOffset>>,
    pub last_success_at: Option<DateTime<FixedOffset>>,
    pub last_state: Option<String>,
    pub version: i32,
    /// The next five due times, in the schedule's zone.
    pub next: Vec<DateTime<FixedOffset>>,
}

impl ScheduleView {
    /// The rhythm in one line: the cron text, or "every 60 s".
    #[must_use]
    pub fn rhythm(&self) -> String {
        match (&self.cron, self.every_seconds) {
            (Some(cron), _) => cron.clone(),
            (None, Some(seconds)) => format!("every {seconds} s"),
            (None, None) => String::new(),
        }
    }
}

/// Changes to a schedule; what is `None` stays. `version` is the one that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleEdit {
    pub version: i32,
    pub enabled: Option<bool>,
    /// Replaces `every_seconds`.
    pub cron: Option<String>,
    /// Replaces `cron`.
    pub every_seconds: Option<i32>,
    /// Empty: back to the business zone.
    pub zone: Option<String>,
    pub overlap: Option<Overlap>,
    pub catch_up: Option<CatchUp>,
    pub catch_up_window_seconds: Option<i32>,
    pub jitter_seconds: Option<i32>,
    pub timeout_seconds: Option<i32>,
    pub max_attempts: Option<i32>,
}

impl ScheduleEdit {
    /// All that can be judged without a calendar; cron text and zone are judged by the engine.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut within = |path: &str, value: Option<i32>, low: i32, high: i32| {
            if value.is_some_and(|v| !(low..=high).contains(&v)) {
                faults.push(FieldError::new(path, format!("Give a whole number from {low} to {high}.")));
            }
        };
        within("every_seconds", self.every_seconds, 1, 31_536_000);
        within("catch_up_window_seconds", self.catch_up_window_seconds, 0, 2_592_000);
        within("jitter_seconds", self.jitter_seconds, 0, 3_600);
        within("timeout_seconds", self.timeout_seconds, 1, 86_400);
        within("max_attempts", self.max_attempts, 1, 100);
        if self.cron.is_some() && self.every_seconds.is_some() {
            faults.push(FieldError::new("every_seconds", "Give either a cron line or a number of seconds, not both."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// A rhythm being typed, for the preview of its due times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleDraft {
    pub cron: Option<String>,
    pub every_seconds: Option<i32>,
    pub zone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueTimes {
    pub zone: String,
    pub next: Vec<DateTime<FixedOffset>>,
}

/// Half-open range of due times to run late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    pub from: DateTime<FixedOffset>,
    pub to: DateTime<FixedOffset>,
}

impl Backfill {
    /// # Errors
    /// When the range is empty.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        if self.from < self.to { Ok(()) } else { Err(vec![FieldError::new("to", "The end must be after the start.")]) }
    }
}

/// How many runs a backfill made, and how many due times had one already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillResult {
    pub enqueued: i32,
    pub already_fired: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_of_an_edit_come_at_once() {
        let edit = ScheduleEdit {
            cron: Some("* * * * *".into()),
            every_seconds: Some(0),
            max_attempts: Some(0),
            ..ScheduleEdit::default()
        };
        let paths: Vec<_> = edit.validate().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["every_seconds", "max_attempts", "every_seconds"]);
    }
}
