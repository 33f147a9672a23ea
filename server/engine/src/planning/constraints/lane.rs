//! The lane's own limit over its products: Σ_p ship[a,p,t] ≤ max_tonnes. With one product a bound says it.

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (lane, of) in input.lanes.iter().enumerate() {
        if input.carried(of).count() < 2 {
            continue;
        }
        for t in 0..sets.horizon {
            let Some(most) = of.at[t].and_then(|at| at.max_tonnes) else { continue };
            let mut loads = variables.loads(input, lane, t).map(|ship| (ship, 1.0)).peekable();
            if loads.peek().is_some() {
                model.row(Family::Lane, About::Lane { lane, t }, loads, Compare::AtMost, most);
            }
        }
    }
}
