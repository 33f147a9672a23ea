//! Stock, demand and the balance of every node, product and period; shared room and throughput.

use super::{Audit, Sum, paper::number};
use crate::planning::tree::Tree;
use std::collections::HashMap;

pub(super) fn check(audit: &mut Audit<'_>) {
    let stock = stock(audit);
    let short = demand(audit);
    balance(audit, &stock, &short);
    rooms(audit, &stock);
    throughput(audit, &short);
}

type Tonnes<'a> = HashMap<(&'a str, &'a str, usize), f64>;

fn stock<'a>(audit: &mut Audit<'a>) -> Tonnes<'a> {
    let plan = audit.plan;
    let hard = audit.paper.option("safety_stock_mode").and_then(Tree::text) == Some("hard");
    let price = audit.paper.penalty("safety_shortfall_cost_per_tonne", 5_000.0);
    let mut closing = Tonnes::new();
    for row in &plan.inventory {
        let what = format!("stock {} {} {}", row.node, row.product, row.period);
        let Some(t) = audit.period(&what, &row.period) else { continue };
        let Some(entry) = audit.paper.entry("stock", &[&row.node, &row.product]) else {
            audit.fault(format!("{what}: nothing is kept there"));
            continue;
        };
        let amount = |field: &str| entry.amount(&row.period, field);
        let (least, most) = (amount("min_closing_tonnes"), entry.number(&row.period, "max_closing_tonnes"));
        let (safety, holding) = (amount("safety_stock_tonnes"), amount("holding_cost_per_tonne"));
        let shortfall = entry.number(&row.period, "safety_shortfall_cost_per_tonne").unwrap_or(price);
        if closing.insert((&row.node, &row.product, t), row.tonnes).is_some() {
            audit.fault(format!("{what}: the row stands twice"));
        }
        let kept = Sum::of([row.tonnes]);
        audit.at_least(&what, kept, if hard { least.max(safety) } else { least });
        if let Some(most) = most {
            audit.at_most(&what, kept, most);
        }
        audit.same(&format!("{what} safety stock"), row.safety_stock_tonnes, safety);
        let below = (safety - row.tonnes).max(0.0);
        audit.same(&format!("{what} below"), row.below_tonnes, below);
        audit.money(&format!("{what} holding"), row.holding_cost, &[("holding", holding * row.tonnes)]);
        let due = if hard || safety <= least { 0.0 } else { shortfall * below };
        audit.money(&format!("{what} safety"), row.safety_cost, &[("safety", due)]);
    }
    for key in audit.paper.keys("stock") {
        for t in 0..audit.paper.periods.len() {
            if !closing.contains_key(&(key[0], key[1], t)) {
                let period = audit.paper.periods[t];
                audit.fault(format!("stock {} {} {period}: the row is missing", key[0], key[1]));
            }
        }
    }
    closing
}

fn demand<'a>(audit: &mut Audit<'a>) -> Tonnes<'a> {
    let plan = audit.plan;
    let hard = audit.paper.option("shortage_mode").and_then(Tree::text) == Some("hard");
    let price = audit.paper.penalty("shortage_cost_per_tonne", 10_000.0);
    let mut short = Tonnes::new();
    for row in &plan.unmet_demand {
        let what = format!("demand {} {} {}", row.node, row.product, row.period);
        let Some(t) = audit.period(&what, &row.period) else { continue };
        let Some(entry) = audit.paper.entry("demand", &[&row.node, &row.product]) else {
            audit.fault(format!("{what}: nothing is asked for there"));
            continue;
        };
        let asked = entry.amount(&row.period, "tonnes");
        let floor = if hard { 1.0 } else { entry.amount(&row.period, "min_fulfilment") };
        let unit = entry.number(&row.period, "shortage_cost_per_tonne").unwrap_or(price);
        if short.insert((&row.node, &row.product, t), row.tonnes).is_some() {
            audit.fault(format!("{what}: the row stands twice"));
        }
        audit.at_least(&what, Sum::of([row.tonnes]), 0.0);
        audit.at_most(&what, Sum::of([row.tonnes]), (1.0 - floor) * asked);
        audit.same(&format!("{what} demand"), row.demand_tonnes, asked);
        audit.money(&what, row.cost, &[("shortage", unit * row.tonnes)]);
    }
    short
}

fn balance<'a>(audit: &mut Audit<'a>, stock: &Tonnes<'a>, short: &Tonnes<'a>) {
    let document = audit.paper.document;
    let mut rolling: HashMap<(&str, &str, usize), f64> = HashMap::new();
    for row in document.rows("in_transit") {
        let product = row.text("product").unwrap_or(audit.paper.products[0]);
        if let (Some(to), Some(t)) = (row.text("to"), row.text("period").and_then(|id| audit.paper.period(id))) {
            *rolling.entry((to, product, t)).or_default() += number(row, "tonnes").unwrap_or(0.0);
        }
    }
    let nodes: Vec<&str> = document.rows("nodes").iter().filter_map(|row| row.text("id")).collect();
    let products = audit.paper.products.clone();
    for node in nodes {
        for product in &products {
            let opening =
                audit.paper.entry("stock", &[node, product]).and_then(|entry| entry.anywhere("opening_tonnes"));
            let mut before = opening.and_then(Tree::number).and_then(|n| n.to_string().parse().ok()).unwrap_or(0.0);
            for t in 0..audit.paper.periods.len() {
                let period = audit.paper.periods[t];
                let key = (node, *product, t);
                let mut sum = audit.flows.get(&((node, *product), t)).copied().unwrap_or_default();
                let after = stock.get(&key).copied().unwrap_or(0.0);
                let asked =
                    audit.paper.entry("demand", &[node, product]).map_or(0.0, |entry| entry.amount(period, "tonnes"));
                let missing = short.get(&key).copied().unwrap_or(0.0);
                audit.works(node, t, asked - missing);
                for term in [before, rolling.get(&key).copied().unwrap_or(0.0), -after, missing] {
                    sum.add(term);
                }
                audit.equal(&format!("balance {node} {product} {period}"), sum, asked);
                before = after;
            }
        }
    }
}

fn rooms(audit: &mut Audit<'_>, stock: &Tonnes<'_>) {
    for row in audit.paper.document.rows("nodes") {
        let (Some(node), Some(most)) = (row.text("id"), number(row, "storage_max_tonnes")) else { continue };
        for t in 0..audit.paper.periods.len() {
            let kept = audit.paper.products.iter().map(|product| {
                let factor = audit.paper.row("products", product).and_then(|row| number(row, "storage_factor"));
                factor.unwrap_or(1.0) * stock.get(&(node, *product, t)).copied().unwrap_or(0.0)
            });
            let sum = Sum::of(kept);
            audit.at_most(&format!("storage {node} {}", audit.paper.periods[t]), sum, most);
        }
    }
}

fn throughput(audit: &mut Audit<'_>, short: &Tonnes<'_>) {
    let plan = audit.plan;
    for row in audit.paper.document.rows("nodes") {
        let (Some(node), Some(most)) = (row.text("id"), number(row, "throughput_max_tonnes")) else { continue };
        for t in 0..audit.paper.periods.len() {
            let period = audit.paper.periods[t];
            let mut sum = Sum::default();
            for shipped in plan.shipments.iter().filter(|one| one.from == node && one.period == period) {
                sum.add(shipped.tonnes);
            }
            for product in &audit.paper.products {
                let asked =
                    audit.paper.entry("demand", &[node, product]).map_or(0.0, |entry| entry.amount(period, "tonnes"));
                sum.add(asked - short.get(&(node, *product, t)).copied().unwrap_or(0.0));
            }
            audit.at_most(&format!("throughput {node} {period}"), sum, most);
        }
    }
}
