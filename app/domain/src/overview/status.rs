//! What the figures stand on, at a glance: the database, the worker, the live line, the sources.

use super::{
    cache::CacheArea,
    source::{SourceCounts, SourceState},
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub state: SourceState,
    pub last_success: Option<DateTime<FixedOffset>>,
    pub age_seconds: Option<i64>,
    pub error_class: Option<String>,
}

/// Connections of one face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolUse {
    pub face: String,
    pub in_use: u32,
    pub idle: u32,
    pub most: u32,
}

/// As the process that answers sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemStatus {
    pub database: Part,
    pub worker: Part,
    pub live: Part,
    /// Since when nobody reaches the database.
    pub outage_since: Option<DateTime<FixedOffset>>,
    /// Of the last answer, in microseconds.
    pub latency_us: Option<i64>,
    /// `None`: this database is the one that is written to.
    pub lag_seconds: Option<i64>,
    pub pools: Vec<PoolUse>,
    pub sources: SourceCounts,
    /// Figures kept by this process, by area.
    pub kept: Vec<CacheArea>,
}

impl SystemStatus {
    /// `0.4 ms`.
    #[must_use]
    pub fn latency(&self) -> Option<String> {
        // Far below 2^52 microseconds.
        #[allow(clippy::cast_precision_loss, reason = "written with one decimal")]
        self.latency_us.map(|us| format!("{:.1}\u{a0}ms", us as f64 / 1_000.0))
    }

    /// Words for the replica.
    #[must_use]
    pub fn replica(&self) -> String {
        match self.lag_seconds {
            None => "no replica: reads go to the database that is written to".to_owned(),
            Some(seconds) => format!("{seconds}\u{a0}s behind"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_speed_and_lag() {
        let part = Part {
            name: "Database".into(),
            state: SourceState::OnTime,
            last_success: None,
            age_seconds: None,
            error_class: None,
        };
        let mut status = SystemStatus {
            database: part.clone(),
            worker: part.clone(),
            live: part,
            outage_since: None,
            latency_us: Some(449),
            lag_seconds: None,
            pools: vec![],
            sources: SourceCounts::default(),
            kept: vec![],
        };
        assert_eq!(status.latency().as_deref(), Some("0.4\u{a0}ms"));
        assert!(status.replica().starts_with("no replica"));
        status.lag_seconds = Some(30);
        assert_eq!(status.replica(), "30\u{a0}s behind");
    }
}
