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
    &["from", "to", "basis", "zone", "currency"],
    "Revenue by the counting rule, summed by local hour of one day, or by business day of more",
);

pub static TREND: Declaration = declared(
    "sales.trend",
    "Trend",
    &["from", "to", "basis", "order", "zone", "currency"],
    "Revenue, orders, customers and visitors of each business day, and the totals of as many days before",
);

pub static RECENT: Declaration = Declaration {
    class: Class::Live,
    permission: Permission::TransactionsView,
    ..declared("sales.recent", "Recent transactions", &[], "The newest sales of whatever status")
};

pub static DASHBOARD: Declaration = declared(
    "sales.dashboard",
    "Dashboard of sliding windows",
    &["period", "zone", "currency"],
    "Totals of all time and of the sliding windows [t − n, t)",
);

/// Every declared figure of the overview.
#[must_use]
pub fn figures() -> Vec<&'static Declaration> {
    let mut all: Vec<_> = MetricKey::ALL.iter().map(|metric| metric.declaration()).collect();
    all.extend([&BUSINESS, &BARS, &TREND, &RECENT, &DASHBOARD]);
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
