//! Safety stock by policy (`planning.md` 2.3). Tonnes; a demand row's tonnes of a period go before those of all periods.
//!
//! - `absolute`: the value itself, in tonnes.
//! - `days_of_cover`: value × demand of the horizon ÷ days of the horizon, of that node and product.
//! - `percentage_of_demand`: value % × demand of the period.

use super::Network;
use crate::planning::{
    document::{
        Row,
        schema::{Field, Kind},
    },
    fault::Fault,
    tree::Tree,
};
use rust_decimal::Decimal;

pub(super) const FIELDS: &[Field] = &[
    Field { name: "policy_type", kind: Kind::OneOf(TYPES), required: false, null: false },
    Field { name: "policy_value", kind: Kind::Least0, required: false, null: false },
];
const TYPES: &[&str] = &["absolute", "days_of_cover", "percentage_of_demand"];
const SAFETY: &str = "safety_stock_tonnes";
/// Days of a period that tells none.
const DAYS: Decimal = Decimal::from_parts(30, 0, 0, false, 0);
/// Of a computed figure.
const PLACES: u32 = 6;

pub(super) fn faults_of(row: &Row) -> Vec<Fault> {
    let (policy, value) = (row.text("policy_type"), row.get("policy_value"));
    match (policy, value) {
        (Some(_), None) => vec![Fault::new("E02", "policy_value", "A policy needs its value.")],
        (None, Some(_)) => vec![Fault::new("E02", "policy_type", "A policy's value needs its type.")],
        (Some(_), Some(_)) if row.get(SAFETY).is_some() => {
            vec![Fault::new("E05", SAFETY, "The policy gives the safety stock; leave one of the two out.")]
        }
        _ => Vec::new(),
    }
}

/// A number of a row.
fn amount(row: &Row, name: &str) -> Option<Decimal> {
    row.get(name).and_then(Tree::number)
}

/// Demand of one node and product, a value a period.
fn demand(network: &Network, node: Option<&str>, product: &str, only: &str) -> Vec<Decimal> {
    let rows: Vec<_> = network
        .section("demand")
        .iter()
        .filter(|row| row.text("node") == node && row.text("product").unwrap_or(only) == product)
        .collect();
    let of = |period: Option<&str>| {
        rows.iter().filter(|row| row.text("period") == period).find_map(|row| amount(row, "tonnes"))
    };
    let base = of(None).unwrap_or_default();
    network.section("periods").iter().map(|period| of(period.text("id")).unwrap_or(base)).collect()
}

/// The rows with their policies carried out.
pub(super) fn applied(network: &Network, rows: &[Row], faults: &mut Vec<Fault>) -> Vec<Row> {
    let only = match network.section("products") {
        [one] => one.text("id").unwrap_or_default(),
        _ => "",
    };
    let mut out = rows.to_vec();
    let mut more: Vec<Row> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        out[i].remove("policy_type");
        out[i].remove("policy_value");
        faults.extend(
            faults_of(row).into_iter().map(|fault| Fault { path: format!("stock[{i}].{}", fault.path), ..fault }),
        );
        let (Some(policy), Some(value)) = (row.text("policy_type"), amount(row, "policy_value")) else { continue };
        let product = row.text("product").unwrap_or(only);
        let tonnes = |value: Decimal| Tree::Number(value.round_dp(PLACES).normalize());
        if policy == "absolute" {
            out[i].set(SAFETY, tonnes(value));
            continue;
        }
        let wanted = demand(network, row.text("node"), product, only);
        if policy == "days_of_cover" {
            let days = network.section("periods").iter().map(|period| amount(period, "days").unwrap_or(DAYS));
            let (all, days) = (wanted.iter().sum::<Decimal>(), days.sum::<Decimal>());
            out[i].set(SAFETY, tonnes(share(all * value, days)));
            continue;
        }
        let of_period = |tonnes_wanted: Decimal| tonnes(share(tonnes_wanted * value, Decimal::ONE_HUNDRED));
        let periods = network.section("periods").iter().zip(&wanted);
        match row.text("period") {
            Some(own) => {
                let found = periods.clone().find(|(period, _)| period.text("id") == Some(own));
                out[i].set(SAFETY, of_period(found.map(|(_, tonnes)| *tonnes).unwrap_or_default()));
            }
            // A period's own row goes before the policy where it says its safety stock.
            None => {
                for (period, tonnes) in periods {
                    let id = period.text("id").unwrap_or_default();
                    let same = |other: &Row| {
                        other.text("node") == row.text("node")
                            && other.text("product").unwrap_or(only) == product
                            && other.text("period") == Some(id)
                    };
                    match rows.iter().position(same) {
                        Some(at) if rows[at].get(SAFETY).is_none() && rows[at].get("policy_type").is_none() => {
                            out[at].set(SAFETY, of_period(*tonnes));
                        }
                        Some(_) => {}
                        None => {
                            let mut new = Row::default();
                            for name in ["node", "product"] {
                                if let Some(id) = row.get(name) {
                                    new.set(name, id.clone());
                                }
                            }
                            new.set("period", Tree::Text(id.to_owned()));
                            new.set(SAFETY, of_period(*tonnes));
                            more.push(new);
                        }
                    }
                }
            }
        }
    }
    out.extend(more);
    out
}

/// 0 of nothing.
fn share(part: Decimal, of: Decimal) -> Decimal {
    part.checked_div(of).unwrap_or_default()
}
