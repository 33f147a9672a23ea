//! `daily_report`: the report of yesterday, and new revisions of those that late data changed; then the mails to who
//! asked for them.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use domain::jobs::queues;
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct DailyReportJob;

impl Job for DailyReportJob {
    const KIND: &'static str = "daily_report";
    const TITLE: &'static str = "Report of yesterday";
    const QUEUE: &'static str = queues::REPORT;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let written = context.services.reports.nightly().await?;
        let go_on = || !context.cancelled();
        let mailed = context.services.reports.mail(&context.services.door, context.run_id.0, go_on).await?;
        context.check()?;
        let told = json!({ "days": written, "mails": mailed });
        Ok(if mailed.failed > 0 { JobOutcome::Partial(told) } else { JobOutcome::Succeeded(told) })
    }
}
