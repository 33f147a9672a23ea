//! `transactions_expire`: cancels sales whose payment stayed open for 30 minutes or whose review for 48 hours, and frees
//! what was reserved for them.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use domain::jobs::queues;
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct TransactionsExpire;

impl Job for TransactionsExpire {
    const KIND: &'static str = "transactions_expire";
    const TITLE: &'static str = "Cancel unpaid sales";
    const QUEUE: &'static str = queues::LIVE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let mut cancelled = 0;
        loop {
            context.check()?;
            let unpaid = context.services.transactions.expire(context.principal()).await?;
            match unpaid + context.services.cases.expire_holds(context.principal()).await? {
                0 => return Ok(JobOutcome::Succeeded(json!({ "cancelled": cancelled }))),
                ended => cancelled += ended,
            }
            context.progress(cancelled, None);
        }
    }
}
