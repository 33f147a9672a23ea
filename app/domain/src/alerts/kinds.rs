//! The types of alerts that the program itself raises, each with its feature, what it is about, and what clears it.

use crate::{access::Permission, words::words};

words! {
    /// What an alert is of; who may not view that does not see it.
    AlertFeature {
        Access => "access", "Access";
        Alerts => "alerts", "Alerts";
        Audit => "audit", "Audit log";
        Fraud => "fraud", "Fraud";
        Ingest => "ingest", "Imports";
        Inventory => "inventory", "Stock";
        Jobs => "jobs", "Jobs";
        Overview => "overview", "Overview";
        System => "system", "System";
        Transactions => "transactions", "Sales";
    }
}

impl AlertFeature {
    #[must_use]
    pub const fn right(self) -> Permission {
        match self {
            Self::Access => Permission::AccessUsersView,
            Self::Alerts => Permission::AlertsView,
            Self::Audit => Permission::AuditView,
            Self::Fraud => Permission::FraudView,
            Self::Ingest => Permission::IngestView,
            Self::Inventory => Permission::InventoryView,
            Self::Jobs => Permission::JobsView,
            Self::Overview => Permission::OverviewView,
            Self::System => Permission::SystemView,
            Self::Transactions => Permission::TransactionsView,
        }
    }
}

/// A type of alert that is raised by a signal or a built-in rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertKind {
    pub alert_type: &'static str,
    pub feature: AlertFeature,
    pub entity_type: &'static str,
    /// When it is over.
    pub clears: &'static str,
}

const fn kind(
    alert_type: &'static str,
    feature: AlertFeature,
    entity_type: &'static str,
    clears: &'static str,
) -> AlertKind {
    AlertKind { alert_type, feature, entity_type, clears }
}

/// Every registered type.
pub const KINDS: &[AlertKind] = &[
    kind("low_stock", AlertFeature::Inventory, "product", "The stock is above the threshold of reordering again."),
    kind("fraud_detected", AlertFeature::Fraud, "customer", "All its cases are closed, or 24 hours without a new one."),
    kind("fraud_backlog", AlertFeature::Fraud, "queue", "The oldest held case waits for 30 minutes at most."),
    kind("screening_unavailable", AlertFeature::Fraud, "screening", "Screening judged every sale of 5 minutes."),
    kind("revenue_drop", AlertFeature::Overview, "business", "More than 80 % of what is usual by that time."),
    kind(
        "kpi_mismatch",
        AlertFeature::Overview,
        "figures",
        "The next comparison of the kept figures finds no difference.",
    ),
    kind("job_failed", AlertFeature::Jobs, "kind", "The next run of the kind succeeds."),
    kind("queue_lag", AlertFeature::Jobs, "queue", "The oldest run that is ready waits for 60 s at most."),
    kind("schedule_missed", AlertFeature::Jobs, "schedule", "It succeeds again, or is switched off."),
    kind("database_unavailable", AlertFeature::System, "database", "It has been there again for 30 seconds."),
    kind("database_restarted", AlertFeature::System, "database", "A day without another restart, or a person."),
    kind("disk_low", AlertFeature::System, "disk", "17 % of the disk are free."),
    kind("partition_default", AlertFeature::System, "table", "All its rows lie in partitions of their own."),
    kind("account_held", AlertFeature::Access, "user", "No wrong password has counted against the name for an hour."),
    kind("notification_failed", AlertFeature::Alerts, "channel", "The next message is delivered."),
    kind("rule_error", AlertFeature::Alerts, "rule", "The rule can be evaluated again."),
    kind("no_data", AlertFeature::Alerts, "rule", "There is data again."),
];

#[must_use]
pub fn kind_of(alert_type: &str) -> Option<&'static AlertKind> {
    KINDS.iter().find(|kind| kind.alert_type == alert_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_stands_once_and_says_what_clears_it() {
        for kind in KINDS {
            assert_eq!(kind_of(kind.alert_type), Some(kind));
            assert!(!kind.clears.is_empty() && !kind.entity_type.is_empty());
            assert!(
                (3..=50).contains(&kind.alert_type.len())
                    && kind.alert_type.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
        }
        assert!(AlertFeature::ALL.iter().all(|feature| feature.right().key().starts_with(feature.as_str())));
    }
}
