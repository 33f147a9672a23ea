//! `customer_patterns`: how customers whose sales changed since buy now.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use chrono::Duration;
use domain::{jobs::queues, live::Topic};
use engine::calendar::BusinessZone;
use serde_json::json;
use store::{customers::patterns, overview::Books};

/// So far back sales are looked at.
const LOOKED_AT: Duration = Duration::days(365);

/// See the module.
#[derive(Debug)]
pub struct CustomerPatterns;

impl Job for CustomerPatterns {
    const KIND: &'static str = "customer_patterns";
    const TITLE: &'static str = "How customers buy";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let now = context.backend.clock.now();
        let since = now - LOOKED_AT;
        let mut tx = store::begin(&context.backend.pools.jobs).await?;
        let business = store::settings::business(&mut tx).await?;
        let zone = BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC);
        let books = Books { currency: business.base_currency, zone: zone.name(), without_fraud: false };
        let written = patterns::sum_up(&mut tx, books, since, now).await?;
        let removed = patterns::forget(&mut tx, since).await?;
        if written + removed > 0 {
            store::live::emit(&mut tx, Topic::Customers, "").await?;
        }
        store::commit(tx).await?;
        Ok(JobOutcome::Succeeded(json!({ "written": written, "removed": removed })))
    }
}
