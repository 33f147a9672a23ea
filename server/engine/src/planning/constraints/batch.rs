//! Whole batches: prod[l,t] = batch_tonnes·batches[l,t].

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, variables, model, .. } = site;
    for (place, line) in input.lines.iter().enumerate() {
        let Some(size) = line.batch else { continue };
        for t in 0..sets.horizon {
            let Some(batches) = variables.batches[place][t] else { continue };
            let terms = [(variables.prod[place][t], 1.0), (batches, -size)];
            model.row(Family::Batch, About::Line { line: place, t }, terms, Compare::Equal, 0.0);
        }
    }
}
