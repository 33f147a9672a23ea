//! Why a plan is as it is: what binds it, what is short and why, and the cheapest way out where there is none.

mod binding;
mod change;
mod shortage;
mod way_out;

pub use binding::{Binding, bindings};
pub use shortage::{Cause, Reason, Shortage, shortages};
pub use way_out::{Slack, WayOut, way_out};

use super::{
    input::Input,
    model::{About, Family, Key, Model, Row, names::Names},
};

/// What limits, in one word.
fn limit_of(key: Key, upper: bool) -> Option<&'static str> {
    Some(match (key, upper) {
        (Key::Prod { .. }, true) => "capacity",
        (Key::Ship { .. }, true) => "lane_limit",
        (Key::Trips { .. }, true) => "trips",
        (Key::Inv { .. }, true) => "storage",
        (Key::Inv { .. }, false) => "stock_floor",
        (Key::Short { .. }, true) => "fulfilment",
        _ => return None,
    })
}

/// As [`limit_of`], of a row.
const fn limit_of_row(family: Family) -> Option<&'static str> {
    Some(match family {
        Family::Resource => "resource",
        Family::Lane => "lane_limit",
        Family::Storage => "storage",
        Family::Throughput => "throughput",
        Family::Contract => "contract",
        Family::Pin => "pin",
        Family::Vehicle | Family::Lot => "trips",
        Family::MinShipment => "minimum_shipment",
        Family::MinRun => "minimum_run",
        Family::Batch => "batch",
        Family::SupplierCount | Family::Supplier => "suppliers",
        Family::SiteGroup | Family::Site => "site",
        _ => return None,
    })
}

/// A key in words: the ids, one after the other.
fn spoken(ids: &str) -> String {
    ids.split(',').collect::<Vec<_>>().join(" ")
}

fn column_words(input: &Input, limit: &str, key: Key) -> String {
    let ids = spoken(&Names::new(input).key(key));
    match limit {
        "capacity" => format!("capacity of {ids}"),
        "lane_limit" => format!("most tonnes of lane {ids}"),
        "trips" => format!("most trips of lane {ids}"),
        "storage" => format!("room for stock at {ids}"),
        "stock_floor" => format!("least closing stock at {ids}"),
        "fulfilment" => format!("share of demand to be served at {ids}"),
        other => format!("{other} {ids}"),
    }
}

fn row_words(input: &Input, model: &Model, row: &Row) -> String {
    let ids = spoken(&Names::new(input).about(model, row.about));
    match (row.family, row.about) {
        (Family::Resource, _) => format!("hours of {ids}"),
        (Family::Lane, _) => format!("most tonnes of lane {ids}"),
        (Family::Storage, _) => format!("storage of {ids}"),
        (Family::Throughput, _) => format!("throughput of {ids}"),
        (Family::Contract, About::Contract { .. }) => format!("contract {ids}"),
        (Family::Vehicle | Family::Lot, _) => format!("load of the trips of lane {ids}"),
        (Family::MinShipment, _) => format!("minimum shipment of lane {ids}"),
        (Family::MinRun, _) => format!("minimum run of {ids}"),
        (Family::Batch, _) => format!("batches of {ids}"),
        (Family::Pin, _) => format!("what {ids} is fixed to"),
        (family, _) => format!("{} {ids}", family.name().replace('_', " ")),
    }
}
