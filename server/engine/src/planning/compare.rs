//! Two plans row by row: rows that are in one of them only, and rows that are not the same in both.

use domain::planning::{
    ProductionRow, RowAmounts, RowChange, RowDifference, RowFamily, ShipmentRow, ShortageRow, StockRow,
};
use std::collections::{BTreeMap, BTreeSet};

/// Quantities that differ by less are the same, as they are to the checker.
const SAME_TONNES: f64 = 1e-6;
/// Money that differs by less than this share is the same.
const SAME_MONEY: f64 = 1e-6;

/// The rows of a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    pub production: Vec<ProductionRow>,
    pub shipments: Vec<ShipmentRow>,
    pub stock: Vec<StockRow>,
    pub shortages: Vec<ShortageRow>,
}

/// What makes a row the same row in another plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    family: RowFamily,
    place: String,
    product: String,
    period: String,
    /// Of a shipment: the product of a lane of its own.
    lane: Option<String>,
}

/// Rows that differ, the largest difference of cost first, then of tonnes.
#[must_use]
pub fn compare(a: &Rows, b: &Rows) -> Vec<RowDifference> {
    let (a, b) = (keyed(a), keyed(b));
    let keys: BTreeSet<&Key> = a.keys().chain(b.keys()).collect();
    let mut found: Vec<_> =
        keys.into_iter().filter_map(|key| difference(key, a.get(key).copied(), b.get(key).copied())).collect();
    found.sort_by(|one, other| {
        let cost = other.delta_cost.abs().total_cmp(&one.delta_cost.abs());
        cost.then_with(|| other.delta_tonnes.abs().total_cmp(&one.delta_tonnes.abs()))
    });
    found
}

fn difference(key: &Key, a: Option<RowAmounts>, b: Option<RowAmounts>) -> Option<RowDifference> {
    let change = match (a, b) {
        (None, None) => return None,
        (None, Some(_)) => RowChange::Added,
        (Some(_), None) => RowChange::Removed,
        (Some(a), Some(b)) if is_same(a, b) => return None,
        (Some(_), Some(_)) => RowChange::Changed,
    };
    let (was, is) = (a.unwrap_or_default(), b.unwrap_or_default());
    let has_trips = was.trips.is_some() || is.trips.is_some();
    Some(RowDifference {
        family: key.family,
        change,
        place: key.place.clone(),
        product: key.product.clone(),
        period: key.period.clone(),
        a,
        b,
        delta_tonnes: is.tonnes - was.tonnes,
        delta_trips: has_trips.then(|| is.trips.unwrap_or_default() - was.trips.unwrap_or_default()),
        delta_cost: is.cost - was.cost,
    })
}

fn is_same(a: RowAmounts, b: RowAmounts) -> bool {
    let near = |a: f64, b: f64, by: f64| (a - b).abs() <= by * a.abs().max(b.abs()).max(1.0);
    near(a.tonnes, b.tonnes, SAME_TONNES)
        && near(a.trips.unwrap_or_default(), b.trips.unwrap_or_default(), SAME_TONNES)
        && near(a.cost, b.cost, SAME_MONEY)
}

/// A row of nothing is no row.
fn is_nothing(of: RowAmounts) -> bool {
    of.tonnes.abs() <= SAME_TONNES && of.cost == 0.0 && of.trips.unwrap_or_default() == 0.0
}

fn keyed(rows: &Rows) -> BTreeMap<Key, RowAmounts> {
    let key = |family, place: String, product: &str, period: &str, lane: Option<&str>| Key {
        family,
        place,
        product: product.to_owned(),
        period: period.to_owned(),
        lane: lane.map(str::to_owned),
    };
    let plain = |tonnes, cost| RowAmounts { tonnes, trips: None, cost };
    let production = rows.production.iter().map(|row| {
        let place = format!("{} {}", row.node, row.line);
        (key(RowFamily::Production, place, &row.product, &row.period, None), plain(row.tonnes, row.cost))
    });
    let shipments = rows.shipments.iter().map(|row| {
        let place = format!("{} → {} {}", row.from, row.to, row.mode);
        let cost = row.freight_cost + row.handling_cost + row.transit_cost + row.trip_cost + row.lane_fixed_cost;
        let amounts = RowAmounts { tonnes: row.tonnes, trips: row.trips, cost };
        (key(RowFamily::Shipment, place, &row.product, &row.period, row.lane_product.as_deref()), amounts)
    });
    let stock = rows.stock.iter().map(|row| {
        let of = key(RowFamily::Stock, row.node.clone(), &row.product, &row.period, None);
        (of, plain(row.tonnes, row.holding_cost + row.safety_cost))
    });
    let shortages = rows.shortages.iter().map(|row| {
        let of = key(RowFamily::Shortage, row.node.clone(), &row.product, &row.period, None);
        (of, plain(row.tonnes, row.cost))
    });
    let all = production.chain(shipments).chain(stock).chain(shortages);
    all.filter(|(_, amounts)| !is_nothing(*amounts)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(node: &str, period: &str, tonnes: f64, cost: f64) -> ProductionRow {
        ProductionRow {
            node: node.into(),
            plant_id: node.into(),
            line: "L1".into(),
            product: "P".into(),
            period: period.into(),
            tonnes,
            capacity_tonnes: None,
            batches: None,
            runs: tonnes > 0.0,
            cost,
        }
    }

    fn sent(mode: &str, tonnes: f64, trips: Option<f64>, cost: f64) -> ShipmentRow {
        ShipmentRow {
            from: "A".into(),
            to: "X".into(),
            mode: mode.into(),
            product: "P".into(),
            lane_product: None,
            period: "1".into(),
            arrival_period: "1".into(),
            tonnes,
            trips,
            freight_cost: cost,
            handling_cost: 0.0,
            transit_cost: 0.0,
            trip_cost: 1.0,
            lane_fixed_cost: 0.0,
        }
    }

    #[test]
    fn a_plan_does_not_differ_from_itself_nor_by_what_no_checker_sees() {
        let a = Rows { production: vec![made("A", "1", 45.0, 450.0)], ..Rows::default() };
        let b = Rows { production: vec![made("A", "1", 45.000_000_4, 450.000_1)], ..Rows::default() };
        assert_eq!((compare(&a, &a), compare(&a, &b)), (vec![], vec![]));
    }

    #[test]
    fn rows_are_added_removed_and_changed_with_their_differences() {
        let a = Rows {
            production: vec![made("A", "1", 45.0, 450.0), made("B", "1", 10.0, 120.0), made("B", "2", 0.0, 0.0)],
            shipments: vec![sent("rail", 50.0, Some(1.0), 75.0)],
            ..Rows::default()
        };
        let b = Rows {
            production: vec![made("A", "1", 40.0, 400.0), made("B", "2", 5.0, 60.0)],
            shipments: vec![sent("rail", 75.0, Some(2.0), 112.5)],
            ..Rows::default()
        };
        let told: Vec<_> = compare(&a, &b)
            .into_iter()
            .map(|row| (row.change, row.place, row.period, row.delta_tonnes, row.delta_trips, row.delta_cost))
            .collect();
        let (lost, new, other) = (RowChange::Removed, RowChange::Added, RowChange::Changed);
        assert_eq!(
            told,
            [
                (lost, "B L1".into(), "1".into(), -10.0, None, -120.0),
                (new, "B L1".into(), "2".into(), 5.0, None, 60.0),
                (other, "A L1".into(), "1".into(), -5.0, None, -50.0),
                (other, "A → X rail".into(), "1".into(), 25.0, Some(1.0), 37.5),
            ]
        );
    }

    #[test]
    fn a_lane_of_its_own_is_another_lane() {
        let own = ShipmentRow { lane_product: Some("P".into()), ..sent("rail", 50.0, None, 75.0) };
        let a = Rows { shipments: vec![sent("rail", 50.0, None, 75.0)], ..Rows::default() };
        let b = Rows { shipments: vec![own], ..Rows::default() };
        let changes: Vec<_> = compare(&a, &b).iter().map(|row| row.change).collect();
        assert!(changes.contains(&RowChange::Added) && changes.contains(&RowChange::Removed), "{changes:?}");
    }
}
