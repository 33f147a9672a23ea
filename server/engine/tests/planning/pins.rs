//! Op `pin`: decisions that stand, and what the rest then costs.

use crate::world::{BASE, assert_near, base, rows, solved};
use engine::planning::{
    checker::check,
    document::Document,
    fault::Fault,
    input::Input,
    plan::Plan,
    result::answer,
    run::{Outcome, Solved},
    scenario::Scenario,
    solve::Unwatched,
};
use serde_json::{Value, json};

fn overlay(ops: Value) -> Scenario {
    Scenario::parse(&json!({"format": "millrace-scenario/1", "name": "S", "ops": ops}).to_string()).unwrap()
}

fn under(text: &str, ops: Value) -> String {
    overlay(ops).apply(&Document::parse(text).unwrap().0, 0).unwrap().0.tree().canonical()
}

fn pinned(text: &str, ops: Value) -> Solved {
    solved(&under(text, ops)).1
}

/// Rows of the plan as a result has them.
fn as_in_a_result(plan: &Plan) -> Value {
    json!({"production": plan.production, "shipments": plan.shipments})
}

fn faults_of(text: &str, ops: Value) -> Vec<Fault> {
    let document = Document::parse(&under(text, ops)).unwrap().0;
    Input::of(&document).1
}

#[test]
fn the_base_pinned_to_its_own_plan_costs_the_same() {
    let plan = solved(BASE).1.plan.unwrap();
    let pin = json!([{"op": "pin", "rows": as_in_a_result(&plan), "whole": true}]);
    let again = pinned(BASE, pin.clone());
    assert_eq!(again.outcome, Outcome::Optimal);
    assert_near(again.objective.unwrap(), 3379.0);
    let told = again.plan.unwrap();
    assert_eq!(told.production.len(), plan.production.len());
    for (one, other) in told.shipments.iter().zip(&plan.shipments) {
        assert_eq!((&one.from, &one.to, &one.mode, &one.period), (&other.from, &other.to, &other.mode, &other.period));
        assert!((one.tonnes - other.tonnes).abs() <= 2e-6, "{one:?} {other:?}");
    }
    // The document says so, and its hash with it.
    let of = |ops| Document::parse(&under(BASE, ops)).unwrap().0.sha256();
    assert_ne!(of(pin), of(json!([])));
    assert_eq!(overlay(json!([{"op": "pin", "rows": as_in_a_result(&plan), "whole": true}])).words().len(), 1);
}

#[test]
fn a_pinned_shipment_moved_by_10_tonnes_costs_what_a_contract_on_it_says() {
    let plan = solved(BASE).1.plan.unwrap();
    let rail = plan.shipments.iter().find(|row| (row.from.as_str(), row.mode.as_str()) == ("A", "rail")).unwrap();
    let tonnes = rail.tonnes + 10.0;
    let mut row = serde_json::to_value(rail).unwrap();
    row["tonnes"] = tonnes.into();
    let by_pin = pinned(BASE, json!([{"op": "pin", "rows": [row]}])).objective.unwrap();
    let by_contract = solved(&base(|document| {
        document["contracts"] = json!([{"id": "C", "sense": "=", "limit": tonnes, "from": "A", "to": "X",
            "mode": "rail", "period": rail.period}]);
    }));
    assert!(by_pin > 3379.1, "{by_pin}");
    assert_near(by_pin, by_contract.1.objective.unwrap());
}

#[test]
fn a_plan_held_while_demand_rises_by_a_tenth_pays_shortage() {
    let plan = solved(BASE).1.plan.unwrap();
    let more = json!({"op": "scale", "field": "demand.tonnes", "factor": 1.1});
    let held = pinned(BASE, json!([{"op": "pin", "rows": as_in_a_result(&plan), "whole": true}, more]));
    let free = pinned(BASE, json!([{"op": "scale", "field": "demand.tonnes", "factor": 1.1}]));
    assert!(free.plan.unwrap().unmet_demand.is_empty());
    // 240 t are made and 10 t of opening stock stand above safety: 25.5 t more are asked for, and cannot come.
    let short: f64 = held.plan.as_ref().unwrap().unmet_demand.iter().map(|row| row.tonnes).sum();
    assert!((short - 25.5).abs() < 1e-4, "{short}");
    assert!((held.plan.unwrap().costs["shortage"] - 255_000.0).abs() < 1.0);
}

#[test]
fn a_family_and_a_tolerance_leave_room() {
    let plan = solved(BASE).1.plan.unwrap();
    let more = json!({"op": "scale", "field": "demand.tonnes", "factor": 1.1});
    let of = |pin: Value| pinned(BASE, json!([pin, more])).plan.unwrap();
    let short = |plan: &Plan| plan.unmet_demand.iter().map(|row| row.tonnes).sum::<f64>();
    let rows = as_in_a_result(&plan);
    let loose = of(json!({"op": "pin", "rows": rows, "whole": true, "tolerance_tonnes": 3}));
    assert!(short(&loose) < 25.5 - 6.0 && short(&loose) > 1.0, "{}", short(&loose));
    for (now, then) in loose.production.iter().zip(&plan.production) {
        assert!((now.tonnes - then.tonnes).abs() <= 3.0 + 2e-6, "{now:?}");
    }
    // Shipments alone: what is made is free.
    let ships = of(json!({"op": "pin", "rows": rows, "whole": true, "families": ["shipments"]}));
    assert!((short(&ships) - 25.5).abs() < 1e-4, "{}", short(&ships));
    // Production alone: other ways may be taken, but there is no more of it.
    let makes = of(json!({"op": "pin", "rows": rows, "whole": true, "families": "production"}));
    assert!(makes.shipments.len() >= plan.shipments.len() && short(&makes) > 20.0);
}

#[test]
fn a_later_pin_goes_before_an_earlier_one() {
    let plan = solved(BASE).1.plan.unwrap();
    let ops = json!([{"op": "pin", "rows": as_in_a_result(&plan), "whole": true},
                     {"op": "pin", "rows": [{"node": "A", "line": "L1", "period": "1", "tonnes": 0}]}]);
    let document: Value = serde_json::from_str(&under(BASE, ops)).unwrap();
    let fixed = document["fixed_production"].as_array().unwrap();
    let of_a: Vec<_> = fixed.iter().filter(|row| row["node"] == "A" && row["period"] == "1").collect();
    assert_eq!((of_a.len(), &of_a[0]["tonnes"]), (1, &json!(0)));
}

#[test]
fn the_checker_finds_a_plan_that_leaves_its_pins() {
    let (_, free) = solved(BASE);
    let (plan, objective) = (free.plan.unwrap(), free.objective.unwrap());
    let checked = |ops: Value| check(&Document::parse(&under(BASE, ops)).unwrap().0, &plan, objective);
    let row = |tonnes: f64| json!([{"op": "pin", "rows": [{"node": "B", "period": "1", "tonnes": tonnes}]}]);
    let made = plan.production.iter().find(|row| row.node == "B" && row.period == "1").unwrap().tonnes;
    assert!(checked(row(made)).passed);
    assert!(checked(row(made + 0.01)).faults.iter().any(|fault| fault.starts_with("fixed_production B L1 P 1")));
    assert!(!checked(row(made - 0.01)).passed);
    // What is pinned as a whole has nothing beside it.
    let mut less = as_in_a_result(&plan);
    less["shipments"].as_array_mut().unwrap().pop();
    let report = checked(json!([{"op": "pin", "rows": less, "whole": true}]));
    assert!(report.faults.iter().any(|fault| fault.starts_with("fixed_shipments")), "{:?}", report.faults);
}

#[test]
fn a_pin_at_fault_is_told_where_it_stands() {
    let parsed = |op: Value| {
        let text = json!({"format": "millrace-scenario/1", "name": "S", "ops": [op]}).to_string();
        Scenario::parse(&text).unwrap_err().into_iter().map(|fault| (fault.code, fault.path)).collect::<Vec<_>>()
    };
    for (op, code, path) in [
        (json!({"op": "pin"}), "E02", "ops[0].rows"),
        (json!({"op": "pin", "plan_id": "0190a000-0000-7000-8000-000000000000"}), "E02", "ops[0].rows"),
        (json!({"op": "pin", "rows": []}), "E02", "ops[0].rows"),
        (json!({"op": "pin", "rows": [{"node": "A"}]}), "E02", "ops[0].rows[0].tonnes"),
        (json!({"op": "pin", "rows": {"stock": []}}), "E16", "ops[0].rows.stock"),
        (json!({"op": "pin", "rows": [], "families": "stock"}), "E03", "ops[0].families"),
        (json!({"op": "pin", "rows": [], "tolerance_tonnes": -1}), "E06", "ops[0].tolerance_tonnes"),
    ] {
        assert!(parsed(op.clone()).contains(&(code, path.to_owned())), "{op}: {:?}", parsed(op.clone()));
    }
    let paths = |rows: Value| {
        let found = faults_of(BASE, json!([{"op": "pin", "rows": rows}]));
        found.into_iter().map(|fault| (fault.code, fault.path)).collect::<Vec<_>>()
    };
    for (row, code, path) in [
        (json!({"node": "Q", "tonnes": 1}), "E04", "fixed_production[0].node"),
        (json!({"node": "A", "line": "L9", "tonnes": 1}), "E04", "fixed_production[0].line"),
        (json!({"node": "A", "period": "9", "tonnes": 1}), "E04", "fixed_production[0].period"),
        (json!({"from": "A", "to": "X", "mode": "sea", "tonnes": 1}), "E04", "fixed_shipments[0]"),
        (json!({"from": "A", "tonnes": 1}), "E02", "fixed_shipments[0].to"),
    ] {
        assert!(paths(json!([row])).contains(&(code, path.to_owned())), "{row}: {:?}", paths(json!([row])));
    }
    let twice = json!([{"node": "A", "period": "1", "tonnes": 1}, {"node": "A", "period": "1", "tonnes": 2}]);
    assert_eq!(paths(twice), [("E05", "fixed_production[1]".to_owned())]);
    let shut = base(|document| {
        for lane in rows(document, "lanes", &[]) {
            lane["lead_time_periods"] = 1.into();
        }
    });
    let late = json!([{"op": "pin", "rows": [{"from": "A", "to": "X", "period": "2", "tonnes": 5}]}]);
    assert_eq!(faults_of(&shut, late)[0].code, "E13");
}

#[test]
fn a_pin_that_cannot_be_kept_has_a_way_out() {
    let text = under(BASE, json!([{"op": "pin", "rows": [{"node": "A", "period": "1", "tonnes": 140}]}]));
    let document = Document::parse(&text).unwrap().0;
    let (input, faults) = Input::of(&document);
    assert!(faults.is_empty(), "{faults:?}");
    let answer = answer(&document, &input, Vec::new(), &Unwatched).unwrap();
    assert_eq!(answer.outcome, Outcome::Infeasible);
    let slacks = answer.relaxation.unwrap().slacks;
    // A tonne of the pin is cheaper to let go than one of the capacity.
    assert_eq!(slacks.iter().map(|slack| slack.family.as_ref()).collect::<Vec<_>>(), ["pin"]);
    assert!((slacks[0].amount - 40.0).abs() < 1e-4 && slacks[0].words.contains("A L1 P 1"), "{slacks:?}");
}
