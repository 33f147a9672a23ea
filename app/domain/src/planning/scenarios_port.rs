//! What pages and programs may ask of scenarios and batches.

use super::{
    BatchDetail, BatchFilter, BatchList, BatchStarted, CopyScenario, ForceFigure, LetGo, LetGoScenario, NewBatch,
    ResolveScenario, RunStarted, ScenarioDetail, ScenarioDifference, ScenarioDraft, ScenarioList, ScenarioRef,
};
use crate::{
    AppError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::PlanBatchId,
};
use async_trait::async_trait;

/// Reading and resolving need `plan.view`, writing `plan.edit_scenario`.
#[async_trait]
pub trait ScenariosPort: Send + Sync + 'static {
    /// Built-in ones, then own ones in their newest version; archived ones are left out.
    async fn list(&self, who: &Principal) -> Result<ScenarioList, AppError>;

    async fn detail(&self, who: &Principal, scenario: ScenarioRef) -> Result<ScenarioDetail, AppError>;

    /// Its first version.
    async fn create(
        &self,
        who: &Principal,
        draft: ScenarioDraft,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<ScenarioDetail, AppError>>;

    /// A version more; `conflict` where the one named is not the newest.
    async fn change(
        &self,
        who: &Principal,
        scenario: ScenarioRef,
        draft: ScenarioDraft,
    ) -> Result<ScenarioDetail, AppError>;

    /// A scenario of its own with the same operations.
    async fn copy(
        &self,
        who: &Principal,
        scenario: ScenarioRef,
        copy: CopyScenario,
    ) -> Result<ScenarioDetail, AppError>;

    /// Takes all its versions off the list; runs keep theirs.
    async fn archive(&self, who: &Principal, scenario: ScenarioRef) -> Result<(), AppError>;

    /// A scenario of the run's own with just this let go; the one made before where it is the same.
    async fn let_go(&self, who: &Principal, asked: LetGo) -> Result<LetGoScenario, AppError>;

    /// A scenario of the run's own with this figure fixed, and its run; needs `plan.run`, too.
    async fn force(&self, who: &Principal, asked: ForceFigure) -> Result<RunStarted, AppError>;

    /// What it makes of an input.
    async fn resolve(
        &self,
        who: &Principal,
        scenario: ScenarioRef,
        over: ResolveScenario,
    ) -> Result<ScenarioDifference, AppError>;
}

/// Reading needs `plan.view`, everything else `plan.run`.
#[async_trait]
pub trait BatchesPort: Send + Sync + 'static {
    /// Checks the input and queues the job that queues its runs.
    async fn start(
        &self,
        who: &Principal,
        new: NewBatch,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<BatchStarted, AppError>>;

    /// The newest first.
    async fn list(&self, who: &Principal, filter: BatchFilter) -> Result<BatchList, AppError>;

    async fn detail(&self, who: &Principal, batch: PlanBatchId) -> Result<BatchDetail, AppError>;

    /// Ends what is not over; of a batch that is over nothing changes.
    async fn cancel(&self, who: &Principal, batch: PlanBatchId) -> Result<BatchDetail, AppError>;

    /// Solves again what failed; `conflict` where nothing did.
    async fn retry(&self, who: &Principal, batch: PlanBatchId) -> Result<BatchDetail, AppError>;
}
