//! `kpi_snapshot_rollup`: thins the history of the figures.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use domain::jobs::queues;
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct KpiSnapshotRollup;

impl Job for KpiSnapshotRollup {
    const KIND: &'static str = "kpi_snapshot_rollup";
    const TITLE: &'static str = "Thin the history of the figures";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let mut tx = store::begin(&context.backend.pools.jobs).await?;
        let thinned = store::snapshots::thin(&mut tx, context.backend.clock.now()).await?;
        store::commit(tx).await?;
        Ok(JobOutcome::Succeeded(json!({
            "minutes": thinned.minutes,
            "hours": thinned.hours,
            "expired": thinned.expired,
        })))
    }
}
