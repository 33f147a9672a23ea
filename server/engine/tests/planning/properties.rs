//! Properties of small random plans: brute force finds no cheaper one; money scaled scales the cost; more capacity never
//! costs more; labels change nothing.

use crate::world::{assert_near, solved};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Two plants, one receiver, one period: capacity, cost and fixed cost of each plant; freight, trip cost and load of each
/// lane; demand; price of a missing tonne.
#[derive(Debug, Clone)]
struct Tiny {
    plants: [(u32, u32, u32); 2],
    lanes: [(u32, u32, u32); 2],
    demand: u32,
    price: u32,
}

fn tiny() -> impl Strategy<Value = Tiny> {
    let plant = (0_u32..9, 1_u32..9, 0_u32..20);
    let lane = (0_u32..5, 0_u32..12, 1_u32..5);
    ([plant.clone(), plant], [lane.clone(), lane], 1_u32..12, 1_u32..40)
        .prop_map(|(plants, lanes, demand, price)| Tiny { plants, lanes, demand, price })
}

impl Tiny {
    fn document(&self, ids: [&str; 3]) -> Value {
        let plants = self.plants.iter().zip(ids).map(|((capacity, cost, fixed), id)| {
            json!({"node": id, "capacity_tonnes": capacity, "variable_cost_per_tonne": cost, "fixed_cost_per_period": fixed})
        });
        let lanes = self.lanes.iter().zip(ids).map(|((freight, trip, load), id)| {
            json!({"from": id, "to": ids[2], "cost_per_tonne": freight, "fixed_cost_per_trip": trip, "trip_tonnes": load})
        });
        json!({"format": "millrace-plan/1", "name": "Tiny", "currency": "INR", "periods": [{"id": 1}],
            "nodes": ids.iter().map(|id| json!({"id": id, "type": "hub"})).collect::<Vec<_>>(),
            "production": plants.collect::<Vec<_>>(), "lanes": lanes.collect::<Vec<_>>(),
            "demand": [{"node": ids[2], "tonnes": self.demand}],
            "penalties": {"shortage_cost_per_tonne": self.price}, "options": {"mip_gap": 0}})
    }

    fn cost(&self) -> f64 {
        solved(&self.document(["A", "B", "X"]).to_string()).1.objective.unwrap()
    }

    /// All whole tonnages: with whole data and one trip size a lane, a best plan has whole tonnes.
    fn brute_force(&self) -> f64 {
        let made = |plant: usize, tonnes: u32| {
            let (_, cost, fixed) = self.plants[plant];
            let (freight, trip, load) = self.lanes[plant];
            if tonnes == 0 { 0 } else { tonnes * (cost + freight) + fixed + trip * tonnes.div_ceil(load) }
        };
        let mut best = u32::MAX;
        for a in 0..=self.plants[0].0.min(self.demand) {
            for b in 0..=self.plants[1].0.min(self.demand - a) {
                best = best.min(made(0, a) + made(1, b) + (self.demand - a - b) * self.price);
            }
        }
        f64::from(best)
    }
}

/// Money of a document times a factor.
fn money(document: &mut Value, factor: f64) {
    match document {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| match value {
            Value::Number(number) if name.contains("cost") => *value = (number.as_f64().unwrap() * factor).into(),
            other => money(other, factor),
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| money(item, factor)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_of_whole_tonnes_is_cheaper(tiny in tiny()) {
        assert_near(tiny.cost(), tiny.brute_force());
    }

    #[test]
    fn money_scaled_scales_the_cost(tiny in tiny()) {
        let mut document = tiny.document(["A", "B", "X"]);
        money(&mut document, 4.0);
        assert_near(solved(&document.to_string()).1.objective.unwrap(), 4.0 * tiny.cost());
    }

    #[test]
    fn more_capacity_never_costs_more(tiny in tiny(), more in 1_u32..5) {
        let mut larger = tiny.clone();
        larger.plants[0].0 += more;
        prop_assert!(larger.cost() <= tiny.cost() + 1e-6);
    }

    #[test]
    fn labels_change_nothing(tiny in tiny()) {
        let mut document = tiny.document(["Zo-1", "9", "a.b_c"]);
        document["currency"] = "EUR".into();
        document["quantity_label"] = "cases".into();
        document["nodes"][0]["latitude"] = 12.into();
        assert_near(solved(&document.to_string()).1.objective.unwrap(), tiny.cost());
    }
}
