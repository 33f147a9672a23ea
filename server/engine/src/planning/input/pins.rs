//! Decisions that stand: the amounts of lines and lanes that rows of `fixed_production` and `fixed_shipments` name, and 0 of
//! all others where a row without key says so.

use super::{
    Lane, Line, Pin, Pins,
    merge::{Group, groups},
    read::{Reader, number},
};
use crate::planning::document::Row;
use std::{collections::HashMap, hash::Hash};

const LINES: &str = "fixed_production";
const LANES: &str = "fixed_shipments";

/// What a row speaks of, and its period.
type Place<K> = (K, Option<usize>);

pub(super) fn read(reader: &mut Reader<'_>, lines: &[Line], lanes: &[Lane]) -> Pins {
    let places: HashMap<_, _> =
        lines.iter().enumerate().map(|(place, line)| ((line.node, line.id.as_str(), line.product), place)).collect();
    let (groups, rest) = section(reader, LINES, "node", &["line", "product", "period"], |reader, i, row| {
        let (node, product, period) = reader.place(LINES, i, row, "node")?;
        let id = row.text("line").unwrap_or("L1");
        let line = places.get(&(node, id, product)).copied();
        if line.is_none() {
            let message = format!("{} has no line {id} of this product.", row.text("node").unwrap_or_default());
            reader.fault("E04", format!("{LINES}[{i}].line"), message);
        }
        Some((line?, period))
    });
    let mut production = pinned(reader, LINES, &groups, |(line, t), pin| (line, t, pin));
    if let Some(rest) = rest {
        let named: std::collections::HashSet<_> = production.iter().map(|(line, t, _)| (*line, *t)).collect();
        let all = (0..lines.len()).flat_map(|line| (0..reader.periods.len()).map(move |t| (line, t)));
        production.extend(all.filter(|key| !named.contains(key)).map(|(line, t)| (line, t, rest)));
    }
    let mut shipments = shipments(reader, lanes);
    production.sort_unstable_by_key(|(line, t, _)| (*line, *t));
    shipments.sort_unstable_by_key(|(lane, product, t, _)| (*lane, *t, *product));
    Pins { production, shipments }
}

fn shipments(reader: &mut Reader<'_>, lanes: &[Lane]) -> Vec<(usize, usize, usize, Pin)> {
    let places: HashMap<_, _> = lanes
        .iter()
        .enumerate()
        .map(|(place, lane)| ((lane.from, lane.to, lane.mode.as_str(), lane.product), place))
        .collect();
    let keys = ["to", "mode", "product", "lane_product", "period"];
    let (groups, rest) = section(reader, LANES, "from", &keys, |reader, i, row| {
        let (from, product, period) = reader.place(LANES, i, row, "from")?;
        let at = |field: &str| format!("{LANES}[{i}].{field}");
        let Some(to) = row.text("to") else {
            reader.fault("E02", at("to"), "to is missing.");
            return None;
        };
        let to = reader.node(to, || at("to"))?;
        let own = match row.text("lane_product") {
            Some(id) => Some(reader.product(id, || at("lane_product"))?).filter(|_| reader.only_product().is_none()),
            None => None,
        };
        let mode = row.text("mode").unwrap_or("road");
        let lane = places.get(&(from, to, mode, own)).copied().filter(|_| own.is_none_or(|own| own == product));
        if lane.is_none() {
            let [from, to] = ["from", "to"].map(|end| row.text(end).unwrap_or_default());
            reader.fault("E04", format!("{LANES}[{i}]"), format!("There is no lane from {from} to {to} by {mode}."));
        }
        Some(((lane?, product), period))
    });
    let horizon = reader.periods.len();
    let open = |lane: usize, t: usize| lanes[lane].at[t].is_some_and(|at| t + at.lead < horizon);
    let mut shut = Vec::new();
    for ((lane, _), group) in &groups {
        for t in 0..horizon {
            let merged = group.merged(reader.document.rows(LANES), t);
            let least = merged.number_or("tonnes", 0.0) - merged.number_or("tolerance_tonnes", 0.0);
            if merged.known() && least > 0.0 && !open(*lane, t) {
                shut.push((merged.row("tonnes"), t));
            }
        }
    }
    for (row, t) in shut {
        let period = reader.document.rows("periods").get(t).and_then(|row| row.text("id")).unwrap_or_default();
        let message = format!("Nothing can leave on this lane in {period} and arrive within the plan.");
        reader.fault("E13", format!("{LANES}[{row}].tonnes"), message);
    }
    let mut shipments = pinned(reader, LANES, &groups, |((lane, product), t), pin| (lane, product, t, pin));
    if let Some(rest) = rest {
        let named: std::collections::HashSet<_> =
            shipments.iter().map(|(lane, product, t, _)| (*lane, *product, *t)).collect();
        let count = reader.document.rows("products").len().max(1);
        for (place, lane) in lanes.iter().enumerate() {
            let (first, end) = lane.product.map_or((0, count), |own| (own, own + 1));
            let all = (first..end).flat_map(|product| (0..horizon).map(move |t| (place, product, t)));
            shipments.extend(all.filter(|key| !named.contains(key)).map(|(lane, product, t)| (lane, product, t, rest)));
        }
    }
    shipments
}

/// The groups of a section's rows, and what holds for everything without a row.
fn section<K: Hash + Eq + Clone>(
    reader: &mut Reader<'_>,
    name: &'static str,
    first: &str,
    keys: &[&str],
    place: impl Fn(&mut Reader<'_>, usize, &Row) -> Option<Place<K>>,
) -> (Vec<(K, Group)>, Option<Pin>) {
    let document = reader.document;
    let (mut known, mut rest) = (Vec::new(), None);
    for (i, row) in document.rows(name).iter().enumerate() {
        if row.text(first).is_some() {
            known.extend(place(reader, i, row).map(|(key, period)| (i, key, period)));
            continue;
        }
        if keys.iter().any(|key| row.get(key).is_some()) || number(row, "tonnes").is_some_and(|tonnes| tonnes > 0.0) {
            reader.fault("E02", format!("{name}[{i}].{first}"), format!("{first} is missing."));
        } else if rest.is_some() {
            reader.repeats(name, &[i]);
        }
        rest = Some(Pin { tonnes: 0.0, tolerance: number(row, "tolerance_tonnes").unwrap_or(0.0) });
    }
    let (groups, repeated) = groups(known.into_iter(), reader.periods.len());
    reader.repeats(name, &repeated);
    (groups, rest)
}

/// What each key is fixed to, period by period.
fn pinned<K: Clone, T>(
    reader: &Reader<'_>,
    name: &str,
    groups: &[(K, Group)],
    of: impl Fn((K, usize), Pin) -> T,
) -> Vec<T> {
    let rows = reader.document.rows(name);
    let mut pins = Vec::new();
    for (key, group) in groups {
        for t in 0..reader.periods.len() {
            let merged = group.merged(rows, t);
            if merged.known() {
                let pin = Pin {
                    tonnes: merged.number_or("tonnes", 0.0),
                    tolerance: merged.number_or("tolerance_tonnes", 0.0),
                };
                pins.push(of((key.clone(), t), pin));
            }
        }
    }
    pins
}
