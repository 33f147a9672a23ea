//! Decisions of a plan that stand: rows as in a result become rows of `fixed_production` and `fixed_shipments`.

use super::Reader;
use crate::planning::{
    document::{Document, schema},
    fault::Fault,
    tree::Tree,
};
use rust_decimal::Decimal;

/// A family of rows, and the section that fixes them.
pub(super) const FAMILIES: [(&str, &str); 2] = [("production", "fixed_production"), ("shipments", "fixed_shipments")];

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fixed {
    /// By family: rows of its section; None where the family is left alone.
    pub rows: [Option<Vec<Tree>>; 2],
    /// What has no row is 0.
    pub whole: bool,
    pub tolerance: Decimal,
}

impl Reader<'_> {
    pub(super) fn pin(&mut self) -> Option<super::Op> {
        let tolerance = match self.item.get("tolerance_tonnes") {
            None => Decimal::ZERO,
            Some(_) => self.number("tolerance_tonnes")?,
        };
        if tolerance.is_sign_negative() && !tolerance.is_zero() {
            return self.fault("E06", "tolerance_tonnes", format!("tolerance_tonnes is {tolerance}, below 0."));
        }
        let whole = match self.item.get("whole") {
            None => self.item.get("plan_id").is_some(),
            Some(Tree::Bool(whole)) => *whole,
            Some(other) => return self.fault("E03", "whole", format!("whole is {}, not true or false.", other.kind())),
        };
        let wanted = super::ids(self.item.get("families"));
        if let Some(name) = wanted.iter().find(|name| FAMILIES.iter().all(|(family, _)| family != name)) {
            return self.fault("E03", "families", format!("\"{name}\" is not one of production, shipments."));
        }
        let mut rows = self.fixed_rows()?;
        for ((family, _), of) in FAMILIES.iter().zip(&mut rows) {
            let asked = wanted.is_empty() || wanted.iter().any(|name| name == family);
            if asked {
                of.get_or_insert_default()
            } else {
                of.take();
                continue;
            };
        }
        if !whole && rows.iter().flatten().all(Vec::is_empty) {
            return self.fault("E02", "rows", "rows has no row of the families asked for.");
        }
        Some(super::Op::Pin(Fixed { rows, whole, tolerance }))
    }

    /// The rows by family: of an object by its lists, of a list by what each row names.
    fn fixed_rows(&mut self) -> Option<[Option<Vec<Tree>>; 2]> {
        let mut rows = [Vec::new(), Vec::new()];
        match self.item.get("rows") {
            Some(Tree::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    let of = usize::from(item.get("from").is_some());
                    rows[of].extend(self.fixed_row(of, item, &format!("rows[{i}]")));
                }
            }
            Some(Tree::Map(entries)) => {
                for (name, value) in entries {
                    let Some(of) = FAMILIES.iter().position(|(family, _)| family == name) else {
                        return self.fault("E16", &format!("rows.{name}"), format!("There is no field \"{name}\"."));
                    };
                    for (i, item) in value.list().iter().enumerate() {
                        rows[of].extend(self.fixed_row(of, item, &format!("rows.{name}[{i}]")));
                    }
                }
            }
            _ if self.item.get("plan_id").is_some() => {
                return self.fault(
                    "E02",
                    "rows",
                    "A plan is known by its id only where there is a database. Give its rows.",
                );
            }
            _ => return self.fault("E02", "rows", "rows is missing, or neither a list nor an object."),
        }
        Some(rows.map(Some))
    }

    /// The fields of the section; a result says more of a row.
    fn fixed_row(&mut self, of: usize, item: &Tree, path: &str) -> Option<Tree> {
        let section = schema::section(FAMILIES[of].1)?;
        let Tree::Map(entries) = item else {
            return self.fault("E03", path, format!("{path} is {}, not an object.", item.kind()));
        };
        for field in [section.key[0], "tonnes"] {
            if item.get(field).is_none() {
                return self.fault("E02", &format!("{path}.{field}"), format!("{field} is missing."));
            }
        }
        let kept = entries.iter().filter(|(name, value)| section.field(name).is_some() && *value != Tree::Null);
        Some(Tree::Map(kept.cloned().collect()))
    }
}

impl Fixed {
    /// Writes its rows; they go before those that fixed the same before.
    pub(super) fn apply(&self, document: &mut Document, path: &str, faults: &mut Vec<Fault>) {
        let product = super::only_product(document);
        for ((_, name), rows) in FAMILIES.iter().zip(&self.rows) {
            let (Some(rows), Some(section)) = (rows, schema::section(name)) else { continue };
            let mut rows = rows.clone();
            if !self.tolerance.is_zero() {
                for row in &mut rows {
                    if let Tree::Map(entries) = row
                        && !entries.iter().any(|(name, _)| name == "tolerance_tonnes")
                    {
                        entries.push(("tolerance_tonnes".to_owned(), Tree::Number(self.tolerance)));
                    }
                }
            }
            if self.whole {
                let mut rest = vec![("tonnes".to_owned(), Tree::Number(Decimal::ZERO))];
                if !self.tolerance.is_zero() {
                    rest.push(("tolerance_tonnes".to_owned(), Tree::Number(self.tolerance)));
                }
                rows.push(Tree::Map(rest));
                if let Some(before) = document.rows_mut(name) {
                    before.clear();
                }
            }
            let before = document.rows(name).len();
            super::apply::insert(document, section.name, &rows, path, faults);
            let Some(all) = document.rows_mut(name) else { continue };
            let name_of = |row: &crate::planning::document::Row| {
                (super::key_of(section, row, &product), row.text("period").map(str::to_owned))
            };
            let new: std::collections::HashSet<_> = all[before..].iter().map(name_of).collect();
            let mut place = 0;
            all.retain(|row| {
                place += 1;
                place > before || !new.contains(&name_of(row))
            });
        }
    }

    pub(super) fn words(&self) -> String {
        let told = FAMILIES.iter().zip(&self.rows).filter_map(|((family, _), rows)| {
            let rows = rows.as_ref().filter(|rows| self.whole || !rows.is_empty())?;
            Some(format!("{} of {family}", super::words::counted(rows.len())))
        });
        let told = told.collect::<Vec<_>>().join(" and ");
        let rest = if self.whole { ", all else 0" } else { "" };
        let tolerance =
            if self.tolerance.is_zero() { String::new() } else { format!(", within {} t", self.tolerance.normalize()) };
        format!("{told} fixed{rest}{tolerance}")
    }
}
