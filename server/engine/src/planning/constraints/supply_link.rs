//! Where one line is all the supply of its node (no stock, nothing comes in), nothing leaves unless it runs:
//! Σ_p ship[a,p,t] ≤ M·on[l,t]. Says nothing new of whole plans, but much of relaxed ones.

use super::Site;
use crate::planning::model::{About, Compare, Family};
use std::iter;

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, params, variables, model } = site;
    for (node, lines) in sets.lines.iter().enumerate() {
        let [line] = lines[..] else { continue };
        let rolling = input.in_transit.iter().any(|one| one.to == node);
        if rolling || !sets.stock[node].is_empty() || !sets.into[node].is_empty() {
            continue;
        }
        for lane in &sets.out[node] {
            for t in 0..sets.horizon {
                let Some(on) = variables.on[line][t] else { continue };
                let mut loads = variables.loads(input, *lane, t).map(|ship| (ship, 1.0)).peekable();
                if loads.peek().is_some() {
                    let terms = loads.chain(iter::once((on, -params.lane[*lane][t])));
                    let about = About::Link { line, lane: *lane, t };
                    model.row(Family::SupplyLink, about, terms, Compare::AtMost, 0.0);
                }
            }
        }
    }
}
