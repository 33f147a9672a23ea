//! Contracts, and sites with an activation.

use super::{
    Audit, Sum,
    paper::{ids, number},
};
use crate::planning::{document::Row, tree::Tree};
use std::collections::HashSet;

pub(super) fn check(audit: &mut Audit<'_>) {
    let rows: Vec<&Row> = audit.paper.document.rows("contracts").iter().collect();
    let mut known = HashSet::new();
    for row in rows {
        contract(audit, row, &mut known);
    }
    let strange =
        audit.plan.contracts.iter().find(|one| !known.contains(&(one.contract.as_str(), one.period.as_deref())));
    if let Some(one) = strange {
        audit.fault(format!("contract {}: there is no such row", one.contract));
    }
    sites(audit);
}

fn contract<'a>(audit: &mut Audit<'a>, row: &'a Row, known: &mut HashSet<(&'a str, Option<&'a str>)>) {
    let id = row.text("id").unwrap_or_default();
    let mut periods: Vec<&str> = ids(row, "period").into_iter().chain(ids(row, "periods")).flatten().collect();
    if row.get("period").or_else(|| row.get("periods")).is_none() {
        periods.clone_from(&audit.paper.periods);
    }
    let mut named = HashSet::new();
    periods.retain(|period| named.insert(*period));
    let groups: Vec<(Option<&str>, Vec<&str>)> = if row.get("each_period") == Some(&Tree::Bool(true)) {
        periods.iter().map(|period| (Some(*period), vec![*period])).collect()
    } else {
        vec![(None, periods)]
    };
    for (period, periods) in groups {
        known.insert((id, period));
        let Some(mut sum) = counted(audit, row, &periods) else { continue };
        let what = format!("contract {id} {}", period.unwrap_or("in all"));
        let breaches: Vec<_> =
            audit.plan.contracts.iter().filter(|one| one.contract == id && one.period.as_deref() == period).collect();
        let price = number(row, "violation_cost");
        for one in breaches {
            if price.is_none() {
                audit.fault(format!("{what}: it may not be broken"));
            }
            audit.at_least(&what, Sum::of([one.over.min(one.under)]), 0.0);
            audit.money(&what, one.cost, &[("contract", (one.over + one.under) * price.unwrap_or(0.0))]);
            sum.add(-one.over);
            sum.add(one.under);
        }
        let limit = number(row, "limit").unwrap_or(0.0);
        match row.text("sense") {
            Some("=" | "E") => audit.equal(&what, sum, limit),
            Some(">=" | "G") => audit.at_least(&what, sum, limit),
            _ => audit.at_most(&what, sum, limit),
        }
    }
}

/// What the plan does of what a contract counts; None when the contract matches nothing.
fn counted(audit: &Audit<'_>, row: &Row, periods: &[&str]) -> Option<Sum> {
    let list = |field: &str| ids(row, field);
    let (from, to, mode, product, line) = (list("from"), list("to"), list("mode"), list("product"), list("line"));
    let takes = |ids: &Option<Vec<&str>>, id: &str| ids.as_ref().is_none_or(|ids| ids.contains(&id));
    let now = |period: &str| periods.contains(&period);
    let (paper, plan) = (&audit.paper, audit.plan);
    if row.text("measure") == Some("production") {
        let lines = paper.keys("production");
        lines.iter().find(|key| takes(&from, key[0]) && takes(&line, key[1]) && takes(&product, key[2]))?;
        let made = plan.production.iter().filter(|one| now(&one.period) && takes(&from, &one.node));
        return Some(Sum::of(
            made.filter(|one| takes(&line, &one.line) && takes(&product, &one.product)).map(|one| one.tonnes),
        ));
    }
    let lanes = paper.keys("lanes");
    let own = |key: &str| {
        if key.is_empty() { paper.products.iter().any(|one| takes(&product, one)) } else { takes(&product, key) }
    };
    lanes.iter().find(|key| takes(&from, key[0]) && takes(&to, key[1]) && takes(&mode, key[2]) && own(key[3]))?;
    let shipped = plan.shipments.iter().filter(|one| now(&one.period));
    let shipped = shipped.filter(|one| takes(&from, &one.from) && takes(&to, &one.to) && takes(&mode, &one.mode));
    Some(if row.text("measure") == Some("trips") {
        let trips = shipped.filter(|one| own(one.lane_product.as_deref().unwrap_or("")));
        Sum::of(trips.map(|one| one.trips.unwrap_or(0.0)))
    } else {
        Sum::of(shipped.filter(|one| takes(&product, &one.product)).map(|one| one.tonnes))
    })
}

fn sites(audit: &mut Audit<'_>) {
    let rows = audit.paper.document.rows("nodes");
    let periods = audit.paper.periods.clone();
    let mut open: HashSet<(&str, Option<&str>)> = HashSet::new();
    let plan = audit.plan;
    for site in &plan.sites {
        let what = format!("site {} {}", site.node, site.period.as_deref().unwrap_or("once"));
        if !open.insert((&site.node, site.period.as_deref())) {
            audit.fault(format!("{what}: the row stands twice"));
        }
        let row = rows.iter().find(|row| row.text("id") == Some(&site.node));
        let fits = match row.and_then(|row| row.text("activation")) {
            Some("per_period") => site.period.as_deref().is_some_and(|period| periods.contains(&period)),
            Some("once") => site.period.is_none(),
            _ => false,
        };
        if !fits {
            audit.fault(format!("{what}: there is nothing to open"));
        }
        let cost = row.and_then(|row| number(row, "activation_cost")).unwrap_or(0.0);
        audit.money(&what, site.cost, &[("site", cost)]);
    }
    let is_open = |node: &str, activation: Option<&str>, period: &str| match activation {
        Some("per_period") => open.iter().any(|(one, at)| *one == node && *at == Some(period)),
        Some("once") => open.iter().any(|(one, at)| *one == node && at.is_none()),
        _ => true,
    };
    let mut idle = Vec::new();
    for row in rows {
        let Some(node) = row.text("id") else { continue };
        let Some(busy) = audit.busy.get(node) else { continue };
        for (t, period) in periods.iter().enumerate() {
            if busy[t] && !is_open(node, row.text("activation"), period) {
                idle.push(format!("site {node} {period}: it works without being open"));
            }
        }
    }
    audit.faults.extend(idle);
    for group in audit.paper.document.rows("site_groups") {
        let nodes: HashSet<&str> = ids(group, "nodes").unwrap_or_default().into_iter().collect();
        let activation = |node: &str| {
            let row = rows.iter().find(|row| row.text("id") == Some(node));
            row.and_then(|row| row.text("activation")).filter(|one| *one != "always")
        };
        for period in &periods {
            let count = nodes.iter().filter(|node| {
                let of = activation(node);
                of.is_some() && is_open(node, of, period)
            });
            #[allow(clippy::cast_precision_loss, reason = "sites are few")]
            let sum = Sum::of([count.count() as f64]);
            let what = format!("site group {} {period}", group.text("id").unwrap_or_default());
            audit.at_least(&what, sum, number(group, "min_open").unwrap_or(0.0));
            if let Some(most) =
                number(group, "max_open").filter(|_| nodes.iter().any(|node| activation(node).is_some()))
            {
                audit.at_most(&what, sum, most);
            }
        }
    }
}
