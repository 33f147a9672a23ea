//! Operations on the rows of a document, period by period: a row without period that is to change in some periods gets
//! rows of its own for them.

use super::{
    MOVING, Op, Scenario, Target, Where,
    chance::{Distribution, Draws},
    ids,
};
use crate::planning::{
    document::{Document, ONLY_PRODUCT, Row, double, schema},
    fault::{Fault, Severity},
    tree::Tree,
};
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

impl Scenario {
    /// The document with every operation done, in the draw given, and what is doubtful about it.
    ///
    /// # Errors
    /// What the operations made wrong, as if it had been written so.
    pub fn apply(&self, document: &Document, draw: u64) -> Result<(Document, Vec<Fault>), Vec<Fault>> {
        let mut draws = Draws::new(self.seed, draw);
        let mut document = document.clone();
        let mut faults = Vec::new();
        for (i, op) in self.ops.iter().enumerate() {
            one(&mut document, op, &mut draws, &format!("ops[{i}]"), &mut faults);
        }
        // Everything is read again, so that no operation makes what no document may hold.
        let (document, more) = Document::of(&document.tree());
        faults.extend(more);
        if faults.iter().any(|fault| fault.severity == Severity::Error) { Err(faults) } else { Ok((document, faults)) }
    }
}

fn one(document: &mut Document, op: &Op, draws: &mut Draws, path: &str, faults: &mut Vec<Fault>) {
    let times = |value: &Tree, factor: Decimal| value.number().and_then(|number| number.checked_mul(factor));
    match op {
        Op::Scale { field, rows, factor } => {
            change(document, *field, rows, |_, value| value.and_then(|value| times(value, *factor)).map(Tree::Number));
        }
        Op::Add { field, rows, value } => change(document, *field, rows, |_, old| match old {
            Some(Tree::Null) => None,
            Some(old) => old.number().and_then(|number| number.checked_add(*value)).map(Tree::Number),
            None => Some(Tree::Number(*value)),
        }),
        Op::Set { field, rows, value } => change(document, *field, rows, |_, _| Some(value.clone())),
        Op::Insert { section, rows } => insert(document, section, rows, path, faults),
        Op::Remove { section, rows } => {
            let product = only_product(document);
            if let Some(all) = document.rows_mut(section) {
                all.retain(|row| !fits(row, rows, &product));
            }
        }
        Op::Outage { node, line, periods, availability, lanes } => {
            for (section, field, ids) in
                [("nodes", "node", std::slice::from_ref(node)), ("periods", "periods", periods)]
            {
                let rows = document.rows(section);
                for id in ids.iter().filter(|id| rows.iter().all(|row| row.text("id") != Some(id.as_str()))) {
                    faults.push(Fault::new(
                        "E04",
                        format!("{path}.{field}"),
                        format!("There is no {id} among the {section}."),
                    ));
                }
            }
            outage(document, node, line.as_deref(), periods, *availability, *lanes);
        }
        Op::CloseLane { rows } => close(document, rows),
        Op::FuelPrice { factor, rows } => {
            // Every cost by the row's own share of fuel; one that changes by period gives the costs rows of their own.
            let before = document.clone();
            let Some(section) = schema::section("lanes") else { return };
            let shares = Lookup::of(&before, section);
            let split = shares.rows.iter().any(|row| row.text("period").is_some() && row.get("fuel_share").is_some());
            for target in MOVING.iter().filter_map(|field| super::target(&format!("lanes.{field}"))) {
                change_cells(document, target, rows, split, &mut |cell, value| {
                    let share = shares.number(cell, "fuel_share").unwrap_or_default();
                    value
                        .and_then(|value| times(value, Decimal::ONE + share * (*factor - Decimal::ONE)))
                        .map(Tree::Number)
                });
            }
        }
        Op::Random { field, rows, distribution, key, floor } => {
            Random { field: *field, rows, distribution, key, floor: *floor }.draw(document, draws, path, faults);
        }
        Op::Pin(fixed) => fixed.apply(document, path, faults),
        Op::Option { name, value } => document.options.set(name.clone(), value.clone()),
    }
}

/// Whether a row has the values asked for; `period` is looked at by the caller where the section has periods.
fn fits(row: &Row, rows: &Where, product: &str) -> bool {
    rows.iter().all(|(name, values)| {
        let default = default_of(name, product);
        let found =
            row.get(name).map_or_else(|| default.into_iter().map(str::to_owned).collect(), |value| ids(Some(value)));
        found.iter().any(|one| values.contains(one))
    })
}

fn default_of<'a>(field: &str, product: &'a str) -> Option<&'a str> {
    match field {
        "line" => Some("L1"),
        "mode" => Some("road"),
        "product" => Some(product).filter(|product| !product.is_empty()),
        _ => None,
    }
}

/// What a row that names no product speaks of; empty with several products.
pub(in crate::planning) fn only_product(document: &Document) -> String {
    match document.rows("products") {
        [] => ONLY_PRODUCT.to_owned(),
        [one] => one.text("id").unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The key of a row, with what stands for a part left out.
pub(in crate::planning) fn key_of(section: &schema::Section, row: &Row, product: &str) -> Vec<String> {
    let part = |name: &&str| row.text(name).or_else(|| default_of(name, product)).unwrap_or_default().to_owned();
    section.key.iter().map(part).collect()
}

/// Where a value stands: the section's key, and the period where there is one.
struct Cell {
    key: Vec<String>,
    period: Option<String>,
}

/// Changes a field of all rows that fit; in the periods asked for only, where some are.
fn change(
    document: &mut Document,
    target: Target,
    rows: &Where,
    mut new: impl FnMut(&Cell, Option<&Tree>) -> Option<Tree>,
) {
    change_cells(document, target, rows, false, &mut new);
}

/// As [`change`]; `split` gives every period its own value.
fn change_cells(
    document: &mut Document,
    target: Target,
    rows: &Where,
    split: bool,
    new: &mut dyn FnMut(&Cell, Option<&Tree>) -> Option<Tree>,
) {
    let fixed = ["opening_tonnes", "batch_tonnes"].contains(&target.field);
    let by_period = split || rows.iter().any(|(name, _)| name == "period");
    if by_period && target.section.by_period && !fixed {
        each_period(document, target, rows, new);
        return;
    }
    let product = only_product(document);
    let bases: BTreeSet<Vec<String>> = document
        .rows(target.section.name)
        .iter()
        .filter(|row| row.text("period").is_none())
        .map(|row| key_of(target.section, row, &product))
        .collect();
    let Some(all) = document.rows_mut(target.section.name) else { return };
    for row in all.iter_mut().filter(|row| fits(row, rows, &product)) {
        let key = key_of(target.section, row, &product);
        let period = row.text("period").map(str::to_owned);
        let old = row.get(target.field);
        if old.is_none() && period.is_some() && bases.contains(&key) {
            // The row of all periods says it.
            continue;
        }
        if let Some(value) = new(&Cell { key, period }, old) {
            row.set(target.field, value);
        }
    }
}

/// The rows of one key, by place.
#[derive(Default)]
struct Places {
    base: Option<usize>,
    /// By period.
    own: BTreeMap<String, usize>,
}

fn each_period(
    document: &mut Document,
    target: Target,
    rows: &Where,
    new: &mut dyn FnMut(&Cell, Option<&Tree>) -> Option<Tree>,
) {
    let periods: Vec<String> =
        document.rows("periods").iter().filter_map(|row| row.text("id")).map(str::to_owned).collect();
    let asked = |period: &String| rows.iter().all(|(name, values)| name != "period" || values.contains(period));
    let others: Where = rows.iter().filter(|(name, _)| name != "period").cloned().collect();
    let product = only_product(document);
    let Some(all) = document.rows_mut(target.section.name) else { return };
    let mut groups: Vec<(Vec<String>, Places)> = Vec::new();
    let mut places: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for (i, row) in all.iter().enumerate() {
        let key = key_of(target.section, row, &product);
        let place = *places.entry(key.clone()).or_insert_with(|| {
            groups.push((key, Places::default()));
            groups.len() - 1
        });
        match row.text("period") {
            Some(period) => drop(groups[place].1.own.insert(period.to_owned(), i)),
            None => groups[place].1.base = Some(i),
        }
    }
    for (key, Places { base, own }) in groups {
        for period in periods.iter().filter(|period| asked(period)) {
            let own = own.get(period).copied();
            let Some(known) = own.or(base) else { continue };
            if !fits(&all[known], &others, &product) && !base.is_some_and(|base| fits(&all[base], &others, &product)) {
                continue;
            }
            let value = own
                .and_then(|row| all[row].get(target.field))
                .or_else(|| base.and_then(|row| all[row].get(target.field)));
            let cell = Cell { key: key.clone(), period: Some(period.clone()) };
            let Some(value) = new(&cell, value) else { continue };
            if let Some(row) = own {
                all[row].set(target.field, value);
            } else {
                let mut row = Row::default();
                for name in target.section.key {
                    if let Some(value) = all[known].get(name) {
                        row.set(*name, value.clone());
                    }
                }
                row.set("period", Tree::Text(period.clone()));
                row.set(target.field, value);
                all.push(row);
            }
        }
    }
}

pub(super) fn insert(
    document: &mut Document,
    section: &'static str,
    rows: &[Tree],
    path: &str,
    faults: &mut Vec<Fault>,
) {
    // Read by the rules of the section, so that a fault names the operation.
    let alone = Tree::Map(vec![(section.to_owned(), Tree::List(rows.to_vec()))]);
    let (read, more) = Document::of(&alone);
    faults.extend(more.into_iter().filter(|fault| fault.path.starts_with(&format!("{section}["))).map(|mut fault| {
        fault.path = format!("{path}.rows{}", &fault.path[section.len()..]);
        fault
    }));
    if let Some(all) = document.rows_mut(section) {
        all.extend(read.rows(section).iter().cloned());
    }
}

fn outage(
    document: &mut Document,
    node: &str,
    line: Option<&str>,
    periods: &[String],
    availability: Decimal,
    lanes: bool,
) {
    let mut rows: Where = vec![("node".to_owned(), vec![node.to_owned()]), ("period".to_owned(), periods.to_vec())];
    if let Some(line) = line {
        rows.push(("line".to_owned(), vec![line.to_owned()]));
    }
    if let Some(target) = super::target("production.capacity_tonnes") {
        change(document, target, &rows, |_, value| match value {
            // Without limit of its own a line stops, or is not held back.
            Some(Tree::Null) if availability.is_zero() => Some(Tree::Number(Decimal::ZERO)),
            Some(value) => value.number().and_then(|number| number.checked_mul(availability)).map(Tree::Number),
            None => None,
        });
    }
    if lanes {
        for end in ["from", "to"] {
            let rows = [("period".to_owned(), periods.to_vec()), (end.to_owned(), vec![node.to_owned()])];
            close(document, &rows.to_vec());
        }
    }
}

fn close(document: &mut Document, rows: &Where) {
    if let Some(target) = super::target("lanes.max_tonnes") {
        change(document, target, rows, |_, _| Some(Tree::Number(Decimal::ZERO)));
    }
}

/// The rows of each key of a section, to look up what counts in a period.
struct Lookup<'a> {
    rows: &'a [Row],
    keys: BTreeMap<Vec<String>, Places>,
}

impl<'a> Lookup<'a> {
    fn of(document: &'a Document, section: &schema::Section) -> Self {
        let product = only_product(document);
        let rows = document.rows(section.name);
        let mut keys: BTreeMap<Vec<String>, Places> = BTreeMap::new();
        for (i, row) in rows.iter().enumerate() {
            let entry = keys.entry(key_of(section, row, &product)).or_default();
            match row.text("period") {
                Some(period) => drop(entry.own.insert(period.to_owned(), i)),
                None => entry.base = Some(i),
            }
        }
        Self { rows, keys }
    }

    fn number(&self, cell: &Cell, field: &str) -> Option<Decimal> {
        let Places { base, own: periods } = self.keys.get(&cell.key)?;
        let own = cell.period.as_ref().and_then(|period| periods.get(period));
        let value = |row: usize| self.rows[row].get(field).and_then(Tree::number);
        own.and_then(|row| value(*row)).or_else(|| base.and_then(value))
    }
}

/// A random operation's own terms.
struct Random<'a> {
    field: Target,
    rows: &'a Where,
    distribution: &'a Distribution,
    key: &'a [String],
    floor: f64,
}

impl Random<'_> {
    /// What tells the draws apart: the values of the fields named in `key`.
    fn key_of(&self, cell: &Cell) -> Vec<String> {
        let section = self.field.section;
        let part = |name: &String| {
            if name == "period" {
                return cell.period.clone().unwrap_or_default();
            }
            section.key.iter().position(|known| known == name).map(|i| cell.key[i].clone()).unwrap_or_default()
        };
        self.key.iter().map(part).collect()
    }

    /// One draw a distinct key, keys in ascending byte order.
    fn draw(&self, document: &mut Document, draws: &mut Draws, path: &str, told: &mut Vec<Fault>) {
        let interval = *self.distribution == Distribution::DemandInterval;
        let split = interval || self.key.iter().any(|name| name == "period");
        let mut keys = BTreeSet::new();
        change_cells(document, self.field, self.rows, split, &mut |cell, value| {
            if value.and_then(Tree::number).is_some() {
                keys.insert(self.key_of(cell));
            }
            None
        });
        let drawn: BTreeMap<Vec<String>, f64> = keys.into_iter().map(|key| (key, draws.u())).collect();
        let before = document.clone();
        let lookup = Lookup::of(&before, self.field.section);
        let mut missing = 0;
        change_cells(document, self.field, self.rows, split, &mut |cell, value| {
            let value = value.and_then(Tree::number)?;
            let u = *drawn.get(&self.key_of(cell))?;
            let own = if interval {
                let of = |name| lookup.number(cell, name).map(double);
                let Some(own) = of("tonnes_low").zip(of("tonnes_high")) else {
                    missing += 1;
                    return None;
                };
                Some((own.0, double(value), own.1))
            } else {
                None
            };
            let factor = Decimal::from_str(&self.distribution.at(u, own).max(self.floor).to_string()).ok()?;
            if interval { Some(Tree::Number(factor)) } else { value.checked_mul(factor).map(Tree::Number) }
        });
        if missing > 0 {
            let message = format!("{missing} rows have no tonnes_low or tonnes_high; they are not drawn.");
            told.push(Fault::new("W14", path, message));
        }
    }
}
