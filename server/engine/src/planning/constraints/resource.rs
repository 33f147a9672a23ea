//! Shared hours: Σ_l (hours_per_tonne·prod[l,t] + setup_hours·on[l,t]) ≤ available_hours[r,t].

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (resource, of) in input.resources.iter().enumerate() {
        for t in 0..sets.horizon {
            let mut terms = Vec::new();
            for (place, line) in input.lines.iter().enumerate() {
                let (mut hours, mut setup) = (0.0, 0.0);
                for (_, by_tonne, once) in line.uses.iter().filter(|(used, _, _)| *used == resource) {
                    hours += by_tonne;
                    setup += once;
                }
                if hours > 0.0 {
                    terms.push((variables.prod[place][t], hours));
                }
                if setup > 0.0 {
                    terms.extend(variables.on[place][t].map(|on| (on, setup)));
                }
            }
            if !terms.is_empty() {
                model.row(Family::Resource, About::Resource { resource, t }, terms, Compare::AtMost, of.at[t]);
            }
        }
    }
}
