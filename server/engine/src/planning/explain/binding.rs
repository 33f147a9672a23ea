//! Limits the plan stands at, with what a unit more of each would save, whole numbers as they are.

use super::{column_words, limit_of, limit_of_row, row_words};
use crate::planning::{
    builder::Built,
    input::Input,
    model::{Domain, names::Names},
    solve::Solution,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Worth less than this is nothing.
const LEAST: f64 = 1e-7;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    pub row_name: String,
    pub limit: Cow<'static, str>,
    pub words: String,
    pub activity: f64,
    pub limit_value: f64,
    /// Money saved by one unit of relaxation.
    pub worth: f64,
}

/// Sorted by worth.
#[must_use]
pub fn bindings(input: &Input, built: &Built, point: &Solution) -> Vec<Binding> {
    let model = &built.model;
    let names = Names::new(input);
    let mut all = Vec::new();
    for (place, row) in model.rows.iter().enumerate() {
        let (Some(limit), worth) = (limit_of_row(row.family), point.row_duals[place].abs()) else { continue };
        if worth > LEAST {
            all.push(Binding {
                row_name: names.row(model, row),
                limit: limit.into(),
                words: row_words(input, model, row),
                activity: point.rows[place],
                limit_value: row.limit,
                worth,
            });
        }
    }
    for (place, column) in model.columns.iter().enumerate().filter(|(_, c)| c.domain == Domain::Continuous) {
        let (value, dual) = (point.columns[place], point.column_duals[place]);
        // At its most a column would rather be more, at its least rather less.
        let upper = dual < 0.0;
        let Some(limit) = limit_of(column.key, upper).filter(|_| dual.abs() > LEAST) else { continue };
        let bound = if upper { column.upper } else { column.lower };
        if bound.is_finite() && (upper || bound > 0.0) {
            all.push(Binding {
                row_name: names.column(column.key),
                limit: limit.into(),
                words: column_words(input, limit, column.key),
                activity: value,
                limit_value: bound,
                worth: dual.abs(),
            });
        }
    }
    all.sort_by(|a, b| b.worth.total_cmp(&a.worth).then_with(|| a.row_name.cmp(&b.row_name)));
    all
}
