//! A run: what is asked, where it stands, how it ended.

use super::{InputChoice, PlanPage, Verdict};
use crate::{
    AppError, FieldError,
    ids::{PlanBatchId, PlanId, PlanRunId, PlanScenarioId},
    paging,
    words::words,
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// Seconds, where neither the request nor the document says.
pub const DEFAULT_TIME_LIMIT: f64 = 300.0;

words! {
    /// Where a run stands.
    #[schema(as = PlanRunState)]
    RunState {
        Queued => "queued", "Waiting";
        Initializing => "initializing", "Starting";
        ValidatingData => "validating_data", "Checking the input";
        BuildingModel => "building_model", "Building the model";
        Solving => "solving", "Solving";
        ProcessingResults => "processing_results", "Checking the plan";
        Completed => "completed", "Completed";
        Failed => "failed", "Failed";
        Cancelled => "cancelled", "Cancelled";
    }
}

words! {
    /// What a solve came to.
    #[schema(as = PlanRunOutcome)]
    RunOutcome {
        Optimal => "optimal", "Optimal";
        FeasibleGap => "feasible_gap", "Within the gap";
        LimitWithPlan => "limit_with_plan", "Limit, with a plan";
        LimitNoPlan => "limit_no_plan", "Limit, no plan";
        Infeasible => "infeasible", "Infeasible";
        Unbounded => "unbounded", "Unbounded";
        Error => "error", "Error";
        Cancelled => "cancelled", "Cancelled";
    }
}

impl RunState {
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Completed => "good",
            Self::Failed => "bad",
            Self::Cancelled => "neutral",
            _ => "info",
        }
    }

    /// Nothing more happens to it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// 0 to 100: 5 the checks, 15 the model, 30 to 90 the share of the time limit, 95 the storing.
    #[must_use]
    pub fn progress(self, elapsed_seconds: f64, limit_seconds: f64) -> i32 {
        match self {
            Self::Queued | Self::Initializing => 0,
            Self::ValidatingData => 5,
            Self::BuildingModel => 15,
            #[allow(clippy::cast_possible_truncation, reason = "from 30 to 90")]
            Self::Solving => 30 + (60.0 * (elapsed_seconds / limit_seconds).clamp(0.0, 1.0)) as i32,
            Self::ProcessingResults => 95,
            Self::Completed | Self::Failed | Self::Cancelled => 100,
        }
    }
}

impl RunOutcome {
    /// The state in which a run of this outcome ends.
    #[must_use]
    pub const fn state(self) -> RunState {
        match self {
            Self::Error => RunState::Failed,
            Self::Cancelled => RunState::Cancelled,
            _ => RunState::Completed,
        }
    }

    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Optimal | Self::FeasibleGap => "good",
            Self::LimitWithPlan => "warn",
            Self::Cancelled => "neutral",
            Self::LimitNoPlan | Self::Infeasible | Self::Unbounded | Self::Error => "bad",
        }
    }

    /// Why the solve ended, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Optimal => "No cheaper plan exists.",
            Self::FeasibleGap => "The plan is within the gap that was asked for.",
            Self::LimitWithPlan => "A limit ended the solve; this is the best plan found until then.",
            Self::LimitNoPlan => "A limit ended the solve before it found a plan.",
            Self::Infeasible => "No plan keeps all hard limits.",
            Self::Unbounded => "Something can grow without end at a profit.",
            Self::Error => "The solve failed.",
            Self::Cancelled => "A person ended the solve.",
        }
    }
}

/// `OPT-000001`
#[must_use]
pub fn label(run_no: i64) -> String {
    format!("OPT-{run_no:06}")
}

/// A run to be. At most one of `use_sample_data`, `input_data`, `input_of_run`, `network` and `input_file`; none: the
/// document that the only network was frozen into last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewRun {
    /// A built-in scenario, or the code of an own one; `base` when not given.
    pub scenario_name: Option<String>,
    pub solver: Option<String>,
    /// Seconds, 1 to 3600; what the document says when not given.
    pub time_limit: Option<f64>,
    /// 0 to 0.5; what the document says when not given.
    pub mip_gap: Option<f64>,
    pub use_sample_data: bool,
    /// A document `millrace-plan/1` as JSON text.
    pub input_data: Option<String>,
    /// The same as a workbook or a zip of CSV files.
    #[serde(skip)]
    pub input_file: Option<Arc<Vec<u8>>>,
    /// What this run solved, without its scenario.
    pub input_of_run: Option<PlanRunId>,
    /// What the network of this code was frozen into last.
    pub network: Option<String>,
}

/// Of limits that a solve cannot have.
pub(super) fn faults_of_limits(time_limit: Option<f64>, mip_gap: Option<f64>) -> Vec<FieldError> {
    let outside = |value: Option<f64>, most: std::ops::RangeInclusive<f64>| value.is_some_and(|v| !most.contains(&v));
    let mut faults = Vec::new();
    if outside(time_limit, 1.0..=3600.0) {
        faults.push(FieldError::new("time_limit", "The time limit is 1 to 3600 seconds."));
    }
    if outside(mip_gap, 0.0..=0.5) {
        faults.push(FieldError::new("mip_gap", "The gap is 0 to 0.5."));
    }
    faults
}

impl NewRun {
    #[must_use]
    pub fn input(&self) -> InputChoice {
        InputChoice {
            use_sample_data: self.use_sample_data,
            input_data: self.input_data.clone(),
            input_of_run: self.input_of_run,
            network: self.network.clone(),
        }
    }

    /// # Errors
    /// Faults of the fields of the request; those of the document are found by the checks.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = faults_of_limits(self.time_limit, self.mip_gap);
        if self.input_file.is_none() {
            faults.extend(self.input().validate().err());
        } else if self.input() != InputChoice::default() {
            let message = "Choose one input: a document, a run's, a network's, or the sample.";
            faults.push(FieldError::new("input_data", message));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// What is typed to start a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SolveForm {
    /// `network`, `sample`, `document` or `file`.
    pub source: String,
    /// Code of a network.
    pub network: String,
    pub input_data: String,
    pub scenario_name: String,
    pub time_limit: String,
    pub mip_gap: String,
}

impl SolveForm {
    /// Of the fields of a form; others are left alone.
    #[must_use]
    pub fn of(values: &[(String, String)]) -> Self {
        let typed = |name: &str| values.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let typed = |name: &str| typed(name).unwrap_or_default();
        Self {
            source: typed("source"),
            network: typed("network"),
            input_data: typed("input_data"),
            scenario_name: typed("scenario_name"),
            time_limit: typed("time_limit"),
            mip_gap: typed("mip_gap"),
        }
    }

    /// # Errors
    /// `validation` with every field that cannot be read.
    pub fn read(self, file: Option<Arc<Vec<u8>>>) -> Result<NewRun, AppError> {
        let mut faults = Vec::new();
        let mut number = |path: &str, text: &str, wanted: &str| {
            let text = text.trim();
            let read = (!text.is_empty()).then(|| text.replace(',', ".").parse::<f64>());
            read.and_then(|read| read.map_err(|_| faults.push(FieldError::new(path, wanted))).ok())
        };
        let time_limit = number("time_limit", &self.time_limit, "Give seconds from 1 to 3600.");
        let mip_gap = number("mip_gap", &self.mip_gap, "Give a share from 0 to 0.5, such as 0.01.");
        if self.source == "file" && file.is_none() {
            faults.push(FieldError::new("file", "Choose a workbook (XLSX) or a zip of CSV files."));
        }
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        Ok(NewRun {
            scenario_name: Some(self.scenario_name).filter(|name| !name.is_empty()),
            solver: None,
            time_limit,
            mip_gap,
            use_sample_data: self.source == "sample",
            input_data: Some(self.input_data).filter(|_| self.source == "document"),
            input_of_run: None,
            network: Some(self.network).filter(|_| self.source == "network"),
            input_file: file.filter(|_| self.source == "file"),
        })
    }
}

/// A run stands in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunStarted)]
pub struct RunStarted {
    pub run_id: PlanRunId,
    /// `OPT-000001`
    pub label: String,
    pub status: RunState,
    pub message: String,
    /// Seconds, from runs of late; at most the time limit.
    pub estimated_runtime: f64,
    pub timestamp: DateTime<FixedOffset>,
    pub validation_status: Verdict,
    pub solver_used: String,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunStatus)]
pub struct RunStatus {
    pub run_id: PlanRunId,
    pub status: RunState,
    /// 0 to 100.
    pub progress: i32,
    pub start_time: Option<DateTime<FixedOffset>>,
    pub estimated_completion: Option<DateTime<FixedOffset>>,
    pub error_message: Option<String>,
    pub outcome: Option<RunOutcome>,
    /// What the solver is at, in its own words.
    pub phase: Option<String>,
    pub incumbent: Option<f64>,
    pub bound: Option<f64>,
    pub gap: Option<f64>,
    pub nodes: Option<i64>,
    pub elapsed_seconds: Option<f64>,
    /// 1 is the next to start.
    pub queue_position: Option<i64>,
}

/// One step of a solve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunProgress)]
pub struct ProgressPoint {
    pub seq: i32,
    pub elapsed_seconds: f64,
    pub phase: String,
    pub incumbent: Option<f64>,
    pub bound: Option<f64>,
    pub gap: Option<f64>,
    pub nodes: i64,
    pub lp_iterations: i64,
}

/// The course of a solve, the oldest step first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunCourse)]
pub struct ProgressSeries {
    pub run_id: PlanRunId,
    pub progress: Vec<ProgressPoint>,
}

/// One run of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunItem)]
pub struct RunItem {
    pub run_id: PlanRunId,
    pub label: String,
    pub name: String,
    pub status: RunState,
    pub outcome: Option<RunOutcome>,
    pub scenario_name: String,
    /// The version of an own scenario that it used.
    pub scenario_id: Option<PlanScenarioId>,
    pub scenario_version: Option<i32>,
    /// From 0; a single run is draw 0.
    pub draw: i32,
    pub batch_id: Option<PlanBatchId>,
    pub currency: String,
    pub total_cost: Option<f64>,
    pub gap: Option<f64>,
    pub created_at: DateTime<FixedOffset>,
    pub created_by: String,
    pub start_time: Option<DateTime<FixedOffset>>,
    pub end_time: Option<DateTime<FixedOffset>>,
    pub error_message: Option<String>,
}

/// A run as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDetail {
    pub run: RunItem,
    pub time_limit_seconds: f64,
    pub now: RunStatus,
    /// Its course, thinned where it is long.
    pub course: Vec<ProgressPoint>,
    /// When it is over.
    pub plan: Option<PlanPage>,
    /// The plan that another figure is forced on.
    pub forced_from: Option<ForcedFrom>,
}

/// A plan, and what it costs by component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForcedFrom {
    pub plan_id: PlanId,
    /// Of its run.
    pub label: String,
    pub costs: BTreeMap<String, f64>,
}

/// At most about `most` steps of a course, with the first and the last.
#[must_use]
pub fn thinned(course: Vec<ProgressPoint>, most: usize) -> Vec<ProgressPoint> {
    let every = course.len().div_ceil(most.max(1)).max(1);
    let last = course.len().saturating_sub(1);
    course.into_iter().enumerate().filter(|(n, _)| n % every == 0 || *n == last).map(|(_, point)| point).collect()
}

/// Runs of a filter, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunList)]
pub struct RunList {
    pub runs: Vec<RunItem>,
    pub total_count: i64,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFilter {
    pub status_filter: Option<String>,
    pub scenario: Option<String>,
    pub outcome: Option<String>,
    /// In the name of who asked for it.
    pub person: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

impl RunFilter {
    /// # Errors
    /// Of a state or outcome that is none, or a limit outside 1 to 100.
    pub fn validate(&self) -> Result<(), AppError> {
        let mut faults = Vec::new();
        if let Some(state) = self.status_filter.as_deref().filter(|state| RunState::parse(state).is_none()) {
            let known: Vec<_> = RunState::ALL.iter().map(|state| state.as_str()).collect();
            let message = format!("There is no state \"{state}\"; the states are {}.", known.join(", "));
            faults.push(FieldError::new("status_filter", message));
        }
        if let Some(outcome) = self.outcome.as_deref().filter(|outcome| RunOutcome::parse(outcome).is_none()) {
            let known: Vec<_> = RunOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
            let message = format!("There is no outcome \"{outcome}\"; the outcomes are {}.", known.join(", "));
            faults.push(FieldError::new("outcome", message));
        }
        if self.limit.is_some_and(|limit| !(1..=paging::MAX_LIMIT).contains(&limit)) {
            faults.push(FieldError::new("limit", "A page has 1 to 100 rows."));
        }
        if faults.is_empty() { Ok(()) } else { Err(AppError::validation(faults)) }
    }
}

/// How a run is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = CancelPlanRun)]
pub struct CancelRun {
    /// Whether the best plan found until then is checked and kept.
    pub keep_incumbent: bool,
}

impl Default for CancelRun {
    fn default() -> Self {
        Self { keep_incumbent: true }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunRemoved)]
pub struct RunRemoved {
    pub run_id: PlanRunId,
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_follows_the_share_of_the_time_limit() {
        let shown = [0.0, 30.0, 60.0, 90.0].map(|elapsed| RunState::Solving.progress(elapsed, 60.0));
        assert_eq!(shown, [30, 60, 90, 90]);
        assert_eq!((RunState::Queued.progress(9.0, 1.0), RunState::Failed.progress(0.0, 1.0)), (0, 100));
    }

    #[test]
    fn a_long_course_keeps_its_first_and_its_last_step() {
        let point = |seq: i32| ProgressPoint {
            seq,
            elapsed_seconds: seq.into(),
            phase: "solving".into(),
            incumbent: None,
            bound: None,
            gap: None,
            nodes: 0,
            lp_iterations: 0,
        };
        let seqs = |n: i32, most| thinned((0..n).map(point).collect(), most).iter().map(|p| p.seq).collect::<Vec<_>>();
        assert_eq!((seqs(0, 3), seqs(3, 3), seqs(8, 3)), (vec![], vec![0, 1, 2], vec![0, 3, 6, 7]));
    }

    #[test]
    fn a_run_has_one_input() {
        let faults = |new: NewRun| new.validate().err().map(|faults| faults.iter().map(|f| f.path.clone()).collect());
        let sample = NewRun { use_sample_data: true, ..NewRun::default() };
        assert_eq!(faults(sample.clone()), None::<Vec<String>>);
        // Without any it is that of the only network.
        assert_eq!(faults(NewRun::default()), None);
        let two = NewRun { network: Some("IN".into()), ..sample.clone() };
        assert_eq!(faults(two), Some(vec!["input_data".to_owned()]));
        assert_eq!(faults(NewRun { input_data: Some(String::new()), ..sample.clone() }).map(|f| f.len()), Some(1));
        let wild = NewRun { time_limit: Some(0.5), mip_gap: Some(f64::NAN), ..sample };
        assert_eq!(faults(wild), Some(vec!["time_limit".to_owned(), "mip_gap".to_owned()]));
    }

    #[test]
    fn every_outcome_ends_a_run() {
        assert!(RunOutcome::ALL.iter().all(|outcome| outcome.state().is_over()));
        assert_eq!(
            (RunOutcome::parse("limit_no_plan"), RunState::parse("done")),
            (Some(RunOutcome::LimitNoPlan), None)
        );
    }
}
