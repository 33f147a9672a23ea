//! A limit let go, as operations of a scenario (`planning.md` 3.7).

use crate::planning::{
    builder::Built,
    input::{Input, Sense},
    model::{About, Compare, Family, Key},
};
use serde_json::{Value, json};

/// What is let go: a row, upwards or downwards, or a bound of a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// `plus`: what the row adds up to is helped.
    Row {
        row: usize,
        plus: bool,
    },
    Column {
        column: usize,
        upper: bool,
    },
}

/// Six decimals that are not less.
fn up(value: f64) -> f64 {
    (value * 1e6 - 1e-3).ceil() / 1e6
}

fn down(value: f64) -> f64 {
    (value * 1e6 + 1e-3).floor() / 1e6
}

fn add(field: &str, rows: Value, value: f64) -> Value {
    json!({"op": "add", "field": field, "where": rows, "value": value})
}

fn set(field: &str, rows: Value, value: f64) -> Value {
    json!({"op": "set", "field": field, "where": rows, "value": value})
}

/// None where no operation says just this.
pub(super) fn ops(input: &Input, built: &Built, limit: Limit, amount: f64) -> Vec<Value> {
    let of = Change { input, amount };
    match limit {
        Limit::Row { row, plus } => {
            let row = &built.model.rows[row];
            of.row(row.family, row.compare, row.about, plus)
        }
        Limit::Column { column, upper } => {
            let column = &built.model.columns[column];
            of.column(column.key, if upper { column.upper } else { column.lower }, upper)
        }
    }
}

struct Change<'a> {
    input: &'a Input,
    amount: f64,
}

impl Change<'_> {
    fn node(&self, node: usize) -> &str {
        &self.input.nodes[node].id
    }

    fn period(&self, t: usize) -> &str {
        &self.input.periods[t].id
    }

    fn place(&self, node: usize, product: usize, t: usize) -> Value {
        json!({"node": self.node(node), "product": self.input.products[product].id, "period": self.period(t)})
    }

    fn line(&self, line: usize, t: usize) -> Value {
        let of = &self.input.lines[line];
        let mut rows = self.place(of.node, of.product, t);
        rows["line"] = of.id.as_str().into();
        rows
    }

    fn lane(&self, lane: usize, t: usize) -> Value {
        let of = &self.input.lanes[lane];
        let mut rows = json!({"from": self.node(of.from), "to": self.node(of.to), "mode": of.mode,
                              "period": self.period(t)});
        if let Some(product) = of.product {
            rows["product"] = self.input.products[product].id.as_str().into();
        }
        rows
    }

    fn row(&self, family: Family, compare: Compare, about: About, plus: bool) -> Vec<Value> {
        let more = up(self.amount);
        match (family, about) {
            (Family::Throughput, About::Node { node, .. }) => {
                vec![add("nodes.throughput_max_tonnes", json!({"id": self.node(node)}), more)]
            }
            (Family::Storage, About::Node { node, .. }) => {
                vec![add("nodes.storage_max_tonnes", json!({"id": self.node(node)}), more)]
            }
            (Family::Resource, About::Resource { resource, t }) => {
                let rows = json!({"id": self.input.resources[resource].id, "period": self.period(t)});
                vec![add("resources.available_hours", rows, more)]
            }
            (Family::Lane, About::Lane { lane, t }) => vec![add("lanes.max_tonnes", self.lane(lane, t), more)],
            (Family::Balance, About::Place { node, product, t }) => self.surplus(node, product, t),
            (Family::Contract, About::Contract { contract, t }) => {
                let of = &self.input.contracts[contract];
                // A limit of each period is one figure: what is equal in the others must stay so.
                if t.is_some() && of.periods.len() > 1 && of.sense == Sense::Equal {
                    return Vec::new();
                }
                vec![add("contracts.limit", json!({"id": of.id}), if plus { -more } else { more })]
            }
            (Family::Pin, about) => self.pin(compare, about),
            _ => Vec::new(),
        }
    }

    /// Somebody takes what nobody could.
    fn surplus(&self, node: usize, product: usize, t: usize) -> Vec<Value> {
        let (rows, tonnes) = (self.place(node, product, t), up(self.amount));
        let there = self.input.demand.iter().find(|demand| (demand.node, demand.product) == (node, product));
        if there.is_some_and(|demand| demand.at[t].tonnes > 0.0) {
            return vec![add("demand.tonnes", rows, tonnes)];
        }
        let mut row = rows.clone();
        row["tonnes"] = tonnes.into();
        // A row of the period may stand there with 0.
        let none = there.map(|_| json!({"op": "remove", "section": "demand", "where": rows}));
        none.into_iter().chain([json!({"op": "insert", "section": "demand", "rows": [row]})]).collect()
    }

    fn pin(&self, compare: Compare, about: About) -> Vec<Value> {
        let pins = &self.input.pins;
        let (mut row, pin) = match about {
            About::Line { line, t } => {
                let pin = pins.production.iter().find(|(one, at, _)| (*one, *at) == (line, t)).map(|(.., pin)| *pin);
                (self.line(line, t), pin)
            }
            About::LaneProduct { lane, product, t } => {
                let found = pins.shipments.iter().find(|(one, of, at, _)| (*one, *of, *at) == (lane, product, t));
                let mut row = self.lane(lane, t);
                if let Some(own) = self.input.lanes[lane].product {
                    row["lane_product"] = self.input.products[own].id.as_str().into();
                }
                row["product"] = self.input.products[product].id.as_str().into();
                (row, found.map(|(.., pin)| *pin))
            }
            _ => return Vec::new(),
        };
        let Some(pin) = pin else { return Vec::new() };
        let tonnes = if compare == Compare::AtLeast { pin.tonnes - self.amount } else { pin.tonnes + self.amount };
        row["tonnes"] = crate::planning::plan::rounded(tonnes.max(0.0)).into();
        if pin.tolerance > 0.0 {
            row["tolerance_tonnes"] = pin.tolerance.into();
        }
        vec![json!({"op": "pin", "rows": [row]})]
    }

    fn column(&self, key: Key, bound: f64, upper: bool) -> Vec<Value> {
        let more = up(self.amount);
        match (key, upper) {
            (Key::Prod { line, t }, true) => {
                let factor = self.input.lines[line].at[t].factor;
                // What the calendar closes no capacity opens.
                if factor <= 0.0 {
                    return Vec::new();
                }
                vec![add("production.capacity_tonnes", self.line(line, t), up(self.amount / factor))]
            }
            (Key::Ship { lane, t, .. }, true) => vec![add("lanes.max_tonnes", self.lane(lane, t), more)],
            (Key::Trips { lane, t }, true) => {
                vec![add("lanes.max_trips", self.lane(lane, t), (self.amount - 1e-6).ceil())]
            }
            (Key::Inv { stock, t }, true) => {
                let of = &self.input.stock[stock];
                vec![add("stock.max_closing_tonnes", self.place(of.node, of.product, t), more)]
            }
            (Key::Inv { stock, t }, false) => {
                let (of, floor) = (&self.input.stock[stock], down(bound - self.amount).max(0.0));
                let (at, rows) = (of.at[t], self.place(of.node, of.product, t));
                let mut ops = Vec::new();
                if at.min_closing > floor {
                    ops.push(set("stock.min_closing_tonnes", rows.clone(), floor));
                }
                if self.input.options.safety_hard && at.safety > floor {
                    ops.push(set("stock.safety_stock_tonnes", rows, floor));
                }
                ops
            }
            (Key::Short { demand, t }, true) => self.fulfilment(demand, t, bound),
            _ => Vec::new(),
        }
    }

    fn fulfilment(&self, demand: usize, t: usize, most: f64) -> Vec<Value> {
        let of = &self.input.demand[demand];
        let share = down((1.0 - (most + self.amount) / of.at[t].tonnes) - 1e-6).clamp(0.0, 1.0);
        let own = set("demand.min_fulfilment", self.place(of.node, of.product, t), share);
        if self.input.options.shortage_hard {
            // The option says it of every row: each says it of itself instead, and this one less.
            let all = json!({"op": "set", "field": "demand.min_fulfilment", "value": 1});
            return vec![json!({"op": "option", "name": "shortage_mode", "value": "soft"}), all, own];
        }
        vec![own]
    }
}
