//! How many sites of a group are open: min_open ≤ Σ_n open[n(,t)] ≤ max_open. Sites that are always open do not count.

use super::Site;
use crate::planning::{
    input::Activation,
    model::{About, Compare, Family},
};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (place, group) in input.site_groups.iter().enumerate() {
        let once = group.nodes.iter().all(|node| input.nodes[*node].activation != Activation::PerPeriod);
        for t in 0..if once { sets.horizon.min(1) } else { sets.horizon } {
            let mut nodes = group.nodes.clone();
            nodes.sort_unstable();
            nodes.dedup();
            let terms: Vec<_> = nodes.iter().filter_map(|node| variables.open[*node][t]).map(|c| (c, 1.0)).collect();
            let about = About::Group { group: place, t: (!once).then_some(t) };
            if group.min_open > 0.0 {
                model.row(Family::SiteGroup, about, terms.iter().copied(), Compare::AtLeast, group.min_open);
            }
            if let Some(most) = group.max_open.filter(|_| !terms.is_empty()) {
                model.row(Family::SiteGroup, about, terms.iter().copied(), Compare::AtMost, most);
            }
        }
    }
}
