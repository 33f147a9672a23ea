//! Examples 3 to 5 and 8 to 13 and 21 of the specification.

use crate::world::{accepted, assert_near, base, objective, read, rows, scale_demand, solved};
use engine::planning::{readiness::ceilings, run::Outcome};
use serde_json::{Value, json};

fn short_tonnes(solved: &engine::planning::run::Solved) -> f64 {
    solved.plan.as_ref().unwrap().unmet_demand.iter().map(|row| row.tonnes).sum()
}

fn put(document: &mut Value, section: &str, row: Value) {
    if document[section].is_null() {
        document[section] = json!([]);
    }
    document[section].as_array_mut().unwrap().push(row);
}

#[test]
fn half_as_much_demand_again_leaves_tonnes_short_as_the_ceiling_says() {
    let text = base(|document| scale_demand(document, 1.5));
    let (_, input, faults) = read(&text);
    assert!(faults.iter().any(|fault| fault.code == "W02" && fault.message.contains("87.58 %")), "{faults:?}");
    let last = ceilings(&input).pop().unwrap();
    assert_near(last.supply_tonnes, 335.0);
    assert_near(last.share, 335.0 / 382.5);
    let (_, solved) = solved(&text);
    assert_eq!(solved.outcome, Outcome::Optimal);
    assert_near(solved.objective.unwrap(), 479_422.0);
    assert_near(solved.operating_cost.unwrap(), 4422.0);
    assert_near(short_tonnes(&solved), 47.5);
    assert_near(382.5 - short_tonnes(&solved), 335.0);
    assert_near(solved.plan.unwrap().costs["shortage"], 475_000.0);
}

#[test]
fn soft_safety_stock_is_sold_before_demand_is_lost() {
    let (_, solved) = solved(&base(|document| {
        scale_demand(document, 1.5);
        document["options"]["safety_stock_mode"] = "soft".into();
    }));
    assert_near(solved.objective.unwrap(), 379_439.0);
    assert_near(solved.operating_cost.unwrap(), 4439.0);
    assert_near(short_tonnes(&solved), 27.5);
    let plan = solved.plan.unwrap();
    assert_near(plan.inventory.iter().map(|row| row.below_tonnes).sum(), 20.0);
    assert_near(plan.costs["safety"], 100_000.0);
}

#[test]
fn demand_that_must_be_met_and_cannot_is_infeasible() {
    let (_, solved) = solved(&base(|document| {
        scale_demand(document, 1.5);
        document["options"]["shortage_mode"] = "hard".into();
    }));
    assert_eq!(solved.outcome, Outcome::Infeasible);
    assert!(solved.plan.is_none() && solved.objective.is_none());
}

#[test]
fn a_contract_on_a_lane_or_on_trips_moves_freight() {
    let rail = |extra: Value| {
        objective(|document| {
            let mut contract =
                json!({"id": "C", "sense": "<=", "from": "A", "to": "X", "mode": "rail", "each_period": true});
            contract.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            put(document, "contracts", contract);
        })
    };
    assert_near(rail(json!({"limit": 50})), 3380.5);
    assert_near(
        objective(|document| {
            let contract =
                json!({"id": "C", "sense": "L", "measure": "trips", "mode": "rail", "each_period": true, "limit": 2});
            put(document, "contracts", contract);
        }),
        3380.5,
    );
}

fn at_least_20_from_b(document: &mut Value) {
    put(document, "contracts", json!({"id": "C", "sense": ">=", "from": "B", "to": "X", "period": "1", "limit": 20}));
}

#[test]
fn contracts_that_ask_for_tonnes_cost_what_they_cost() {
    let exactly = |document: &mut Value| {
        put(
            document,
            "contracts",
            json!({"id": "C", "sense": "=", "from": ["A"], "to": "Y", "period": 2, "limit": 15}),
        );
    };
    assert_near(objective(exactly), 3419.5);
    assert_near(objective(at_least_20_from_b), 3486.0);
}

#[test]
fn one_supplier_in_a_period_costs_more() {
    assert_near(
        objective(|document| {
            at_least_20_from_b(document);
            put(document, "supplier_limits", json!({"node": "X", "max_suppliers": 1}));
        }),
        3794.5,
    );
}

#[test]
fn full_lots_lead_times_and_batches_cost_what_they_cost() {
    let lots = |document: &mut Value| {
        rows(document, "lanes", &[]).into_iter().for_each(|l| l["trip_rule"] = "full_lots".into())
    };
    assert_near(objective(lots), 3453.0);
    assert_near(
        objective(|document| {
            rows(document, "lanes", &[("from", "B"), ("mode", "rail")])[0]["lead_time_periods"] = 1.into()
        }),
        3439.0,
    );
    // 40 days are one period of 30.
    assert_near(
        objective(|document| {
            rows(document, "lanes", &[("from", "B"), ("mode", "rail")])[0]["lead_time_days"] = 40.into()
        }),
        3439.0,
    );
    assert_near(
        objective(|document| {
            for line in rows(document, "production", &[]) {
                if line.get("period").is_none() {
                    line["batch_tonnes"] = 25.into();
                }
            }
        }),
        3544.0,
    );
}

#[test]
fn minimum_runs_transit_and_calendars_cost_what_they_cost() {
    assert_near(
        objective(|document| {
            let line = rows(document, "production", &[("node", "B")]).remove(0);
            line["min_run_fraction"] = json!(0.9);
            line["fixed_cost_per_period"] = 100.into();
        }),
        3607.5,
    );
    assert_near(
        objective(|document| put(document, "in_transit", json!({"to": "X", "period": "1", "tonnes": 10}))),
        3241.0,
    );
    assert_near(
        objective(|document| {
            let factors = json!([{"period": "1", "factor": 0.5}, {"period": "2", "factor": 0.5}]);
            put(document, "calendars", json!({"id": "half", "factors": factors}));
            rows(document, "production", &[("node", "B")])[0]["calendar"] = "half".into();
        }),
        3529.0,
    );
}

#[test]
fn demand_no_lane_can_meet_in_time_is_short() {
    let short =
        |document: &mut Value| rows(document, "demand", &[("node", "X"), ("period", "1")])[0]["tonnes"] = 200.into();
    let (_, solved) = solved(&base(short));
    assert_near(solved.objective.unwrap(), 704_358.5);
    let plan = solved.plan.unwrap();
    assert_eq!(plan.unmet_demand.len(), 1);
    assert_near(plan.unmet_demand[0].tonnes, 70.0);
    assert_eq!((plan.unmet_demand[0].node.as_str(), plan.unmet_demand[0].period.as_str()), ("X", "1"));
    assert_near(
        objective(|document| {
            short(document);
            rows(document, "production", &[("node", "A")])[0]["capacity_tonnes"] = 101.into();
        }),
        694_371.5,
    );
}

#[test]
fn floors_of_fulfilment_against_contracts_are_infeasible() {
    let (_, solved) = solved(&base(|document| {
        for row in rows(document, "demand", &[]) {
            row["min_fulfilment"] = json!(0.9);
        }
        put(
            document,
            "contracts",
            json!({"id": "C1", "sense": "<=", "from": "A", "to": "X", "period": "1", "limit": 20}),
        );
        put(
            document,
            "contracts",
            json!({"id": "C2", "sense": "=", "from": "B", "to": "X", "period": "1", "limit": 0}),
        );
    }));
    assert_eq!(solved.outcome, Outcome::Infeasible);
}

#[test]
fn a_missing_tonne_cheaper_than_serving_one_is_left_out_with_a_warning() {
    let text = base(|document| document["penalties"] = json!({"shortage_cost_per_tonne": 13}));
    let (_, _, faults) = read(&text);
    assert!(faults.iter().any(|fault| fault.code == "W06"), "{faults:?}");
    let (_, solved) = solved(&text);
    assert_near(solved.objective.unwrap(), 3185.0);
    let at = |node: &str| {
        solved.plan.as_ref().unwrap().unmet_demand.iter().filter(|r| r.node == node).map(|r| r.tonnes).sum::<f64>()
    };
    assert_near(at("Y"), 120.0);
    assert_near(at("X"), 35.0);
}

#[test]
fn a_recipe_makes_cement_from_clinker() {
    let input = json!({"format": "millrace-plan/1", "name": "Recipe", "currency": "INR", "periods": [{"id": 1}],
        "products": [{"id": "clinker"}, {"id": "cement"}], "nodes": [{"id": "A", "type": "IU"}],
        "production": [
            {"node": "A", "product": "clinker", "capacity_tonnes": 1000, "variable_cost_per_tonne": 10},
            {"node": "A", "line": "mill", "product": "cement", "capacity_tonnes": 1000, "variable_cost_per_tonne": 5,
             "inputs": [{"product": "clinker", "tonnes_per_tonne": 0.65}]}],
        "demand": [{"node": "A", "product": "cement", "tonnes": 100}], "options": {"mip_gap": 0}});
    let text = input.to_string();
    accepted(&text);
    assert_near(solved(&text).1.objective.unwrap(), 1150.0);
}
