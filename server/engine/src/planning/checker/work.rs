//! Lines: capacity, runs, starts, batches, recipes, shared hours and what production costs.

use super::{Audit, Sum, paper::inner};
use crate::planning::tree::Tree;
use std::collections::{HashMap, HashSet};

pub(super) fn check(audit: &mut Audit<'_>) {
    let plan = audit.plan;
    let mut seen = HashSet::new();
    let mut running: HashMap<(&str, &str, &str), HashSet<usize>> = HashMap::new();
    for row in plan.production.iter().filter(|row| row.runs) {
        if let Some(t) = audit.paper.period(&row.period) {
            running.entry((&row.node, &row.line, &row.product)).or_default().insert(t);
        }
    }
    let mut hours: HashMap<(&str, usize), Sum> = HashMap::new();
    for row in &plan.production {
        let what = format!("production {} {} {} {}", row.node, row.line, row.product, row.period);
        let Some(t) = audit.period(&what, &row.period) else { continue };
        let key = (row.node.as_str(), row.line.as_str(), row.product.as_str());
        if !seen.insert((key, t)) {
            audit.fault(format!("{what}: the row stands twice"));
        }
        let Some(line) =
            audit.paper.entry("production", &[key.0, key.1, key.2]).filter(|line| line.speaks(&row.period))
        else {
            audit.fault(format!("{what}: there is no such line in the period"));
            continue;
        };
        let amount = |field: &str| line.amount(&row.period, field);
        let factor = line.text(&row.period, "calendar").map_or(1.0, |calendar| audit.paper.factor(calendar, t));
        let capacity = line.number(&row.period, "capacity_tonnes").map(|tonnes| tonnes * factor);
        let (variable, fixed) = (amount("variable_cost_per_tonne"), amount("fixed_cost_per_period"));
        let least = amount("min_run_tonnes").max(amount("min_run_fraction") * capacity.unwrap_or(0.0));
        let start_cost = amount("start_cost");
        let before = line.anywhere("running_before") == Some(&Tree::Bool(true));
        let batch =
            line.anywhere("batch_tonnes").and_then(Tree::number).and_then(|size| size.to_string().parse::<f64>().ok());
        let uses = line.anywhere("uses").map_or(&[][..], Tree::list);
        let inputs = line.anywhere("inputs").map_or(&[][..], Tree::list);

        let made = Sum::of([row.tonnes]);
        audit.at_least(&what, made, 0.0);
        if row.plant_id != row.node {
            audit.fault(format!("{what}: plant_id is {}", row.plant_id));
        }
        match (capacity, row.capacity_tonnes) {
            (Some(capacity), Some(stored)) => {
                audit.at_most(&what, made, capacity);
                audit.same(&format!("{what} capacity"), stored, capacity);
            }
            (None, None) => {}
            _ => audit.fault(format!("{what}: the capacity is not the line's")),
        }
        if row.runs {
            audit.at_least(&format!("{what} minimum run"), made, least);
        } else {
            audit.at_most(&format!("{what} without running"), made, 0.0);
        }
        match (batch, row.batches) {
            #[allow(clippy::cast_precision_loss, reason = "batches are few")]
            (Some(size), Some(count)) => audit.same(&format!("{what} batches"), row.tonnes, size * count as f64),
            (None, None) => {}
            _ => audit.fault(format!("{what}: batches without batch_tonnes, or the other way")),
        }
        for one in uses {
            let Some(resource) = one.get("resource").and_then(Tree::text) else { continue };
            let sum = hours.entry((resource, t)).or_default();
            sum.add(inner(one, "hours_per_tonne").unwrap_or(0.0) * row.tonnes);
            sum.add(if row.runs { inner(one, "setup_hours").unwrap_or(0.0) } else { 0.0 });
        }
        audit.flow((&row.node, &row.product), t, row.tonnes);
        for one in inputs {
            if let Some(product) = one.get("product").and_then(Tree::text) {
                audit.flow((&row.node, product), t, -row.tonnes * inner(one, "tonnes_per_tonne").unwrap_or(0.0));
            }
        }
        audit.works(&row.node, t, row.tonnes);
        let ran = match t.checked_sub(1) {
            Some(before) => running.get(&key).is_some_and(|periods| periods.contains(&before)),
            None => before,
        };
        let switched = f64::from(u8::from(row.runs));
        let started = if row.runs && !ran { start_cost } else { 0.0 };
        let parts = [("production", variable * row.tonnes), ("production_fixed", fixed * switched), ("start", started)];
        audit.money(&what, row.cost, &parts);
    }
    for ((resource, t), sum) in hours {
        let period = audit.paper.periods[t];
        let available =
            audit.paper.entry("resources", &[resource]).and_then(|entry| entry.number(period, "available_hours"));
        audit.at_most(&format!("resource {resource} {period}"), sum, available.unwrap_or(0.0));
    }
    let nodes: Vec<_> = audit.paper.document.rows("nodes").iter().filter_map(|row| row.text("id")).collect();
    let unknown = plan.production.iter().map(|row| row.node.as_str()).find(|node| !nodes.contains(node));
    if let Some(node) = unknown {
        audit.fault(format!("production: there is no node {node}"));
    }
}
