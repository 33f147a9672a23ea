//! `planning_solve`: solves a run in a child process. Its plan is written with one commit, so a killed run left none and is
//! simply solved again.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome},
};
use crate::services::planning::solving;
use domain::{ids::PlanRunId, jobs::queues};
use serde::{Deserialize, Serialize};

/// Which run; its input and what it asks are read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunToSolve {
    pub run_id: PlanRunId,
}

/// See the module.
#[derive(Debug)]
pub struct PlanningSolve;

impl Job for PlanningSolve {
    const KIND: &'static str = "planning_solve";
    const TITLE: &'static str = "Solve a supply plan";
    const QUEUE: &'static str = queues::SOLVE;
    const MAX_ATTEMPTS: i32 = 2;
    type Payload = RunToSolve;

    async fn run(context: JobContext, RunToSolve { run_id }: RunToSolve) -> Result<JobOutcome, JobFailure> {
        solving::run(&context, run_id).await
    }
}
