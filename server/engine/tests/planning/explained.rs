//! Examples 5, 14, 15, 16, 17: the way out, causes of shortage, what binds, and the key figures.

use crate::world::{BASE, accepted, assert_near, base, read, rows, scale_demand};
use engine::planning::{
    document::Document,
    explain::Reason,
    kpi,
    plan::{Inventory, Plan, Production, Shipment},
    result::{Answer, answer},
    run::Outcome,
    scenario::Scenario,
    solve::Unwatched,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn answered(text: &str) -> Answer {
    let (document, input, faults) = read(text);
    let answer = answer(&document, &input, faults, &Unwatched).unwrap();
    if answer.objective.is_some() {
        assert!(answer.checker.as_ref().unwrap().passed);
    }
    answer
}

#[test]
fn the_way_out_of_demand_above_capacity_is_the_cheapest() {
    let answer = answered(&base(|document| {
        scale_demand(document, 1.5);
        document["options"]["shortage_mode"] = "hard".into();
    }));
    assert_eq!(answer.outcome, Outcome::Infeasible);
    let relaxation = answer.relaxation.unwrap();
    assert_near(relaxation.total, 320_000.0);
    assert_near(relaxation.objective, 324_826.0);
    let of = |family: &str| relaxation.slacks.iter().filter(|s| s.family == family).map(|s| s.amount).sum::<f64>();
    assert_near(of("closing"), 20.0);
    assert_near(of("capacity"), 27.5);
    assert_near(of("closing") * 5000.0 + of("capacity") * 8000.0, 320_000.0);
    assert!(answer.production.is_empty() && answer.objective.is_none());
}

#[test]
fn the_way_out_of_contracts_against_floors_names_both() {
    let answer = answered(&base(|document| {
        for row in rows(document, "demand", &[]) {
            row["min_fulfilment"] = json!(0.9);
        }
        document["contracts"] = json!([
            {"id": "C1", "sense": "<=", "from": "A", "to": "X", "period": "1", "limit": 20},
            {"id": "C2", "sense": "=", "from": "B", "to": "X", "period": "1", "limit": 0}]);
    }));
    let relaxation = answer.relaxation.unwrap();
    assert_near(relaxation.total, 272_000.0);
    assert_near(relaxation.objective, 275_367.0);
    let of = |family: &str| relaxation.slacks.iter().filter(|s| s.family == family).map(|s| s.amount).sum::<f64>();
    assert_near(of("contract"), 36.0);
    assert_near(of("closing"), 4.0);
}

/// The document with every limit of its way out let go by what the way out says.
fn relaxed(text: &str, answer: &Answer) -> Answer {
    let relaxation = answer.relaxation.as_ref().unwrap();
    assert!(relaxation.slacks.iter().all(|slack| !slack.ops.is_empty()), "{:?}", relaxation.slacks);
    let mut ops: Vec<Value> = Vec::new();
    for op in relaxation.slacks.iter().flat_map(|slack| &slack.ops) {
        if !ops.contains(op) {
            ops.push(op.clone());
        }
    }
    let overlay = json!({"format": "millrace-scenario/1", "name": "Way out", "ops": ops}).to_string();
    let document = Document::parse(text).unwrap().0;
    let (document, _) = Scenario::parse(&overlay).unwrap().apply(&document, 0).unwrap();
    answered(&document.tree().canonical())
}

/// What the way out says, without the price of letting go.
fn assert_way_out_holds(text: &str) {
    let answer = answered(text);
    let way = answer.relaxation.as_ref().unwrap();
    let found = relaxed(text, &answer);
    assert_eq!(found.outcome, Outcome::Optimal);
    assert!(found.objective.unwrap() <= way.objective - way.total + 1e-3, "{:?} {way:?}", found.objective);
}

#[test]
fn the_way_out_laid_over_the_input_makes_a_plan_that_costs_what_it_said() {
    let of = |factor: f64, change: &dyn Fn(&mut Value)| {
        base(|document| {
            scale_demand(document, factor);
            change(document);
        })
    };
    // Example 5.
    let hard = of(1.5, &|document| document["options"]["shortage_mode"] = "hard".into());
    let answer = answered(&hard);
    assert_near(relaxed(&hard, &answer).objective.unwrap(), 4_826.0);
    // Example 15.
    let torn = of(1.0, &|document| {
        rows(document, "demand", &[]).into_iter().for_each(|row| row["min_fulfilment"] = json!(0.9));
        document["contracts"] = json!([
            {"id": "C1", "sense": "<=", "from": "A", "to": "X", "period": "1", "limit": 20},
            {"id": "C2", "sense": "=", "from": "B", "to": "X", "period": "1", "limit": 0}]);
    });
    let answer = answered(&torn);
    assert_near(relaxed(&torn, &answer).objective.unwrap(), 3_367.0);
}

#[test]
fn every_family_of_the_way_out_has_operations_that_let_it_go() {
    let with = |change: &dyn Fn(&mut Value)| base(|document| change(document));
    let seen = |text: &str, family: &str| {
        let answer = answered(text);
        let slacks = answer.relaxation.as_ref().unwrap().slacks.clone();
        assert!(slacks.iter().any(|slack| slack.family == family), "{family}: {slacks:?}");
        assert_way_out_holds(text);
    };
    let hard = |document: &mut Value| document["options"]["shortage_mode"] = "hard".into();
    seen(
        &with(&|document| {
            hard(document);
            rows(document, "nodes", &[("id", "A")])[0]["throughput_max_tonnes"] = 30.into();
            document["penalties"] = json!({"relax": {"throughput": 10}});
        }),
        "throughput",
    );
    seen(
        &with(&|document| {
            hard(document);
            document["resources"] = json!([{"id": "mill", "available_hours": 30}]);
            for row in rows(document, "production", &[]) {
                if row.get("period").is_none() {
                    row["uses"] = json!([{"resource": "mill", "hours_per_tonne": 1}]);
                }
            }
            document["penalties"] = json!({"relax": {"resource_hour": 10}});
        }),
        "resource_hour",
    );
    for (field, value, family) in [("max_tonnes", 5, "lane"), ("max_trips", 0, "trip")] {
        seen(
            &with(&|document| {
                hard(document);
                rows(document, "lanes", &[]).into_iter().for_each(|lane| lane[field] = value.into());
                document["penalties"] = json!({"relax": {"lane": 10, "trip": 10}});
            }),
            family,
        );
    }
    seen(
        &with(&|document| {
            hard(document);
            rows(document, "lanes", &[]).into_iter().for_each(|lane| lane["is_active"] = false.into());
            document["penalties"] = json!({"relax": {"fulfilment": 1, "closing": 1}});
        }),
        "fulfilment",
    );
    for change in [json!({"max_closing_tonnes": 5}), json!({})] {
        let text = with(&|document| {
            document["nodes"].as_array_mut().unwrap().push(json!({"id": "Z", "type": "hub", "storage_max_tonnes": 4}));
            let mut stock = json!({"node": "Z", "opening_tonnes": 9});
            for (field, value) in change.as_object().unwrap() {
                stock[field] = value.clone();
            }
            document["stock"].as_array_mut().unwrap().push(stock);
        });
        assert_way_out_holds(&text);
    }
    // A capacity is let go before its calendar cuts it.
    assert_way_out_holds(&with(&|document| {
        scale_demand(document, 1.5);
        hard(document);
        document["calendars"] = json!([{"id": "half", "factors": [{"period": "1", "factor": 0.5}]}]);
        document["production"][2]["calendar"] = "half".into();
        document["penalties"] = json!({"relax": {"capacity": 1}});
    }));
}

#[test]
fn opening_stock_nobody_can_take_is_let_go() {
    let answer = answered(&base(|document| {
        document["nodes"].as_array_mut().unwrap().push(json!({"id": "Z", "type": "hub"}));
        document["stock"]
            .as_array_mut()
            .unwrap()
            .push(json!({"node": "Z", "opening_tonnes": 9, "max_closing_tonnes": 5}));
    }));
    let relaxation = answer.relaxation.unwrap();
    assert!(
        relaxation.slacks.iter().any(|slack| ["storage", "surplus"].contains(&slack.family.as_ref())),
        "{:?}",
        relaxation.slacks
    );
}

fn causes(answer: &Answer, node: &str) -> Vec<(String, Option<f64>, Option<f64>)> {
    let rows = answer.unmet_demand.iter().filter(|row| row.node == node);
    rows.flat_map(|row| match &row.reason {
        Reason::Causes(causes) => {
            causes.iter().map(|c| (format!("{}: {}", c.cause, c.words), c.dual, c.marginal_cost)).collect()
        }
        Reason::NotExamined => Vec::new(),
    })
    .collect()
}

#[test]
fn capacities_that_hold_back_a_tonne_are_named_with_what_they_are_worth() {
    let answer = answered(&base(|d| rows(d, "demand", &[("node", "X"), ("period", "1")])[0]["tonnes"] = 200.into()));
    let causes = causes(&answer, "X");
    for line in ["A", "B"] {
        let expected = format!("capacity: capacity of {line} L1 P 1");
        let found = causes.iter().find(|(words, _, _)| *words == expected);
        assert_near(found.unwrap_or_else(|| panic!("{expected}: {causes:?}")).1.unwrap(), 1.0);
    }
}

#[test]
fn a_price_too_low_and_lots_too_large_are_told_apart() {
    let answer = answered(&base(|document| document["penalties"] = json!({"shortage_cost_per_tonne": 13})));
    let at_y = causes(&answer, "Y");
    assert!(!at_y.is_empty() && at_y.iter().all(|(words, _, _)| words.starts_with("price")), "{at_y:?}");
    at_y.iter().for_each(|(_, _, marginal)| assert_near(marginal.unwrap(), 14.2));
    let at_x = causes(&answer, "X");
    assert!(!at_x.is_empty() && at_x.iter().all(|(words, _, _)| words.starts_with("lot_size")), "{at_x:?}");
    at_x.iter().for_each(|(_, _, marginal)| assert_near(marginal.unwrap(), 12.7));
}

#[test]
fn a_lead_time_beyond_the_horizon_is_a_cause() {
    let answer = answered(&base(|d| rows(d, "lanes", &[]).into_iter().for_each(|l| l["lead_time_periods"] = 2.into())));
    let found = causes(&answer, "X");
    assert!(found.iter().any(|(words, _, _)| words.starts_with("lead_time")), "{found:?}");
}

#[test]
fn a_limit_binds_with_what_a_unit_more_saves() {
    let text = base(|d| rows(d, "demand", &[("node", "X"), ("period", "1")])[0]["tonnes"] = 200.into());
    let answer = answered(&text);
    let worth = |name: &str| answer.bindings.iter().find(|one| one.row_name == name).map(|one| one.worth).unwrap();
    // One tonne more of A in period 1 serves a tonne that is short: 704,358.5 less 694,371.5.
    assert_near(worth("prod(A,L1,P,1)"), 704_358.5 - 694_371.5);
    assert!(answer.bindings.windows(2).all(|pair| pair[0].worth >= pair[1].worth));
}

#[test]
fn negative_costs_without_limit_are_unbounded_and_named() {
    let answer = answered(&base(|document| {
        document["production"][2]["capacity_tonnes"] = Value::Null;
        document["production"][2]["variable_cost_per_tonne"] = (-5).into();
        document["stock"][1].as_object_mut().unwrap().remove("max_closing_tonnes");
    }));
    assert_eq!(answer.outcome, Outcome::Unbounded);
    assert!(answer.endless.iter().any(|name| name.starts_with("prod(B,")), "{:?}", answer.endless);
}

/// The plan printed with the example of the format.
fn printed() -> Plan {
    let production = |node: &str, period: &str, tonnes: f64| Production {
        node: node.to_owned(),
        plant_id: node.to_owned(),
        line: "L1".to_owned(),
        product: "P".to_owned(),
        period: period.to_owned(),
        tonnes,
        capacity_tonnes: Some(match (node, period) {
            ("A", "1") => 100.0,
            ("A", _) => 80.0,
            _ => 70.0,
        }),
        batches: None,
        runs: true,
        cost: tonnes * if node == "A" { 10.0 } else { 12.0 },
    };
    let shipment = |from: &str, to: &str, mode: &str, period: &str, tonnes: f64, trips: f64| Shipment {
        from: from.to_owned(),
        to: to.to_owned(),
        mode: mode.to_owned(),
        product: "P".to_owned(),
        lane_product: None,
        period: period.to_owned(),
        arrival_period: period.to_owned(),
        tonnes,
        trips: Some(trips),
        freight_cost: tonnes
            * match (from, mode) {
                ("A", "rail") => 1.5,
                ("A", _) => 3.0,
                (_, "rail") => 1.0,
                _ => 2.0,
            },
        handling_cost: 0.0,
        transit_cost: 0.0,
        trip_cost: trips * if mode == "rail" { 60.0 } else { 8.0 },
        lane_fixed_cost: 0.0,
    };
    let kept = |node: &str, period: &str, tonnes: f64, safety: f64, cost: f64| Inventory {
        node: node.to_owned(),
        product: "P".to_owned(),
        period: period.to_owned(),
        tonnes,
        safety_stock_tonnes: safety,
        below_tonnes: 0.0,
        holding_cost: tonnes * cost,
        safety_cost: 0.0,
    };
    let costs = [("production", 2640.0), ("freight", 357.5), ("trips", 324.0), ("holding", 57.5)];
    Plan {
        production: vec![
            production("A", "1", 45.0),
            production("A", "2", 75.0),
            production("B", "1", 60.0),
            production("B", "2", 60.0),
        ],
        shipments: vec![
            shipment("A", "X", "rail", "1", 50.0, 1.0),
            shipment("A", "X", "rail", "2", 75.0, 2.0),
            shipment("A", "X", "road", "1", 10.0, 1.0),
            shipment("B", "Y", "rail", "1", 50.0, 1.0),
            shipment("B", "Y", "rail", "2", 50.0, 1.0),
            shipment("B", "Y", "road", "1", 10.0, 1.0),
            shipment("B", "Y", "road", "2", 10.0, 1.0),
        ],
        inventory: vec![
            kept("A", "1", 5.0, 5.0, 1.0),
            kept("A", "2", 5.0, 5.0, 1.0),
            kept("B", "1", 5.0, 5.0, 1.0),
            kept("B", "2", 5.0, 5.0, 1.0),
            kept("X", "1", 4.0, 4.0, 1.5),
            kept("X", "2", 4.0, 4.0, 1.5),
            kept("Y", "1", 11.0, 6.0, 1.5),
            kept("Y", "2", 6.0, 6.0, 1.5),
        ],
        costs: costs.into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect::<BTreeMap<_, _>>(),
        ..Plan::default()
    }
}

#[test]
fn the_printed_plan_passes_the_checker_and_has_its_key_figures() {
    let (document, _) = Document::parse(BASE).unwrap();
    let report = engine::planning::checker::check(&document, &printed(), 3379.0);
    assert!(report.passed, "{:?}", report.faults);
    let kpis = kpi::of(&accepted(BASE), &printed());
    let figure = |name: &str, scope: Option<&str>| {
        kpis.iter().find(|one| one.kpi == name && one.scope.as_deref() == scope).unwrap().value
    };
    for (name, scope, expected) in [
        ("cost_per_tonne_served", None, "13.2510"),
        ("service_level", None, "100.0000"),
        ("capacity_utilisation", None, "75.0000"),
        ("transport_utilisation", Some("rail"), "90.0000"),
        ("transport_utilisation", Some("road"), "100.0000"),
    ] {
        assert_eq!(format!("{:.4}", figure(name, scope).unwrap()), expected, "{name}");
    }
    for (name, scope, expected) in [
        ("capacity_utilisation", Some("A"), "66.67"),
        ("capacity_utilisation", Some("B"), "85.71"),
        ("transport_utilisation", None, "91.07"),
        ("inventory_turns", None, "59.10"),
        ("days_of_stock", None, "6.18"),
        ("mode_mix", Some("rail"), "88.24"),
    ] {
        assert_eq!(format!("{:.2}", figure(name, scope).unwrap()), expected, "{name}");
    }
    assert_eq!(figure("co2", None), None);
}
