//! Rows to things by index: ids are looked up, defaults filled in, periods merged.

use super::{
    Activation, Demand, DemandAt, Input, Node, Options, Period, Product, Relax, Stock, StockAt, lanes,
    merge::{Group, Merged, groups},
    pins,
};
use crate::planning::{
    document::{Document, ONLY_PRODUCT, Row, double, nearest},
    fault::Fault,
    tree::Tree,
};
use std::collections::HashMap;

/// The price of a missing tonne where neither row nor `penalties` names one.
const SHORTAGE: f64 = 10_000.0;
const SHORTFALL: f64 = 5_000.0;
const DAYS: f64 = 30.0;

pub(super) struct Reader<'a> {
    pub document: &'a Document,
    nodes: HashMap<&'a str, usize>,
    products: HashMap<&'a str, usize>,
    pub periods: HashMap<&'a str, usize>,
    pub period_days: Vec<f64>,
    pub faults: Vec<Fault>,
}

pub(super) fn number(row: &Row, field: &str) -> Option<f64> {
    row.get(field).and_then(Tree::number).map(double)
}

pub(super) fn read(document: &Document) -> (Input, Vec<Fault>) {
    let mut reader = Reader {
        document,
        nodes: HashMap::new(),
        products: HashMap::new(),
        periods: HashMap::new(),
        period_days: Vec::new(),
        faults: Vec::new(),
    };
    reader.periods = reader.ids("periods");
    reader.nodes = reader.ids("nodes");
    reader.products = reader.ids("products");
    if reader.products.is_empty() {
        reader.products.insert(ONLY_PRODUCT, 0);
    }
    let periods = reader.read_periods();
    reader.period_days = periods.iter().map(|period| period.days).collect();
    let price = |row: &Row, field, default| number(row, field).unwrap_or(default);
    let shortage = price(&document.penalties, "shortage_cost_per_tonne", SHORTAGE);
    let shortfall = price(&document.penalties, "safety_shortfall_cost_per_tonne", SHORTFALL);
    let resources = reader.resources();
    let (lines, lanes) = (reader.lines(&resources), lanes::read(&mut reader));
    let pins = pins::read(&mut reader, &lines, &lanes);
    let input = Input {
        name: document.top.text("name").unwrap_or_default().to_owned(),
        currency: document.top.text("currency").unwrap_or_default().to_owned(),
        constant_cost: price(&document.top, "constant_cost", 0.0),
        products: reader.read_products(),
        nodes: reader.read_nodes(),
        stock: reader.stock(shortfall),
        lines,
        resources,
        lanes,
        demand: reader.demand(shortage),
        contracts: reader.contracts(),
        supplier_limits: reader.supplier_limits(),
        in_transit: reader.in_transit(),
        site_groups: reader.site_groups(),
        pins,
        relax: relax(&document.penalties),
        options: options(&document.options),
        periods,
    };
    (input, reader.faults)
}

impl<'a> Reader<'a> {
    pub fn fault(&mut self, code: &'static str, path: String, message: impl Into<String>) {
        self.faults.push(Fault::new(code, path, message));
    }

    /// The first rows of the ids of a section.
    pub fn ids(&mut self, section: &'static str) -> HashMap<&'a str, usize> {
        let mut ids = HashMap::new();
        let mut kept = 0;
        for (i, row) in self.document.rows(section).iter().enumerate() {
            let Some(id) = row.text("id") else { continue };
            if ids.contains_key(id) {
                self.fault("E05", format!("{section}[{i}].id"), format!("The id {id} stands twice."));
            } else {
                ids.insert(id, kept);
                kept += 1;
            }
        }
        ids
    }

    /// The rows that [`Self::ids`] counted.
    pub fn first_of_ids(&self, section: &'static str) -> impl Iterator<Item = (usize, &'a Row)> + use<'a> {
        let mut seen = std::collections::HashSet::new();
        let rows = self.document.rows(section).iter().enumerate();
        rows.filter(move |(_, row)| row.text("id").is_some_and(|id| seen.insert(id)))
    }

    fn look_up(
        &mut self,
        what: &str,
        ids: fn(&Self) -> &HashMap<&'a str, usize>,
        id: &str,
        path: impl FnOnce() -> String,
    ) -> Option<usize> {
        let found = ids(self).get(id).copied();
        if found.is_none() {
            let near = nearest(id, ids(self).keys().copied());
            let meant = near.map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
            self.fault("E04", path(), format!("There is no {what} \"{id}\".{meant}"));
        }
        found
    }

    pub fn node(&mut self, id: &str, path: impl FnOnce() -> String) -> Option<usize> {
        self.look_up("node", |reader| &reader.nodes, id, path)
    }

    pub fn product(&mut self, id: &str, path: impl FnOnce() -> String) -> Option<usize> {
        self.look_up("product", |reader| &reader.products, id, path)
    }

    pub fn period(&mut self, id: &str, path: impl FnOnce() -> String) -> Option<usize> {
        self.look_up("period", |reader| &reader.periods, id, path)
    }

    /// The one product, where a row may leave it out.
    pub fn only_product(&self) -> Option<usize> {
        (self.products.len() == 1).then_some(0)
    }

    /// Node, product and period of a row; None when one of them is at fault.
    pub fn place(&mut self, section: &str, i: usize, row: &Row, node: &str) -> Option<(usize, usize, Option<usize>)> {
        let at = |field: &str| format!("{section}[{i}].{field}");
        let node_id = row.text(node).and_then(|id| self.node(id, || at(node)));
        let product = match row.text("product") {
            Some(id) => self.product(id, || at("product")),
            None => {
                if self.only_product().is_none() {
                    self.fault("E02", at("product"), "product is missing; there is more than one.");
                }
                self.only_product()
            }
        };
        let period = match row.text("period") {
            Some(id) => Some(self.period(id, || at("period"))?),
            None if row.get("period").is_some() => return None,
            None => None,
        };
        Some((node_id?, product?, period))
    }

    pub fn repeats(&mut self, section: &str, rows: &[usize]) {
        for row in rows {
            self.fault("E05", format!("{section}[{row}]"), "The same key stands twice for the same period.");
        }
    }

    pub fn placed(&mut self, section: &'static str) -> Vec<((usize, usize), Group)> {
        let rows = self.document.rows(section);
        let mut keys = Vec::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            if let Some((node, product, period)) = self.place(section, i, row, "node") {
                keys.push((i, (node, product), period));
            }
        }
        let (groups, repeated) = groups(keys.into_iter(), self.periods.len());
        self.repeats(section, &repeated);
        groups
    }

    /// Fields that may not differ between the rows of a key stand in the row without period, or in all alike.
    pub fn fixed(&mut self, section: &str, rows: &[Row], group: &Group, fields: &[&str]) {
        for field in fields {
            let mut values = group.rows().filter_map(|row| rows[row].get(field).map(|value| (row, value)));
            let Some((_, first)) = values.next() else { continue };
            if let Some((row, _)) = values.find(|(_, value)| *value != first) {
                self.fault("E14", format!("{section}[{row}].{field}"), format!("{field} differs between periods."));
            }
        }
    }

    fn read_periods(&mut self) -> Vec<Period> {
        let mut periods = Vec::new();
        let mut end: Option<chrono::NaiveDate> = None;
        for (i, row) in self.first_of_ids("periods") {
            let days = number(row, "days").unwrap_or(DAYS);
            let start = row.text("start").and_then(|text| text.parse::<chrono::NaiveDate>().ok());
            if let (Some(start), Some(end)) = (start, end)
                && start != end
            {
                let what =
                    if start < end { "overlaps the period before" } else { "leaves a gap after the period before" };
                self.fault("E07", format!("periods[{i}].start"), format!("{start} {what}, which ends with {end}."));
            }
            #[allow(clippy::cast_possible_truncation, reason = "whole days of a period, kept below 1e12")]
            let length = chrono::Duration::try_days(days as i64);
            if start.is_some() && days.fract() != 0.0 {
                self.fault("E07", format!("periods[{i}].days"), "A period with dates has whole days.");
            }
            end = start.zip(length).and_then(|(start, length)| start.checked_add_signed(length));
            periods.push(Period { id: row.text("id").unwrap_or_default().to_owned(), days });
        }
        periods
    }

    fn read_products(&self) -> Vec<Product> {
        let mut products: Vec<_> = self
            .first_of_ids("products")
            .map(|(_, row)| Product {
                id: row.text("id").unwrap_or_default().to_owned(),
                storage_factor: number(row, "storage_factor").unwrap_or(1.0),
            })
            .collect();
        if products.is_empty() {
            products.push(Product { id: ONLY_PRODUCT.to_owned(), storage_factor: 1.0 });
        }
        products
    }

    fn read_nodes(&self) -> Vec<Node> {
        let rows = self.first_of_ids("nodes");
        rows.map(|(_, row)| Node {
            id: row.text("id").unwrap_or_default().to_owned(),
            storage_max: number(row, "storage_max_tonnes"),
            throughput_max: number(row, "throughput_max_tonnes"),
            activation: match row.text("activation") {
                Some("per_period") => Activation::PerPeriod,
                Some("once") => Activation::Once,
                _ => Activation::Always,
            },
            activation_cost: number(row, "activation_cost").unwrap_or(0.0),
        })
        .collect()
    }

    fn stock(&mut self, shortfall: f64) -> Vec<Stock> {
        let rows = self.document.rows("stock");
        let horizon = self.periods.len();
        let mut stocks = Vec::new();
        for ((node, product), group) in self.placed("stock") {
            for (row, value) in group.at.iter().flatten().map(|row| (*row, rows[*row].get("opening_tonnes"))) {
                if value.is_some() {
                    let message = "opening_tonnes stands in the row without period only.";
                    self.fault("E14", format!("stock[{row}].opening_tonnes"), message);
                }
            }
            let mut at = Vec::with_capacity(horizon);
            for t in 0..horizon {
                let merged = group.merged(rows, t);
                let one = stock_at(&merged, shortfall);
                if one.max_closing.is_some_and(|max| one.min_closing > max) {
                    let path = format!("stock[{}].min_closing_tonnes", merged.row("min_closing_tonnes"));
                    self.fault(
                        "E08",
                        path,
                        format!("min_closing_tonnes {} is above max_closing_tonnes.", one.min_closing),
                    );
                }
                at.push(one);
            }
            let opening = group.base.and_then(|row| number(&rows[row], "opening_tonnes")).unwrap_or(0.0);
            stocks.push(Stock { node, product, opening, at });
        }
        stocks
    }

    fn demand(&mut self, price: f64) -> Vec<Demand> {
        let rows = self.document.rows("demand");
        let hard = self.document.options.text("shortage_mode") == Some("hard");
        let mut demands = Vec::new();
        for ((node, product), group) in self.placed("demand") {
            let mut at = Vec::with_capacity(self.periods.len());
            for t in 0..self.periods.len() {
                let merged = group.merged(rows, t);
                if merged.known() && merged.get("tonnes").is_none() {
                    self.fault("E02", format!("demand[{}].tonnes", merged.row("tonnes")), "tonnes is missing.");
                }
                at.push(DemandAt {
                    tonnes: merged.number_or("tonnes", 0.0),
                    min_fulfilment: if hard { 1.0 } else { merged.number_or("min_fulfilment", 0.0) },
                    shortage_cost: merged.number_or("shortage_cost_per_tonne", price),
                });
            }
            demands.push(Demand { node, product, at });
        }
        demands
    }
}

fn stock_at(merged: &Merged<'_>, shortfall: f64) -> StockAt {
    StockAt {
        min_closing: merged.number_or("min_closing_tonnes", 0.0),
        max_closing: merged.number("max_closing_tonnes"),
        safety: merged.number_or("safety_stock_tonnes", 0.0),
        shortfall_cost: merged.number_or("safety_shortfall_cost_per_tonne", shortfall),
        holding_cost: merged.number_or("holding_cost_per_tonne", 0.0),
    }
}

fn relax(penalties: &Row) -> Relax {
    let price = |name, default| {
        penalties.get("relax").and_then(|relax| relax.get(name)).and_then(Tree::number).map_or(default, double)
    };
    Relax {
        capacity: price("capacity", 8000.0),
        throughput: price("throughput", 8000.0),
        resource_hour: price("resource_hour", 8000.0),
        contract: price("contract", 7000.0),
        storage: price("storage", 6000.0),
        lane: price("lane", 6000.0),
        trip: price("trip", 6000.0),
        surplus: price("surplus", 6000.0),
        closing: price("closing", 5000.0),
        fulfilment: price("fulfilment", 10_000.0),
    }
}

fn options(row: &Row) -> Options {
    #[allow(clippy::cast_possible_truncation, reason = "saturates; HiGHS takes 32 bits")]
    let whole = |name, default| number(row, name).map_or(default, |value| value as i32);
    let flag = |name, default| match row.get(name) {
        Some(Tree::Bool(value)) => *value,
        _ => default,
    };
    Options {
        solver: row.text("solver").unwrap_or("highs").to_owned(),
        time_limit_seconds: number(row, "time_limit_seconds").unwrap_or(300.0),
        mip_gap: number(row, "mip_gap").unwrap_or(0.0001),
        mip_abs_gap: number(row, "mip_abs_gap").unwrap_or(0.000_001),
        threads: whole("threads", 1),
        random_seed: whole("random_seed", 0),
        presolve: row.text("presolve").unwrap_or("choose").to_owned(),
        start_plan: flag("start_plan", true),
        safety_hard: row.text("safety_stock_mode") == Some("hard"),
        shortage_hard: row.text("shortage_mode") == Some("hard"),
        integer_trips: flag("integer_trips", true),
    }
}
