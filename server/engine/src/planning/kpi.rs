//! Key figures of a plan (`planning.md` 3.9). What cannot be known is null with the reason, never 0.

use super::{
    input::{Input, Lane, LaneAt},
    plan::{Plan, Shipment},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// Planning defaults, kg of CO₂ a tonne and km.
const EMISSIONS: &[(&str, f64)] = &[("road", 0.12), ("rail", 0.04), ("sea", 0.02), ("barge", 0.03), ("air", 0.6)];
/// Tonnes that are none.
const NOTHING: f64 = 1e-6;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kpi {
    pub kpi: Cow<'static, str>,
    /// A plant, mode or period; None for the whole plan.
    pub scope: Option<String>,
    pub value: Option<f64>,
    pub unit: Cow<'static, str>,
    pub reason: Option<String>,
}

fn known(kpi: &'static str, value: f64, unit: &'static str) -> Kpi {
    Kpi { kpi: kpi.into(), scope: None, value: Some(value), unit: unit.into(), reason: None }
}

/// A share of something; null with the reason where there is nothing to share.
fn ratio(kpi: &'static str, part: f64, whole: f64, factor: f64, unit: &'static str, none: &str) -> Kpi {
    if whole > 0.0 {
        return known(kpi, factor * part / whole, unit);
    }
    Kpi { kpi: kpi.into(), scope: None, value: None, unit: unit.into(), reason: Some(none.to_owned()) }
}

fn of_scope(scope: &str, kpi: Kpi) -> Kpi {
    Kpi { scope: Some(scope.to_owned()), ..kpi }
}

#[must_use]
pub fn of(input: &Input, plan: &Plan) -> Vec<Kpi> {
    let mut kpis = Vec::new();
    money(input, plan, &mut kpis);
    service(input, plan, &mut kpis);
    capacity(input, plan, &mut kpis);
    transport(input, plan, &mut kpis);
    stock(input, plan, &mut kpis);
    kpis
}

fn served(input: &Input, plan: &Plan) -> f64 {
    let asked: f64 = input.demand.iter().flat_map(|demand| demand.at.iter().map(|at| at.tonnes)).sum();
    asked - plan.unmet_demand.iter().map(|row| row.tonnes).sum::<f64>()
}

fn money(input: &Input, plan: &Plan, kpis: &mut Vec<Kpi>) {
    let total: f64 = plan.costs.values().sum();
    let penalty: f64 = ["shortage", "safety", "contract"].iter().filter_map(|name| plan.costs.get(*name)).sum();
    kpis.push(known("total_cost", total, "money"));
    kpis.push(known("operating_cost", total - penalty, "money"));
    kpis.push(known("penalty_cost", penalty, "money"));
    let none = "nothing is served";
    kpis.push(ratio("cost_per_tonne_served", total - penalty, served(input, plan), 1.0, "money/t", none));
    let made: f64 = plan.production.iter().map(|row| row.tonnes).sum();
    kpis.push(ratio("cost_per_tonne_produced", total - penalty, made, 1.0, "money/t", "nothing is made"));
}

fn service(input: &Input, plan: &Plan, kpis: &mut Vec<Kpi>) {
    let none = "there is no demand";
    let rows = input.demand.iter().flat_map(|demand| demand.at.iter()).filter(|at| at.tonnes > 0.0);
    let (count, asked) = rows.fold((0.0, 0.0), |(count, sum), at| (count + 1.0, sum + at.tonnes));
    #[allow(clippy::cast_precision_loss, reason = "counts of rows")]
    let short = plan.unmet_demand.iter().filter(|row| row.tonnes > NOTHING).count() as f64;
    kpis.push(ratio("service_level", served(input, plan), asked, 100.0, "%", none));
    kpis.push(ratio("alpha_service", count - short, count, 100.0, "%", none));
    kpis.push(ratio("stockout_risk", short, count, 100.0, "%", none));
}

fn capacity(input: &Input, plan: &Plan, kpis: &mut Vec<Kpi>) {
    let none = "there is no capacity, or it has no limit";
    let mut of_node: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut of_period = vec![(0.0, 0.0); input.horizon()];
    let mut endless = false;
    for line in &input.lines {
        for (t, at) in line.at.iter().enumerate() {
            endless |= at.capacity.is_none();
            let most = at.capacity.unwrap_or(0.0);
            of_node.entry(&input.nodes[line.node].id).or_default().1 += most;
            of_period[t].1 += most;
        }
    }
    for row in &plan.production {
        of_node.entry(&row.node).or_default().0 += row.tonnes;
        if let Some(t) = input.periods.iter().position(|period| period.id == row.period) {
            of_period[t].0 += row.tonnes;
        }
    }
    let share = |(made, most): (f64, f64)| {
        ratio("capacity_utilisation", made, if endless { 0.0 } else { most }, 100.0, "%", none)
    };
    let all = of_node.values().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    kpis.push(share(all));
    kpis.extend(of_node.iter().map(|(node, one)| of_scope(node, share(*one))));
    let peak = input.periods.iter().zip(&of_period).filter(|(_, one)| one.1 > 0.0);
    if let Some((period, one)) = peak.max_by(|a, b| (a.1.0 / a.1.1).total_cmp(&(b.1.0 / b.1.1))) {
        kpis.push(of_scope(&period.id, Kpi { kpi: "peak_capacity_utilisation".into(), ..share(*one) }));
    }
}

/// The lane of a shipment, and its terms in the period.
fn way<'a>(input: &'a Input, row: &Shipment) -> Option<(&'a Lane, LaneAt)> {
    let t = input.periods.iter().position(|period| period.id == row.period)?;
    let id = |product: usize| input.products[product].id.as_str();
    let lane = input.lanes.iter().find(|lane| {
        input.nodes[lane.from].id == row.from
            && input.nodes[lane.to].id == row.to
            && lane.mode == row.mode
            && lane.product.map(id) == row.lane_product.as_deref()
    })?;
    lane.at[t].map(|at| (lane, at))
}

fn transport(input: &Input, plan: &Plan, kpis: &mut Vec<Kpi>) {
    /// Tonnes; on lanes with trips; room of the trips.
    #[derive(Default, Clone, Copy)]
    struct Moved {
        tonnes: f64,
        on_trips: f64,
        room: f64,
    }
    let mut of_mode: BTreeMap<&str, Moved> = BTreeMap::new();
    let mut co2 = 0.0;
    let mut unknown: Option<String> = None;
    let mut days: Vec<(f64, f64)> = Vec::new();
    let mut of_lane: BTreeMap<[&str; 5], (f64, f64)> = BTreeMap::new();
    for row in &plan.shipments {
        let Some((lane, at)) = way(input, row) else { continue };
        let moved = of_mode.entry(&row.mode).or_default();
        moved.tonnes += row.tonnes;
        if let Some(load) = at.trip_tonnes {
            moved.on_trips += row.tonnes;
            moved.room += row.trips.unwrap_or(0.0) * load;
        }
        let factor = EMISSIONS.iter().find(|(mode, _)| *mode == row.mode).map(|(_, factor)| *factor);
        if row.tonnes > NOTHING {
            match lane.distance_km.zip(factor) {
                Some((km, factor)) => co2 += row.tonnes * km * factor,
                None => unknown = Some(format!("{} to {} by {} has no distance or factor", row.from, row.to, row.mode)),
            }
            days.push((at.lead_days, row.tonnes));
        }
        let own = row.lane_product.as_deref().unwrap_or_default();
        let key = [row.from.as_str(), row.to.as_str(), row.mode.as_str(), own, row.period.as_str()];
        let used = of_lane.entry(key).or_insert((0.0, at.min_shipment));
        used.0 += row.tonnes;
    }
    let none = "no trip is made";
    let all = of_mode.values().fold(Moved::default(), |sum, one| Moved {
        tonnes: sum.tonnes + one.tonnes,
        on_trips: sum.on_trips + one.on_trips,
        room: sum.room + one.room,
    });
    kpis.push(ratio("transport_utilisation", all.on_trips, all.room, 100.0, "%", none));
    for (mode, one) in of_mode.iter().filter(|(_, one)| one.room > 0.0) {
        kpis.push(of_scope(mode, ratio("transport_utilisation", one.on_trips, one.room, 100.0, "%", none)));
    }
    for (mode, one) in &of_mode {
        kpis.push(of_scope(mode, ratio("mode_mix", one.tonnes, all.tonnes, 100.0, "%", "nothing is shipped")));
    }
    let bound: Vec<_> = of_lane.values().filter(|(tonnes, least)| *tonnes > NOTHING && *least > 0.0).collect();
    #[allow(clippy::cast_precision_loss, reason = "counts of lanes")]
    let (kept, used) = (bound.iter().filter(|(t, least)| *t >= least - NOTHING).count() as f64, bound.len() as f64);
    kpis.push(ratio("sbq_compliance", kept, used, 100.0, "%", "no lane with a minimum is used"));
    let value = if unknown.is_none() { Some(co2) } else { None };
    kpis.push(Kpi { kpi: "co2".into(), scope: None, value, unit: "kg".into(), reason: unknown });
    let tonnes: f64 = days.iter().map(|(_, tonnes)| tonnes).sum();
    let weighted: f64 = days.iter().map(|(days, tonnes)| days * tonnes).sum();
    kpis.push(ratio("lead_time_mean", weighted, tonnes, 1.0, "days", "nothing is shipped"));
    days.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut so_far = 0.0;
    let p90 = days.iter().find(|(_, one)| {
        so_far += one;
        so_far >= 0.9 * tonnes - NOTHING
    });
    let reason = p90.is_none().then(|| "nothing is shipped".to_owned());
    let value = p90.map(|(days, _)| *days);
    kpis.push(Kpi { kpi: "lead_time_p90".into(), scope: None, value, unit: "days".into(), reason });
}

fn stock(input: &Input, plan: &Plan, kpis: &mut Vec<Kpi>) {
    let total_days: f64 = input.periods.iter().map(|period| period.days).sum();
    let mut before: f64 = input.stock.iter().map(|stock| stock.opening).sum();
    let mut tonne_days = 0.0;
    for period in &input.periods {
        let after: f64 = plan.inventory.iter().filter(|row| row.period == period.id).map(|row| row.tonnes).sum();
        // Trapezoid of opening and closing stock.
        tonne_days += (before + after) / 2.0 * period.days;
        before = after;
    }
    let average = tonne_days / total_days;
    let served = served(input, plan);
    kpis.push(ratio("inventory_turns", served * 365.0 / total_days, average, 1.0, "1/year", "there is no stock"));
    kpis.push(ratio("days_of_stock", average * total_days, served, 1.0, "days", "nothing is served"));
    let asked = plan.inventory.iter().filter(|row| row.safety_stock_tonnes > 0.0);
    let (count, below, depth) = asked.fold((0.0, 0.0, 0.0), |(count, below, depth), row| {
        (count + 1.0, below + f64::from(u8::from(row.below_tonnes > NOTHING)), depth + row.below_tonnes)
    });
    kpis.push(ratio("safety_compliance", count - below, count, 100.0, "%", "no safety stock is asked for"));
    kpis.push(known("safety_depth", depth, "t"));
}
