//! What pages and programs may ask of planning.

use super::{
    CancelRun, CompareQuery, Comparison, Explanation, Handed, InputCheck, ModelTemplate, NewRun, PlanAct, PlanDetail,
    PlanFilter, PlanList, PlanMap, PlanScreen, ProgressSeries, Reason, RunDetail, RunFilter, RunList, RunRemoved,
    RunResults, RunStarted, RunStatus, SolverList, Validation,
};
use crate::{
    AppError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::{PlanId, PlanRunId},
};
use async_trait::async_trait;

/// Results, or where the run stands while there are none.
#[derive(Debug, Clone, PartialEq)]
pub enum Results {
    Ready(Box<RunResults>),
    Waiting(RunStatus),
}

/// What asking for the end of a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct CancelAnswer {
    pub status: RunStatus,
    /// False: it was over already, or somebody has asked before.
    pub asked: bool,
}

/// Reading needs `plan.view`, everything else `plan.run`.
#[async_trait]
pub trait PlanningPort: Send + Sync + 'static {
    /// Checks the document and queues its solve; with an error in it nothing is stored.
    async fn start(
        &self,
        who: &Principal,
        new: NewRun,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RunStarted, AppError>>;

    /// The same once more: input, scenario in its version and draw, and what was asked instead of the document.
    async fn again(&self, who: &Principal, run: PlanRunId) -> Result<RunStarted, AppError>;

    async fn list(&self, who: &Principal, filter: RunFilter) -> Result<RunList, AppError>;

    /// All of one run.
    async fn detail(&self, who: &Principal, run: PlanRunId) -> Result<RunDetail, AppError>;

    async fn status(&self, who: &Principal, run: PlanRunId) -> Result<RunStatus, AppError>;

    async fn results(&self, who: &Principal, run: PlanRunId) -> Result<Results, AppError>;

    async fn explanation(&self, who: &Principal, run: PlanRunId) -> Result<Explanation, AppError>;

    async fn progress(&self, who: &Principal, run: PlanRunId) -> Result<ProgressSeries, AppError>;

    /// Of a run that is over nothing changes.
    async fn cancel(&self, who: &Principal, run: PlanRunId, how: CancelRun) -> Result<CancelAnswer, AppError>;

    /// Own runs; those of others need `plan.settings`. `conflict` while it runs.
    async fn remove(&self, who: &Principal, run: PlanRunId) -> Result<RunRemoved, AppError>;

    /// What would be said of a run before it is solved; nothing is kept. Needs `plan.run`.
    async fn check(&self, who: &Principal, new: NewRun) -> Result<InputCheck, AppError>;

    /// Checks a document without solving it.
    async fn validate(&self, who: &Principal, document: Handed) -> Result<Validation, AppError>;

    fn solvers(&self, who: &Principal) -> Result<SolverList, AppError>;

    fn template(&self, who: &Principal) -> Result<ModelTemplate, AppError>;
}

/// Plans after their solve. Reading needs `plan.view`.
#[async_trait]
pub trait PlansPort: Send + Sync + 'static {
    /// The newest first.
    async fn list(&self, who: &Principal, filter: PlanFilter) -> Result<PlanList, AppError>;

    async fn detail(&self, who: &Principal, plan: PlanId) -> Result<PlanDetail, AppError>;

    /// All of one plan.
    async fn screen(&self, who: &Principal, plan: PlanId) -> Result<PlanScreen, AppError>;

    /// On the map, of a period by its place from 1 on, or of all.
    async fn map(&self, who: &Principal, plan: PlanId, period: Option<usize>) -> Result<PlanMap, AppError>;

    /// Proposing needs `plan.propose`, as withdrawing what one proposed; deciding needs `plan.approve` and another person
    /// than the proposer. `conflict` from a state in which it cannot be done.
    async fn act(&self, who: &Principal, plan: PlanId, act: PlanAct, why: Reason) -> Result<PlanDetail, AppError>;

    /// With all rows of the filter.
    async fn compare(&self, who: &Principal, asked: &CompareQuery) -> Result<Comparison, AppError>;
}
