//! Limits the model computes for itself. No M is a constant: each is the least of what bounds the thing it switches.

use super::{
    input::{Input, Sense},
    sets::Sets,
};

#[derive(Debug, Clone)]
pub struct Params {
    /// A line and period: the most it can make.
    pub line: Vec<Vec<f64>>,
    /// A lane and period: the most it can take, all products together.
    pub lane: Vec<Vec<f64>>,
    /// All that can ever be wanted, a bound for what has none.
    pub everything: f64,
}

impl Params {
    #[must_use]
    pub fn of(input: &Input, sets: &Sets) -> Self {
        let everything = everything(input);
        let line: Vec<Vec<f64>> = input
            .lines
            .iter()
            .map(|line| {
                let hours = |t: usize| {
                    let by_hours = line.uses.iter().filter(|(_, hours, _)| *hours > 0.0);
                    by_hours
                        .map(|(resource, hours, _)| input.resources[*resource].at[t] / hours)
                        .fold(f64::INFINITY, f64::min)
                };
                let spare = line.batch.unwrap_or(0.0);
                let most = |t: usize| line.at[t].capacity.unwrap_or(f64::INFINITY).min(hours(t));
                (0..sets.horizon)
                    .map(|t| {
                        Some(most(t)).filter(|most| most.is_finite()).unwrap_or(everything + spare + line.at[t].min_run)
                    })
                    .collect()
            })
            .collect();
        let supply = supply(input, sets, &line);
        let lane = (0..input.lanes.len())
            .map(|lane| (0..sets.horizon).map(|t| lane_most(input, sets, &supply, lane, t)).collect())
            .collect();
        Self { line, lane, everything }
    }
}

/// Demand, stock to be reached, contracts to be met and production that stands, with what their recipes need.
fn everything(input: &Input) -> f64 {
    let demand: f64 = input.demand.iter().flat_map(|demand| demand.at.iter().map(|at| at.tonnes)).sum();
    let stock: f64 =
        input.stock.iter().map(|s| s.at.iter().map(|at| at.min_closing.max(at.safety)).fold(0.0, f64::max)).sum();
    let asked = input.contracts.iter().filter(|contract| contract.sense != Sense::AtMost && contract.limit > 0.0);
    let contracts: f64 = asked
        .map(|contract| contract.limit * if contract.each_period { contract.periods.len() as f64 } else { 1.0 })
        .sum();
    // A product's tonnes for one tonne of everything made from it; recipes have no cycle, so this ends.
    let mut needed = vec![1.0_f64; input.products.len()];
    for _ in 0..input.products.len() {
        let before = needed.clone();
        needed.fill(1.0);
        for (maker, _) in input.products.iter().enumerate() {
            let mut shares = vec![0.0_f64; input.products.len()];
            for line in input.lines.iter().filter(|line| line.product == maker) {
                for (product, share) in &line.inputs {
                    shares[*product] = shares[*product].max(*share);
                }
            }
            for (product, share) in shares.into_iter().enumerate() {
                needed[product] += share * before[maker];
            }
        }
        if needed == before {
            break;
        }
    }
    let pinned: f64 = input.pins.production.iter().map(|(_, _, pin)| pin.tonnes + pin.tolerance).sum();
    (demand + stock + contracts + pinned) * needed.into_iter().fold(1.0, f64::max)
}

/// A product and period: opening stock, capacity and transit of the network until then.
fn supply(input: &Input, sets: &Sets, line: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut supply = vec![vec![0.0; sets.horizon]; input.products.len()];
    for (product, there) in supply.iter_mut().enumerate() {
        let mut sum: f64 = input.stock.iter().filter(|stock| stock.product == product).map(|stock| stock.opening).sum();
        for (t, there) in there.iter_mut().enumerate() {
            let made = input.lines.iter().zip(line).filter(|(line, _)| line.product == product);
            sum += made.map(|(_, most)| most[t]).sum::<f64>();
            let rolling = input.in_transit.iter().filter(|one| (one.product, one.period) == (product, t));
            sum += rolling.map(|one| one.tonnes).sum::<f64>();
            *there = sum;
        }
    }
    supply
}

/// min(own limit, trips, room and demand of a receiver that passes nothing on, supply of the network).
fn lane_most(input: &Input, sets: &Sets, supply: &[Vec<f64>], lane: usize, t: usize) -> f64 {
    let of = &input.lanes[lane];
    let Some(at) = of.at[t] else { return 0.0 };
    let by_trips = at.trip_tonnes.zip(at.max_trips).map_or(f64::INFINITY, |(tonnes, trips)| tonnes * trips);
    let arrival = t + at.lead;
    if arrival >= sets.horizon {
        return 0.0;
    }
    let received: f64 = input.carried(of).map(|product| room(input, sets, of.to, product, arrival)).sum();
    let there: f64 = input.carried(of).map(|product| supply[product][t]).sum();
    at.max_tonnes.unwrap_or(f64::INFINITY).min(by_trips).min(received).min(there)
}

fn room(input: &Input, sets: &Sets, node: usize, product: usize, t: usize) -> f64 {
    let leaves = sets.out[node].iter().any(|lane| input.lanes[*lane].product.is_none_or(|one| one == product));
    let eaten = sets.lines[node].iter().any(|line| input.lines[*line].inputs.iter().any(|(one, _)| *one == product));
    if leaves || eaten {
        return f64::INFINITY;
    }
    let stock = sets.stock[node].iter().map(|place| &input.stock[*place]).find(|stock| stock.product == product);
    let kept = stock.map_or(0.0, |stock| {
        let factor = input.products[product].storage_factor;
        let shared = input.nodes[node].storage_max.filter(|_| factor > 0.0).map_or(f64::INFINITY, |max| max / factor);
        stock.at[t].max_closing.unwrap_or(f64::INFINITY).min(shared)
    });
    let demand = sets.demand[node].iter().map(|place| &input.demand[*place]).filter(|demand| demand.product == product);
    kept + demand.map(|demand| demand.at[t].tonnes).sum::<f64>()
}
