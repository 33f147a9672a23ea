//! What is there is what was there, came and was made, less what left and was used:
//!
//! inv[n,p,t] − inv[n,p,t−1] − Σ prod[l,t] + Σ ratio·prod[l,t] (lines that use p) + Σ ship out[t] − Σ ship in[t − lead]
//! − short[n,p,t] = in_transit[n,p,t] − D[n,p,t], with inv[n,p,0] = opening. Tonnes.

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    let mut terms = Vec::new();
    for node in 0..input.nodes.len() {
        for product in 0..input.products.len() {
            let stock = sets.stock[node].iter().copied().find(|place| input.stock[*place].product == product);
            for t in 0..sets.horizon {
                terms.clear();
                let mut limit = sets.in_transit(node, product, t);
                if let Some(stock) = stock {
                    terms.push((variables.inv[stock][t], 1.0));
                    match t.checked_sub(1) {
                        Some(before) => terms.push((variables.inv[stock][before], -1.0)),
                        None => limit += input.stock[stock].opening,
                    }
                }
                for line in &sets.lines[node] {
                    let of = &input.lines[*line];
                    // One column stands once in a row, also where a recipe names a product twice.
                    let used: f64 = of.inputs.iter().filter(|(one, _)| *one == product).map(|(_, share)| share).sum();
                    let made = if of.product == product { 1.0 } else { 0.0 };
                    if used != made {
                        terms.push((variables.prod[*line][t], used - made));
                    }
                }
                for lane in &sets.out[node] {
                    terms.extend(variables.ship(input, *lane, product, t).map(|column| (column, 1.0)));
                }
                for lane in &sets.into[node] {
                    for left in input.departures(*lane, t) {
                        terms.extend(variables.ship(input, *lane, product, left).map(|column| (column, -1.0)));
                    }
                }
                for demand in sets.demand[node].iter().filter(|place| input.demand[**place].product == product) {
                    limit -= input.demand[*demand].at[t].tonnes;
                    terms.extend(variables.short[*demand][t].map(|column| (column, -1.0)));
                }
                if !terms.is_empty() || limit != 0.0 {
                    let about = About::Place { node, product, t };
                    model.row(Family::Balance, about, terms.iter().copied(), Compare::Equal, limit);
                }
            }
        }
    }
}
