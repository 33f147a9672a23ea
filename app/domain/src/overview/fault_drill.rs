//! The fault drill (`overview.md` 3.12): an administrator lets figures fail for a while, and sees that the pages stand.

use crate::{AppError, FieldError, access::Principal};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Bounds of a drill in seconds.
pub const SECONDS: std::ops::RangeInclusive<u32> = 1..=300;
/// Longest delay of a slow query in milliseconds.
const SLOWEST: u32 = 60_000;

/// What fails. It stands before the program's own look into the database; the database itself is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// No figure can be computed; nobody new can sign in.
    DbDown,
    /// The statement of this figure fails.
    QueryError { metric: String },
    /// The statement of this figure takes so much longer.
    SlowQuery { metric: String, ms: u32 },
    /// The statement of this figure never answers.
    NetworkTimeout { metric: String },
    /// The statement of this figure answers what cannot be true.
    InvalidData { metric: String },
    /// Live connections break off and none can be made.
    PushCut,
    /// The worker of the server takes no more jobs and does not say that it lives.
    WorkerStop,
    /// The database says that it is so far behind.
    ReplicaLag { seconds: u32 },
}

impl Fault {
    /// The kinds a page offers, with what a person calls them.
    pub const KINDS: [(&'static str, &'static str); 8] = [
        ("db_down", "Database unreachable"),
        ("query_error", "One query fails"),
        ("slow_query", "One query is slow"),
        ("network_timeout", "One query never answers"),
        ("invalid_data", "One query answers what cannot be true"),
        ("push_cut", "Live connection cut"),
        ("worker_stop", "Worker stopped"),
        ("replica_lag", "Database behind"),
    ];

    /// From the fields of a form.
    ///
    /// # Errors
    /// When `kind` is none of [`Fault::KINDS`].
    pub fn read(kind: &str, metric: &str, ms: &str, seconds: &str) -> Result<Self, Vec<FieldError>> {
        let metric = metric.to_owned();
        Ok(match kind {
            "db_down" => Self::DbDown,
            "query_error" => Self::QueryError { metric },
            "slow_query" => {
                let ms = ms.trim().parse();
                Self::SlowQuery {
                    metric,
                    ms: ms.map_err(|_| vec![FieldError::new("ms", "Write milliseconds such as 3000.")])?,
                }
            }
            "network_timeout" => Self::NetworkTimeout { metric },
            "invalid_data" => Self::InvalidData { metric },
            "push_cut" => Self::PushCut,
            "worker_stop" => Self::WorkerStop,
            "replica_lag" => {
                let seconds = seconds.trim().parse();
                let wrong = |_| vec![FieldError::new("lag_seconds", "Write seconds such as 30.")];
                Self::ReplicaLag { seconds: seconds.map_err(wrong)? }
            }
            _ => return Err(vec![FieldError::new("kind", "Choose what shall fail.")]),
        })
    }

    #[must_use]
    pub const fn label(&self) -> &'static str {
        let place = match self {
            Self::DbDown => 0,
            Self::QueryError { .. } => 1,
            Self::SlowQuery { .. } => 2,
            Self::NetworkTimeout { .. } => 3,
            Self::InvalidData { .. } => 4,
            Self::PushCut => 5,
            Self::WorkerStop => 6,
            Self::ReplicaLag { .. } => 7,
        };
        Self::KINDS[place].1
    }

    /// The figure it is about.
    #[must_use]
    pub fn metric(&self) -> Option<&str> {
        match self {
            Self::QueryError { metric }
            | Self::SlowQuery { metric, .. }
            | Self::NetworkTimeout { metric }
            | Self::InvalidData { metric } => Some(metric),
            Self::DbDown | Self::PushCut | Self::WorkerStop | Self::ReplicaLag { .. } => None,
        }
    }
}

/// Begins a drill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartDrill {
    pub faults: Vec<Fault>,
    /// 1 to 300; then it ends by itself.
    pub duration_seconds: u32,
    /// The server that answers unless all are meant.
    #[serde(default)]
    pub scope: Reach,
}

/// Whom a drill is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
// Sources have a reach too; names of the API's description are the whole API's.
#[schema(as = DrillScope)]
pub enum Reach {
    #[default]
    This,
    All,
}

impl StartDrill {
    /// `known` tells whether there is a figure of that key.
    ///
    /// # Errors
    /// Every fault of the command with its path.
    pub fn validate(&self, known: impl Fn(&str) -> bool) -> Result<(), Vec<FieldError>> {
        let mut wrong = Vec::new();
        if self.faults.is_empty() || self.faults.len() > 20 {
            wrong.push(FieldError::new("faults", "Name 1 to 20 faults."));
        }
        for (place, fault) in self.faults.iter().enumerate() {
            if fault.metric().is_some_and(|metric| !known(metric)) {
                wrong.push(FieldError::new(format!("faults[{place}].metric"), "There is no figure of that key."));
            }
            if let Fault::ReplicaLag { seconds } = fault
                && !(1..=SLOWEST).contains(seconds)
            {
                wrong.push(FieldError::new(
                    format!("faults[{place}].seconds"),
                    format!("Write 1 to {SLOWEST} seconds."),
                ));
            }
            if let Fault::SlowQuery { ms, .. } = fault
                && !(1..=SLOWEST).contains(ms)
            {
                wrong.push(FieldError::new(
                    format!("faults[{place}].ms"),
                    format!("Write 1 to {SLOWEST} milliseconds."),
                ));
            }
        }
        if !SECONDS.contains(&self.duration_seconds) {
            wrong.push(FieldError::new("duration_seconds", "A drill lasts 1 to 300 seconds."));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// The drill that runs in the process that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunningDrill {
    pub id: Uuid,
    pub started_by: String,
    pub started_at: DateTime<FixedOffset>,
    pub ends_at: DateTime<FixedOffset>,
    pub remaining_seconds: i64,
    pub faults: Vec<Fault>,
    pub scope: Reach,
    /// All checks are being run, one fault after the other.
    pub checking: bool,
    /// What was looked at so far.
    pub checks: Vec<DrillCheck>,
}

/// One thing that was looked at under one fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrillCheck {
    pub fault: String,
    pub check: String,
    pub passed: bool,
    /// What was seen.
    pub seen: String,
}

/// A drill that was, or is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrillRun {
    pub id: Uuid,
    pub started_by: String,
    pub started_at: DateTime<FixedOffset>,
    /// `None`: it runs, or its process was killed.
    pub ended_at: Option<DateTime<FixedOffset>>,
    pub faults: Vec<Fault>,
    pub checks: Vec<DrillCheck>,
    pub passed: i32,
    pub failed: i32,
}

/// `/overview/drill`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrillScreen {
    pub enabled: bool,
    pub running: Option<RunningDrill>,
    /// Newest first.
    pub runs: Vec<DrillRun>,
    /// They could not be read.
    pub runs_unavailable: bool,
    /// Keys of the figures that can be let fail.
    pub metrics: Vec<String>,
}

/// Rehearsing trouble.
#[async_trait]
pub trait FaultDrillPort: Send + Sync + 'static {
    /// # Errors
    /// Without the right; `not_found` where drills are switched off.
    async fn screen(&self, who: &Principal) -> Result<DrillScreen, AppError>;

    /// # Errors
    /// `conflict` when one runs already; `validation` with every fault.
    async fn start(&self, who: &Principal, command: &StartDrill) -> Result<RunningDrill, AppError>;

    /// Ends the running drill now; nothing when none runs.
    ///
    /// # Errors
    /// Without the right.
    async fn stop(&self, who: &Principal) -> Result<(), AppError>;

    /// Lets five faults come one after the other and looks whether the overview stands. It goes on by itself.
    ///
    /// # Errors
    /// `conflict` when a drill runs already.
    async fn run_all(&self, who: &Principal) -> Result<RunningDrill, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_tells_all_that_is_wrong_with_it() {
        let known = |key: &str| key == "sales.orders";
        let paths = |faults: Vec<Fault>, duration_seconds| {
            let wrong = StartDrill { faults, duration_seconds, scope: Reach::This }.validate(known).unwrap_err();
            wrong.into_iter().map(|fault| fault.path).collect::<Vec<_>>()
        };
        assert_eq!(paths(vec![], 0), ["faults", "duration_seconds"]);
        let slow = |metric: &str, ms| Fault::SlowQuery { metric: metric.into(), ms };
        let both = vec![slow("sales.orders", 0), Fault::QueryError { metric: "sales".into() }];
        assert_eq!(paths(both, 301), ["faults[0].ms", "faults[1].metric", "duration_seconds"]);
        assert_eq!(paths(vec![Fault::ReplicaLag { seconds: 0 }], 1), ["faults[0].seconds"]);
        let faults = vec![slow("sales.orders", 3_000), Fault::DbDown];
        let good = StartDrill { faults, duration_seconds: 300, scope: Reach::All };
        assert_eq!(good.validate(known), Ok(()));
    }

    #[test]
    fn a_form_reads_into_every_kind() {
        for (kind, label) in Fault::KINDS {
            let fault = Fault::read(kind, "sales.orders", "3000", "30").unwrap();
            assert_eq!(fault.label(), label);
            let json = serde_json::to_value(&fault).unwrap();
            assert_eq!(json["kind"], kind);
            assert_eq!(serde_json::from_value::<Fault>(json).unwrap(), fault);
        }
        assert_eq!(Fault::read("", "", "", "").unwrap_err()[0].path, "kind");
        assert_eq!(Fault::read("slow_query", "sales.orders", "x", "").unwrap_err()[0].path, "ms");
        assert_eq!(Fault::read("replica_lag", "", "", "x").unwrap_err()[0].path, "lag_seconds");
    }
}
