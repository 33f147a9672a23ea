//! Decisions that stand: tonnes − tolerance ≤ prod, ship ≤ tonnes + tolerance. Rows, no bounds of the columns: the way out
//! lets bounds go.

use super::Site;
use crate::planning::{
    input::Pin,
    model::{About, Compare, Family},
};

/// A quantity is kept with six decimals.
const GRAIN: f64 = 1e-6;

pub(super) fn rows(site: &mut Site<'_>) {
    let (input, variables) = (site.input, site.variables);
    for (line, t, pin) in &input.pins.production {
        let about = About::Line { line: *line, t: *t };
        fix(site, variables.prod[*line][*t], about, *pin);
    }
    for (lane, product, t, pin) in &input.pins.shipments {
        // What cannot leave is 0 without a row; more of it was refused.
        let Some(column) = variables.ship(input, *lane, *product, *t) else { continue };
        fix(site, column, About::LaneProduct { lane: *lane, product: *product, t: *t }, *pin);
    }
}

fn fix(site: &mut Site<'_>, column: usize, about: About, pin: Pin) {
    let least = pin.tonnes - pin.tolerance - GRAIN;
    if least > 0.0 {
        site.model.row(Family::Pin, about, [(column, 1.0)], Compare::AtLeast, least);
    }
    site.model.row(Family::Pin, about, [(column, 1.0)], Compare::AtMost, pin.tonnes + pin.tolerance + GRAIN);
}
