//! Lanes: the way, its own limits and what a tonne and a trip cost on it.

use super::{
    Lane, LaneAt,
    merge::{Group, Merged, groups},
    read::Reader,
};
use crate::planning::{document::schema::MODES, tree::Tree};

pub(super) fn read(reader: &mut Reader<'_>) -> Vec<Lane> {
    let rows = reader.document.rows("lanes");
    let horizon = reader.periods.len();
    let mut keys = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let at = |field: &str| format!("lanes[{i}].{field}");
        let from = row.text("from").and_then(|id| reader.node(id, || at("from")));
        let to = row.text("to").and_then(|id| reader.node(id, || at("to")));
        let product = match row.text("product") {
            Some(id) => match reader.product(id, || at("product")) {
                // With one product a lane that names it is the lane that names none.
                Some(product) => Some(product).filter(|_| reader.only_product().is_none()),
                None => continue,
            },
            None => None,
        };
        let period = match row.text("period") {
            Some(id) => match reader.period(id, || at("period")) {
                Some(period) => Some(period),
                None => continue,
            },
            None => None,
        };
        if let (Some(from), Some(to)) = (from, to) {
            keys.push((i, (from, to, row.text("mode").unwrap_or("road").to_owned(), product), period));
        }
    }
    let (groups, repeated) = groups(keys.into_iter(), horizon);
    reader.repeats("lanes", &repeated);
    let mut lanes = Vec::new();
    let mut strange: Vec<String> = Vec::new();
    for ((from, to, mode, product), group) in groups {
        if from == to {
            reader.fault(
                "W05",
                format!("lanes[{}]", group.first),
                "The lane leads from a node to itself; it is left out.",
            );
            continue;
        }
        if !MODES.contains(&mode.as_str()) && !strange.contains(&mode) {
            let message = format!("The mode {mode} is not one of {}.", MODES.join(", "));
            reader.fault("W09", format!("lanes[{}].mode", group.first), message);
            strange.push(mode.clone());
        }
        let distance_km = group.rows().find_map(|row| super::read::number(&rows[row], "distance_km"));
        let at = (0..horizon).map(|t| lane_at(reader, &group, t)).collect();
        lanes.push(Lane { from, to, mode, product, distance_km, at });
    }
    lanes
}

fn lane_at(reader: &mut Reader<'_>, group: &Group, t: usize) -> Option<LaneAt> {
    let merged: Merged<'_> = group.merged(reader.document.rows("lanes"), t);
    if !merged.known() || !merged.flag("is_active", true) {
        return None;
    }
    let path = |field: &str| format!("lanes[{}].{field}", merged.row(field));
    let by_distance = merged.number_or("cost_per_tonne_km", 0.0) * merged.number_or("distance_km", 0.0);
    if merged.number_or("cost_per_tonne_km", 0.0) != 0.0
        && merged.number("distance_km").is_none()
        && merged.number("cost_per_tonne").is_none()
    {
        reader.fault("E02", path("distance_km"), "distance_km is missing beside cost_per_tonne_km.");
    }
    let trip_tonnes = merged.number("trip_tonnes");
    let full_lots = merged.text("trip_rule") == Some("full_lots");
    let trip_cost = merged.number_or("fixed_cost_per_trip", 0.0);
    let max_trips = merged.number("max_trips");
    if trip_tonnes.is_none() && (full_lots || trip_cost > 0.0 || max_trips.is_some()) {
        let why = if full_lots {
            "trip_rule"
        } else if trip_cost > 0.0 {
            "fixed_cost_per_trip"
        } else {
            "max_trips"
        };
        reader.fault("E12", path(why), format!("{why} needs trip_tonnes."));
    }
    let min_shipment = merged.number_or("min_shipment_tonnes", 0.0);
    let max_tonnes = merged.number("max_tonnes");
    let by_trips = trip_tonnes.zip(max_trips).map(|(tonnes, trips)| tonnes * trips);
    // A closed lane (0 tonnes or trips) asks for nothing.
    let least = max_tonnes.into_iter().chain(by_trips).fold(f64::INFINITY, f64::min);
    if min_shipment > least && least > 0.0 {
        let message = format!("min_shipment_tonnes {min_shipment} is above {least}, the most the lane takes.");
        reader.fault("E11", path("min_shipment_tonnes"), message);
    }
    let days = merged.number_or("lead_time_days", 0.0);
    let length = reader.period_days.get(t).copied().unwrap_or(1.0);
    let periods = merged.get("lead_time_periods").and_then(Tree::number).map(crate::planning::document::double);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 0; saturates past any horizon"
    )]
    let lead = periods.unwrap_or_else(|| (days / length).floor()) as usize;
    Some(LaneAt {
        freight: merged.number("cost_per_tonne").unwrap_or(by_distance),
        handling: merged.number_or("handling_cost_per_tonne", 0.0),
        trip_tonnes,
        full_lots,
        trip_cost,
        max_trips,
        min_shipment,
        max_tonnes,
        fixed_cost: merged.number_or("fixed_cost_per_period", 0.0),
        lead,
        lead_days: merged.number("lead_time_days").unwrap_or_else(|| periods.unwrap_or(0.0) * length),
        transit_holding: merged.number_or("transit_holding_cost_per_tonne", 0.0),
    })
}
