//! Rules over several rows: contracts and what they match, recipes, sizes, and what is merely doubtful about a row.

use super::{Contract, Input, Measure, Sense};
use crate::planning::{document::Document, fault::Fault};

const MOST_PERIODS: usize = 104;
const MOST_NODES: usize = 5_000;
const MOST_LANE_PERIODS: usize = 500_000;

pub(super) fn check(document: &Document, input: &Input, faults: &mut Vec<Fault>) {
    contracts(document, input, faults);
    recipes(input, faults);
    sizes(input, faults);
    stocks(input, faults);
    lines(input, faults);
    lanes(input, faults);
}

impl Input {
    /// Whether anything a contract counts can happen in a period.
    #[must_use]
    pub fn matches(&self, contract: &Contract, t: usize) -> bool {
        if contract.measure == Measure::Production {
            return self.lines.iter().any(|line| contract.takes_line(line));
        }
        self.lanes.iter().any(|lane| {
            contract.takes_lane(lane)
                && self.carried(lane).any(|product| contract.takes_product(product))
                && lane.at[t].is_some_and(|at| t + at.lead < self.horizon())
        })
    }
}

fn contracts(document: &Document, input: &Input, faults: &mut Vec<Fault>) {
    let rows = document.rows("contracts");
    for contract in &input.contracts {
        let row = rows.iter().position(|row| row.text("id") == Some(&contract.id)).unwrap_or_default();
        let path = format!("contracts[{row}]");
        if contract.measure == Measure::Trips {
            let bare = input.lanes.iter().find(|lane| {
                contract.takes_lane(lane)
                    && contract.periods.iter().any(|t| lane.at[*t].is_some_and(|at| at.trip_tonnes.is_none()))
            });
            if let Some(lane) = bare {
                let (from, to) = (&input.nodes[lane.from].id, &input.nodes[lane.to].id);
                let message = format!(
                    "The contract {} counts trips, but the lane {from} to {to} by {} has none.",
                    contract.id, lane.mode
                );
                faults.push(Fault::new("E12", format!("{path}.measure"), message));
            }
        }
        let matched = contract.periods.iter().filter(|t| input.matches(contract, **t)).count();
        let empty = if contract.each_period { matched < contract.periods.len() } else { matched == 0 };
        if empty && contract.limit > 0.0 && contract.sense != Sense::AtMost {
            let message = format!("The contract {} asks for {}, but matches nothing.", contract.id, contract.limit);
            faults.push(Fault::new("E13", path, message));
        } else if matched == 0 {
            faults.push(Fault::new(
                "W04",
                path,
                format!("The contract {} matches nothing; it is left out.", contract.id),
            ));
        }
    }
}

/// A product is not made from itself, by whatever steps.
fn recipes(input: &Input, faults: &mut Vec<Fault>) {
    let count = input.products.len();
    let mut needs = vec![Vec::new(); count];
    for line in &input.lines {
        needs[line.product].extend(line.inputs.iter().map(|(product, _)| *product));
    }
    // Products whose inputs are all settled are settled; what is left over stands on a cycle or above one.
    let mut settled = vec![false; count];
    loop {
        let next = (0..count).find(|p| !settled[*p] && needs[*p].iter().all(|input| settled[*input]));
        match next {
            Some(product) => settled[product] = true,
            None => break,
        }
    }
    if let Some(product) = settled.iter().position(|settled| !settled) {
        let message = format!("The recipe of {} needs, in the end, itself.", input.products[product].id);
        faults.push(Fault::new("E15", "production", message));
    }
}

fn sizes(input: &Input, faults: &mut Vec<Fault>) {
    let periods = input.horizon();
    for (section, count, most, what) in [
        ("periods", periods, MOST_PERIODS, "periods"),
        ("nodes", input.nodes.len(), MOST_NODES, "nodes"),
        ("lanes", input.lanes.len() * periods, MOST_LANE_PERIODS, "lane-periods"),
    ] {
        if count > most {
            faults.push(Fault::new("E17", section, format!("There are {count} {what}; the most is {most}.")));
        }
    }
    if periods == 0 {
        faults.push(Fault::new("E17", "periods", "There is no period."));
    }
}

fn stocks(input: &Input, faults: &mut Vec<Fault>) {
    for stock in &input.stock {
        let Some(first) = stock.at.first() else { continue };
        let asked = first.safety.max(first.min_closing);
        if stock.opening < asked {
            let node = &input.nodes[stock.node].id;
            let message =
                format!("{node} opens with {} t, below the {asked} t the first period asks for.", stock.opening);
            faults.push(Fault::new("W07", format!("stock({node})"), message));
        }
    }
}

fn lines(input: &Input, faults: &mut Vec<Fault>) {
    for line in &input.lines {
        let bounded = line.uses.iter().any(|(_, hours, _)| *hours > 0.0);
        if !bounded && line.at.iter().any(|at| at.capacity.is_none() && at.fixed_cost > 0.0) {
            let node = &input.nodes[line.node].id;
            let message = format!("{node} {} has a fixed cost and no limit; the total demand bounds it.", line.id);
            faults.push(Fault::new("W15", format!("production({node},{})", line.id), message));
        }
    }
}

fn lanes(input: &Input, faults: &mut Vec<Fault>) {
    for lane in &input.lanes {
        let mut open = lane.at.iter().flatten().peekable();
        let free = open.peek().is_some()
            && open.all(|at| [at.freight, at.handling, at.trip_cost, at.fixed_cost].iter().all(|cost| *cost == 0.0));
        if free {
            let (from, to) = (&input.nodes[lane.from].id, &input.nodes[lane.to].id);
            let message = format!("The lane {from} to {to} by {} costs nothing.", lane.mode);
            faults.push(Fault::new("W12", format!("lanes({from},{to},{})", lane.mode), message));
        }
    }
}
