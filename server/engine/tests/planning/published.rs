//! Published optima: Dantzig's transport, the six-period production of Guéret and others, and warehouse location of the
//! OR-Library (Beasley 1988).

use crate::world::{assert_near, solved};
use engine::planning::run::Outcome;
use serde_json::{Value, json};
use std::time::Instant;

fn plan(name: &str, sections: Value) -> String {
    let mut document = json!({"format": "millrace-plan/1", "name": name, "currency": "USD", "options": {"mip_gap": 0}});
    document.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
    document.to_string()
}

/// Dantzig, Linear Programming and Extensions (1963), chapter 3.3; number 1 of the GAMS model library.
#[test]
fn dantzigs_transport_costs_153_675() {
    let supply = [("Seattle", 350), ("San-Diego", 600)];
    let demand = [("New-York", 325), ("Chicago", 300), ("Topeka", 275)];
    let costs = [["0.225", "0.153", "0.162"], ["0.225", "0.162", "0.12599999999999997"]];
    let places = supply.iter().map(|(id, _)| (id, "supplier")).chain(demand.iter().map(|(id, _)| (id, "customer")));
    let nodes: Vec<_> = places.map(|(id, kind)| json!({"id": id, "type": kind})).collect();
    let lines: Vec<_> = supply
        .iter()
        .map(|(id, most)| json!({"node": id, "capacity_tonnes": most, "variable_cost_per_tonne": 0}))
        .collect();
    let lanes = supply.iter().zip(costs).flat_map(|((from, _), costs)| {
        let to = demand.iter().zip(costs);
        to.map(move |((to, _), cost)| json!({"from": from, "to": to, "cost_per_tonne": cost.parse::<f64>().unwrap()}))
    });
    let asked: Vec<_> = demand.iter().map(|(id, tonnes)| json!({"node": id, "tonnes": tonnes})).collect();
    let text = plan(
        "Transport",
        json!({"periods": [{"id": 1}], "nodes": nodes, "production": lines, "lanes": lanes.collect::<Vec<_>>(), "demand": asked}),
    );
    assert_near(solved(&text).1.objective.unwrap(), 153.675);
}

/// Guéret, Prins, Sevaux: Applications of Optimization with Xpress-MP (2002), chapter 8.
#[test]
fn six_periods_of_glass_cost_3988() {
    let capacity = [140, 100, 110, 100, 120, 100];
    let demand = [100, 120, 100, 90, 120, 110];
    let cost = [5, 8, 6, 6, 7, 6];
    let storage = [0.2, 0.3, 0.2, 0.25, 0.3, 0.4];
    let at = |t: usize, mut row: Value| {
        row["period"] = t.into();
        row["node"] = "F".into();
        row
    };
    let periods = 0..6;
    let text = plan(
        "Glass",
        json!({"periods": periods.clone().map(|t| json!({"id": t})).collect::<Vec<_>>(),
            "nodes": [{"id": "F", "type": "IU"}],
            "stock": periods.clone().map(|t| at(t, json!({"holding_cost_per_tonne": storage[t]}))).collect::<Vec<_>>(),
            "production": periods.clone()
                .map(|t| at(t, json!({"capacity_tonnes": capacity[t], "variable_cost_per_tonne": cost[t]})))
                .collect::<Vec<_>>(),
            "demand": periods.map(|t| at(t, json!({"tonnes": demand[t]}))).collect::<Vec<_>>()}),
    );
    assert_near(solved(&text).1.objective.unwrap(), 3988.0);
}

/// The customers of cap41 to cap51, and each one's cost of being served whole from each of 16 sites.
const CUSTOMERS: &str = include_str!("../data/planning/orlib_cap41.txt");
/// The one site without a fixed cost.
const FREE: usize = 10;

fn located(capacity: f64, fixed: f64) -> String {
    let mut numbers = CUSTOMERS.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    let mut next = || numbers.next().map(|text| text.parse::<f64>().unwrap());
    let (mut nodes, mut lines, mut lanes, mut demand) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for site in 0..16 {
        let fixed = if site == FREE { 0.0 } else { fixed };
        nodes.push(json!({"id": format!("W{site}"), "type": "IU"}));
        lines.push(json!({"node": format!("W{site}"), "capacity_tonnes": capacity, "variable_cost_per_tonne": 0,
            "fixed_cost_per_period": fixed}));
    }
    let mut customer = 0;
    while let Some(tonnes) = next() {
        nodes.push(json!({"id": format!("C{customer}"), "type": "customer"}));
        demand.push(json!({"node": format!("C{customer}"), "tonnes": tonnes}));
        for site in 0..16 {
            let cost = next().unwrap() / tonnes;
            lanes.push(json!({"from": format!("W{site}"), "to": format!("C{customer}"), "cost_per_tonne": cost}));
        }
        customer += 1;
    }
    assert_eq!(customer, 50);
    plan(
        "Warehouses",
        json!({"periods": [{"id": 1}], "nodes": nodes, "production": lines, "lanes": lanes, "demand": demand}),
    )
}

#[test]
fn warehouses_of_the_or_library_cost_what_is_published() {
    for (name, capacity, fixed, optimum) in [
        ("cap41", 5_000.0, 7_500.0, 1_040_444.375),
        ("cap42", 5_000.0, 12_500.0, 1_098_000.450),
        ("cap43", 5_000.0, 17_500.0, 1_153_000.450),
        ("cap44", 5_000.0, 25_000.0, 1_235_500.450),
        ("cap51", 10_000.0, 17_500.0, 1_025_208.225),
    ] {
        let begun = Instant::now();
        let (_, solved) = solved(&located(capacity, fixed));
        assert_near(solved.objective.unwrap(), optimum);
        // The time is for the reader: on a shared machine it proves nothing.
        eprintln!("{name}: {:?}", begun.elapsed());
    }
}

/// Items and periods; hours of the machine; of each item hours and holding cost a piece, hours and cost of a set-up; demand.
const LOTS: &str = include_str!("../data/planning/lot_sizing_X11117A.txt");

/// Hard: within a minute the best known cost lies between bound and plan, or is reached.
#[test]
fn lot_sizing_with_set_ups_has_the_best_known_cost_between_bound_and_plan() {
    let mut numbers = LOTS.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    let mut next = || numbers.next().unwrap().parse::<f64>().unwrap();
    let (items, periods, _machines, hours) = (next() as usize, next() as usize, next(), next());
    let (mut products, mut lines, mut stock, mut demand) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for item in 0..items {
        let (each, holding, setup, cost) = (next(), next(), next(), next());
        products.push(json!({"id": item}));
        stock.push(json!({"node": "F", "product": item, "holding_cost_per_tonne": holding}));
        lines.push(
            json!({"node": "F", "line": item, "product": item, "capacity_tonnes": null, "variable_cost_per_tonne": 0,
            "fixed_cost_per_period": cost, "uses": [{"resource": "M", "hours_per_tonne": each, "setup_hours": setup}]}),
        );
    }
    for t in 0..periods {
        for item in 0..items {
            demand.push(json!({"node": "F", "product": item, "period": t, "tonnes": next()}));
        }
    }
    let text = plan(
        "Lots",
        json!({"periods": (0..periods).map(|t| json!({"id": t})).collect::<Vec<_>>(), "products": products,
            "nodes": [{"id": "F", "type": "IU"}], "resources": [{"id": "M", "available_hours": hours}], "production": lines,
            "stock": stock, "demand": demand,
            "options": {"mip_gap": 0, "time_limit_seconds": 60, "shortage_mode": "hard"}}),
    );
    let (_, solved) = solved(&text);
    assert!(matches!(solved.outcome, Outcome::Optimal | Outcome::LimitWithPlan), "{:?}", solved.outcome);
    let (objective, bound) = (solved.objective.unwrap(), solved.bound.unwrap());
    assert!(bound <= 8375.8 * (1.0 + 1e-6) && 8375.8 <= objective * (1.0 + 1e-6), "{bound} {objective}");
    assert!(solved.gap.is_some());
}
