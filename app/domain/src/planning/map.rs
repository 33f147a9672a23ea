//! A plan on the map: where its nodes lie, and what flows between them.

use super::PlanItem;
use serde::{Deserialize, Serialize};

/// A node with its place; None where the document does not say it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapNode {
    pub id: String,
    pub name: Option<String>,
    /// `IU`, `GU`, `hub`, `customer` or `supplier`.
    pub kind: String,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
}

/// What a lane carries in the periods that are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapLane {
    pub from: String,
    pub to: String,
    pub mode: String,
    pub tonnes: f64,
    pub trips: f64,
    /// Freight, handling, trips, transit and the lane's own cost, in the plan's currency.
    pub cost: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanMap {
    pub plan: PlanItem,
    /// In the order of time.
    pub periods: Vec<String>,
    /// The period that is shown; None: all.
    pub period: Option<String>,
    pub nodes: Vec<MapNode>,
    /// The largest first.
    pub lanes: Vec<MapLane>,
    /// Its rows are not kept any more.
    pub is_pruned: bool,
}

/// A place on the sheet, from its left and upper edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    pub x: f64,
    pub y: f64,
}

/// Puts places on a sheet of `width` by `height` with a margin: equirectangular, true to scale at the middle latitude
/// (Snyder 1987, *Map Projections*, 12). None for a node without a place.
#[must_use]
pub fn spots(nodes: &[MapNode], width: f64, height: f64, margin: f64) -> Vec<Option<Spot>> {
    let placed: Vec<_> = nodes.iter().filter_map(|node| node.latitude.zip(node.longitude)).collect();
    let span = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (south, north) = span(&mut placed.iter().map(|(latitude, _)| *latitude));
    let (west, east) = span(&mut placed.iter().map(|(_, longitude)| *longitude));
    let narrow = f64::midpoint(south, north).to_radians().cos();
    let (wide, high) = ((east - west) * narrow, north - south);
    // A single place, or a line of them, has no width of its own.
    let scale = ((width - 2.0 * margin) / wide.max(1e-6)).min((height - 2.0 * margin) / high.max(1e-6)).min(1e4);
    let (left, top) = ((width - wide * scale) / 2.0, (height - high * scale) / 2.0);
    nodes
        .iter()
        .map(|node| {
            let (latitude, longitude) = node.latitude.zip(node.longitude)?;
            Some(Spot { x: left + (longitude - west) * narrow * scale, y: top + (north - latitude) * scale })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(latitude: Option<f64>, longitude: Option<f64>) -> MapNode {
        MapNode { id: "A".into(), name: None, kind: "IU".into(), latitude, longitude }
    }

    #[test]
    fn north_is_up_and_a_degree_east_is_shorter_than_one_north() {
        let nodes = [
            node(Some(60.0), Some(10.0)),
            node(Some(60.0), Some(12.0)),
            node(Some(62.0), Some(10.0)),
            node(None, Some(3.0)),
        ];
        let spots = spots(&nodes, 400.0, 400.0, 20.0);
        let of = |n: usize| spots[n].unwrap();
        assert_eq!(spots[3], None);
        assert!(of(2).y < of(0).y && of(1).x > of(0).x);
        assert!((of(0).y - of(2).y - 360.0).abs() < 1e-9, "the longer side fills the sheet");
        let ratio = (of(1).x - of(0).x) / (of(0).y - of(2).y);
        assert!((ratio - 61.0_f64.to_radians().cos()).abs() < 1e-9, "{ratio}");
        let alone = super::spots(&nodes[..1], 400.0, 300.0, 20.0)[0].unwrap();
        assert!((alone.x - 200.0).abs() < 1.0 && (alone.y - 150.0).abs() < 1.0, "{alone:?}");
        assert_eq!(super::spots(&nodes[3..], 400.0, 300.0, 20.0), [None]);
    }
}
