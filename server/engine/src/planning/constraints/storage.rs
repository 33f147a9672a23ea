//! Shared room: Σ_p storage_factor[p]·inv[n,p,t] ≤ storage_max[n].

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (node, of) in input.nodes.iter().enumerate() {
        let Some(most) = of.storage_max else { continue };
        for t in 0..sets.horizon {
            let kept = sets.stock[node]
                .iter()
                .map(|place| (variables.inv[*place][t], input.products[input.stock[*place].product].storage_factor));
            let mut kept = kept.filter(|(_, factor)| *factor > 0.0).peekable();
            if kept.peek().is_some() {
                model.row(Family::Storage, About::Node { node, t }, kept, Compare::AtMost, most);
            }
        }
    }
}
