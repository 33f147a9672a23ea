//! `kpi_rebuild`: compares the summed-up days with their rows and corrects them.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome},
    overview_summary::sum_up,
};
use crate::services::alerts::{self, Ended, Signal};
use domain::{
    AppError,
    alerts::{Resolution, Severity, kind_of},
    jobs::{EventLevel, queues},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Days of the nightly comparison.
const NIGHTLY: u16 = 35;
/// As far back as a trend reaches.
const FURTHEST: u16 = 400;
/// Differing days that are named one by one in the log.
const NAMED: usize = 50;

/// How far back; 35 days when not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rebuild {
    pub days: Option<u16>,
}

impl Rebuild {
    /// After a change of zone or base currency every day is another.
    pub const ALL: Self = Self { days: Some(FURTHEST) };
}

/// See the module.
#[derive(Debug)]
pub struct KpiRebuild;

impl Job for KpiRebuild {
    const KIND: &'static str = "kpi_rebuild";
    const TITLE: &'static str = "Compare summed-up days with their rows";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Rebuild;

    async fn run(context: JobContext, asked: Rebuild) -> Result<JobOutcome, JobFailure> {
        let days = context.services.summary.last_days(asked.days.unwrap_or(NIGHTLY).min(FURTHEST)).await?;
        let found = sum_up(&context, &days).await?;
        let differences = found.unexplained.len();
        context.count("differences", i64::try_from(differences).unwrap_or(i64::MAX));
        if differences > 0 {
            tracing::warn!(days = ?found.unexplained, "kept figures of closed days differed from their rows; corrected");
        }
        tell(&context, differences).await?;
        for day in found.unexplained.iter().take(NAMED) {
            let line = format!("The kept figures of {day} differed from its rows. They are corrected.");
            context.log(EventLevel::Warn, &line).await;
        }
        Ok(JobOutcome::Succeeded(json!({
            "days": days.len(),
            "changed": found.changed.len(),
            "revised": found.revised.len(),
            "differences": differences,
            "quarter_hours": found.quarter_hours,
        })))
    }
}

/// Kept figures that differed from their rows are a problem until a comparison finds none.
async fn tell(context: &JobContext, differences: usize) -> Result<(), JobFailure> {
    let kind = kind_of("kpi_mismatch").ok_or_else(AppError::internal)?;
    let (clock, by) = (context.backend.clock.as_ref(), KpiRebuild::KIND);
    let mut tx = store::begin(&context.backend.pools.jobs).await?;
    if differences > 0 {
        let message = "Somebody may have acted on them. They are corrected; the run names the days. Find out what wrote past the sums.";
        let mut signal = Signal::of(kind, Severity::Medium, "kpi_summary", "Summed-up days")
            .saying(format!("Kept figures of {differences} days differed from their rows"), message)
            .acting(format!("/jobs/{}", context.run_id));
        signal.value = i64::try_from(differences).ok().map(Into::into);
        alerts::raise(&mut tx, clock, by, &signal).await?;
    } else {
        let ended = Ended { by, how: Resolution::Auto, note: None };
        alerts::clear(&mut tx, clock, &Signal::key_of(kind, "kpi_summary"), ended).await?;
    }
    Ok(store::commit(tx).await?)
}
