//! A plan: rows by id, with quantities of six decimals, as they are stored, shown and checked.

use super::{
    builder::Built,
    input::Input,
    model::Key,
    objective::{self, Component},
};
pub use domain::planning::{
    ContractRow as Breach, ProductionRow as Production, ShipmentRow as Shipment, SiteRow as Site, StockRow as Inventory,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub production: Vec<Production>,
    pub shipments: Vec<Shipment>,
    pub inventory: Vec<Inventory>,
    pub unmet_demand: Vec<Unmet>,
    pub sites: Vec<Site>,
    /// Soft contracts that are not kept.
    pub contracts: Vec<Breach>,
    /// Money by component; those without a place in the plan are left out.
    pub costs: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unmet {
    pub node: String,
    pub product: String,
    pub period: String,
    pub demand_tonnes: f64,
    pub tonnes: f64,
    pub cost: f64,
}

/// Quantities keep six decimals.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    // No minus zero.
    rounded + 0.0
}

/// Money by component, of the column values given.
#[must_use]
pub fn costs(input: &Input, built: &Built, values: &[f64]) -> BTreeMap<Component, f64> {
    let mut costs: BTreeMap<Component, f64> = BTreeMap::new();
    for (column, value) in built.model.columns.iter().zip(values) {
        for (component, unit) in
            objective::parts(input, column.key).into_iter().flatten().filter(|(_, cost)| *cost != 0.0)
        {
            *costs.entry(component).or_default() += unit * value;
        }
    }
    if built.model.constant != 0.0 {
        costs.insert(Component::Constant, built.model.constant);
    }
    costs
}

/// The rows of a point of the model. Values beyond the model's own columns (slacks) are not looked at.
#[must_use]
pub fn of(input: &Input, built: &Built, values: &[f64]) -> Plan {
    let mut values: Vec<f64> = values.iter().take(built.model.columns.len()).copied().map(rounded).collect();
    for (value, column) in values.iter_mut().zip(&built.model.columns) {
        // A grain below zero is the solver's tolerance.
        if column.lower >= 0.0 {
            *value = value.max(0.0);
        }
    }
    let reader = Reader { input, built, values: &values };
    Plan {
        production: reader.production(),
        shipments: reader.shipments(),
        inventory: reader.inventory(),
        unmet_demand: reader.unmet(),
        sites: reader.sites(),
        contracts: reader.breaches(),
        costs: costs(input, built, &values).into_iter().map(|(name, sum)| (name.as_str().to_owned(), sum)).collect(),
    }
}

struct Reader<'a> {
    input: &'a Input,
    built: &'a Built,
    values: &'a [f64],
}

impl Reader<'_> {
    fn value(&self, column: Option<usize>) -> f64 {
        column.map_or(0.0, |column| self.values[column])
    }

    fn node(&self, node: usize) -> String {
        self.input.nodes[node].id.clone()
    }

    fn product(&self, product: usize) -> String {
        self.input.products[product].id.clone()
    }

    fn period(&self, t: usize) -> String {
        self.input.periods[t].id.clone()
    }

    fn production(&self) -> Vec<Production> {
        let variables = &self.built.variables;
        let mut rows = Vec::new();
        for (place, line) in self.input.lines.iter().enumerate() {
            for (t, at) in line.at.iter().enumerate() {
                let (tonnes, on) = (self.values[variables.prod[place][t]], self.value(variables.on[place][t]));
                if tonnes == 0.0 && on < 0.5 {
                    continue;
                }
                let start = self.value(variables.start[place][t]);
                #[allow(clippy::cast_possible_truncation, reason = "batches are whole and few")]
                let batches = variables.batches[place][t].map(|column| self.values[column].round() as i64);
                rows.push(Production {
                    node: self.node(line.node),
                    plant_id: self.node(line.node),
                    line: line.id.clone(),
                    product: self.product(line.product),
                    period: self.period(t),
                    tonnes,
                    capacity_tonnes: at.capacity,
                    batches,
                    runs: if variables.on[place][t].is_some() { on > 0.5 } else { tonnes > 0.0 },
                    cost: tonnes * at.variable_cost + on * at.fixed_cost + start * at.start_cost,
                });
            }
        }
        rows
    }

    fn shipments(&self) -> Vec<Shipment> {
        let variables = &self.built.variables;
        let mut rows = Vec::new();
        for (place, lane) in self.input.lanes.iter().enumerate() {
            for t in 0..self.input.horizon() {
                let Some(at) = lane.at[t].filter(|_| self.input.open(place, t)) else { continue };
                let trips = variables.trips[place][t].map(|column| self.values[column]);
                let used = self.value(variables.used[place][t]);
                // Trips and the lane's own cost stand once.
                let mut rest = (trips, used * at.fixed_cost);
                let mut products = self.input.carried(lane).peekable();
                while let Some(product) = products.next() {
                    let tonnes = self.value(variables.ship(self.input, place, product, t));
                    let last = products.peek().is_none();
                    let idle = rest.0.is_none_or(|trips| trips == 0.0) && rest.1 == 0.0;
                    if tonnes == 0.0 && (idle || !last) {
                        continue;
                    }
                    let (trips, fixed) = std::mem::replace(&mut rest, (trips.map(|_| 0.0), 0.0));
                    rows.push(Shipment {
                        from: self.node(lane.from),
                        to: self.node(lane.to),
                        mode: lane.mode.clone(),
                        product: self.product(product),
                        lane_product: lane.product.map(|product| self.product(product)),
                        period: self.period(t),
                        arrival_period: self.period(t + at.lead),
                        tonnes,
                        trips,
                        freight_cost: tonnes * at.freight,
                        handling_cost: tonnes * at.handling,
                        transit_cost: tonnes * at.transit_holding * at.lead as f64,
                        trip_cost: trips.unwrap_or(0.0) * at.trip_cost,
                        lane_fixed_cost: fixed,
                    });
                }
            }
        }
        rows
    }

    fn inventory(&self) -> Vec<Inventory> {
        let variables = &self.built.variables;
        let mut rows = Vec::new();
        for (place, stock) in self.input.stock.iter().enumerate() {
            for (t, at) in stock.at.iter().enumerate() {
                let tonnes = self.values[variables.inv[place][t]];
                let below = (at.safety - tonnes).max(0.0);
                let priced = self.value(variables.below[place][t]);
                rows.push(Inventory {
                    node: self.node(stock.node),
                    product: self.product(stock.product),
                    period: self.period(t),
                    tonnes,
                    safety_stock_tonnes: at.safety,
                    below_tonnes: rounded(below),
                    holding_cost: tonnes * at.holding_cost,
                    safety_cost: priced * at.shortfall_cost,
                });
            }
        }
        rows
    }

    fn unmet(&self) -> Vec<Unmet> {
        let mut rows = Vec::new();
        for (place, demand) in self.input.demand.iter().enumerate() {
            for (t, at) in demand.at.iter().enumerate() {
                let tonnes = self.value(self.built.variables.short[place][t]);
                if tonnes > 0.0 {
                    rows.push(Unmet {
                        node: self.node(demand.node),
                        product: self.product(demand.product),
                        period: self.period(t),
                        demand_tonnes: at.tonnes,
                        tonnes,
                        cost: tonnes * at.shortage_cost,
                    });
                }
            }
        }
        rows
    }

    fn sites(&self) -> Vec<Site> {
        let open = self.built.model.columns.iter().zip(self.values).filter(|(_, value)| **value > 0.5);
        open.filter_map(|(column, value)| match column.key {
            Key::Open { node, t } => Some(Site {
                node: self.node(node),
                period: t.map(|t| self.period(t)),
                cost: value * self.input.nodes[node].activation_cost,
            }),
            _ => None,
        })
        .collect()
    }

    fn breaches(&self) -> Vec<Breach> {
        let mut rows = Vec::new();
        for (contract, off) in self.input.contracts.iter().zip(&self.built.variables.off) {
            for (which, (over, under)) in off.iter().enumerate() {
                let (over, under) = (self.value(*over), self.value(*under));
                if over > 0.0 || under > 0.0 {
                    rows.push(Breach {
                        contract: contract.id.clone(),
                        period: contract.each_period.then(|| self.period(contract.periods[which])),
                        over,
                        under,
                        cost: (over + under) * contract.violation_cost.unwrap_or(0.0),
                    });
                }
            }
        }
        rows
    }
}
