//! The sections and fields of `millrace-plan/1`, in one table: what is read, checked, told and edited follows it.

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// 1 to 40 letters, digits, `_`, `.`, `-`; an integer is read as its digits.
    Id,
    Text,
    Date,
    /// Any finite number.
    Amount,
    /// At least 0.
    Least0,
    Positive,
    /// From 0 to 1.
    Share,
    /// Between two bounds.
    Within(f64, f64),
    /// A whole number of at least 0.
    Whole,
    /// A whole number from 0 on, with the most.
    WholeTo(i32),
    Bool,
    OneOf(&'static [&'static str]),
    /// A means of transport.
    Mode,
    /// An id or a list of them.
    Ids,
    /// Rows inside a row.
    Rows(&'static [Field]),
    /// One object inside another.
    Object(&'static [Field]),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// `null` says "no limit".
    pub null: bool,
}

const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, null: false }
}

const fn must(name: &'static str, kind: Kind) -> Field {
    Field { required: true, ..may(name, kind) }
}

const fn open(name: &'static str, kind: Kind) -> Field {
    Field { null: true, ..may(name, kind) }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    pub name: &'static str,
    /// What tells one thing from another; a default stands for one left out.
    pub key: &'static [&'static str],
    /// A row without `period` counts for all, one with it overrides field by field.
    pub by_period: bool,
    pub fields: &'static [Field],
}

use Kind::{
    Amount, Bool, Date, Id, Ids, Least0, Mode, Object, OneOf, Positive, Rows, Share, Text, Whole, WholeTo, Within,
};

pub const NODE_TYPES: &[&str] = &["IU", "GU", "hub", "customer", "supplier"];
pub const MODES: &[&str] = &["road", "rail", "sea", "barge", "air", "pipeline"];

pub const TOP: &[Field] = &[
    must("format", Text),
    must("name", Text),
    must("currency", Text),
    may("description", Text),
    may("timezone", Text),
    may("quantity_label", Text),
    may("constant_cost", Amount),
];

pub const RELAX: &[Field] = &[
    may("capacity", Least0),
    may("throughput", Least0),
    may("resource_hour", Least0),
    may("contract", Least0),
    may("storage", Least0),
    may("lane", Least0),
    may("trip", Least0),
    may("surplus", Least0),
    may("closing", Least0),
    may("fulfilment", Least0),
];

pub const PENALTIES: &[Field] = &[
    may("shortage_cost_per_tonne", Least0),
    may("safety_shortfall_cost_per_tonne", Least0),
    may("relax", Object(RELAX)),
];

pub const SOLVERS: &[&str] = &["highs", "appsi_highs", "cbc", "PULP_CBC_CMD", "COIN_CMD", "glpk", "gurobi"];

pub const OPTIONS: &[Field] = &[
    may("solver", Text),
    may("time_limit_seconds", Within(1.0, 3600.0)),
    may("mip_gap", Within(0.0, 0.5)),
    may("mip_abs_gap", Least0),
    may("threads", WholeTo(256)),
    may("random_seed", WholeTo(i32::MAX)),
    may("presolve", OneOf(&["choose", "on", "off"])),
    may("start_plan", Bool),
    may("safety_stock_mode", OneOf(&["soft", "hard"])),
    may("shortage_mode", OneOf(&["soft", "hard"])),
    may("integer_trips", Bool),
];

pub const INPUTS: &[Field] = &[must("product", Id), must("tonnes_per_tonne", Positive)];
pub const USES: &[Field] = &[must("resource", Id), may("hours_per_tonne", Least0), may("setup_hours", Least0)];
pub const FACTORS: &[Field] = &[must("period", Id), must("factor", Share)];

/// In the order in which they are written and read.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "periods",
        key: &["id"],
        by_period: false,
        fields: &[must("id", Id), may("start", Date), may("days", Positive)],
    },
    Section {
        name: "products",
        key: &["id"],
        by_period: false,
        fields: &[must("id", Id), may("name", Text), may("storage_factor", Least0)],
    },
    Section {
        name: "nodes",
        key: &["id"],
        by_period: false,
        fields: &[
            must("id", Id),
            must("type", OneOf(NODE_TYPES)),
            may("name", Text),
            may("region", Text),
            may("latitude", Within(-90.0, 90.0)),
            may("longitude", Within(-180.0, 180.0)),
            open("storage_max_tonnes", Least0),
            open("throughput_max_tonnes", Least0),
            may("activation", OneOf(&["always", "per_period", "once"])),
            may("activation_cost", Amount),
        ],
    },
    Section {
        name: "stock",
        key: &["node", "product"],
        by_period: true,
        fields: &[
            must("node", Id),
            may("product", Id),
            may("period", Id),
            may("opening_tonnes", Least0),
            may("min_closing_tonnes", Least0),
            open("max_closing_tonnes", Least0),
            may("safety_stock_tonnes", Least0),
            may("safety_shortfall_cost_per_tonne", Least0),
            may("holding_cost_per_tonne", Amount),
        ],
    },
    Section {
        name: "production",
        key: &["node", "line", "product"],
        by_period: true,
        fields: &[
            must("node", Id),
            may("line", Id),
            may("product", Id),
            may("period", Id),
            open("capacity_tonnes", Least0),
            may("variable_cost_per_tonne", Amount),
            may("fixed_cost_per_period", Amount),
            may("min_run_tonnes", Least0),
            may("min_run_fraction", Share),
            open("batch_tonnes", Positive),
            may("start_cost", Least0),
            may("running_before", Bool),
            may("inputs", Rows(INPUTS)),
            may("uses", Rows(USES)),
            may("calendar", Id),
        ],
    },
    Section {
        name: "calendars",
        key: &["id"],
        by_period: false,
        fields: &[must("id", Id), may("factors", Rows(FACTORS))],
    },
    Section {
        name: "resources",
        key: &["id"],
        by_period: true,
        fields: &[must("id", Id), may("period", Id), may("available_hours", Least0)],
    },
    Section {
        name: "lanes",
        key: &["from", "to", "mode", "product"],
        by_period: true,
        fields: &[
            must("from", Id),
            must("to", Id),
            may("mode", Mode),
            may("product", Id),
            may("period", Id),
            may("cost_per_tonne", Amount),
            may("cost_per_tonne_km", Amount),
            may("distance_km", Least0),
            may("handling_cost_per_tonne", Amount),
            open("trip_tonnes", Positive),
            may("trip_rule", OneOf(&["vehicles", "full_lots"])),
            may("fixed_cost_per_trip", Amount),
            open("max_trips", Whole),
            may("min_shipment_tonnes", Least0),
            open("max_tonnes", Least0),
            may("fixed_cost_per_period", Amount),
            may("lead_time_periods", Whole),
            may("lead_time_days", Least0),
            may("transit_holding_cost_per_tonne", Amount),
            may("fuel_share", Share),
            may("is_active", Bool),
        ],
    },
    Section {
        name: "demand",
        key: &["node", "product"],
        by_period: true,
        fields: &[
            must("node", Id),
            may("product", Id),
            may("period", Id),
            may("tonnes", Least0),
            may("min_fulfilment", Share),
            may("shortage_cost_per_tonne", Least0),
            may("tonnes_low", Least0),
            may("tonnes_high", Least0),
            may("confidence", Share),
        ],
    },
    Section {
        name: "contracts",
        key: &["id"],
        by_period: false,
        fields: &[
            must("id", Id),
            must("sense", OneOf(&["<=", "=", ">=", "L", "E", "G"])),
            must("limit", Amount),
            may("measure", OneOf(&["tonnes", "trips", "production"])),
            may("from", Ids),
            may("to", Ids),
            may("mode", Ids),
            may("product", Ids),
            may("line", Ids),
            may("period", Id),
            may("periods", Ids),
            may("each_period", Bool),
            open("violation_cost", Least0),
        ],
    },
    Section {
        name: "supplier_limits",
        key: &["node", "product"],
        by_period: true,
        fields: &[must("node", Id), may("product", Id), may("period", Id), may("max_suppliers", Whole)],
    },
    Section {
        name: "in_transit",
        key: &[],
        by_period: false,
        fields: &[
            must("to", Id),
            may("product", Id),
            must("period", Id),
            must("tonnes", Least0),
            may("from", Id),
            may("mode", Mode),
        ],
    },
    Section {
        name: "site_groups",
        key: &["id"],
        by_period: false,
        fields: &[must("id", Id), must("nodes", Ids), may("min_open", Whole), open("max_open", Whole)],
    },
    Section {
        name: "fixed_production",
        key: &["node", "line", "product"],
        by_period: true,
        fields: &[
            // Without node: 0 t of everything that has no row of its own.
            may("node", Id),
            may("line", Id),
            may("product", Id),
            may("period", Id),
            must("tonnes", Least0),
            may("tolerance_tonnes", Least0),
        ],
    },
    Section {
        name: "fixed_shipments",
        key: &["from", "to", "mode", "product", "lane_product"],
        by_period: true,
        fields: &[
            // Without from: 0 t of everything that has no row of its own.
            may("from", Id),
            may("to", Id),
            may("mode", Mode),
            may("product", Id),
            // Of a lane of its own.
            may("lane_product", Id),
            may("period", Id),
            must("tonnes", Least0),
            may("tolerance_tonnes", Least0),
        ],
    },
];

/// Sections a document cannot do without.
pub const NEEDED: &[&str] = &["periods", "nodes", "demand"];

/// The section of a name.
#[must_use]
pub fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

impl Section {
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
