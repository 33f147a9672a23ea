//! Nothing, or at least the smallest batch quantity, with M the most the lane can take in the period:
//!
//! Σ_p ship[a,p,t] ≤ M·use[a,t]; Σ_p ship[a,p,t] ≥ min_shipment·use[a,t].

use super::Site;
use crate::planning::model::{About, Compare, Family};
use std::iter;

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, params, variables, model } = site;
    for (lane, of) in input.lanes.iter().enumerate() {
        for t in 0..sets.horizon {
            let (Some(used), Some(at)) = (variables.used[lane][t], of.at[t]) else { continue };
            let mut row = |family, factor: f64, compare| {
                let terms = variables.loads(input, lane, t).map(|ship| (ship, 1.0)).chain(iter::once((used, -factor)));
                model.row(family, About::Lane { lane, t }, terms, compare, 0.0);
            };
            row(Family::UseLimit, params.lane[lane][t], Compare::AtMost);
            if at.min_shipment > 0.0 {
                row(Family::MinShipment, at.min_shipment, Compare::AtLeast);
            }
        }
    }
}
