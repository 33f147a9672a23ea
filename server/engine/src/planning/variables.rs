//! Columns, only where the input needs them (`planning.md` 3.2).
//!
//! | column | domain | there when |
//! |---|---|---|
//! | prod | 0..capacity | always |
//! | on | binary | minimum run, fixed cost, start cost or setup hours |
//! | start | 0..1 | start cost |
//! | batches | integer | batch_tonnes |
//! | ship | 0..max_tonnes | the lane is open and what leaves arrives within the horizon |
//! | trips | integer 0..max_trips | trip_tonnes |
//! | use | binary | minimum shipment or fixed cost of the lane |
//! | inv | closing stock's bounds | a stock row exists |
//! | below | ≥ 0 | soft safety stock above the minimum |
//! | short | 0..(1 − f)·D | demand > 0 |
//! | open, from | binary | activation, supplier limit |
//! | over, under | ≥ 0 | soft contract |

use super::{
    input::{Activation, Input, Sense},
    model::{Column, Domain, Key, Model},
    objective,
    sets::Sets,
};

/// Where the columns of things stand; None where there is none.
#[derive(Debug, Clone)]
pub struct Variables {
    pub prod: Vec<Vec<usize>>,
    pub on: Vec<Vec<Option<usize>>>,
    pub start: Vec<Vec<Option<usize>>>,
    pub batches: Vec<Vec<Option<usize>>>,
    /// The column of the lane's first product; the others follow.
    ship: Vec<Vec<Option<usize>>>,
    pub trips: Vec<Vec<Option<usize>>>,
    pub used: Vec<Vec<Option<usize>>>,
    pub inv: Vec<Vec<usize>>,
    pub below: Vec<Vec<Option<usize>>>,
    pub short: Vec<Vec<Option<usize>>>,
    /// A node and period; the same column in all periods for an activation once.
    pub open: Vec<Vec<Option<usize>>>,
    /// A limit and period: suppliers and their columns.
    pub from: Vec<Vec<Vec<(usize, usize)>>>,
    /// A contract: one for each of its rows, over and under.
    pub off: Vec<Vec<(Option<usize>, Option<usize>)>>,
}

impl Variables {
    /// The column of tonnes of a product that leave on a lane.
    #[must_use]
    pub fn ship(&self, input: &Input, lane: usize, product: usize, t: usize) -> Option<usize> {
        let first = self.ship[lane][t]?;
        match input.lanes[lane].product {
            Some(own) => (own == product).then_some(first),
            None => Some(first + product),
        }
    }

    /// All that leaves on a lane.
    pub fn loads(&self, input: &Input, lane: usize, t: usize) -> impl Iterator<Item = usize> + use<> {
        let first = self.ship[lane][t];
        let count = if input.lanes[lane].product.is_some() { 1 } else { input.products.len() };
        first.into_iter().flat_map(move |first| first..first + count)
    }

    #[must_use]
    pub fn of(input: &Input, sets: &Sets, model: &mut Model) -> Self {
        let mut make = Maker { input, model };
        let periods = 0..sets.horizon;
        let all = |count: usize, of: &mut dyn FnMut(usize, usize) -> Option<usize>| -> Vec<Vec<Option<usize>>> {
            (0..count).map(|i| periods.clone().map(|t| of(i, t)).collect()).collect()
        };
        let prod = (0..input.lines.len()).map(|line| periods.clone().map(|t| make.prod(line, t)).collect()).collect();
        let on = all(input.lines.len(), &mut |line, t| make.on(line, t));
        let start = all(input.lines.len(), &mut |line, t| make.start(line, t));
        let batches = all(input.lines.len(), &mut |line, t| make.batches(line, t));
        let ship = all(input.lanes.len(), &mut |lane, t| make.ship(lane, t));
        let trips = all(input.lanes.len(), &mut |lane, t| make.trips(lane, t));
        let used = all(input.lanes.len(), &mut |lane, t| make.used(lane, t));
        let inv = (0..input.stock.len()).map(|stock| periods.clone().map(|t| make.inv(stock, t)).collect()).collect();
        let below = all(input.stock.len(), &mut |stock, t| make.below(stock, t));
        let short = all(input.demand.len(), &mut |demand, t| make.short(demand, t));
        let open = (0..input.nodes.len()).map(|node| make.open(node, sets.horizon)).collect();
        let from = (0..input.supplier_limits.len())
            .map(|limit| periods.clone().map(|t| make.from(sets, limit, t)).collect())
            .collect();
        let off = (0..input.contracts.len()).map(|contract| make.off(contract)).collect();
        Self { prod, on, start, batches, ship, trips, used, inv, below, short, open, from, off }
    }
}

struct Maker<'a> {
    input: &'a Input,
    model: &'a mut Model,
}

impl Maker<'_> {
    fn column(&mut self, key: Key, lower: f64, upper: f64, domain: Domain) -> usize {
        let cost = objective::cost(self.input, key);
        self.model.column(Column { key, lower, upper, domain, cost })
    }

    fn real(&mut self, key: Key, lower: f64, upper: f64) -> usize {
        self.column(key, lower, upper, Domain::Continuous)
    }

    fn binary(&mut self, key: Key) -> usize {
        self.column(key, 0.0, 1.0, Domain::Integer)
    }

    fn prod(&mut self, line: usize, t: usize) -> usize {
        let most = self.input.lines[line].at[t].capacity.unwrap_or(f64::INFINITY);
        self.real(Key::Prod { line, t }, 0.0, most)
    }

    fn on(&mut self, line: usize, t: usize) -> Option<usize> {
        let of = &self.input.lines[line];
        let at = of.at[t];
        let switched = at.min_run > 0.0
            || at.fixed_cost != 0.0
            || of.at.iter().any(|at| at.start_cost > 0.0)
            || of.uses.iter().any(|(_, _, setup)| *setup > 0.0);
        switched.then(|| self.binary(Key::On { line, t }))
    }

    fn start(&mut self, line: usize, t: usize) -> Option<usize> {
        (self.input.lines[line].at[t].start_cost > 0.0).then(|| self.real(Key::Start { line, t }, 0.0, 1.0))
    }

    fn batches(&mut self, line: usize, t: usize) -> Option<usize> {
        self.input.lines[line].batch?;
        Some(self.column(Key::Batches { line, t }, 0.0, f64::INFINITY, Domain::Integer))
    }

    fn ship(&mut self, lane: usize, t: usize) -> Option<usize> {
        let of = &self.input.lanes[lane];
        let at = of.at[t].filter(|_| self.input.open(lane, t))?;
        let most = at.max_tonnes.unwrap_or(f64::INFINITY);
        let first = self.model.columns.len();
        for product in self.input.carried(of) {
            self.real(Key::Ship { lane, product, t }, 0.0, most);
        }
        Some(first)
    }

    fn trips(&mut self, lane: usize, t: usize) -> Option<usize> {
        let at = self.input.lanes[lane].at[t].filter(|at| at.trip_tonnes.is_some() && self.input.open(lane, t))?;
        let domain = if self.input.options.integer_trips { Domain::Integer } else { Domain::Continuous };
        Some(self.column(Key::Trips { lane, t }, 0.0, at.max_trips.unwrap_or(f64::INFINITY), domain))
    }

    fn used(&mut self, lane: usize, t: usize) -> Option<usize> {
        let at = self.input.lanes[lane].at[t].filter(|_| self.input.open(lane, t))?;
        (at.min_shipment > 0.0 || at.fixed_cost != 0.0).then(|| self.binary(Key::Use { lane, t }))
    }

    fn inv(&mut self, stock: usize, t: usize) -> usize {
        let at = self.input.stock[stock].at[t];
        let least = if self.input.options.safety_hard { at.min_closing.max(at.safety) } else { at.min_closing };
        self.real(Key::Inv { stock, t }, least, at.max_closing.unwrap_or(f64::INFINITY))
    }

    fn below(&mut self, stock: usize, t: usize) -> Option<usize> {
        let at = self.input.stock[stock].at[t];
        (!self.input.options.safety_hard && at.safety > at.min_closing)
            .then(|| self.real(Key::Below { stock, t }, 0.0, f64::INFINITY))
    }

    fn short(&mut self, demand: usize, t: usize) -> Option<usize> {
        let at = self.input.demand[demand].at[t];
        let most = (1.0 - at.min_fulfilment) * at.tonnes;
        (at.tonnes > 0.0).then(|| self.real(Key::Short { demand, t }, 0.0, most))
    }

    fn open(&mut self, node: usize, horizon: usize) -> Vec<Option<usize>> {
        match self.input.nodes[node].activation {
            Activation::Always => vec![None; horizon],
            Activation::PerPeriod => (0..horizon).map(|t| Some(self.binary(Key::Open { node, t: Some(t) }))).collect(),
            Activation::Once => vec![Some(self.binary(Key::Open { node, t: None })); horizon],
        }
    }

    fn from(&mut self, sets: &Sets, limit: usize, t: usize) -> Vec<(usize, usize)> {
        let of = &self.input.supplier_limits[limit];
        if of.at[t].is_none() {
            return Vec::new();
        }
        let mut suppliers: Vec<(usize, usize)> = Vec::new();
        for lane in &sets.into[of.node] {
            let way = &self.input.lanes[*lane];
            let carries = way.product.is_none_or(|product| product == of.product);
            if carries && self.input.open(*lane, t) && suppliers.iter().all(|(node, _)| *node != way.from) {
                suppliers.push((way.from, self.binary(Key::From { node: way.from, limit, t })));
            }
        }
        suppliers
    }

    fn off(&mut self, contract: usize) -> Vec<(Option<usize>, Option<usize>)> {
        let of = &self.input.contracts[contract];
        let rows: Vec<Option<usize>> =
            if of.each_period { of.periods.iter().copied().map(Some).collect() } else { vec![None] };
        let mut off = Vec::with_capacity(rows.len());
        for t in rows {
            let soft = of.violation_cost.is_some();
            let over = soft && of.sense != Sense::AtLeast;
            let under = soft && of.sense != Sense::AtMost;
            off.push((
                over.then(|| self.real(Key::Over { contract, t }, 0.0, f64::INFINITY)),
                under.then(|| self.real(Key::Under { contract, t }, 0.0, f64::INFINITY)),
            ));
        }
        off
    }
}
