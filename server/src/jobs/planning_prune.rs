//! `planning_prune`: removes the rows of old plans that never held, and thins the courses of old runs.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use chrono::Duration;
use domain::{jobs::queues, live::Topic};
use serde_json::json;
use store::planning::{network_imports, pruning};

/// So long the rows of a plan that never held are kept.
const ROWS_KEPT: Duration = Duration::days(180);
/// So long a document waits beside its network, and what it changed can be looked at.
const IMPORTS_KEPT: Duration = Duration::days(30);
/// So long every step of a course is kept.
const STEPS_KEPT: Duration = Duration::days(30);

/// See the module.
#[derive(Debug)]
pub struct PlanningPrune;

impl Job for PlanningPrune {
    const KIND: &'static str = "planning_prune";
    const TITLE: &'static str = "Old plans and courses";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let now = context.backend.clock.now();
        let mut tx = store::begin(&context.backend.pools.jobs).await?;
        let plans = pruning::rows_of_plans(&mut tx, now - ROWS_KEPT, now).await?;
        let steps = pruning::courses(&mut tx, now - STEPS_KEPT).await?;
        let imports = network_imports::remove_old(&mut tx, now - IMPORTS_KEPT).await?;
        if plans > 0 {
            store::live::emit(&mut tx, Topic::Planning, "").await?;
        }
        store::commit(tx).await?;
        Ok(JobOutcome::Succeeded(json!({ "plans": plans, "steps": steps, "imports": imports })))
    }
}
