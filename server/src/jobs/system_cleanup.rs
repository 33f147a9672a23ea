//! `cleanup`: removes what is past its keeping time and says how much of each.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
    scheduler::timing_of,
};
use chrono::Duration;
use domain::jobs::queues;
use serde_json::json;

/// Days that calls to dealers' systems are kept.
const CALLS_KEPT_DAYS: i64 = 90;

/// See the module.
#[derive(Debug)]
pub struct Cleanup;

impl Job for Cleanup {
    const KIND: &'static str = "cleanup";
    const TITLE: &'static str = "Clean up";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let now = context.backend.clock.now();
        let mut tx = store::begin(&context.backend.pools.jobs).await?;
        context.step("Removing what has expired");
        let mut removed: serde_json::Map<_, _> = store::jobs::remove_expired(&mut tx, now)
            .await?
            .into_iter()
            .map(|(table, rows)| (table.to_owned(), json!(rows)))
            .collect();
        context.check()?;
        context.step("Shortening the history of jobs");
        let zone = store::settings::business(&mut tx).await?.zone;
        let fast: Vec<_> = store::schedules::list(&mut tx)
            .await?
            .into_iter()
            .filter(|s| {
                timing_of(s, &zone).ok().and_then(|t| t.period_after(now)).is_some_and(|p| p < Duration::minutes(15))
            })
            .map(|s| s.id)
            .collect();
        let history = store::jobs::clean_up(&mut tx, now, &fast).await?;
        removed.extend(
            store::alerts::clean_up(&mut tx, now)
                .await?
                .into_iter()
                .map(|(table, rows)| (table.to_owned(), json!(rows))),
        );
        store::dealers::enter_all(&mut tx).await?;
        let calls = store::dealers::calls::forget(&mut tx, now - Duration::days(CALLS_KEPT_DAYS)).await?;
        removed.insert("dealer_calls".to_owned(), json!(calls));
        store::commit(tx).await?;
        removed.insert("job_runs".to_owned(), json!(history.job_runs));
        removed.insert("schedule_fires".to_owned(), json!(history.schedule_fires));
        Ok(JobOutcome::Succeeded(json!({ "removed": removed })))
    }
}
