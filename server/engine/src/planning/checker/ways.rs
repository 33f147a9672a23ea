//! Lanes: what leaves and when it arrives, trips and lots, minimum shipments, limits, suppliers, and what moving costs.

use super::{Audit, Sum};
use crate::planning::{plan::Shipment, tree::Tree};
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) fn check(audit: &mut Audit<'_>) {
    let plan = audit.plan;
    let mut lanes: BTreeMap<([&str; 4], usize), Vec<&Shipment>> = BTreeMap::new();
    for row in &plan.shipments {
        let what = format!("shipment {} {} {} {} {}", row.from, row.to, row.mode, row.product, row.period);
        let Some(t) = audit.period(&what, &row.period) else { continue };
        let own = row.lane_product.as_deref().unwrap_or("");
        if !own.is_empty() && own != row.product {
            audit.fault(format!("{what}: the lane carries {own} only"));
        }
        if !audit.paper.products.contains(&row.product.as_str()) {
            audit.fault(format!("{what}: there is no product {}", row.product));
        }
        lanes.entry(([&row.from, &row.to, &row.mode, own], t)).or_default().push(row);
    }
    let mut suppliers: HashMap<(&str, &str, usize), HashSet<&str>> = HashMap::new();
    for ((key, t), rows) in &lanes {
        lane(audit, key, *t, rows);
        for row in rows.iter().filter(|row| row.tonnes > super::TERM) {
            suppliers.entry((&row.to, &row.product, *t)).or_default().insert(&row.from);
        }
    }
    for ((node, product, t), origins) in suppliers {
        let period = audit.paper.periods[t];
        let limit = audit.paper.entry("supplier_limits", &[node, product]);
        if let Some(most) = limit.and_then(|limit| limit.number(period, "max_suppliers")) {
            #[allow(clippy::cast_precision_loss, reason = "suppliers are few")]
            let count = origins.len() as f64;
            audit.at_most(&format!("suppliers {node} {product} {period}"), Sum::of([count]), most);
        }
    }
}

fn lane<'a>(audit: &mut Audit<'a>, key: &[&'a str; 4], t: usize, rows: &[&'a Shipment]) {
    let period = audit.paper.periods[t];
    let what = format!("lane {} {period}", key.join(" "));
    let Some(lane) = audit.paper.entry("lanes", key).filter(|lane| {
        lane.speaks(period) && lane.cell(period, "is_active") != Some(&Tree::Bool(false)) && key[0] != key[1]
    }) else {
        audit.fault(format!("{what}: there is no such lane, or it is closed"));
        return;
    };
    let number = |field: &str| lane.number(period, field);
    let amount = |field: &str| lane.amount(period, field);
    let freight = number("cost_per_tonne").unwrap_or_else(|| amount("cost_per_tonne_km") * amount("distance_km"));
    let (handling, trip_cost, fixed) =
        (amount("handling_cost_per_tonne"), amount("fixed_cost_per_trip"), amount("fixed_cost_per_period"));
    let by_days = (amount("lead_time_days") / audit.paper.days(t)).floor();
    let lead = number("lead_time_periods").unwrap_or(by_days);
    let transit = amount("transit_holding_cost_per_tonne") * lead;
    let (load, most_trips) = (number("trip_tonnes"), number("max_trips"));
    let lots = lane.text(period, "trip_rule") == Some("full_lots");
    let (least, most) = (amount("min_shipment_tonnes"), number("max_tonnes"));
    #[allow(clippy::cast_precision_loss, reason = "at most 104 periods")]
    let arrival = audit.paper.periods.iter().enumerate().position(|(s, _)| s as f64 == t as f64 + lead);

    let shipped = Sum::of(rows.iter().map(|row| row.tonnes));
    let mut seen = HashSet::new();
    let mut paid = false;
    for row in rows {
        let what = format!("{what} {}", row.product);
        if !seen.insert(row.product.as_str()) {
            audit.fault(format!("{what}: the row stands twice"));
        }
        audit.at_least(&what, Sum::of([row.tonnes]), 0.0);
        match arrival {
            Some(arrival) if audit.paper.periods[arrival] == row.arrival_period => {
                audit.flow((&row.from, &row.product), t, -row.tonnes);
                audit.flow((&row.to, &row.product), arrival, row.tonnes);
                audit.works(&row.from, t, row.tonnes);
                audit.works(&row.to, arrival, row.tonnes);
            }
            _ => audit.fault(format!("{what}: it does not arrive in {}", row.arrival_period)),
        }
        let parts = [("freight", freight * row.tonnes)];
        audit.money(&format!("{what} freight"), row.freight_cost, &parts);
        audit.money(&format!("{what} handling"), row.handling_cost, &[("handling", handling * row.tonnes)]);
        audit.money(&format!("{what} transit"), row.transit_cost, &[("transit", transit * row.tonnes)]);
        let trips = row.trips.unwrap_or(0.0);
        audit.money(&format!("{what} trips"), row.trip_cost, &[("trips", trip_cost * trips)]);
        // A lane that is used pays once; one that is not may not have paid.
        let due = if !paid && (shipped.value > super::TERM || row.lane_fixed_cost != 0.0) { fixed } else { 0.0 };
        audit.money(&format!("{what} fixed"), row.lane_fixed_cost, &[("lane_fixed", due)]);
        paid = true;
    }
    match load {
        Some(load) => {
            let trips = Sum::of(rows.iter().filter_map(|row| row.trips));
            if rows.iter().any(|row| row.trips.is_none()) {
                audit.fault(format!("{what}: a row does not tell its trips"));
            }
            if audit.paper.option("integer_trips") != Some(&Tree::Bool(false)) {
                audit.whole(&format!("{what} trips"), trips.value);
            }
            audit.at_least(&format!("{what} trips"), trips, 0.0);
            if let Some(most) = most_trips {
                audit.at_most(&format!("{what} trips"), trips, most);
            }
            if lots {
                audit.equal(&format!("{what} lots"), shipped, load * trips.value);
            } else {
                audit.at_most(&format!("{what} vehicles"), shipped, load * trips.value);
            }
        }
        None if rows.iter().any(|row| row.trips.is_some()) => audit.fault(format!("{what}: the lane has no trips")),
        None => {}
    }
    if let Some(most) = most {
        audit.at_most(&what, shipped, most);
    }
    if least > 0.0 && shipped.value > shipped.slack(0.0) {
        audit.at_least(&format!("{what} minimum shipment"), shipped, least);
    }
}
