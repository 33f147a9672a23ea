//! `alert_evaluation`: looks at what rules watch, and at what is over by itself.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use domain::jobs::queues;
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct AlertEvaluation;

impl Job for AlertEvaluation {
    const KIND: &'static str = "alert_evaluation";
    const TITLE: &'static str = "Look at what rules watch";
    const QUEUE: &'static str = queues::LIVE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        context.check()?;
        let round = context.services.evaluation.round(context.principal()).await?;
        let told = json!({ "rules": round.rules, "failed": round.failed });
        Ok(if round.failed > 0 { JobOutcome::Partial(told) } else { JobOutcome::Succeeded(told) })
    }
}
