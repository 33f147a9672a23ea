//! The names of rows and columns in LP and MPS texts: `balance(A,P,1)`, `ship(A,X,rail,P,1)`. No name of an LP text holds
//! `-`, so ids write it `~`, which no id holds.

use super::{About, Activity, Family, Key, Model, Row};
use crate::planning::input::Input;

impl Family {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Run => "run",
            Self::MinRun => "min_run",
            Self::Start => "start",
            Self::Batch => "batch",
            Self::Resource => "resource",
            Self::Vehicle => "vehicle",
            Self::Lot => "lot",
            Self::UseLimit => "use_limit",
            Self::MinShipment => "min_shipment",
            Self::Lane => "lane",
            Self::Storage => "storage",
            Self::Throughput => "throughput",
            Self::Safety => "safety",
            Self::Contract => "contract",
            Self::Supplier => "supplier",
            Self::SupplierCount => "suppliers",
            Self::Site => "site",
            Self::SiteGroup => "site_group",
            Self::SupplyLink => "supply_link",
            Self::Pin => "pin",
            Self::Capacity => "capacity",
            Self::Closing => "closing",
            Self::ClosingMax => "closing_max",
            Self::TripLimit => "trip_limit",
            Self::Fulfilment => "fulfilment",
        }
    }
}

/// Ids of things, as they stand in names.
#[derive(Debug)]
pub struct Names<'a> {
    input: &'a Input,
}

impl<'a> Names<'a> {
    #[must_use]
    pub const fn new(input: &'a Input) -> Self {
        Self { input }
    }

    fn node(&self, node: usize) -> &str {
        &self.input.nodes[node].id
    }

    fn period(&self, t: usize) -> &str {
        &self.input.periods[t].id
    }

    fn place(&self, node: usize, product: usize, t: usize) -> String {
        format!("{},{},{}", self.node(node), self.input.products[product].id, self.period(t))
    }

    fn line(&self, line: usize, t: usize) -> String {
        let of = &self.input.lines[line];
        format!("{},{},{},{}", self.node(of.node), of.id, self.input.products[of.product].id, self.period(t))
    }

    /// Ends, mode, and the product of a lane of its own.
    fn way(&self, lane: usize) -> String {
        let of = &self.input.lanes[lane];
        let own = of.product.map(|product| format!(",{}", self.input.products[product].id)).unwrap_or_default();
        format!("{},{},{}{own}", self.node(of.from), self.node(of.to), of.mode)
    }

    fn lane(&self, lane: usize, t: usize) -> String {
        format!("{},{}", self.way(lane), self.period(t))
    }

    fn load(&self, lane: usize, product: usize, t: usize) -> String {
        format!("{},{},{}", self.way(lane), self.input.products[product].id, self.period(t))
    }

    fn contract(&self, contract: usize, t: Option<usize>) -> String {
        let id = &self.input.contracts[contract].id;
        t.map_or_else(|| id.clone(), |t| format!("{id},{}", self.period(t)))
    }

    fn limit(&self, limit: usize, node: Option<usize>, t: usize) -> String {
        let of = &self.input.supplier_limits[limit];
        let place = self.place(of.node, of.product, t);
        node.map_or_else(|| place.clone(), |node| format!("{},{place}", self.node(node)))
    }

    /// A column's key without its kind, such as `A,X,rail,P,1`.
    #[must_use]
    pub fn key(&self, key: Key) -> String {
        match key {
            Key::Prod { line, t } | Key::On { line, t } | Key::Start { line, t } | Key::Batches { line, t } => {
                self.line(line, t)
            }
            Key::Ship { lane, product, t } => self.load(lane, product, t),
            Key::Trips { lane, t } | Key::Use { lane, t } => self.lane(lane, t),
            Key::Inv { stock, t } | Key::Below { stock, t } => {
                let of = &self.input.stock[stock];
                self.place(of.node, of.product, t)
            }
            Key::Short { demand, t } => {
                let of = &self.input.demand[demand];
                self.place(of.node, of.product, t)
            }
            Key::Open { node, t } => {
                t.map_or_else(|| self.node(node).to_owned(), |t| format!("{},{}", self.node(node), self.period(t)))
            }
            Key::From { node, limit, t } => self.limit(limit, Some(node), t),
            Key::Over { contract, t } | Key::Under { contract, t } => self.contract(contract, t),
            Key::Slack { row, plus } => format!("{row},{}", if plus { "plus" } else { "minus" }),
            Key::Extra => String::new(),
        }
    }

    #[must_use]
    pub fn column(&self, key: Key) -> String {
        let kind = match key {
            Key::Prod { .. } => "prod",
            Key::On { .. } => "on",
            Key::Start { .. } => "start",
            Key::Batches { .. } => "batches",
            Key::Ship { .. } => "ship",
            Key::Trips { .. } => "trips",
            Key::Use { .. } => "use",
            Key::Inv { .. } => "inv",
            Key::Below { .. } => "below",
            Key::Short { .. } => "short",
            Key::Open { .. } => "open",
            Key::From { .. } => "from",
            Key::Over { .. } => "over",
            Key::Under { .. } => "under",
            Key::Slack { .. } => "slack",
            Key::Extra => "extra",
        };
        plain(format!("{kind}({})", self.key(key)))
    }

    /// What a row is about, such as `A,P,1`.
    #[must_use]
    pub fn about(&self, model: &Model, about: About) -> String {
        match about {
            About::Place { node, product, t } => self.place(node, product, t),
            About::Line { line, t } => self.line(line, t),
            About::Resource { resource, t } => {
                format!("{},{}", self.input.resources[resource].id, self.period(t))
            }
            About::Lane { lane, t } => self.lane(lane, t),
            About::LaneProduct { lane, product, t } => self.load(lane, product, t),
            About::Node { node, t } => format!("{},{}", self.node(node), self.period(t)),
            About::Contract { contract, t } => self.contract(contract, t),
            About::Limit { limit, node, t } => self.limit(limit, node, t),
            About::Site { node, of, t } => {
                let of = match of {
                    Activity::Made { line } => format!("prod,{}", self.line(line, t)),
                    Activity::Moved { lane } => format!("ship,{}", self.lane(lane, t)),
                    Activity::Served { demand } => {
                        format!(
                            "served,{},{}",
                            self.input.products[self.input.demand[demand].product].id,
                            self.period(t)
                        )
                    }
                };
                format!("{},{of}", self.node(node))
            }
            About::Group { group, t } => {
                let id = &self.input.site_groups[group].id;
                t.map_or_else(|| id.clone(), |t| format!("{id},{}", self.period(t)))
            }
            About::Link { line, lane, t } => format!("{},{}", self.line(line, t), self.way(lane)),
            About::Column(column) => self.key(model.columns[column].key),
        }
    }

    #[must_use]
    pub fn row(&self, model: &Model, row: &Row) -> String {
        let suffix = match (row.family, row.compare) {
            // Both rows of a group, or of a pin, have the same key.
            (Family::SiteGroup | Family::Pin, super::Compare::AtLeast) => ",min",
            (Family::SiteGroup | Family::Pin, _) => ",max",
            _ => "",
        };
        plain(format!("{}({}{suffix})", row.family.name(), self.about(model, row.about)))
    }
}

fn plain(name: String) -> String {
    if name.contains('-') { name.replace('-', "~") } else { name }
}
