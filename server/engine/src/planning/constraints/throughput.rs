//! What leaves a node and is served there: Σ ship out[t] + Σ (D − short) ≤ throughput_max[n].

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (node, of) in input.nodes.iter().enumerate() {
        let Some(most) = of.throughput_max else { continue };
        for t in 0..sets.horizon {
            let mut terms = Vec::new();
            let mut limit = most;
            for lane in &sets.out[node] {
                terms.extend(variables.loads(input, *lane, t).map(|ship| (ship, 1.0)));
            }
            for demand in &sets.demand[node] {
                limit -= input.demand[*demand].at[t].tonnes;
                terms.extend(variables.short[*demand][t].map(|short| (short, -1.0)));
            }
            if !terms.is_empty() {
                model.row(Family::Throughput, About::Node { node, t }, terms, Compare::AtMost, limit);
            }
        }
    }
}
