//! Queues and figures of the panel.

use super::run::JobState;
use crate::error::FieldError;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A queue with what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueView {
    pub name: String,
    pub concurrency: i32,
    pub per_key_concurrency: Option<i32>,
    pub queued: i64,
    pub running: i64,
    pub paused_at: Option<DateTime<FixedOffset>>,
    pub paused_by: Option<String>,
    pub pause_reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseQueue {
    pub reason: String,
}

impl PauseQueue {
    /// # Errors
    /// When the reason is missing or longer than 300 characters.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        match self.reason.trim().chars().count() {
            1..=300 => Ok(()),
            0 => Err(vec![FieldError::new("reason", "Say why the queue is paused; everybody sees it.")]),
            _ => Err(vec![FieldError::new("reason", "Keep the reason within 300 characters.")]),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateCount {
    pub state: JobState,
    pub runs: i64,
}

/// How runs of a kind went in the window of [`JobStats`]. `success_rate` is within 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KindStats {
    pub kind: String,
    pub finished: i64,
    pub failed: i64,
    pub success_rate: Option<f64>,
    pub p50_seconds: Option<f64>,
    pub p95_seconds: Option<f64>,
    /// Median of the window before, for the trend.
    pub previous_p50_seconds: Option<f64>,
}

/// Figures over the last `window_days`; open runs are counted whatever their age.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobStats {
    pub window_days: i32,
    pub states: Vec<StateCount>,
    pub kinds: Vec<KindStats>,
}
