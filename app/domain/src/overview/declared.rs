//! The figures of the overview that are more than one number.

use super::metric::{FACTS, MetricKey};
use crate::{
    access::Permission,
    freshness::{Class, DEADLINE_MS, Declaration},
    live::Topic,
};

const fn declared(
    key: &'static str,
    label: &'static str,
    scope: &'static [&'static str],
    formula: &'static str,
) -> Declaration {
    Declaration {
        key,
        label,
        class: Class::Kpi,
        deadline_ms: DEADLINE_MS,
        permission: Permission::OverviewView,
        topics: FACTS,
        scope,
        formula,
    }
}

/// Zone, base currency and locale: every figure depends on them.
pub static BUSINESS: Declaration = Declaration {
    class: Class::Standard,
    topics: &[Topic::Settings],
    ..declared("settings.business", "Business settings", &[], "The settings every figure depends on")
};

pub static BARS: Declaration = declared(
    "sales.bars",
    "Revenue by hour or day",
    &["from", "to", "basis", "compare", "zone", "currency", "fraud"],
    "Revenue by the counting rule, summed by local hour of one day, or by business day of more; and that of the whole \
     period it is compared with",
);

pub static TREND: Declaration = declared(
    "sales.trend",
    "Trend",
    &["from", "to", "basis", "order", "zone", "currency", "fraud"],
    "Revenue, orders, customers and visitors of each business day, and of as many days before",
);

pub static RECENT: Declaration = Declaration {
    class: Class::Live,
    permission: Permission::TransactionsView,
    ..declared("sales.recent", "Recent transactions", &[], "The newest sales of whatever status")
};

pub static DASHBOARD: Declaration = Declaration {
    topics: &[Topic::Transactions, Topic::Analytics, Topic::Inventory, Topic::Settings],
    ..declared(
        "sales.dashboard",
        "Dashboard of sliding windows",
        &["period", "zone", "currency"],
        "Totals of all time and of the sliding windows [t − n, t)",
    )
};

pub static LOW_STOCK: Declaration = Declaration {
    class: Class::Standard,
    permission: Permission::InventoryView,
    topics: &[Topic::Inventory, Topic::Settings],
    ..declared("stock.low_list", "Low stock list", &[], "The products of which the least is available")
};

/// Facts that several blocks and people share; nobody waits long for them (`overview.md` 3.9).
const fn shared(
    key: &'static str,
    label: &'static str,
    permission: Permission,
    topics: &'static [Topic],
    scope: &'static [&'static str],
    formula: &'static str,
) -> Declaration {
    Declaration { class: Class::Live, deadline_ms: 300, permission, topics, ..declared(key, label, scope, formula) }
}

/// What the items of the attention list are worded by.
const WORDED: &[&str] = &["zone", "currency", "locale"];

pub static SALES_ATTENTION: Declaration = shared(
    "transactions.attention",
    "Sales that need a hand",
    Permission::TransactionsView,
    FACTS,
    WORDED,
    "Sales held for review, and open payments shortly before they expire",
);

pub static IMPORTS_ATTENTION: Declaration = shared(
    "ingest.attention",
    "Imports that need a hand",
    Permission::IngestView,
    &[Topic::Integrations, Topic::Settings],
    WORDED,
    "Imports with rows in quarantine",
);

pub static JOBS_ATTENTION: Declaration = shared(
    "jobs.attention",
    "Jobs that need a hand",
    Permission::JobsView,
    &[Topic::Jobs, Topic::Settings],
    WORDED,
    "Work that failed after its last attempt within 7 days, and schedules that failed or were missed",
);

pub static SCHEDULE_SOURCES: Declaration = shared(
    "jobs.schedules",
    "Schedules as sources",
    Permission::JobsView,
    &[Topic::Jobs, Topic::Settings],
    &["zone"],
    "The last success, promise and next run of each schedule",
);

pub static IMPORT_SOURCES: Declaration = shared(
    "ingest.sources",
    "Imports as sources",
    Permission::IngestView,
    &[Topic::Integrations, Topic::Settings],
    &["zone"],
    "The last committed import of each dataset",
);

pub static ACCEPTANCE: Declaration = shared(
    "ingest.acceptance",
    "Accepted rows",
    Permission::IngestView,
    &[Topic::Integrations, Topic::Settings],
    &[],
    "Rows of committed imports that were not taken back, and those in quarantine",
);

pub static JOBS_PACE: Declaration = shared(
    "jobs.pace",
    "How the work goes",
    Permission::JobsView,
    &[Topic::Jobs, Topic::Settings],
    &[],
    "Runs at work, failed within 24 hours, and ended within 7 days",
);

/// Every declared figure of the overview.
#[must_use]
pub fn figures() -> Vec<&'static Declaration> {
    let mut all: Vec<_> = MetricKey::ALL.iter().map(|metric| metric.declaration()).collect();
    all.extend([&BUSINESS, &BARS, &TREND, &RECENT, &LOW_STOCK, &DASHBOARD]);
    all.extend([&SALES_ATTENTION, &IMPORTS_ATTENTION, &JOBS_ATTENTION, &SCHEDULE_SOURCES, &IMPORT_SOURCES]);
    all.extend([&ACCEPTANCE, &JOBS_PACE]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_figure_has_a_key_of_its_own_in_an_area() {
        let all = figures();
        let keys: BTreeSet<_> = all.iter().map(|d| d.key).collect();
        assert_eq!(keys.len(), all.len());
        for declared in all {
            assert!(declared.key.contains('.') && declared.deadline_ms > 0, "{}", declared.key);
            assert!(!declared.topics.is_empty() && !declared.formula.is_empty(), "{}", declared.key);
        }
    }
}
