//! Background work: a job is enqueued in the caller's transaction, run by a worker of any process,
//! watched, cancelled, retried and rescued, and remembered in `ops.job_runs` (`platform.md` 3.9, 3.10).
//!
//! A feature adds a job by implementing [`Job`] in `jobs/<feature>_<what>.rs`, listing it in
//! [`Registry::standard`], and calling [`enqueue`] inside the transaction of the change.

mod alert_evaluation;
mod analytics_report;
mod analytics_segments;
mod analytics_views;
mod attempt;
mod attention_digest;
mod context;
mod customer_patterns;
mod dealer_fetch;
mod enqueue;
pub(crate) mod export_file;
mod fraud_amount_stats;
mod fraud_backtest;
mod fraud_train;
pub(crate) mod ingest_commit;
pub(crate) mod ingest_preview;
pub(crate) mod ingest_undo;
mod job;
mod overview_rebuild;
mod overview_snapshots;
mod overview_summary;
mod planning_batch;
mod planning_prune;
mod planning_solve;
mod registry;
mod rescue;
mod runtime;
mod scheduler;
mod system_cleanup;
mod system_partition_ensure;
mod transactions_expire;
mod worker;

use crate::access::actors;
pub use analytics_report::DailyReportJob;
pub use analytics_segments::CustomerSegments;
pub use analytics_views::MaterializedViews;
pub use context::JobContext;
pub use dealer_fetch::DealerFetch;
pub use enqueue::{JobRequest, enqueue};
pub use export_file::{LargeExport, WriteExport};
pub use fraud_backtest::{FraudBacktest, Tried};
pub use job::{Job, JobFailure, JobOutcome, Nothing};
pub use overview_rebuild::{KpiRebuild, Rebuild};
pub use overview_summary::KpiSummary;
pub use planning_batch::{BatchToQueue, PlanningBatch};
pub use planning_solve::{PlanningSolve, RunToSolve};
pub use registry::Registry;
pub use runtime::{JobsConfig, JobsHandle, Runtime, start};
pub(crate) use scheduler::{schedule_request, timing_of};
pub use system_cleanup::Cleanup;
pub use system_partition_ensure::PartitionEnsure;
pub use transactions_expire::TransactionsExpire;
