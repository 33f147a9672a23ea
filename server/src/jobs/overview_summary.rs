//! `kpi_summary`: sums up today, yesterday and the closed days that late facts touched.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use crate::services::overview::SummedUp;
use chrono::NaiveDate;
use domain::jobs::queues;
use serde_json::json;

/// Days of one transaction.
const CHUNK: usize = 31;

/// See the module.
#[derive(Debug)]
pub struct KpiSummary;

impl Job for KpiSummary {
    const KIND: &'static str = "kpi_summary";
    const TITLE: &'static str = "Sum up days";
    const QUEUE: &'static str = queues::LIVE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let days = context.services.summary.due_days().await?;
        let found = sum_up(&context, &days).await?;
        Ok(JobOutcome::Succeeded(json!({
            "days": days.len(),
            "changed": found.changed.len(),
            "revised": found.revised,
            "quarter_hours": found.quarter_hours,
        })))
    }
}

/// Sums up `days` piece by piece, each piece for good.
pub(super) async fn sum_up(context: &JobContext, days: &[NaiveDate]) -> Result<SummedUp, JobFailure> {
    let total = i64::try_from(days.len()).unwrap_or(i64::MAX);
    context.progress(0, Some(total));
    let mut found = SummedUp::default();
    for piece in days.chunks(CHUNK) {
        context.check()?;
        if let (Some(newest), Some(oldest)) = (piece.first(), piece.last()) {
            context.step(&format!("Summing up {oldest} to {newest}"));
        }
        found.add(context.services.summary.sum_up(piece).await?);
        context.advance(i64::try_from(piece.len()).unwrap_or(i64::MAX));
    }
    Ok(found)
}
