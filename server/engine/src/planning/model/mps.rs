//! The model as a free MPS text. The same input gives the same bytes, and every number reads back exactly.

use super::{Compare, Domain, Model, names::Names};
use crate::planning::input::Input;
use std::fmt::Write;

#[must_use]
pub fn text(input: &Input, model: &Model) -> String {
    let names = Names::new(input);
    let rows: Vec<String> = model.rows.iter().map(|row| names.row(model, row)).collect();
    let mut of_column: Vec<Vec<(usize, f64)>> = vec![Vec::new(); model.columns.len()];
    for (place, row) in model.rows.iter().enumerate() {
        for (column, value) in model.terms(row) {
            of_column[*column].push((place, *value));
        }
    }
    let mut out = String::from("NAME plan FREE\nROWS\n N cost\n");
    // A `String` takes everything.
    for (row, name) in model.rows.iter().zip(&rows) {
        let sense = match row.compare {
            Compare::AtMost => 'L',
            Compare::Equal => 'E',
            Compare::AtLeast => 'G',
        };
        let _ = writeln!(out, " {sense} {name}");
    }
    out.push_str("COLUMNS\n");
    let mut inside = false;
    let mut markers = 0;
    let mut marker = |out: &mut String, what: &str| {
        let _ = writeln!(out, " MARKER{markers} 'MARKER' '{what}'");
        markers += 1;
    };
    for (column, entries) in model.columns.iter().zip(&of_column) {
        let integer = column.domain == Domain::Integer;
        if integer != inside {
            marker(&mut out, if integer { "INTORG" } else { "INTEND" });
            inside = integer;
        }
        let name = names.column(column.key);
        if column.cost != 0.0 || entries.is_empty() {
            let _ = writeln!(out, " {name} cost {}", column.cost);
        }
        for (row, value) in entries {
            let _ = writeln!(out, " {name} {} {value}", rows[*row]);
        }
    }
    if inside {
        marker(&mut out, "INTEND");
    }
    out.push_str("RHS\n");
    if model.constant != 0.0 {
        // The objective's right-hand side is its constant with the other sign.
        let _ = writeln!(out, " rhs cost {}", -model.constant);
    }
    for (row, name) in model.rows.iter().zip(&rows).filter(|(row, _)| row.limit != 0.0) {
        let _ = writeln!(out, " rhs {name} {}", row.limit);
    }
    out.push_str("BOUNDS\n");
    for column in &model.columns {
        let name = names.column(column.key);
        #[allow(clippy::float_cmp, reason = "a column fixed to one value")]
        if column.lower == column.upper {
            let _ = writeln!(out, " FX bnd {name} {}", column.lower);
            continue;
        }
        if column.lower != 0.0 {
            let _ = writeln!(out, " LO bnd {name} {}", column.lower);
        }
        if column.upper.is_finite() {
            let _ = writeln!(out, " UP bnd {name} {}", column.upper);
        } else if column.domain == Domain::Integer {
            // Without a bound an integer column would end at 1 for some readers.
            let _ = writeln!(out, " PL bnd {name}");
        }
    }
    out.push_str("ENDATA\n");
    out
}
