//! Every kind of job the program knows.

use super::{
    alert_evaluation::AlertEvaluation, analytics_report::DailyReportJob, analytics_segments::CustomerSegments,
    analytics_views::MaterializedViews, attention_digest::AttentionDigest, customer_patterns::CustomerPatterns,
    dealer_fetch::DealerFetch, export_file::WriteExport, fraud_amount_stats::FraudAmountStats,
    fraud_backtest::FraudBacktest, fraud_train::FraudTrain, ingest_commit::ImportCommit, ingest_preview::ImportPreview,
    ingest_undo::ImportUndo, job::Job, overview_rebuild::KpiRebuild, overview_snapshots::KpiSnapshotRollup,
    overview_summary::KpiSummary, planning_batch::PlanningBatch, planning_prune::PlanningPrune,
    planning_solve::PlanningSolve, system_cleanup::Cleanup, system_partition_ensure::PartitionEnsure,
    transactions_expire::TransactionsExpire, worker::Ticket,
};
use domain::jobs::JobKind;
use graphile_worker::JobDefinition;
use std::{collections::BTreeMap, fmt};

/// Kinds by name, each with what the library calls to run it.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, (JobKind, JobDefinition)>);

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Registry {
    /// The jobs of all features.
    #[must_use]
    pub fn standard() -> Self {
        Self::default()
            .with::<Cleanup>()
            .with::<PartitionEnsure>()
            .with::<ImportPreview>()
            .with::<ImportCommit>()
            .with::<WriteExport>()
            .with::<ImportUndo>()
            .with::<TransactionsExpire>()
            .with::<KpiSummary>()
            .with::<KpiRebuild>()
            .with::<KpiSnapshotRollup>()
            .with::<FraudAmountStats>()
            .with::<FraudBacktest>()
            .with::<FraudTrain>()
            .with::<AlertEvaluation>()
            .with::<AttentionDigest>()
            .with::<MaterializedViews>()
            .with::<CustomerSegments>()
            .with::<DailyReportJob>()
            .with::<CustomerPatterns>()
            .with::<PlanningSolve>()
            .with::<PlanningPrune>()
            .with::<PlanningBatch>()
            .with::<DealerFetch>()
    }

    #[must_use]
    pub fn with<J: Job>(mut self) -> Self {
        self.0.insert(J::KIND, (J::entry(), JobDefinition::of::<Ticket<J>>()));
        self
    }

    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&JobKind> {
        self.0.get(name).map(|(kind, _)| kind)
    }

    /// By name.
    pub fn kinds(&self) -> impl Iterator<Item = &JobKind> {
        self.0.values().map(|(kind, _)| kind)
    }

    /// The title of a kind, or its name when this release does not know it.
    #[must_use]
    pub fn title<'a>(&'a self, name: &'a str) -> &'a str {
        self.kind(name).map_or(name, |kind| kind.title)
    }

    /// What the library runs: the kinds of `queues` (none: all). A worker without the others leaves
    /// their tickets to its neighbours.
    pub(super) fn definitions(&self, queues: &[String]) -> impl Iterator<Item = JobDefinition> {
        self.0
            .values()
            .filter(move |(kind, _)| queues.is_empty() || queues.iter().any(|q| q == kind.queue))
            .map(|(_, definition)| definition.clone())
    }
}
