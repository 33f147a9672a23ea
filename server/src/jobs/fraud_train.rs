//! `fraud_train`: the learned score in use, learned anew as a draft.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use crate::services::fraud::training::{self, Trained};
use domain::jobs::queues;
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct FraudTrain;

impl Job for FraudTrain {
    const KIND: &'static str = "fraud_train";
    const TITLE: &'static str = "Learned score, learned anew";
    const QUEUE: &'static str = queues::REPORT;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        context.step("Telling history");
        match training::train(&context.backend, context.principal(), context.run_id, &context).await {
            Ok(Trained::Draft { set, model }) => Ok(JobOutcome::Succeeded(json!({ "rule_set": set, "model": model }))),
            Ok(Trained::Not(reason)) => Ok(JobOutcome::Skipped(json!({ "reason": reason }))),
            Err(_) if context.check().is_err() => Err(JobFailure::Cancelled),
            Err(error) => Err(error.into()),
        }
    }
}
