//! The document as the checker reads it: a cell of a row, by key, period and field.

use crate::planning::{
    document::{Document, Row},
    tree::Tree,
};
use std::collections::HashMap;

/// The rows of one key, those of a period before the one of all.
#[derive(Debug, Default)]
pub struct Entry<'a> {
    always: Option<&'a Row>,
    periods: HashMap<&'a str, &'a Row>,
}

#[derive(Debug)]
pub struct Paper<'a> {
    pub document: &'a Document,
    pub periods: Vec<&'a str>,
    pub products: Vec<&'a str>,
    /// By section, then by key.
    entries: HashMap<&'static str, HashMap<String, (Vec<&'a str>, Entry<'a>)>>,
}

/// Sections whose rows may speak of one period, their keys and what stands for a part left out.
const KEYED: &[(&str, &[(&str, &str)])] = &[
    ("stock", &[("node", ""), ("product", "")]),
    ("production", &[("node", ""), ("line", "L1"), ("product", "")]),
    ("lanes", &[("from", ""), ("to", ""), ("mode", "road"), ("product", "")]),
    ("demand", &[("node", ""), ("product", "")]),
    ("resources", &[("id", "")]),
    ("supplier_limits", &[("node", ""), ("product", "")]),
    ("fixed_production", &[("node", ""), ("line", "L1"), ("product", "")]),
    ("fixed_shipments", &[("from", ""), ("to", ""), ("mode", "road"), ("product", ""), ("lane_product", "")]),
];

/// No id holds a line's end.
fn joined(key: &[&str]) -> String {
    key.join("\n")
}

fn decimal(value: &Tree) -> Option<f64> {
    match value {
        Tree::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

impl<'a> Paper<'a> {
    pub fn of(document: &'a Document) -> Self {
        let ids = |section: &str| document.rows(section).iter().filter_map(|row| row.text("id")).collect::<Vec<_>>();
        let mut products = ids("products");
        if products.is_empty() {
            products.push("P");
        }
        let mut entries: HashMap<&'static str, HashMap<String, (Vec<&str>, Entry<'_>)>> = HashMap::new();
        for (section, keys) in KEYED {
            let of_section = entries.entry(section).or_default();
            for row in document.rows(section) {
                let key = keys.iter().map(|(field, default)| match row.text(field) {
                    // With one product a lane of its own is the lane of all.
                    Some(_) if *section == "lanes" && *field == "product" && products.len() == 1 => "",
                    Some(_) if *field == "lane_product" && products.len() == 1 => "",
                    Some(text) => text,
                    None if *field == "product" && *section != "lanes" => products[0],
                    None => default,
                });
                let key: Vec<_> = key.collect();
                let (_, entry) = of_section.entry(joined(&key)).or_insert_with(|| (key, Entry::default()));
                match row.text("period") {
                    Some(period) => {
                        entry.periods.insert(period, row);
                    }
                    None => entry.always = Some(row),
                }
            }
        }
        Self { document, periods: ids("periods"), products, entries }
    }

    pub fn period(&self, id: &str) -> Option<usize> {
        self.periods.iter().position(|one| *one == id)
    }

    pub fn days(&self, t: usize) -> f64 {
        self.document.rows("periods").get(t).and_then(|row| row.get("days")).and_then(decimal).unwrap_or(30.0)
    }

    pub fn constant_cost(&self) -> f64 {
        self.document.top.get("constant_cost").and_then(decimal).unwrap_or(0.0)
    }

    pub fn keys(&self, section: &str) -> Vec<Vec<&'a str>> {
        let mut keys: Vec<_> =
            self.entries.get(section).map(|all| all.values().map(|(key, _)| key.clone()).collect()).unwrap_or_default();
        keys.sort_unstable();
        keys
    }

    pub fn entry(&self, section: &str, key: &[&str]) -> Option<&Entry<'a>> {
        self.entries.get(section)?.get(&joined(key)).map(|(_, entry)| entry)
    }

    pub fn option(&self, name: &str) -> Option<&'a Tree> {
        self.document.options.get(name)
    }

    pub fn penalty(&self, name: &str, default: f64) -> f64 {
        self.document.penalties.get(name).and_then(decimal).unwrap_or(default)
    }

    /// A row of a section without periods, by its id.
    pub fn row(&self, section: &str, id: &str) -> Option<&'a Row> {
        self.document.rows(section).iter().find(|row| row.text("id") == Some(id))
    }

    /// Calendar factor of a period.
    pub fn factor(&self, calendar: &str, t: usize) -> f64 {
        let factors = self.row("calendars", calendar).and_then(|row| row.get("factors")).map_or(&[][..], Tree::list);
        let of =
            factors.iter().rev().find(|one| one.get("period").and_then(Tree::text) == self.periods.get(t).copied());
        of.and_then(|one| one.get("factor")).and_then(decimal).unwrap_or(1.0)
    }
}

impl<'a> Entry<'a> {
    /// Whether any row speaks of the period.
    pub fn speaks(&self, period: &str) -> bool {
        self.always.is_some() || self.periods.contains_key(period)
    }

    pub fn cell(&self, period: &str, field: &str) -> Option<&'a Tree> {
        self.periods.get(period).and_then(|row| row.get(field)).or_else(|| self.always.and_then(|row| row.get(field)))
    }

    /// None for absent and for null.
    pub fn number(&self, period: &str, field: &str) -> Option<f64> {
        self.cell(period, field).and_then(decimal)
    }

    pub fn amount(&self, period: &str, field: &str) -> f64 {
        self.number(period, field).unwrap_or(0.0)
    }

    pub fn text(&self, period: &str, field: &str) -> Option<&'a str> {
        self.cell(period, field).and_then(Tree::text)
    }

    /// A field that does not change by period, wherever it stands.
    pub fn anywhere(&self, field: &str) -> Option<&'a Tree> {
        self.always.and_then(|row| row.get(field)).or_else(|| self.periods.values().find_map(|row| row.get(field)))
    }
}

/// A number of a row.
pub fn number(row: &Row, field: &str) -> Option<f64> {
    row.get(field).and_then(decimal)
}

/// A number of a tree's map.
pub fn inner(tree: &Tree, field: &str) -> Option<f64> {
    tree.get(field).and_then(decimal)
}

/// An id or a list of them; None where the field is absent.
pub fn ids<'a>(row: &'a Row, field: &str) -> Option<Vec<&'a str>> {
    row.get(field).map(|value| match value {
        Tree::List(items) => items.iter().filter_map(Tree::text).collect(),
        one => one.text().into_iter().collect(),
    })
}
