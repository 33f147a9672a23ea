//! The model as a CPLEX LP text. The same input gives the same bytes, and every number reads back exactly.

use super::{Compare, Domain, Model, names::Names};
use crate::planning::input::Input;
use std::{fmt::Write, iter};

/// Terms on one line; the format allows 510 characters.
const TERMS: usize = 5;

/// The column that stands for the objective's constant: a constant of its own is not read alike by all readers.
const CONSTANT: &str = "constant()";

#[must_use]
pub fn text(input: &Input, model: &Model) -> String {
    let names = Names::new(input);
    let columns: Vec<String> = model.columns.iter().map(|column| names.column(column.key)).collect();
    let mut out = String::new();
    // A `String` takes everything.
    let _ = write!(out, "\\ {}\nMinimize\n cost:", input.name.replace(['\n', '\r'], " "));
    let constant = (model.constant != 0.0).then_some((CONSTANT, model.constant));
    let costs = model.columns.iter().zip(&columns).filter(|(column, _)| column.cost != 0.0);
    terms(&mut out, costs.map(|(column, name)| (name.as_str(), column.cost)).chain(constant), columns.first());
    out.push_str("\nSubject To\n");
    for row in &model.rows {
        let _ = write!(out, " {}:", names.row(model, row));
        let of = model.terms(row).iter().map(|(column, value)| (columns[*column].as_str(), *value));
        terms(&mut out, of, columns.first());
        let compare = match row.compare {
            Compare::AtMost => "<=",
            Compare::Equal => "=",
            Compare::AtLeast => ">=",
        };
        let _ = writeln!(out, " {compare} {}", row.limit + 0.0);
    }
    out.push_str("Bounds\n");
    for (column, name) in model.columns.iter().zip(&columns).filter(|(column, _)| !column.binary()) {
        let _ = match (column.lower, column.upper) {
            (low, high) if high == f64::INFINITY => {
                if low == 0.0 {
                    Ok(())
                } else {
                    writeln!(out, " {name} >= {low}")
                }
            }
            #[allow(clippy::float_cmp, reason = "a column fixed to one value")]
            (low, high) if low == high => writeln!(out, " {name} = {low}"),
            (low, high) => writeln!(out, " {low} <= {name} <= {high}"),
        };
    }
    if constant.is_some() {
        let _ = writeln!(out, " {CONSTANT} = 1");
    }
    for (title, binary) in [("General", false), ("Binary", true)] {
        let of = model.columns.iter().zip(&columns);
        let mut integers =
            of.filter(|(column, _)| column.domain == Domain::Integer && column.binary() == binary).peekable();
        if integers.peek().is_some() {
            let _ = writeln!(out, "{title}");
            integers.for_each(|(_, name)| {
                let _ = writeln!(out, " {name}");
            });
        }
    }
    out.push_str("End\n");
    out
}

fn terms<'a>(out: &mut String, terms: impl Iterator<Item = (&'a str, f64)>, any: Option<&'a String>) {
    let mut terms = terms.peekable();
    // A row without terms names a column with 0, or the format could not hold it.
    let none = if terms.peek().is_none() { any.map(|name| (name.as_str(), 0.0)) } else { None };
    for (i, (name, value)) in terms.chain(iter::once(none).flatten()).enumerate() {
        out.push_str(if i > 0 && i % TERMS == 0 { "\n  " } else { "" });
        let sign = if value < 0.0 { '-' } else { '+' };
        let _ = write!(out, " {sign} {} {name}", value.abs());
    }
}
