//! A site that is not open makes, ships, receives and serves nothing; stock may lie. M is the most of each activity:
//! prod ≤ M·open; Σ_p ship ≤ M·open at either end; D − short ≤ D·open.

use super::Site;
use crate::planning::model::{About, Activity, Compare, Family};
use std::iter;

pub(super) fn rows(site: &mut Site<'_>) {
    let Site { input, sets, params, variables, model } = site;
    for node in 0..input.nodes.len() {
        for t in 0..sets.horizon {
            let Some(open) = variables.open[node][t] else { continue };
            for line in &sets.lines[node] {
                let about = About::Site { node, of: Activity::Made { line: *line }, t };
                let terms = [(variables.prod[*line][t], 1.0), (open, -params.line[*line][t])];
                model.row(Family::Site, about, terms, Compare::AtMost, 0.0);
            }
            let arrives = |lane: &usize| input.departures(*lane, t).map(|left| (*lane, left)).collect::<Vec<_>>();
            let moved = sets.out[node].iter().map(|lane| (*lane, t)).chain(sets.into[node].iter().flat_map(arrives));
            for (lane, left) in moved {
                let mut loads = variables.loads(input, lane, left).map(|ship| (ship, 1.0)).peekable();
                if loads.peek().is_some() {
                    let about = About::Site { node, of: Activity::Moved { lane }, t: left };
                    let terms = loads.chain(iter::once((open, -params.lane[lane][left])));
                    model.row(Family::Site, about, terms, Compare::AtMost, 0.0);
                }
            }
            for demand in &sets.demand[node] {
                let Some(short) = variables.short[*demand][t] else { continue };
                let tonnes = input.demand[*demand].at[t].tonnes;
                let about = About::Site { node, of: Activity::Served { demand: *demand }, t };
                model.row(Family::Site, about, [(short, 1.0), (open, tonnes)], Compare::AtLeast, tonnes);
            }
        }
    }
}
