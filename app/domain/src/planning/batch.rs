//! Batches: one input under many scenarios, or under many draws of one, and what the costs say together.

use super::{InputChoice, RunOutcome, RunState, run::faults_of_limits};
use crate::{
    FieldError,
    ids::{PlanBatchId, PlanRunId, PlanScenarioId},
    words::words,
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Runs of a batch.
pub const MOST_RUNS: i32 = 200;
/// Shares of the outcomes that the tails of a batch are told for.
pub const ALPHAS: [f64; 3] = [0.90, 0.95, 0.99];

words! {
    #[schema(as = PlanBatchKind)]
    BatchKind {
        Scenarios => "scenarios", "Scenarios";
        Draws => "draws", "Draws";
    }
}

words! {
    /// Where a batch stands.
    #[schema(as = PlanBatchState)]
    BatchState {
        Queued => "queued", "Waiting";
        Running => "running", "Running";
        Completed => "completed", "Completed";
        Failed => "failed", "Failed";
        Cancelled => "cancelled", "Cancelled";
    }
}

impl BatchState {
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Completed => "good",
            Self::Failed => "bad",
            Self::Cancelled => "neutral",
            Self::Queued | Self::Running => "info",
        }
    }

    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// `BAT-000001`
#[must_use]
pub fn batch_label(batch_no: i64) -> String {
    format!("BAT-{batch_no:06}")
}

/// A scenario of a batch; probabilities are given for all of them, or for none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchScenario {
    pub name: String,
    /// None: the scenario's own.
    pub probability: Option<f64>,
}

/// A batch to be: `scenarios`, or `draws` of `scenario`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewBatch {
    pub input: InputChoice,
    pub scenarios: Vec<BatchScenario>,
    pub scenario: Option<String>,
    pub draws: Option<i32>,
    /// None: the scenario's own.
    pub seed: Option<i64>,
    pub solver: Option<String>,
    /// Seconds, of each run.
    pub time_limit: Option<f64>,
    pub mip_gap: Option<f64>,
}

impl NewBatch {
    /// # Errors
    /// Every fault of the request's own fields.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults: Vec<_> = self.input.validate().err().into_iter().collect();
        faults.extend(faults_of_limits(self.time_limit, self.mip_gap));
        let mut fault = |path: String, message: &str| faults.push(FieldError::new(path, message));
        match (&self.scenario, self.scenarios.is_empty()) {
            (Some(_), false) => fault("scenario".into(), "Name scenarios, or draws of one scenario, not both."),
            (None, true) => fault("scenarios".into(), "Name scenarios, or one scenario with draws."),
            (Some(_), true) => {
                if !self.draws.is_some_and(|draws| (1..=MOST_RUNS).contains(&draws)) {
                    fault("draws".into(), "There are 1 to 200 draws.");
                }
                if self.seed.is_some_and(|seed| seed < 0) {
                    fault("seed".into(), "The seed is a whole number of at least 0.");
                }
            }
            (None, false) => {
                if self.draws.is_some() || self.seed.is_some() {
                    fault("draws".into(), "Draws and seed belong to one scenario.");
                }
                if self.scenarios.len() > 200 {
                    fault("scenarios".into(), "A batch has at most 200 runs.");
                }
                let given = self.scenarios.iter().filter(|one| one.probability.is_some()).count();
                if given > 0 && given < self.scenarios.len() {
                    fault("scenarios".into(), "Give every scenario its probability, or none.");
                }
                for (i, one) in self.scenarios.iter().enumerate() {
                    if one.probability.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
                        fault(format!("scenarios[{i}].probability"), "A probability is above 0 and at most 1.");
                    }
                    if self.scenarios[..i].iter().any(|before| before.name == one.name) {
                        fault(format!("scenarios[{i}]"), "This scenario stands twice.");
                    }
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// A batch stands in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanBatchStarted)]
pub struct BatchStarted {
    pub batch_id: PlanBatchId,
    /// `BAT-000001`
    pub label: String,
    pub status: BatchState,
    pub message: String,
    pub runs: i64,
    pub timestamp: DateTime<FixedOffset>,
}

/// Cost of the worst outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanTail)]
pub struct Tail {
    pub alpha: f64,
    /// Smallest cost whose cumulative probability reaches alpha.
    pub value_at_risk: f64,
    /// Mean cost of what lies beyond, after Rockafellar and Uryasev.
    pub conditional_value_at_risk: f64,
}

/// Every run was optimised for its own outcome.
pub const WAIT_AND_SEE: &str = "wait and see";
/// The runs hold one plan; only what follows from it is optimised.
pub const UNDER_CHANCE: &str = "this plan under chance";
/// Some runs hold a plan, others do not.
pub const MIXED: &str = "mixed";

/// What the runs of a batch that have a plan cost together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanBatchTotals)]
pub struct BatchTotals {
    /// `wait and see`, `this plan under chance`, or `mixed`: the rows say which is which.
    pub basis: String,
    /// Runs that are counted.
    pub runs: i64,
    pub mean: f64,
    /// Of a sample; null of a single run.
    pub sd: Option<f64>,
    pub min: f64,
    pub max: f64,
    /// For 0.90, 0.95 and 0.99.
    pub tails: Vec<Tail>,
}

/// One row of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanBatchRun)]
pub struct BatchRun {
    /// From 1.
    pub n: i32,
    pub scenario_name: String,
    pub scenario_id: Option<PlanScenarioId>,
    pub draw: i32,
    /// Share of all; they sum to 1.
    pub probability: f64,
    /// `wait and see`: optimised for its own outcome; `this plan under chance`: its scenario holds a plan fast.
    pub basis: String,
    /// Null until it stands in the queue.
    pub run_id: Option<PlanRunId>,
    /// The run was deleted; what it came to stays here.
    pub run_removed: bool,
    pub label: Option<String>,
    pub status: RunState,
    pub outcome: Option<RunOutcome>,
    /// Of the resolved document.
    pub resolved_sha256: Option<String>,
    pub total_cost: Option<f64>,
    /// 0 to 1.
    pub fill_rate: Option<f64>,
    pub shortage_tonnes: Option<f64>,
    pub error_message: Option<String>,
}

/// One batch of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanBatchItem)]
pub struct BatchItem {
    pub batch_id: PlanBatchId,
    pub label: String,
    pub name: String,
    pub kind: BatchKind,
    pub status: BatchState,
    pub currency: String,
    /// Of draws.
    pub scenario_name: Option<String>,
    pub seed: Option<i64>,
    pub draws: Option<i32>,
    pub runs: i64,
    pub ended: i64,
    pub failed: i64,
    pub totals: Option<BatchTotals>,
    pub created_at: DateTime<FixedOffset>,
    pub created_by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanBatch)]
pub struct BatchDetail {
    pub batch: BatchItem,
    /// In the order of the batch.
    pub table: Vec<BatchRun>,
    /// Why its runs could not be queued.
    pub error_message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanBatches)]
pub struct BatchList {
    pub batches: Vec<BatchItem>,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchFilter {
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// A bar of a histogram: from `low` on, below `high` (the last one with it).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub low: f64,
    pub high: f64,
    pub runs: i64,
}

/// Equal bars over the costs, about as many as the root of their number says; none without costs.
#[must_use]
pub fn histogram(costs: &[f64]) -> Vec<Bar> {
    let low = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let high = costs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if costs.is_empty() {
        return Vec::new();
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if high - low <= f64::EPSILON * high.abs() {
        return vec![Bar { low, high, runs: count(costs.len()) }];
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "at most 200"
    )]
    let bars = (costs.len() as f64).sqrt().ceil() as u32;
    let bars = bars.clamp(2, 20);
    let width = (high - low) / f64::from(bars);
    (0..bars)
        .map(|n| {
            let (from, to) = (low + f64::from(n) * width, low + f64::from(n + 1) * width);
            let last = n + 1 == bars;
            let within = |cost: &&f64| **cost >= from && (**cost < to || last);
            Bar { low: from, high: if last { high } else { to }, runs: count(costs.iter().filter(within).count()) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws() -> NewBatch {
        NewBatch {
            input: InputChoice { use_sample_data: true, ..InputChoice::default() },
            scenario: Some("wet".into()),
            draws: Some(20),
            ..NewBatch::default()
        }
    }

    fn paths(batch: &NewBatch) -> Vec<String> {
        batch.validate().err().into_iter().flatten().map(|fault| fault.path).collect()
    }

    #[test]
    fn a_batch_has_scenarios_or_draws_of_one() {
        assert!(paths(&draws()).is_empty());
        assert_eq!(paths(&NewBatch { draws: Some(201), seed: Some(-1), ..draws() }), ["draws", "seed"]);
        let named = |name: &str, probability| BatchScenario { name: name.into(), probability };
        let scenarios = |scenarios| NewBatch { scenario: None, draws: None, scenarios, ..draws() };
        assert!(paths(&scenarios(vec![named("base", Some(0.6)), named("wet", Some(0.4))])).is_empty());
        assert_eq!(paths(&scenarios(vec![named("base", Some(0.6)), named("wet", None)])), ["scenarios"]);
        assert_eq!(paths(&scenarios(vec![named("wet", None), named("wet", None)])), ["scenarios[1]"]);
        assert_eq!(paths(&scenarios(vec![named("wet", Some(0.0))])), ["scenarios[0].probability"]);
        assert_eq!(paths(&scenarios(vec![])), ["scenarios"]);
        let two = InputChoice { network: Some("IN".into()), use_sample_data: true, ..InputChoice::default() };
        assert_eq!(
            paths(&NewBatch { input: two, scenarios: vec![named("a", None)], ..draws() }),
            ["input_data", "scenario"]
        );
    }

    #[test]
    fn every_cost_stands_in_one_bar() {
        let costs: Vec<f64> = (0..50).map(|n| f64::from(n * n)).collect();
        let bars = histogram(&costs);
        assert_eq!((bars.len(), bars.iter().map(|bar| bar.runs).sum::<i64>()), (8, 50));
        assert_eq!((bars[0].low, bars[7].high), (0.0, 2401.0));
        assert_eq!(histogram(&[7.0, 7.0]), [Bar { low: 7.0, high: 7.0, runs: 2 }]);
        assert!(histogram(&[]).is_empty());
    }
}
