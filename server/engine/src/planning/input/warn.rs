//! Doubts that need the whole input: reach, order of magnitude, ceilings and the price of a missing tonne.

use super::Input;
use crate::planning::{builder::build, fault::Fault, readiness};
use std::collections::{BinaryHeap, HashMap, HashSet};

const DEMAND_SPREAD: f64 = 10_000.0;
const FAR_KM: f64 = 5_000.0;
const COST_SPREAD: f64 = 100_000.0;
const COEFFICIENT_SPREAD: f64 = 1e8;
/// Tonnes that are none.
const NOTHING: f64 = 1e-9;

pub(super) fn warnings(input: &Input) -> Vec<Fault> {
    let mut faults = Vec::new();
    reach(input, &mut faults);
    ceilings(input, &mut faults);
    inbound(input, &mut faults);
    shortage_price(input, &mut faults);
    magnitudes(input, &mut faults);
    closing(input, &mut faults);
    coefficients(input, &mut faults);
    faults
}

fn reach(input: &Input, faults: &mut Vec<Fault>) {
    let mut supplied: HashSet<(usize, usize)> = HashSet::new();
    supplied.extend(input.lines.iter().map(|line| (line.node, line.product)));
    supplied.extend(input.stock.iter().filter(|stock| stock.opening > 0.0).map(|stock| (stock.node, stock.product)));
    supplied.extend(input.in_transit.iter().map(|one| (one.to, one.product)));
    for lane in input.lanes.iter().filter(|lane| lane.at.iter().any(Option::is_some)) {
        supplied.extend(input.carried(lane).map(|product| (lane.to, product)));
    }
    for demand in &input.demand {
        let asked = demand.at.iter().any(|at| at.tonnes > 0.0);
        if asked && !supplied.contains(&(demand.node, demand.product)) {
            let node = &input.nodes[demand.node].id;
            let message = format!("{node} has demand but no lane to it, no line and no stock.");
            faults.push(Fault::new("W01", format!("demand({node})"), message));
        }
    }
}

fn ceilings(input: &Input, faults: &mut Vec<Fault>) {
    let tightest = readiness::ceilings(input).into_iter().filter(|one| one.gap_tonnes > NOTHING);
    if let Some(one) = tightest.min_by(|a, b| a.share.total_cmp(&b.share)) {
        let message = format!(
            "Until {} at most {:.2} % of the demand can be served ({} of {} t); {} t are missing.",
            one.period,
            one.share * 100.0,
            rounded(one.supply_tonnes),
            rounded(one.demand_tonnes),
            rounded(one.gap_tonnes),
        );
        faults.push(Fault::new("W02", "demand", message));
    }
}

/// For a message: grams are exact enough.
fn rounded(tonnes: f64) -> f64 {
    (tonnes * 1e6).round() / 1e6
}

/// What can be at a node with demand in a period: what could be left before, what its lanes can bring, what it makes.
fn inbound(input: &Input, faults: &mut Vec<Fault>) {
    let horizon = input.horizon();
    let mut comes: HashMap<(usize, usize), Vec<f64>> = HashMap::new();
    let asked = input.demand.iter().map(|demand| (demand.node, demand.product));
    comes.extend(asked.map(|key| (key, vec![0.0; horizon])));
    for lane in &input.lanes {
        for (t, at) in lane.at.iter().enumerate().filter_map(|(t, at)| at.map(|at| (t, at))) {
            let by_trips = at.trip_tonnes.zip(at.max_trips).map_or(f64::INFINITY, |(tonnes, trips)| tonnes * trips);
            let most = at.max_tonnes.unwrap_or(f64::INFINITY).min(by_trips);
            for product in input.carried(lane) {
                if let Some(amount) = comes.get_mut(&(lane.to, product)).and_then(|all| all.get_mut(t + at.lead)) {
                    *amount += most;
                }
            }
        }
    }
    for line in &input.lines {
        if let Some(all) = comes.get_mut(&(line.node, line.product)) {
            for (amount, at) in all.iter_mut().zip(&line.at) {
                *amount += at.capacity.unwrap_or(f64::INFINITY);
            }
        }
    }
    for one in &input.in_transit {
        if let Some(all) = comes.get_mut(&(one.to, one.product)) {
            all[one.period] += one.tonnes;
        }
    }
    for demand in &input.demand {
        let stock = input.stock_of(demand.node, demand.product);
        let mut left = stock.map_or(0.0, |stock| stock.opening);
        for (t, at) in demand.at.iter().enumerate() {
            let there = left + comes[&(demand.node, demand.product)][t];
            if there + NOTHING < at.tonnes {
                let (node, period) = (&input.nodes[demand.node].id, &input.periods[t].id);
                let message = format!(
                    "{node} asks for {} t in {period}; stock, lanes and its own lines bring at most {} t.",
                    at.tonnes,
                    rounded(there)
                );
                faults.push(Fault::new("W03", format!("demand({node},{period})"), message));
            }
            let most = stock.map_or(0.0, |stock| stock.at[t].max_closing.unwrap_or(f64::INFINITY));
            left = (there - at.tonnes).max(0.0).min(most);
        }
    }
}

/// A tonne's least cost at each node of a product, by the dearest leg's own price and without recipes' inputs.
fn cheapest(input: &Input, product: usize) -> Vec<f64> {
    /// Least cost first.
    #[derive(PartialEq)]
    struct Next(f64, usize);
    impl Eq for Next {}
    impl PartialOrd for Next {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Next {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            other.0.total_cmp(&self.0)
        }
    }
    let mut cost = vec![f64::INFINITY; input.nodes.len()];
    let mut legs: Vec<Vec<(usize, f64)>> = vec![Vec::new(); input.nodes.len()];
    for lane in input.lanes.iter().filter(|lane| lane.product.is_none_or(|one| one == product)) {
        let price = lane
            .at
            .iter()
            .flatten()
            .map(|at| at.freight + at.handling + at.trip_tonnes.map_or(0.0, |tonnes| at.trip_cost / tonnes));
        legs[lane.from].push((lane.to, price.fold(f64::INFINITY, f64::min).max(0.0)));
    }
    let mut open = BinaryHeap::new();
    for line in input.lines.iter().filter(|line| line.product == product) {
        for at in line.at.iter().filter(|at| at.capacity.is_none_or(|tonnes| tonnes > 0.0)) {
            if at.variable_cost < cost[line.node] {
                cost[line.node] = at.variable_cost;
                open.push(Next(at.variable_cost, line.node));
            }
        }
    }
    while let Some(Next(so_far, node)) = open.pop() {
        if so_far > cost[node] {
            continue;
        }
        for (to, price) in &legs[node] {
            let through = so_far + price;
            if through < cost[*to] {
                cost[*to] = through;
                open.push(Next(through, *to));
            }
        }
    }
    cost
}

fn shortage_price(input: &Input, faults: &mut Vec<Fault>) {
    for (product, name) in input.products.iter().enumerate() {
        let cost = cheapest(input, product);
        let dear = input.demand.iter().filter(|demand| demand.product == product).filter_map(|demand| {
            let price = demand.at.iter().filter(|at| at.tonnes > 0.0).map(|at| at.shortage_cost);
            let price = price.fold(f64::INFINITY, f64::min);
            Some((demand.node, price, cost[demand.node])).filter(|(_, price, cost)| cost.is_finite() && price < cost)
        });
        if let Some((node, price, cost)) = dear.max_by(|a, b| a.2.total_cmp(&b.2)) {
            let node = &input.nodes[node].id;
            let message = format!(
                "A missing tonne of {} costs {price} at {node}, serving one at least {}: it pays not to serve.",
                name.id,
                rounded(cost)
            );
            faults.push(Fault::new("W06", "penalties.shortage_cost_per_tonne", message));
        }
    }
}

/// Least and greatest of what is above 0.
fn spread(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    for value in values.map(f64::abs).filter(|value| *value > 0.0) {
        (low, high) = (low.min(value), high.max(value));
    }
    (high > 0.0).then_some((low, high))
}

fn magnitudes(input: &Input, faults: &mut Vec<Fault>) {
    let demand = input.demand.iter().flat_map(|demand| demand.at.iter().map(|at| at.tonnes));
    if let Some((low, high)) = spread(demand).filter(|(low, high)| high / low > DEMAND_SPREAD) {
        faults.push(Fault::new("W10", "demand", format!("Demands range from {low} to {high} t.")));
    }
    if let Some(far) = input.lanes.iter().filter_map(|lane| lane.distance_km).find(|km| *km > FAR_KM) {
        faults.push(Fault::new("W10", "lanes", format!("A lane is {far} km long.")));
    }
    let made = input.lines.iter().flat_map(|line| line.at.iter().map(|at| at.variable_cost));
    let moved = input.lanes.iter().flat_map(|lane| lane.at.iter().flatten().map(|at| at.freight + at.handling));
    if let Some((low, high)) = spread(made.chain(moved)).filter(|(low, high)| high / low > COST_SPREAD) {
        faults.push(Fault::new("W10", "lanes", format!("Costs of a tonne range from {low} to {high}.")));
    }
}

/// The closing stocks asked for in a period, against all there can be by then.
fn closing(input: &Input, faults: &mut Vec<Fault>) {
    if input.lines.iter().any(|line| !line.inputs.is_empty()) {
        return;
    }
    for (product, name) in input.products.iter().enumerate() {
        let mut there: f64 = input.stock.iter().filter(|s| s.product == product).map(|s| s.opening).sum();
        for (t, period) in input.periods.iter().enumerate() {
            let lines = input.lines.iter().filter(|line| line.product == product);
            there += lines.map(|line| line.at[t].capacity.unwrap_or(f64::INFINITY)).sum::<f64>();
            let rolling = input.in_transit.iter().filter(|one| (one.product, one.period) == (product, t));
            there += rolling.map(|one| one.tonnes).sum::<f64>();
            let asked: f64 = input.stock.iter().filter(|s| s.product == product).map(|s| s.at[t].min_closing).sum();
            if asked > there + NOTHING {
                let message = format!(
                    "At the end of {} stocks of {} must hold {} t; there can be at most {} t.",
                    period.id,
                    name.id,
                    rounded(asked),
                    rounded(there)
                );
                faults.push(Fault::new("W13", format!("stock({})", period.id), message));
                break;
            }
        }
    }
}

fn coefficients(input: &Input, faults: &mut Vec<Fault>) {
    let (low, high) = build(input).model.size().coefficients.unwrap_or((1.0, 1.0));
    if high / low > COEFFICIENT_SPREAD {
        faults.push(Fault::new("W11", "", format!("Coefficients of the model range from {low} to {high}.")));
    }
}
