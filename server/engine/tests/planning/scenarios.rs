//! Examples 6 to 8 and 24: built-in scenarios, fuel, outages and seeded draws.

use crate::world::{BASE, assert_near, base, rows, solved};
use engine::planning::{
    difference::difference,
    document::Document,
    fault::Fault,
    risk::{Weighted, spread, tail},
    scenario::Scenario,
};
use serde_json::{Value, json};

fn resolved(text: &str, scenario: &Scenario, draw: u64) -> Document {
    scenario.apply(&Document::parse(text).unwrap().0, draw).unwrap().0
}

fn cost(text: &str, scenario: &Scenario) -> f64 {
    solved(&resolved(text, scenario, 0).tree().canonical()).1.objective.unwrap()
}

fn overlay(ops: Value) -> Scenario {
    Scenario::parse(&json!({"format": "millrace-scenario/1", "name": "S", "seed": 7, "ops": ops}).to_string()).unwrap()
}

fn refused(scenario: Value) -> Vec<Fault> {
    Scenario::parse(&scenario.to_string()).unwrap_err()
}

#[test]
fn the_built_in_scenarios_cost_what_is_specified() {
    for (name, expected) in [
        ("base", 3379.0),
        ("high_demand", 4284.125),
        ("low_demand", 2656.0),
        ("capacity_constrained", 3397.5),
        ("transport_disruption", 3651.6),
        ("fuel_price_spike", 3583.45),
    ] {
        assert_near(cost(BASE, &Scenario::built_in(name).unwrap()), expected);
    }
    assert!(Scenario::built_in("other").is_none());
}

#[test]
fn fuel_moves_the_share_of_costs_that_follows_it() {
    let fuel = overlay(json!([{"op": "fuel_price", "factor": 1.25}]));
    let shared =
        |share: f64| base(|d| rows(d, "lanes", &[]).into_iter().for_each(|lane| lane["fuel_share"] = share.into()));
    assert_near(cost(&shared(0.4), &fuel), 3447.15);
    assert_near(cost(BASE, &fuel), 3379.0);
    let spike = overlay(json!([{"op": "fuel_price", "factor": 1.3}]));
    assert_near(cost(&shared(1.0), &spike), 3583.45);
}

#[test]
fn an_outage_stops_a_plant_in_its_periods() {
    let outage = |periods: Value| overlay(json!([{"op": "outage", "node": "A", "periods": periods}]));
    let once = solved(&resolved(BASE, &outage(json!(["2"])), 0).tree().canonical()).1;
    assert_near(once.objective.unwrap(), 3525.5);
    assert!(once.plan.unwrap().unmet_demand.is_empty());
    let both = solved(&resolved(BASE, &outage(json!([1, 2])), 0).tree().canonical()).1;
    assert_near(both.objective.unwrap(), 1_002_190.5);
    assert_near(both.plan.unwrap().unmet_demand.iter().map(|row| row.tonnes).sum(), 100.0);
}

#[test]
fn operations_reach_the_rows_and_periods_they_name() {
    let value = |scenario: &Scenario, find: &dyn Fn(&engine::planning::input::Input) -> f64| {
        let document = resolved(BASE, scenario, 0);
        let (input, faults) = engine::planning::input::Input::of(&document);
        assert!(faults.is_empty(), "{faults:?}");
        find(&input)
    };
    let scaled = overlay(
        json!([{"op": "scale", "field": "demand.tonnes", "where": {"node": "X", "period": ["2"]}, "factor": 2}]),
    );
    assert_near(value(&scaled, &|input| input.demand[0].at[1].tonnes), 150.0);
    assert_near(value(&scaled, &|input| input.demand[0].at[0].tonnes), 60.0);
    // A row of all periods gets a row of its own for one.
    let dear = overlay(
        json!([{"op": "add", "field": "lanes.cost_per_tonne", "where": {"mode": "rail", "period": "1"}, "value": 4}]),
    );
    assert_near(value(&dear, &|input| input.lanes[1].at[0].unwrap().freight), 5.5);
    assert_near(value(&dear, &|input| input.lanes[1].at[1].unwrap().freight), 1.5);
    // A period's own value is scaled, too.
    let less = overlay(json!([{"op": "scale", "field": "production.capacity_tonnes", "factor": 0.5}]));
    assert_near(value(&less, &|input| input.lines[0].at[1].capacity.unwrap()), 40.0);
    let closed = overlay(json!([{"op": "close_lane", "where": {"from": "A", "to": "X"}}]));
    assert_near(value(&closed, &|input| input.lanes[0].at[1].unwrap().max_tonnes.unwrap()), 0.0);
    let more = overlay(json!([
        {"op": "insert", "section": "contracts", "rows": [{"id": "C", "sense": "<=", "limit": 9}]},
        {"op": "remove", "section": "lanes", "where": {"mode": "rail"}},
        {"op": "set", "field": "stock.max_closing_tonnes", "where": {"node": ["A"]}, "value": null},
        {"op": "option", "name": "mip_gap", "value": 0.01}]));
    let document = resolved(BASE, &more, 0);
    let (input, _) = engine::planning::input::Input::of(&document);
    assert_eq!((input.contracts.len(), input.lanes.len(), input.stock[0].at[0].max_closing), (1, 4, None));
    assert_near(input.options.mip_gap, 0.01);
}

#[test]
fn rows_that_leave_the_only_product_out_are_those_that_name_it() {
    let named = base(|document| {
        document["products"] = json!([{"id": "clinker"}]);
        document["production"][1]["product"] = "clinker".into();
    });
    let outage = overlay(json!([{"op": "outage", "node": "A", "periods": ["1", "2"]}]));
    let (input, faults) = engine::planning::input::Input::of(&resolved(&named, &outage, 0));
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!([input.lines[0].at[0].capacity, input.lines[0].at[1].capacity], [Some(0.0), Some(0.0)]);
}

fn chance() -> Value {
    json!([{"op": "random", "field": "demand.tonnes", "distribution": "normal", "mean": 1, "sd": 0.1, "key": ["node", "period"]}])
}

#[test]
fn one_seed_gives_one_document_and_each_draw_another() {
    let one = resolved(BASE, &overlay(chance()), 0);
    assert_eq!(one.sha256(), resolved(BASE, &overlay(chance()), 0).sha256());
    assert_ne!(one.sha256(), resolved(BASE, &overlay(chance()), 1).sha256());
    assert_ne!(one.sha256(), Document::parse(BASE).unwrap().0.sha256());
    // Keys in order: X/1, X/2, Y/1, Y/2; u of the first two of seed 7 are 0.1578 and 0.1680.
    let (input, _) = engine::planning::input::Input::of(&one);
    for (t, u, tonnes) in [(0, 0.157_796_097_020_619, 60.0), (1, 0.167_989_362_772_101, 75.0)] {
        let factor = 1.0 + 0.1 * engine::planning::scenario::chance::normal(u);
        assert_near(input.demand[0].at[t].tonnes, factor * tonnes);
    }
}

#[test]
fn draws_by_interval_stay_in_it_and_missing_ones_are_told() {
    let text = base(|d| {
        let row = rows(d, "demand", &[("node", "X"), ("period", "1")]).remove(0);
        row["tonnes_low"] = 50.into();
        row["tonnes_high"] = 80.into();
    });
    let interval = overlay(
        json!([{"op": "random", "field": "demand.tonnes", "distribution": "demand_interval", "key": ["node"]}]),
    );
    let (document, doubts) = interval.apply(&Document::parse(&text).unwrap().0, 0).unwrap();
    assert_eq!(doubts.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["W14"]);
    let (input, _) = engine::planning::input::Input::of(&document);
    assert!((50.0..=80.0).contains(&input.demand[0].at[0].tonnes) && input.demand[0].at[0].tonnes != 60.0);
    assert_near(input.demand[0].at[1].tonnes, 75.0);
}

#[test]
fn a_scenario_at_fault_is_refused_with_paths() {
    let of = |ops: Value| json!({"format": "millrace-scenario/1", "name": "S", "ops": ops});
    let paths = |faults: Vec<Fault>| faults.into_iter().map(|fault| (fault.code, fault.path)).collect::<Vec<_>>();
    for (ops, code, path) in [
        (json!([{"op": "scale", "field": "demand.tonnes", "facter": 2}]), "E16", "ops[0].facter"),
        (json!([{"op": "explode"}]), "E03", "ops[0].op"),
        (json!([{"op": "scale", "field": "demand.node", "factor": 2}]), "E04", "ops[0].field"),
        (json!([{"op": "random", "field": "demand.tonnes", "distribution": "odd"}]), "E03", "ops[0].distribution"),
        (json!([{"op": "outage", "node": "A", "periods": ["1"], "availability": 2}]), "E09", "ops[0].availability"),
    ] {
        let found = paths(refused(of(ops)));
        assert!(found.contains(&(code, path.to_owned())), "{found:?}");
    }
    let worse =
        Scenario::parse(&of(json!([{"op": "scale", "field": "demand.tonnes", "factor": -1}])).to_string()).unwrap();
    let faults = worse.apply(&Document::parse(BASE).unwrap().0, 0).unwrap_err();
    assert!(faults.iter().any(|fault| fault.code == "E06"), "{faults:?}");
}

/// The issue's batch: fifty draws, twice.
#[test]
fn fifty_draws_of_a_seed_are_the_same_documents_and_costs_again() {
    let solved_draws = || -> Vec<(String, f64)> {
        let draw = |draw| {
            let document = resolved(BASE, &overlay(chance()), draw);
            (document.sha256(), solved(&document.tree().canonical()).1.objective.unwrap())
        };
        (0..50).map(draw).collect()
    };
    let (once, again) = (solved_draws(), solved_draws());
    assert_eq!(
        once.iter().map(|(hash, _)| hash).collect::<Vec<_>>(),
        again.iter().map(|(hash, _)| hash).collect::<Vec<_>>()
    );
    once.iter().zip(&again).for_each(|((_, one), (_, other))| assert_near(*one, *other));
    assert_eq!(once.iter().map(|(hash, _)| hash).collect::<std::collections::BTreeSet<_>>().len(), 50);
    let runs: Vec<_> = once.iter().map(|(_, cost)| Weighted { cost: *cost, weight: 1.0 }).collect();
    let mut costs: Vec<_> = once.iter().map(|(_, cost)| *cost).collect();
    costs.sort_by(f64::total_cmp);
    // Of fifty equal ones the 45th is the first to reach 0.9; the tail is the mean of the five above.
    let tail = tail(&runs, 0.9).unwrap();
    assert_near(tail.value_at_risk, costs[44]);
    assert_near(tail.conditional, costs[45..].iter().sum::<f64>() / 5.0);
    assert_near(spread(&runs).unwrap().mean, costs.iter().sum::<f64>() / 50.0);
}

#[test]
fn a_difference_names_rows_fields_and_what_they_were() {
    let base = Document::parse(BASE).unwrap().0;
    let told = |ops: Value| difference(&base, &resolved(BASE, &overlay(ops), 0), 500);
    let line = |change: &engine::planning::difference::Change| {
        let at = change.period.as_deref().unwrap_or("-");
        let (before, after) = (change.before.as_deref().unwrap_or("none"), change.after.as_deref().unwrap_or("none"));
        format!("{} {} {at} {} {before} {after}", change.section, change.key.join("/"), change.field)
    };
    let changed = told(json!([
        {"op": "outage", "node": "A", "periods": ["1"]},
        {"op": "scale", "field": "demand.tonnes", "where": {"node": "X"}, "factor": 2},
        {"op": "insert", "section": "contracts", "rows": [{"id": "C", "sense": "<=", "limit": 9}]},
        {"op": "remove", "section": "lanes", "where": {"mode": "rail", "from": "B"}},
        {"op": "option", "name": "mip_gap", "value": 0.01}]));
    let lines: Vec<_> = changed.changes.iter().map(line).collect();
    for wanted in [
        "options  - mip_gap 0 0.01",
        // The row of all periods says 100; the period has a row of its own now.
        "production A/L1/P 1 capacity_tonnes 100 0",
        "demand X/P 1 tonnes 60 120",
        "demand X/P 2 tonnes 75 150",
        "contracts C - limit none 9",
        "lanes B/Y/rail/P - trip_tonnes 50 none",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted} is not in {lines:#?}");
    }
    let of = |section: &str| changed.counts.iter().find(|count| count.section == section).unwrap();
    assert_eq!((of("demand").changed, of("contracts").added, of("lanes").removed), (2, 1, 1));
    assert_eq!(changed.total, lines.len());
    assert_eq!(told(json!([])), engine::planning::difference::Difference::default());
    let many = difference(&base, &resolved(BASE, &Scenario::built_in("high_demand").unwrap(), 0), 3);
    assert_eq!((many.total, many.changes.len(), many.counts[0].changed), (4, 3, 4));
}

#[test]
fn operations_are_told_in_words_and_built_in_ones_begin_an_own_one() {
    let words = overlay(json!([
        {"op": "outage", "node": "A", "periods": ["1", "2"]},
        {"op": "fuel_price", "factor": 1.25, "where": {"mode": "road"}},
        {"op": "random", "field": "demand.tonnes", "distribution": "normal", "key": ["node"]}]));
    assert_eq!(
        words.words(),
        [
            "A stops in 1, 2",
            "fuel price × 1.25 where mode road",
            "demand.tonnes by chance: normal, mean 1, sd 0.1, a draw for each node"
        ]
    );
    assert!(words.has_chance() && !Scenario::built_in("base").unwrap().has_chance());
    for (name, _) in engine::planning::scenario::BUILT_IN {
        let ops = serde_json::from_str(&Scenario::built_in_ops(name).unwrap()).unwrap();
        let (own, built_in) = (resolved(BASE, &overlay(ops), 0), resolved(BASE, &Scenario::built_in(name).unwrap(), 0));
        assert_eq!(own.sha256(), built_in.sha256(), "{name}");
    }
}

#[test]
fn what_would_be_stored_otherwise_than_it_was_checked_is_refused() {
    for (text, code, path) in [
        (r#"{"op":"scale","field":"demand.tonnes","factor":1,"factor":2}"#, "E05", "ops[0].factor"),
        (r#"{"op":"insert","section":"demand","rows":[{"node":"X","node":"Y"}]}"#, "E05", "ops[0].rows[0].node"),
        (r#"{"op":"set","field":"demand.tonnes","value":1e400}"#, "E03", "ops[0].value"),
        (r#"{"op":"set","field":"demand.tonnes","value":"\u0000"}"#, "E03", "ops[0].value"),
    ] {
        let faults =
            Scenario::parse(&format!(r#"{{"format":"millrace-scenario/1","name":"S","ops":[{text}]}}"#)).unwrap_err();
        assert!(faults.iter().any(|fault| fault.code == code && fault.path == path), "{text}: {faults:?}");
    }
}
