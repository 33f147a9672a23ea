//! Scenarios: operations laid over a document one after the other (`planning.md` 3.7). What comes out is a document of
//! its own, with its own hash.

mod apply;
pub mod chance;
mod pin;
mod words;

pub(super) use apply::{key_of, only_product};

use super::{
    document::{LARGEST, double, nearest, schema},
    fault::Fault,
    tree::{Tree, read},
};
use chance::Distribution;
use pin::Fixed;
use rust_decimal::Decimal;

pub const FORMAT: &str = "millrace-scenario/1";

#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub seed: u64,
    /// Each as it was written, checked.
    ops: Vec<Op>,
}

/// Fields and the values they may have.
type Where = Vec<(String, Vec<String>)>;

#[derive(Debug, Clone, PartialEq)]
enum Op {
    Scale { field: Target, rows: Where, factor: Decimal },
    Add { field: Target, rows: Where, value: Decimal },
    Set { field: Target, rows: Where, value: Tree },
    Insert { section: &'static str, rows: Vec<Tree> },
    Remove { section: &'static str, rows: Where },
    Outage { node: String, line: Option<String>, periods: Vec<String>, availability: Decimal, lanes: bool },
    CloseLane { rows: Where },
    FuelPrice { factor: Decimal, rows: Where },
    Random { field: Target, rows: Where, distribution: Distribution, key: Vec<String>, floor: f64 },
    Pin(Fixed),
    Option { name: String, value: Tree },
}

/// A numeric field of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Target {
    section: &'static schema::Section,
    field: &'static str,
}

/// Names and what they do.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("base", "the input as it is"),
    ("high_demand", "demand × 1.25"),
    ("low_demand", "demand × 0.80"),
    ("capacity_constrained", "capacity × 0.85"),
    ("transport_disruption", "freight and trip cost × 1.40"),
    ("fuel_price_spike", "freight and trip cost × 1.30"),
];

/// What a built-in one multiplies, and by how much.
fn built_in(name: &str) -> Option<(&'static [&'static str], Decimal)> {
    const MOVING: &[&str] = &["lanes.cost_per_tonne", "lanes.cost_per_tonne_km", "lanes.fixed_cost_per_trip"];
    let (fields, percent): (&[&str], _) = match name {
        "base" => (&[], 100),
        "high_demand" => (&["demand.tonnes"], 125),
        "low_demand" => (&["demand.tonnes"], 80),
        "capacity_constrained" => (&["production.capacity_tonnes"], 85),
        "transport_disruption" => (MOVING, 140),
        "fuel_price_spike" => (MOVING, 130),
        _ => return None,
    };
    Some((fields, Decimal::new(percent, 2)))
}

/// What a lane costs by tonne, by tonne and km, and by trip.
const MOVING: [&str; 3] = ["cost_per_tonne", "cost_per_tonne_km", "fixed_cost_per_trip"];

fn target(name: &str) -> Option<Target> {
    let (section, field) = name.split_once('.')?;
    let section = schema::section(section)?;
    let known = section.field(field)?;
    let numeric = matches!(
        known.kind,
        schema::Kind::Amount
            | schema::Kind::Least0
            | schema::Kind::Positive
            | schema::Kind::Share
            | schema::Kind::Within(..)
            | schema::Kind::Whole
    );
    numeric.then_some(Target { section, field: known.name })
}

impl Scenario {
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let (fields, factor) = built_in(name)?;
        let scaled = |field: &&str| Some(Op::Scale { field: target(field)?, rows: Vec::new(), factor });
        Some(Self { name: name.to_owned(), seed: 0, ops: fields.iter().filter_map(scaled).collect() })
    }

    /// The operations of a built-in one as a JSON list, to begin an own one with.
    #[must_use]
    pub fn built_in_ops(name: &str) -> Option<String> {
        let (fields, factor) = built_in(name)?;
        let scaled =
            |field: &&str| format!("{{\"op\":\"scale\",\"field\":\"{field}\",\"factor\":{}}}", factor.normalize());
        Some(format!("[{}]", fields.iter().map(scaled).collect::<Vec<_>>().join(",")))
    }

    /// Whether its draws differ.
    #[must_use]
    pub fn has_chance(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Random { .. }))
    }

    /// Whether it holds a plan fast: all its decisions, those that are 0 too.
    #[must_use]
    pub fn holds_a_plan(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Pin(fixed) if fixed.whole))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// All faults at once, with paths such as `ops[1].factor`.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let tree =
            read(text).map_err(|fault| vec![Fault::new("E03", "", format!("The scenario is no JSON: {fault}."))])?;
        let mut faults = Vec::new();
        if tree.get("format").and_then(Tree::text) != Some(FORMAT) {
            faults.push(Fault::new("E01", "format", format!("The format must be \"{FORMAT}\".")));
        }
        known(&tree, "", &["format", "name", "description", "seed", "probability", "ops"], &mut faults);
        let seed = match tree.get("seed") {
            None => Some(0),
            Some(value) => value.number().filter(|n| n.fract().is_zero()).and_then(|n| u64::try_from(n).ok()),
        };
        if seed.is_none() {
            faults.push(Fault::new("E03", "seed", "seed must be a whole number of at least 0."));
        }
        exact(&tree, "", &mut faults);
        let mut ops = Vec::new();
        match tree.get("ops") {
            Some(Tree::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    let mut reader = Reader { item, path: format!("ops[{i}]"), faults: &mut faults };
                    ops.extend(reader.op());
                }
            }
            _ => faults.push(Fault::new("E02", "ops", "ops is missing, or not a list.")),
        }
        let name = tree.get("name").and_then(Tree::text).unwrap_or_default().to_owned();
        if faults.is_empty() { Ok(Self { name, seed: seed.unwrap_or(0), ops }) } else { Err(faults) }
    }
}

/// Tells fields that stand twice and numbers that cannot be kept: what is stored is what was checked.
fn exact(tree: &Tree, path: &str, faults: &mut Vec<Fault>) {
    match tree {
        Tree::Map(entries) => {
            for (i, (name, value)) in entries.iter().enumerate() {
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if entries[..i].iter().any(|(before, _)| before == name) {
                    faults.push(Fault::new("E05", at.as_str(), format!("{name} stands twice.")));
                }
                exact(value, &at, faults);
            }
        }
        Tree::List(items) => {
            items.iter().enumerate().for_each(|(i, item)| exact(item, &format!("{path}[{i}]"), faults));
        }
        Tree::Wide(text) => {
            faults.push(Fault::new("E03", path, format!("{text} is more than can be kept exactly.")));
        }
        Tree::Text(text) if text.contains('\0') => {
            faults.push(Fault::new("E03", path, "A text holds the character U+0000."));
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => {}
    }
}

/// Tells fields nobody knows.
fn known(tree: &Tree, path: &str, names: &[&str], faults: &mut Vec<Fault>) {
    let Tree::Map(entries) = tree else {
        faults.push(Fault::new("E03", path, "An object is expected."));
        return;
    };
    for (name, _) in entries.iter().filter(|(name, _)| !names.contains(&name.as_str()) && !name.starts_with("x_")) {
        let meant =
            nearest(name, names.iter().copied()).map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
        let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        faults.push(Fault::new("E16", at, format!("There is no field \"{name}\".{meant}")));
    }
}

struct Reader<'a> {
    item: &'a Tree,
    path: String,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn fault<T>(&mut self, code: &'static str, field: &str, message: impl Into<String>) -> Option<T> {
        self.faults.push(Fault::new(code, format!("{}.{field}", self.path), message));
        None
    }

    fn op(&mut self) -> Option<Op> {
        let names: &[&str] = match self.item.get("op").and_then(Tree::text) {
            Some("scale") => &["op", "field", "where", "factor"],
            Some("add" | "set") => &["op", "field", "where", "value"],
            Some("insert") => &["op", "section", "rows"],
            Some("remove") => &["op", "section", "where"],
            Some("outage") => &["op", "node", "line", "periods", "availability", "lanes"],
            Some("close_lane") => &["op", "where"],
            Some("fuel_price") => &["op", "factor", "where"],
            Some("random") => &[
                "op",
                "field",
                "where",
                "distribution",
                "key",
                "floor",
                "mean",
                "sd",
                "low",
                "mode",
                "high",
                "sigma",
                "values",
            ],
            Some("pin") => &["op", "rows", "plan_id", "families", "tolerance_tonnes", "whole"],
            Some("option") => &["op", "name", "value"],
            _ => {
                let message = "op must be one of scale, add, set, insert, remove, outage, close_lane, fuel_price, random, pin, option.";
                return self.fault("E03", "op", message);
            }
        };
        known(self.item, &self.path, names, self.faults);
        match self.item.get("op").and_then(Tree::text).unwrap_or_default() {
            "scale" => {
                let (field, factor) = (self.target(), self.number("factor"));
                Some(Op::Scale { field: field?, rows: self.rows("")?, factor: factor? })
            }
            "add" => {
                let (field, value) = (self.target(), self.number("value"));
                Some(Op::Add { field: field?, rows: self.rows("")?, value: value? })
            }
            "set" => {
                let field = self.target();
                let Some(value) = self.item.get("value").cloned() else {
                    return self.fault("E02", "value", "value is missing.");
                };
                Some(Op::Set { field: field?, rows: self.rows("")?, value })
            }
            "insert" => {
                let section = self.section();
                let Some(Tree::List(rows)) = self.item.get("rows") else {
                    return self.fault("E02", "rows", "rows is missing, or not a list.");
                };
                Some(Op::Insert { section: section?.name, rows: rows.clone() })
            }
            "remove" => {
                let section = self.section()?;
                Some(Op::Remove { section: section.name, rows: self.rows(section.name)? })
            }
            "outage" => {
                let (node, availability) = (self.text("node"), self.share("availability"));
                let line = self.item.get("line").and_then(Tree::text).map(str::to_owned);
                let periods = ids(self.item.get("periods"));
                if periods.is_empty() {
                    return self.fault("E02", "periods", "periods is missing.");
                }
                let lanes = self.item.get("lanes") == Some(&Tree::Bool(true));
                Some(Op::Outage { node: node?, line, periods, availability: availability?, lanes })
            }
            "close_lane" => Some(Op::CloseLane { rows: self.rows("lanes")? }),
            "fuel_price" => Some(Op::FuelPrice { factor: self.number("factor")?, rows: self.rows("lanes")? }),
            "random" => self.random(),
            "pin" => self.pin(),
            _ => {
                let name = self.text("name")?;
                let Some(value) = self.item.get("value").cloned() else {
                    return self.fault("E02", "value", "value is missing.");
                };
                Some(Op::Option { name, value })
            }
        }
    }

    fn number(&mut self, field: &str) -> Option<Decimal> {
        match self.item.get(field).and_then(Tree::number).filter(|number| number.abs() <= Decimal::from(LARGEST)) {
            Some(number) => Some(number),
            None => self.fault("E03", field, format!("{field} must be a number of at most 1e12.")),
        }
    }

    fn number_or(&mut self, field: &str, default: f64) -> Option<f64> {
        if self.item.get(field).is_none() { Some(default) } else { self.number(field).map(double) }
    }

    fn share(&mut self, field: &str) -> Option<Decimal> {
        if self.item.get(field).is_none() {
            return Some(Decimal::ZERO);
        }
        let number = self.number(field)?;
        if number < Decimal::ZERO || number > Decimal::ONE {
            return self.fault("E09", field, format!("{field} is {number}, outside 0 to 1."));
        }
        Some(number)
    }

    fn text(&mut self, field: &str) -> Option<String> {
        match self.item.get(field).and_then(Tree::text) {
            Some(text) => Some(text.to_owned()),
            None => self.fault("E02", field, format!("{field} is missing.")),
        }
    }

    fn section(&mut self) -> Option<&'static schema::Section> {
        let name = self.text("section")?;
        match schema::section(&name) {
            Some(section) => Some(section),
            None => self.fault("E04", "section", format!("There is no section \"{name}\".")),
        }
    }

    fn target(&mut self) -> Option<Target> {
        let name = self.text("field")?;
        match target(&name) {
            Some(target) => Some(target),
            None => self.fault("E04", "field", format!("\"{name}\" is no numeric field such as demand.tonnes.")),
        }
    }

    /// The conditions of `where`, on the fields of the section given or of the operation's own target.
    fn rows(&mut self, section: &str) -> Option<Where> {
        let Some(conditions) = self.item.get("where") else { return Some(Vec::new()) };
        let Tree::Map(entries) = conditions else {
            return self.fault("E03", "where", "where must be an object.");
        };
        let named = self.item.get("field").and_then(Tree::text).and_then(target).map(|target| target.section.name);
        let section = schema::section(named.unwrap_or(section));
        let mut rows = Vec::new();
        for (name, value) in entries {
            if section.is_some_and(|section| section.field(name).is_none()) {
                return self.fault("E16", &format!("where.{name}"), format!("There is no field \"{name}\"."));
            }
            rows.push((name.clone(), ids(Some(value))));
        }
        Some(rows)
    }

    fn random(&mut self) -> Option<Op> {
        let field = self.target();
        let distribution = match self.item.get("distribution").and_then(Tree::text) {
            Some("normal") => {
                Distribution::Normal { mean: self.number_or("mean", 1.0)?, sd: self.number_or("sd", 0.1)? }
            }
            Some("triangular") => Distribution::Triangular {
                low: self.number_or("low", 0.8)?,
                mode: self.number_or("mode", 1.0)?,
                high: self.number_or("high", 1.2)?,
            },
            Some("uniform") => {
                Distribution::Uniform { low: self.number_or("low", 0.8)?, high: self.number_or("high", 1.2)? }
            }
            Some("lognormal") => Distribution::Lognormal { sigma: self.number_or("sigma", 0.1)? },
            Some("discrete") => {
                let items = self.item.get("values").map_or(&[][..], Tree::list);
                let number = |item: &Tree, field| item.get(field).and_then(Tree::number).map(double);
                let values: Option<Vec<_>> = items
                    .iter()
                    .map(|item| Some((number(item, "value")?, number(item, "weight").unwrap_or(1.0))))
                    .collect();
                match values.filter(|values| !values.is_empty() && values.iter().all(|(_, weight)| *weight > 0.0)) {
                    Some(values) => Distribution::Discrete(values),
                    None => return self.fault("E03", "values", "values must be a list of {value, weight}."),
                }
            }
            Some("demand_interval") => Distribution::DemandInterval,
            _ => {
                let message =
                    "distribution must be one of normal, triangular, uniform, lognormal, discrete, demand_interval.";
                return self.fault("E03", "distribution", message);
            }
        };
        let fits = match &distribution {
            Distribution::Normal { sd, .. } => *sd >= 0.0,
            Distribution::Triangular { low, mode, high } => low <= mode && mode <= high,
            Distribution::Uniform { low, high } => low <= high,
            Distribution::Lognormal { sigma } => *sigma >= 0.0,
            Distribution::Discrete(_) | Distribution::DemandInterval => true,
        };
        if !fits {
            return self.fault("E03", "distribution", "The distribution's figures are not in order.");
        }
        let field = field?;
        if distribution == Distribution::DemandInterval && (field.section.name, field.field) != ("demand", "tonnes") {
            return self.fault("E03", "field", "demand_interval draws demand.tonnes.");
        }
        let key = ids(self.item.get("key"));
        if let Some(name) = key.iter().find(|name| field.section.field(name).is_none()) {
            return self.fault("E16", "key", format!("There is no field \"{name}\"."));
        }
        Some(Op::Random { field, rows: self.rows("")?, distribution, key, floor: self.number_or("floor", 0.0)? })
    }
}

/// A text or number, or a list of them.
fn ids(value: Option<&Tree>) -> Vec<String> {
    let text = |value: &Tree| match value {
        Tree::Text(text) => Some(text.clone()),
        Tree::Number(number) => Some(number.normalize().to_string()),
        Tree::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Some(Tree::List(items)) => items.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Changes one place of a document's tree: `options.mip_gap=0`, `lanes[3].trip_tonnes=20`.
///
/// # Errors
/// In words, when there is no such place.
pub fn set_path(tree: &mut Tree, change: &str) -> Result<(), String> {
    let (path, value) = change.split_once('=').ok_or_else(|| format!("\"{change}\" is not FIELD=VALUE."))?;
    let value = read(value).unwrap_or_else(|_| Tree::Text(value.to_owned()));
    let mut place = tree;
    for part in path.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, rest)) => {
                let index = rest.strip_suffix(']').and_then(|index| index.parse::<usize>().ok());
                (name, Some(index.ok_or_else(|| format!("\"{part}\" is no place of a list."))?))
            }
            None => (part, None),
        };
        let Tree::Map(entries) = place else { return Err(format!("There is no \"{path}\".")) };
        let at = entries.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            entries.push((name.to_owned(), Tree::Map(Vec::new())));
            entries.len() - 1
        });
        place = &mut entries[at].1;
        if let Some(index) = index {
            let Tree::List(items) = place else { return Err(format!("\"{name}\" is no list.")) };
            place = items.get_mut(index).ok_or_else(|| format!("There is no \"{part}\"."))?;
        }
    }
    *place = value;
    Ok(())
}
