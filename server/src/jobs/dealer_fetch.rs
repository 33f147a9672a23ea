//! `dealer_fetch`: reads one feed of one dealer, window by window. A window is the unit that is taken up again: one that was
//! begun and not done is fetched again whole.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use domain::jobs::queues;

/// See the module.
#[derive(Debug)]
pub struct DealerFetch;

impl Job for DealerFetch {
    const KIND: &'static str = "dealer_fetch";
    const TITLE: &'static str = "Fetch a dealer's records";
    const QUEUE: &'static str = queues::DEALER_FETCH;
    type Payload = Nothing;

    async fn run(context: JobContext, Nothing {}: Nothing) -> Result<JobOutcome, JobFailure> {
        let dealers = std::sync::Arc::clone(&context.services.dealers);
        dealers.run_fetch(&context).await
    }
}
