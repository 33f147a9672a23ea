//! `fraud_backtest`: tries a rule set on sales of the past. All it finds is written with one commit.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome},
};
use crate::services::fraud::backtesting::{self, Watch};
use domain::{AppError, ErrorCode, ids::BacktestId, jobs::queues};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Which backtest; what it tries is read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub backtest_id: BacktestId,
}

/// See the module.
#[derive(Debug)]
pub struct FraudBacktest;

impl Watch for JobContext {
    fn check(&self) -> Result<(), AppError> {
        Self::check(self).map_err(|_| AppError::conflict("The backtest was cancelled."))
    }

    fn told(&self, sales: i64) {
        self.progress(sales, None);
    }
}

impl Job for FraudBacktest {
    const KIND: &'static str = "fraud_backtest";
    const TITLE: &'static str = "Backtest of a rule set";
    const QUEUE: &'static str = queues::REPORT;
    type Payload = Tried;

    async fn run(context: JobContext, Tried { backtest_id }: Tried) -> Result<JobOutcome, JobFailure> {
        context.step("Telling history");
        let by = context.principal().label().to_owned();
        match backtesting::run(&context.backend, backtest_id, &by, &context).await {
            Ok(Some(sales)) => Ok(JobOutcome::Succeeded(json!({ "sales": sales }))),
            Ok(None) => Ok(JobOutcome::Skipped(json!({ "reason": "It is over already." }))),
            Err(error) => {
                let stopped = context.check().is_err();
                // Later it may go well.
                if stopped || error.code != ErrorCode::Unavailable {
                    backtesting::fail(&context.backend, backtest_id, &error.message).await?;
                }
                Err(if stopped { JobFailure::Cancelled } else { error.into() })
            }
        }
    }
}
