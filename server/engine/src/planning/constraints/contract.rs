//! Tonnes departing, trips departing or tonnes made of the rows a contract names, over its periods together or each:
//! Σ … − over + under {≤, =, ≥} limit; over and under only where the contract is soft.

use super::Site;
use crate::planning::{
    input::{Contract, Measure, Sense},
    model::{About, Compare, Family},
};

pub(super) fn rows(site: &mut Site<'_>) {
    let contracts = site.input.contracts.iter().enumerate();
    for (place, contract) in contracts {
        let each: Vec<(Option<usize>, Vec<usize>)> = if contract.each_period {
            contract.periods.iter().map(|t| (Some(*t), vec![*t])).collect()
        } else {
            vec![(None, contract.periods.clone())]
        };
        for (which, (t, periods)) in each.into_iter().enumerate() {
            let mut terms: Vec<_> =
                periods.iter().flat_map(|t| counted(site, contract, *t)).map(|c| (c, 1.0)).collect();
            if terms.is_empty() {
                continue;
            }
            let (over, under) = site.variables.off[place][which];
            terms.extend(over.map(|column| (column, -1.0)));
            terms.extend(under.map(|column| (column, 1.0)));
            let compare = match contract.sense {
                Sense::AtMost => Compare::AtMost,
                Sense::Equal => Compare::Equal,
                Sense::AtLeast => Compare::AtLeast,
            };
            site.model.row(Family::Contract, About::Contract { contract: place, t }, terms, compare, contract.limit);
        }
    }
}

fn counted(site: &Site<'_>, contract: &Contract, t: usize) -> Vec<usize> {
    let (input, variables) = (site.input, site.variables);
    if contract.measure == Measure::Production {
        let lines = input.lines.iter().enumerate().filter(|(_, line)| contract.takes_line(line));
        return lines.map(|(line, _)| variables.prod[line][t]).collect();
    }
    let lanes = input.lanes.iter().enumerate().filter(|(_, lane)| contract.takes_lane(lane));
    lanes
        .flat_map(|(lane, of)| {
            let mut products = input.carried(of).filter(|product| contract.takes_product(*product));
            match contract.measure {
                Measure::Trips => {
                    products.next().and_then(|_| variables.trips[lane][t]).into_iter().collect::<Vec<_>>()
                }
                _ => products.filter_map(|product| variables.ship(input, lane, product, t)).collect(),
            }
        })
        .collect()
}
