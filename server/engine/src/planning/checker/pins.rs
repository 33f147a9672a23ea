//! Amounts that stand: those with a row of their own, and 0 of everything else where a row says so.

use super::{Audit, Sum};
use std::collections::HashMap;

pub(super) fn check(audit: &mut Audit<'_>) {
    let plan = audit.plan;
    let one = audit.paper.products.len() == 1;
    let mut made: HashMap<(Vec<&str>, &str), Sum> = HashMap::new();
    for row in &plan.production {
        made.entry((vec![&row.node, &row.line, &row.product], &row.period)).or_default().add(row.tonnes);
    }
    section(audit, "fixed_production", &made);
    let mut sent: HashMap<(Vec<&str>, &str), Sum> = HashMap::new();
    for row in &plan.shipments {
        let own = row.lane_product.as_deref().filter(|_| !one).unwrap_or("");
        let key = vec![row.from.as_str(), &row.to, &row.mode, &row.product, own];
        sent.entry((key, &row.period)).or_default().add(row.tonnes);
    }
    section(audit, "fixed_shipments", &sent);
}

fn section(audit: &mut Audit<'_>, name: &str, found: &HashMap<(Vec<&str>, &str), Sum>) {
    let paper = audit.paper;
    let keys = paper.keys(name);
    for key in keys.iter().filter(|key| !key[0].is_empty()) {
        let Some(entry) = paper.entry(name, key) else { continue };
        for period in paper.periods.iter().filter(|period| entry.speaks(period)) {
            let (tonnes, tolerance) = (entry.amount(period, "tonnes"), entry.amount(period, "tolerance_tonnes"));
            let sum = found.get(&(key.clone(), *period)).copied().unwrap_or_else(|| Sum::of([0.0]));
            let what = format!("{name} {} {period}", key.join(" "));
            audit.at_least(&what, sum, tonnes - tolerance);
            audit.at_most(&what, sum, tonnes + tolerance);
        }
    }
    let Some(rest) = keys.iter().find(|key| key[0].is_empty()).and_then(|key| paper.entry(name, key)) else { return };
    for ((key, period), sum) in found {
        if !paper.entry(name, key).is_some_and(|entry| entry.speaks(period)) {
            let what = format!("{name} {} {period}", key.join(" "));
            audit.at_most(&what, *sum, rest.amount(period, "tolerance_tonnes"));
        }
    }
}
