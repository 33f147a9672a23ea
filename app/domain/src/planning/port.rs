//! What pages and programs may ask of planning.

use super::{
    CancelRun, Explanation, ModelTemplate, NewRun, ProgressSeries, RunDetail, RunFilter, RunList, RunRemoved,
    RunResults, RunStarted, RunStatus, SolverList, Validation,
};
use crate::{
    AppError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::PlanRunId,
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

    /// Checks a document (JSON text) without solving it.
    async fn validate(&self, who: &Principal, document: String) -> Result<Validation, AppError>;

    fn solvers(&self, who: &Principal) -> Result<SolverList, AppError>;

    fn template(&self, who: &Principal) -> Result<ModelTemplate, AppError>;
}
