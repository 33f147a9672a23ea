//! The input of a plan, checked and by index: what the rows of a document say together, period by period.

mod lanes;
mod lines;
mod merge;
mod pins;
mod read;
mod rules;
mod terms;
mod warn;

use super::{document::Document, fault::Fault};
use std::collections::HashSet;

/// Everything a model needs. Quantities in tonnes, money in the document's currency; `None` is "no limit".
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub name: String,
    pub currency: String,
    pub constant_cost: f64,
    pub periods: Vec<Period>,
    pub products: Vec<Product>,
    pub nodes: Vec<Node>,
    pub stock: Vec<Stock>,
    pub lines: Vec<Line>,
    pub resources: Vec<Resource>,
    pub lanes: Vec<Lane>,
    pub demand: Vec<Demand>,
    pub contracts: Vec<Contract>,
    pub supplier_limits: Vec<SupplierLimit>,
    pub in_transit: Vec<Rolling>,
    pub site_groups: Vec<SiteGroup>,
    pub pins: Pins,
    pub relax: Relax,
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    pub id: String,
    pub days: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub id: String,
    pub storage_factor: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Always,
    PerPeriod,
    Once,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub id: String,
    pub storage_max: Option<f64>,
    pub throughput_max: Option<f64>,
    pub activation: Activation,
    pub activation_cost: f64,
}

/// A node and product that may keep stock.
#[derive(Debug, Clone, PartialEq)]
pub struct Stock {
    pub node: usize,
    pub product: usize,
    pub opening: f64,
    /// One a period.
    pub at: Vec<StockAt>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StockAt {
    pub min_closing: f64,
    pub max_closing: Option<f64>,
    pub safety: f64,
    pub shortfall_cost: f64,
    pub holding_cost: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub node: usize,
    pub id: String,
    pub product: usize,
    pub batch: Option<f64>,
    pub running_before: bool,
    /// Product and tonnes of it in a tonne made.
    pub inputs: Vec<(usize, f64)>,
    /// Resource, hours a tonne, hours to set up.
    pub uses: Vec<(usize, f64, f64)>,
    pub at: Vec<LineAt>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineAt {
    /// After the calendar.
    pub capacity: Option<f64>,
    /// Of the calendar.
    pub factor: f64,
    pub variable_cost: f64,
    pub fixed_cost: f64,
    /// The larger of tonnes and share of capacity.
    pub min_run: f64,
    pub start_cost: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub id: String,
    /// Hours a period.
    pub at: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    pub from: usize,
    pub to: usize,
    pub mode: String,
    /// None carries all.
    pub product: Option<usize>,
    pub distance_km: Option<f64>,
    /// None: closed.
    pub at: Vec<Option<LaneAt>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaneAt {
    /// A tonne.
    pub freight: f64,
    pub handling: f64,
    pub trip_tonnes: Option<f64>,
    pub full_lots: bool,
    pub trip_cost: f64,
    pub max_trips: Option<f64>,
    pub min_shipment: f64,
    pub max_tonnes: Option<f64>,
    pub fixed_cost: f64,
    /// In periods.
    pub lead: usize,
    pub lead_days: f64,
    /// A tonne and period.
    pub transit_holding: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    pub node: usize,
    pub product: usize,
    pub at: Vec<DemandAt>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemandAt {
    pub tonnes: f64,
    /// 1 when demand must be met in full.
    pub min_fulfilment: f64,
    pub shortage_cost: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    AtMost,
    Equal,
    AtLeast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Tonnes,
    Trips,
    Production,
}

/// Empty lists mean all.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    pub id: String,
    pub sense: Sense,
    pub limit: f64,
    pub measure: Measure,
    pub from: Vec<usize>,
    pub to: Vec<usize>,
    pub modes: Vec<String>,
    pub products: Vec<usize>,
    pub lines: Vec<String>,
    /// In order of time; never empty.
    pub periods: Vec<usize>,
    pub each_period: bool,
    /// None: hard.
    pub violation_cost: Option<f64>,
}

impl Contract {
    #[must_use]
    pub fn takes_lane(&self, lane: &Lane) -> bool {
        let of = |ids: &[usize], id| ids.is_empty() || ids.contains(&id);
        of(&self.from, lane.from) && of(&self.to, lane.to) && (self.modes.is_empty() || self.modes.contains(&lane.mode))
    }

    #[must_use]
    pub fn takes_product(&self, product: usize) -> bool {
        self.products.is_empty() || self.products.contains(&product)
    }

    #[must_use]
    pub fn takes_line(&self, line: &Line) -> bool {
        (self.from.is_empty() || self.from.contains(&line.node))
            && (self.lines.is_empty() || self.lines.contains(&line.id))
            && self.takes_product(line.product)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct SupplierLimit {
    pub node: usize,
    pub product: usize,
    /// None: no limit in that period.
    pub at: Vec<Option<f64>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rolling {
    pub to: usize,
    pub product: usize,
    pub period: usize,
    pub tonnes: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SiteGroup {
    pub id: String,
    pub nodes: Vec<usize>,
    pub min_open: f64,
    pub max_open: Option<f64>,
}

/// Decisions that stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pins {
    /// Line and period.
    pub production: Vec<(usize, usize, Pin)>,
    /// Lane, product and period.
    pub shipments: Vec<(usize, usize, usize, Pin)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pin {
    pub tonnes: f64,
    pub tolerance: f64,
}

/// Prices of what the explain model lets go (`planning.md` 3.6).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relax {
    pub capacity: f64,
    pub throughput: f64,
    pub resource_hour: f64,
    pub contract: f64,
    pub storage: f64,
    pub lane: f64,
    pub trip: f64,
    pub surplus: f64,
    pub closing: f64,
    pub fulfilment: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub solver: String,
    pub time_limit_seconds: f64,
    pub mip_gap: f64,
    pub mip_abs_gap: f64,
    pub threads: i32,
    pub random_seed: i32,
    pub presolve: String,
    pub start_plan: bool,
    pub safety_hard: bool,
    pub shortage_hard: bool,
    pub integer_trips: bool,
}

impl Input {
    /// Reads a document; all faults of rows taken together.
    #[must_use]
    pub fn of(document: &Document) -> (Self, Vec<Fault>) {
        let (input, mut faults) = read::read(document);
        rules::check(document, &input, &mut faults);
        // A row without period is read once a period.
        let mut told = HashSet::new();
        faults.retain(|fault| told.insert((fault.code, fault.path.clone())));
        (input, faults)
    }

    /// What is doubtful about an input without errors.
    #[must_use]
    pub fn warnings(&self) -> Vec<Fault> {
        warn::warnings(self)
    }

    /// The products a lane carries.
    pub fn carried(&self, lane: &Lane) -> impl Iterator<Item = usize> + use<> {
        let all = lane.product.is_none();
        let (first, end) = lane.product.map_or((0, self.products.len()), |one| (one, one + 1));
        debug_assert!(all || end == first + 1);
        first..end
    }

    /// The stock row of a node and product.
    #[must_use]
    pub fn stock_of(&self, node: usize, product: usize) -> Option<&Stock> {
        self.stock.iter().find(|stock| (stock.node, stock.product) == (node, product))
    }

    #[must_use]
    pub fn horizon(&self) -> usize {
        self.periods.len()
    }
}
