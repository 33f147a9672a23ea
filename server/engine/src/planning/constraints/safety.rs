//! Soft safety stock: inv[n,p,t] + below[n,p,t] ≥ safety[n,p,t]. Hard safety is a bound of inv.

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (place, stock) in input.stock.iter().enumerate() {
        for t in 0..sets.horizon {
            let Some(below) = variables.below[place][t] else { continue };
            let about = About::Place { node: stock.node, product: stock.product, t };
            let terms = [(variables.inv[place][t], 1.0), (below, 1.0)];
            model.row(Family::Safety, about, terms, Compare::AtLeast, stock.at[t].safety);
        }
    }
}
