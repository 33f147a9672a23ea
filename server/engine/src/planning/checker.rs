//! Checks a plan against its document alone: no code of the builder, of its sets or of its limits is used here. Every
//! row family is gone through again from the rows of both, and every cost is computed again.

mod flow;
mod paper;
mod pins;
mod terms;
mod ways;
mod work;

use super::{
    document::{Document, hex},
    plan::Plan,
};
use paper::Paper;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// Tonnes allowed for each term of a row, and for the row.
const TERM: f64 = 1e-6;
/// Of the largest term.
const SHARE: f64 = 1e-9;
/// Of an amount of money.
const MONEY: f64 = 1e-6;
const WHOLE: f64 = 1e-6;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub passed: bool,
    /// In words, each with the row it is about.
    pub faults: Vec<String>,
    /// Over the input's hash, the plan's rows and its costs.
    pub sha256: String,
}

/// Checks the rows of a plan, and the objective it is said to have.
#[must_use]
pub fn check(document: &Document, plan: &Plan, objective: f64) -> Report {
    let paper = Paper::of(document);
    let mut audit = Audit::new(&paper, plan);
    work::check(&mut audit);
    ways::check(&mut audit);
    flow::check(&mut audit);
    terms::check(&mut audit);
    pins::check(&mut audit);
    audit.sums(objective);
    let rows = serde_json::to_vec(plan).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(document.sha256());
    hash.update(&rows);
    hash.update(objective.to_bits().to_be_bytes());
    Report { passed: audit.faults.is_empty(), faults: audit.faults, sha256: hex(&hash.finalize()) }
}

/// Node and product.
type Place<'a> = (&'a str, &'a str);

struct Audit<'a> {
    paper: &'a Paper<'a>,
    plan: &'a Plan,
    faults: Vec<String>,
    /// Money by component, computed again.
    costs: BTreeMap<&'static str, f64>,
    /// What each place gets (+) and gives (−) in a period, but for stock, demand and what is on its way.
    flows: HashMap<(Place<'a>, usize), Sum>,
    /// Nodes where something happens in a period.
    busy: HashMap<&'a str, Vec<bool>>,
}

/// A sum with what its tolerance needs.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    value: f64,
    terms: f64,
    largest: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        self.value += value;
        self.terms += 1.0;
        self.largest = self.largest.max(value.abs());
    }

    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = Self::default();
        values.into_iter().for_each(|value| sum.add(value));
        sum
    }

    fn slack(&self, limit: f64) -> f64 {
        TERM * (self.terms + 1.0) + SHARE * self.largest.max(limit.abs())
    }
}

/// False for what is no number, too.
fn within(difference: f64, slack: f64) -> bool {
    difference <= slack
}

impl<'a> Audit<'a> {
    fn new(paper: &'a Paper<'a>, plan: &'a Plan) -> Self {
        Self { paper, plan, faults: Vec::new(), costs: BTreeMap::new(), flows: HashMap::new(), busy: HashMap::new() }
    }

    fn fault(&mut self, text: impl Into<String>) {
        self.faults.push(text.into());
    }

    fn at_most(&mut self, what: &str, sum: Sum, limit: f64) {
        if !within(sum.value - limit, sum.slack(limit)) {
            self.fault(format!("{what}: {} is above {limit}", sum.value));
        }
    }

    fn at_least(&mut self, what: &str, sum: Sum, limit: f64) {
        if !within(limit - sum.value, sum.slack(limit)) {
            self.fault(format!("{what}: {} is below {limit}", sum.value));
        }
    }

    fn equal(&mut self, what: &str, sum: Sum, limit: f64) {
        if !within((sum.value - limit).abs(), sum.slack(limit)) {
            self.fault(format!("{what}: {} is not {limit}", sum.value));
        }
    }

    /// A stored figure that repeats one of the document or of the rows.
    fn same(&mut self, what: &str, stored: f64, computed: f64) {
        self.equal(what, Sum::of([stored]), computed);
    }

    fn whole(&mut self, what: &str, value: f64) {
        if !within((value - value.round()).abs(), WHOLE) {
            self.fault(format!("{what}: {value} is not whole"));
        }
    }

    /// Books an amount, and compares it with the stored one.
    fn money(&mut self, what: &str, stored: f64, parts: &[(&'static str, f64)]) {
        let amount: f64 = parts.iter().map(|(_, amount)| amount).sum();
        let largest = parts.iter().fold(amount.abs(), |most, (_, part)| most.max(part.abs()));
        if !within((stored - amount).abs(), MONEY * largest.max(1.0)) {
            self.fault(format!("{what}: the cost {stored} is not {amount}"));
        }
        for (component, amount) in parts {
            *self.costs.entry(component).or_default() += amount;
        }
    }

    fn flow(&mut self, place: Place<'a>, t: usize, tonnes: f64) {
        self.flows.entry((place, t)).or_default().add(tonnes);
    }

    fn works(&mut self, node: &'a str, t: usize, tonnes: f64) {
        if tonnes > TERM {
            let horizon = self.paper.periods.len();
            self.busy.entry(node).or_insert_with(|| vec![false; horizon])[t] = true;
        }
    }

    /// The place of a period in time; a fault when there is none.
    fn period(&mut self, what: &str, id: &str) -> Option<usize> {
        let place = self.paper.period(id);
        if place.is_none() {
            self.fault(format!("{what}: there is no period {id}"));
        }
        place
    }

    fn sums(&mut self, objective: f64) {
        let constant = self.paper.constant_cost();
        if constant != 0.0 {
            *self.costs.entry("constant").or_default() += constant;
        }
        let total: f64 = self.costs.values().sum();
        if !within((objective - total).abs(), MONEY * total.abs().max(1.0)) {
            self.fault(format!("objective: {objective} is not {total}"));
        }
        let costs = std::mem::take(&mut self.costs);
        let stored = &self.plan.costs;
        let unknown = stored.keys().filter(|name| !costs.contains_key(name.as_str()) && stored[*name].abs() > MONEY);
        let unknown: Vec<_> = unknown.map(|name| format!("costs.{name}: nothing costs that")).collect();
        self.faults.extend(unknown);
        for (name, amount) in &costs {
            let stored = stored.get(*name).copied().unwrap_or(0.0);
            if !within((stored - amount).abs(), MONEY * amount.abs().max(1.0)) {
                self.fault(format!("costs.{name}: {stored} is not {amount}"));
            }
        }
        self.costs = costs;
    }
}
