//! `planning_batch`: queues the runs of a batch and ends; each run that ends adds itself to the totals, so no place is held
//! by waiting. Every run is queued with one commit, so a killed job goes on where it was.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome},
};
use crate::services::planning::batching;
use domain::ids::PlanBatchId;
use serde::{Deserialize, Serialize};

/// Which batch; what of it is due is read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchToQueue {
    pub batch_id: PlanBatchId,
}

/// See the module.
#[derive(Debug)]
pub struct PlanningBatch;

impl Job for PlanningBatch {
    const KIND: &'static str = "planning_batch";
    const TITLE: &'static str = "Queue the runs of a batch";
    type Payload = BatchToQueue;

    async fn run(context: JobContext, BatchToQueue { batch_id }: BatchToQueue) -> Result<JobOutcome, JobFailure> {
        batching::queue_runs(&context, batch_id).await
    }
}
