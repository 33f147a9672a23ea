//! `customer_segments`: tiers, segments and movement, as of today.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use domain::jobs::queues;
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct CustomerSegments;

impl Job for CustomerSegments {
    const KIND: &'static str = "customer_segments";
    const TITLE: &'static str = "Tiers and segments of customers";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let looked = context.services.segments.look().await?;
        Ok(JobOutcome::Succeeded(json!({
            "as_of": looked.as_of,
            "customers": looked.customers,
            "tiers": looked.tiers,
        })))
    }
}
