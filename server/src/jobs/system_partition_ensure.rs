//! `partition_ensure`: this month and three ahead have their own partition.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use domain::jobs::queues;
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct PartitionEnsure;

impl Job for PartitionEnsure {
    const KIND: &'static str = "partition_ensure";
    const TITLE: &'static str = "Make partitions";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let today = context.backend.clock.now().date_naive();
        let mut tx = store::begin(&context.backend.pools.jobs).await?;
        let mut made = store::schedules::ensure_partitions(&mut tx, today, 4).await?;
        made += store::schedules::ensure_other_partitions(&mut tx, today, 4).await?;
        store::commit(tx).await?;
        Ok(JobOutcome::Succeeded(json!({ "made": made })))
    }
}
