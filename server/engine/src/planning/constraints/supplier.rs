//! At most so many origins of a product in a period, with M the most the lane can take:
//! ship[a,p,t] ≤ M·from[i,n,p,t]; Σ_i from[i,n,p,t] ≤ max_suppliers.

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, params, variables, model } = site;
    for (limit, of) in input.supplier_limits.iter().enumerate() {
        for t in 0..sets.horizon {
            let Some(most) = of.at[t] else { continue };
            let suppliers = &variables.from[limit][t];
            for lane in &sets.into[of.node] {
                let supplier = suppliers.iter().find(|(node, _)| *node == input.lanes[*lane].from);
                let ship = variables.ship(input, *lane, of.product, t);
                if let (Some((_, from)), Some(ship)) = (supplier, ship) {
                    let terms = [(ship, 1.0), (*from, -params.lane[*lane][t])];
                    let about = About::LaneProduct { lane: *lane, product: of.product, t };
                    model.row(Family::Supplier, about, terms, Compare::AtMost, 0.0);
                }
            }
            if !suppliers.is_empty() {
                let terms = suppliers.iter().map(|(_, from)| (*from, 1.0));
                model.row(Family::SupplierCount, About::Limit { limit, node: None, t }, terms, Compare::AtMost, most);
            }
        }
    }
}
