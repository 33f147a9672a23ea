//! The figures of sales analytics.

use crate::{
    access::Permission,
    freshness::{Class, Declaration},
    live::Topic,
    overview::FACTS,
};

/// Longest wait for a first value: a year without kept days is read row by row.
const DEADLINE_MS: u64 = 5_000;

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

pub static HOURLY: Declaration = declared(
    "analytics.hourly_sales",
    "Sales by clock hour",
    &["from", "to", "only", "zone", "currency", "fraud"],
    "Net of recognised sales, refunds by their own time, sales and distinct customers of each clock hour",
);

pub static PRODUCTS: Declaration = declared(
    "analytics.top_products",
    "Top products",
    &["from", "to", "only", "measure", "kind", "category", "limit", "zone", "currency", "fraud"],
    "Σ line net less Σ refund net of each product; its share is of all products of the kind asked for",
);

pub static CATEGORIES: Declaration = declared(
    "analytics.category_performance",
    "Categories",
    &["from", "to", "only", "zone", "currency", "fraud"],
    "Σ line net less Σ refund net of each category, against as many days right before; a sale with lines in two \
     categories counts in both",
);

pub static SEGMENTS: Declaration = Declaration {
    class: Class::Standard,
    topics: &[Topic::Analytics, Topic::Customers, Topic::Settings],
    ..declared(
        "analytics.customer_segments",
        "Customer segments",
        &["by", "as_of", "zone", "currency", "fraud"],
        "Recency, number of sales and revenue of 365 days, each scored by its nearest-rank cut points, through the grid of segments",
    )
};

/// Every declared figure of sales analytics.
#[must_use]
pub fn figures() -> Vec<&'static Declaration> {
    vec![&HOURLY, &PRODUCTS, &CATEGORIES, &SEGMENTS]
}
