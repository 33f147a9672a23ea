//! Trips carry at most (`vehicle`) or exactly (`lot`) their load: Σ_p ship[a,p,t] ≤ (=) trip_tonnes·trips[a,t].

use super::Site;
use crate::planning::model::{About, Compare, Family};
use std::iter;

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (lane, of) in input.lanes.iter().enumerate() {
        for t in 0..sets.horizon {
            let (Some(trips), Some(at)) = (variables.trips[lane][t], of.at[t]) else { continue };
            let Some(load) = at.trip_tonnes else { continue };
            let terms = variables.loads(input, lane, t).map(|ship| (ship, 1.0)).chain(iter::once((trips, -load)));
            let (family, compare) =
                if at.full_lots { (Family::Lot, Compare::Equal) } else { (Family::Vehicle, Compare::AtMost) };
            model.row(family, About::Lane { lane, t }, terms, compare, 0.0);
        }
    }
}
