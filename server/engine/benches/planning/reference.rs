//! The instance everybody measures: 46 nodes, 1,080 lanes by road and by rail (`planning.md` 9).

use serde_json::{Value, json};

/// SplitMix64 (Steele, Lea, Flood 2014), as u in 0..1.
struct Draws(u64);

impl Draws {
    fn u(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 * 2.0_f64.powi(-53)
    }
}

struct Node {
    x: f64,
    y: f64,
    base: f64,
    cost: f64,
    weight: f64,
}

const IU: usize = 24;
const NODES: usize = 46;

/// The document for so many periods.
pub fn reference(periods: usize, seed: u64) -> Value {
    let mut draws = Draws(seed);
    let nodes: Vec<Node> = (0..NODES)
        .map(|_| Node {
            x: draws.u(),
            y: draws.u(),
            base: 2000.0 + (8000.0 * draws.u()).floor(),
            cost: 1500.0 + (400.0 * draws.u()).floor(),
            weight: 0.8 + 0.4 * draws.u(),
        })
        .collect();
    let id = |node: usize| format!("N{}", node + 1);
    let mut demand = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        for t in 1..=periods {
            let tonnes = (node.base * (0.8 + 0.4 * draws.u())).floor();
            demand.push(json!({"node": id(i), "period": t, "tonnes": tonnes}));
        }
    }
    let asked: f64 = nodes.iter().map(|node| node.base).sum();
    let weights: f64 = nodes[..IU].iter().map(|node| node.weight).sum();
    let production = nodes[..IU].iter().enumerate().map(|(i, node)| {
        let capacity = (1.2 * asked * node.weight / weights).floor();
        json!({"node": id(i), "capacity_tonnes": capacity, "variable_cost_per_tonne": node.cost})
    });
    let stock = nodes.iter().enumerate().map(|(i, node)| {
        json!({"node": id(i), "opening_tonnes": 0.5 * node.base, "min_closing_tonnes": 0.25 * node.base,
            "max_closing_tonnes": 3.0 * node.base, "holding_cost_per_tonne": 15})
    });
    let mut lanes = Vec::new();
    for (i, from) in nodes[..IU].iter().enumerate() {
        for (j, to) in nodes.iter().enumerate().filter(|(j, _)| *j != i) {
            let km = 1.0 + (1400.0 * (from.x - to.x).hypot(from.y - to.y)).floor();
            lanes.push(json!({"from": id(i), "to": id(j), "mode": "road", "distance_km": km, "cost_per_tonne_km": 3.0,
                "trip_tonnes": 25, "fixed_cost_per_trip": 300, "min_shipment_tonnes": 25}));
            lanes.push(json!({"from": id(i), "to": id(j), "mode": "rail", "distance_km": km, "cost_per_tonne_km": 1.4,
                "handling_cost_per_tonne": 150, "trip_tonnes": 1000, "fixed_cost_per_trip": 20_000,
                "min_shipment_tonnes": 500}));
        }
    }
    json!({"format": "millrace-plan/1", "name": format!("Reference {periods}"), "currency": "INR",
        "periods": (1..=periods).map(|t| json!({"id": t})).collect::<Vec<_>>(),
        "nodes": (0..NODES).map(|i| json!({"id": id(i), "type": if i < IU { "IU" } else { "GU" }})).collect::<Vec<_>>(),
        "stock": stock.collect::<Vec<_>>(), "production": production.collect::<Vec<_>>(), "lanes": lanes, "demand": demand,
        "options": {"mip_gap": 0.01, "time_limit_seconds": 120}})
}
