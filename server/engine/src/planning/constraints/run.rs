//! A line that runs, and what that asks for. M is the most the line can make in the period.
//!
//! prod[l,t] ≤ M·on[l,t]; prod[l,t] ≥ min_run·on[l,t]; start[l,t] ≥ on[l,t] − on[l,t−1], with on[l,0] = running_before.

use super::Site;
use crate::planning::model::{About, Compare, Family};

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, params, variables, model } = site;
    for (place, line) in input.lines.iter().enumerate() {
        for t in 0..sets.horizon {
            let Some(on) = variables.on[place][t] else { continue };
            let (prod, about) = (variables.prod[place][t], About::Line { line: place, t });
            let most = params.line[place][t];
            model.row(Family::Run, about, [(prod, 1.0), (on, -most)], Compare::AtMost, 0.0);
            let least = line.at[t].min_run;
            if least > 0.0 {
                model.row(Family::MinRun, about, [(prod, 1.0), (on, -least)], Compare::AtLeast, 0.0);
            }
            let Some(start) = variables.start[place][t] else { continue };
            let before = t.checked_sub(1).and_then(|before| variables.on[place][before]);
            let limit = if t == 0 && line.running_before { -1.0 } else { 0.0 };
            let terms = [(start, 1.0), (on, -1.0)].into_iter().chain(before.map(|before| (before, 1.0)));
            model.row(Family::Start, about, terms, Compare::AtLeast, limit);
        }
    }
}
