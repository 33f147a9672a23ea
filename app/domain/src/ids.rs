//! Newtype ids. Every id is a UUID v7 made by the program through the [`crate::clock::Clock`].

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    )+};
}

ids! {
    UserId, TokenId, AuditId, JobId, ImportId, TransactionId, CustomerId, ProductId, SiteId, RefundId, FileId, ExportId, TargetId, SnapshotId, CaseId,
    CategoryId, DecisionId, ListEntryId, AlertId, AlertRuleId, SilenceId, ChannelId, NotificationId, DatasetId, BacktestId, DisputeId,
    RouteId, PlanRunId, PlanId, PlanScenarioId, PlanBatchId, NetworkRowId, NetworkImportId,
}
