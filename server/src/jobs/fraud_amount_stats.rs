//! `fraud_amount_stats`: what a large line of a category and a large first order are, from the days before today.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use chrono::Days;
use domain::jobs::queues;
use engine::calendar::BusinessZone;
use serde_json::json;
use store::{
    fraud::amounts::{self, FIRST_ORDER_DAYS, LINE_DAYS},
    overview::Books,
};

/// See the module.
#[derive(Debug)]
pub struct FraudAmountStats;

impl Job for FraudAmountStats {
    const KIND: &'static str = "fraud_amount_stats";
    const TITLE: &'static str = "Usual amounts for screening";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let now = context.backend.clock.now();
        let mut tx = store::begin(&context.backend.pools.jobs).await?;
        let business = store::settings::business(&mut tx).await?;
        let zone = BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC);
        let today = zone.day_of(now);
        let since = |days| zone.days_range(today - Days::new(days), today - Days::new(1));
        let books = Books { currency: business.base_currency, zone: zone.name(), without_fraud: false };
        let scopes = amounts::sum_up(&mut tx, books, today, &since(LINE_DAYS), &since(FIRST_ORDER_DAYS), now).await?;
        store::commit(tx).await?;
        Ok(JobOutcome::Succeeded(json!({ "day": today, "scopes": scopes })))
    }
}
