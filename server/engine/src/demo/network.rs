//! The demo world's supply network: 24 integrated and 22 grinding units at real places in India, road and rail, twelve
//! months. The places are towns; capacities, costs and demand are drawn and are nobody's.

use super::chance::Chance;
use chrono::{Datelike, Months, NaiveDate};
use serde_json::{Value, json};

/// Code of the network.
pub const CODE: &str = "DEMO-IN";
/// Stream of chance.
const STREAM: u64 = 6;
const MONTHS: u32 = 12;
/// A grinding unit is fed from so many plants around it.
const FEEDERS: usize = 6;
/// An integrated unit takes clinker from so many others.
const NEIGHBOURS: usize = 2;
/// Lorries go no farther.
const ROAD_KM: i64 = 700;
/// Trains go no shorter way.
const RAIL_KM: i64 = 120;
/// A way is this much longer than the straight line, in percent (road, rail).
const DETOUR: (f64, f64) = (1.30, 1.20);
const EARTH_KM: f64 = 6_371.0;

/// Id, town, state, degrees north, degrees east.
type Place = (&'static str, &'static str, &'static str, f64, f64);

const INTEGRATED: [Place; 24] = [
    ("IU01", "Satna", "Madhya Pradesh", 24.58, 80.83),
    ("IU02", "Katni", "Madhya Pradesh", 23.83, 80.39),
    ("IU03", "Damoh", "Madhya Pradesh", 23.83, 79.44),
    ("IU04", "Neemuch", "Madhya Pradesh", 24.47, 74.87),
    ("IU05", "Chittorgarh", "Rajasthan", 24.88, 74.63),
    ("IU06", "Udaipur", "Rajasthan", 24.58, 73.68),
    ("IU07", "Beawar", "Rajasthan", 26.10, 74.32),
    ("IU08", "Pali", "Rajasthan", 25.77, 73.32),
    ("IU09", "Nagaur", "Rajasthan", 27.20, 73.73),
    ("IU10", "Kotputli", "Rajasthan", 27.70, 76.20),
    ("IU11", "Junagadh", "Gujarat", 21.52, 70.46),
    ("IU12", "Porbandar", "Gujarat", 21.64, 69.61),
    ("IU13", "Bhuj", "Gujarat", 23.24, 69.67),
    ("IU14", "Chandrapur", "Maharashtra", 19.96, 79.30),
    ("IU15", "Kalaburagi", "Karnataka", 17.33, 76.83),
    ("IU16", "Bagalkot", "Karnataka", 16.18, 75.70),
    ("IU17", "Tandur", "Telangana", 17.24, 77.59),
    ("IU18", "Nalgonda", "Telangana", 17.05, 79.27),
    ("IU19", "Kurnool", "Andhra Pradesh", 15.83, 78.04),
    ("IU20", "Kadapa", "Andhra Pradesh", 14.47, 78.82),
    ("IU21", "Ariyalur", "Tamil Nadu", 11.14, 79.08),
    ("IU22", "Baloda Bazar", "Chhattisgarh", 21.66, 82.16),
    ("IU23", "Rajgangpur", "Odisha", 22.19, 84.58),
    ("IU24", "Darlaghat", "Himachal Pradesh", 31.23, 76.95),
];

const GRINDING: [Place; 22] = [
    ("GU01", "Panipat", "Haryana", 29.39, 76.97),
    ("GU02", "Roorkee", "Uttarakhand", 29.87, 77.89),
    ("GU03", "Bathinda", "Punjab", 30.21, 74.95),
    ("GU04", "Rupnagar", "Punjab", 30.97, 76.53),
    ("GU05", "Bulandshahr", "Uttar Pradesh", 28.41, 77.85),
    ("GU06", "Jhansi", "Uttar Pradesh", 25.45, 78.57),
    ("GU07", "Kanpur", "Uttar Pradesh", 26.45, 80.33),
    ("GU08", "Tanda", "Uttar Pradesh", 26.55, 82.66),
    ("GU09", "Mirzapur", "Uttar Pradesh", 25.15, 82.57),
    ("GU10", "Patna", "Bihar", 25.59, 85.14),
    ("GU11", "Ranchi", "Jharkhand", 23.34, 85.31),
    ("GU12", "Durgapur", "West Bengal", 23.52, 87.31),
    ("GU13", "Haldia", "West Bengal", 22.06, 88.07),
    ("GU14", "Jajpur", "Odisha", 20.85, 86.33),
    ("GU15", "Guwahati", "Assam", 26.14, 91.74),
    ("GU16", "Visakhapatnam", "Andhra Pradesh", 17.69, 83.22),
    ("GU17", "Nellore", "Andhra Pradesh", 14.44, 79.99),
    ("GU18", "Chennai", "Tamil Nadu", 13.08, 80.27),
    ("GU19", "Coimbatore", "Tamil Nadu", 11.02, 76.96),
    ("GU20", "Mangaluru", "Karnataka", 12.91, 74.86),
    ("GU21", "Pune", "Maharashtra", 18.52, 73.86),
    ("GU22", "Surat", "Gujarat", 21.17, 72.83),
];

/// Kilometres of the straight line (haversine).
fn apart(a: &Place, b: &Place) -> f64 {
    let (north, east) = ((b.3 - a.3).to_radians(), (b.4 - a.4).to_radians());
    let part =
        (north / 2.0).sin().powi(2) + a.3.to_radians().cos() * b.3.to_radians().cos() * (east / 2.0).sin().powi(2);
    2.0 * EARTH_KM * part.sqrt().asin()
}

/// The `most` integrated units nearest to a place, itself apart.
fn nearest(to: &Place, most: usize) -> Vec<&'static Place> {
    let mut all: Vec<_> = INTEGRATED.iter().filter(|from| from.0 != to.0).collect();
    all.sort_by(|a, b| apart(a, to).total_cmp(&apart(b, to)));
    all.truncate(most);
    all
}

#[allow(clippy::cast_possible_truncation, reason = "kilometres on one continent")]
fn kilometres(line: f64, detour: f64) -> i64 {
    (line * detour).round() as i64
}

fn lanes(from: &Place, to: &Place) -> Vec<Value> {
    let line = apart(from, to);
    let (road, rail) = (kilometres(line, DETOUR.0), kilometres(line, DETOUR.1));
    let mut lanes = Vec::new();
    if road <= ROAD_KM {
        lanes.push(json!({"from": from.0, "to": to.0, "mode": "road", "distance_km": road, "cost_per_tonne_km": 3.0,
            "trip_tonnes": 25, "fixed_cost_per_trip": 300, "min_shipment_tonnes": 25, "fuel_share": 0.4,
            "lead_time_days": 1 + road / 400}));
    }
    if rail >= RAIL_KM {
        lanes.push(json!({"from": from.0, "to": to.0, "mode": "rail", "distance_km": rail, "cost_per_tonne_km": 1.4,
            "handling_cost_per_tonne": 150, "trip_tonnes": 1000, "fixed_cost_per_trip": 20_000,
            "min_shipment_tonnes": 500, "fuel_share": 0.15, "lead_time_days": 2 + rail / 500}));
    }
    lanes
}

/// The document `millrace-plan/1` of the network, from the first day of the month after `as_of` on.
#[must_use]
pub fn document(seed: u64, as_of: NaiveDate) -> Value {
    let mut chance = Chance::new(seed, STREAM);
    let first = as_of.with_day(1).and_then(|day| day.checked_add_months(Months::new(1))).unwrap_or(as_of);
    let months: Vec<_> = (0..MONTHS).filter_map(|n| first.checked_add_months(Months::new(n))).collect();
    let days = |from: NaiveDate| {
        from.checked_add_months(Months::new(1)).map_or(30, |until| until.signed_duration_since(from).num_days())
    };
    let id = |month: NaiveDate| format!("{}-{:02}", month.year(), month.month());
    let periods: Vec<_> =
        months.iter().map(|month| json!({"id": id(*month), "start": month, "days": days(*month)})).collect();
    let drawn: Vec<_> = INTEGRATED
        .iter()
        .map(|place| (place, "IU"))
        .chain(GRINDING.iter().map(|place| (place, "GU")))
        // Tonnes a month, what a tonne costs to make, and the plant's part of all capacity.
        .map(|(place, kind)| {
            let base = chance.between(2_000, 9_999);
            (place, kind, base, chance.between(1_500, 1_899), chance.between(80, 120))
        })
        .collect();
    let needed: i64 = drawn.iter().map(|(_, _, base, ..)| base).sum();
    let weights: i64 = drawn.iter().filter(|(_, kind, ..)| *kind == "IU").map(|(.., weight)| weight).sum();
    let nodes = drawn.iter().map(|(place, kind, ..)| {
        json!({"id": place.0, "type": kind, "name": place.1, "region": place.2, "latitude": place.3, "longitude": place.4})
    });
    let stock = drawn.iter().map(|(place, _, base, ..)| {
        json!({"node": place.0, "opening_tonnes": base / 2, "min_closing_tonnes": base / 4, "max_closing_tonnes": base * 3,
               "holding_cost_per_tonne": 15})
    });
    // A fifth more than the demand of all, shared out by weight.
    let production = drawn.iter().filter(|(_, kind, ..)| *kind == "IU").map(|(place, _, _, cost, weight)| {
        json!({"node": place.0, "line": "K1", "capacity_tonnes": needed * 12 * weight / (weights * 10),
               "variable_cost_per_tonne": cost})
    });
    let fed = GRINDING.iter().map(|to| (to, FEEDERS)).chain(INTEGRATED.iter().map(|to| (to, NEIGHBOURS)));
    let lanes = fed.flat_map(|(to, most)| nearest(to, most).into_iter().flat_map(move |from| lanes(from, to)));
    let mut demand = Vec::new();
    for (place, _, base, ..) in &drawn {
        for month in &months {
            let tonnes = base * chance.between(80, 119) / 100;
            demand.push(json!({"node": place.0, "period": id(*month), "tonnes": tonnes,
                               "tonnes_low": tonnes * 85 / 100, "tonnes_high": tonnes * 120 / 100}));
        }
    }
    json!({
        "format": "millrace-plan/1", "name": "Demo: clinker in India", "currency": "INR", "timezone": "Asia/Kolkata",
        "description": "Generated for the demo world. The places are real, the figures are drawn.",
        "periods": periods, "products": [{"id": "CLINKER", "name": "Clinker"}],
        "nodes": nodes.collect::<Vec<_>>(), "stock": stock.collect::<Vec<_>>(),
        "production": production.collect::<Vec<_>>(), "lanes": lanes.collect::<Vec<_>>(), "demand": demand,
        "options": {"mip_gap": 0.01, "time_limit_seconds": 120}
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planning::{document::Document, fault::verdict, input::Input};
    use domain::planning::Verdict;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
    }

    #[test]
    fn the_demo_network_is_sound_and_the_same_seed_gives_it_again() {
        let text = document(42, day()).to_string();
        assert_eq!(text, document(42, day()).to_string());
        assert_ne!(text, document(43, day()).to_string());
        let (document, mut faults) = Document::parse(&text).unwrap();
        let (input, more) = Input::of(&document);
        faults.extend(more);
        assert_eq!(faults, []);
        let warnings = input.warnings();
        assert_eq!(verdict(&warnings), Verdict::Pass, "{warnings:?}");
        let types = |kind: &str| document.rows("nodes").iter().filter(|row| row.text("type") == Some(kind)).count();
        assert_eq!((types("IU"), types("GU"), input.periods.len()), (24, 22, 12));
        assert_eq!(document.rows("periods")[0].text("start"), Some("2026-12-01"));
        assert_eq!(input.periods.iter().map(|period| period.days).sum::<f64>(), 365.0);
        // Everybody can be fed, by rail at least.
        for unit in GRINDING {
            let ways = document.rows("lanes").iter().filter(|lane| lane.text("to") == Some(unit.0));
            assert!(ways.filter(|lane| lane.text("mode") == Some("rail")).count() >= 3, "{}", unit.1);
        }
    }

    #[test]
    fn distances_are_those_of_the_earth() {
        let (chennai, pune) = (&GRINDING[17], &GRINDING[20]);
        // About 912 km apart.
        assert!((apart(chennai, pune) - 912.0).abs() < 10.0, "{}", apart(chennai, pune));
    }
}
