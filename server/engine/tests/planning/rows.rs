//! The rows of each family as LP text, on the smallest input that has them.

use crate::world::accepted;
use engine::planning::{builder::build, model::lp};
use serde_json::{Value, json};

/// A makes, one lane to X, X asks for 10; two periods where `periods` says so.
fn tiny(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = json!({"format": "millrace-plan/1", "name": "Tiny", "currency": "INR", "periods": [{"id": "1"}],
        "nodes": [{"id": "A", "type": "IU"}, {"id": "X", "type": "customer"}],
        "production": [{"node": "A", "capacity_tonnes": 20, "variable_cost_per_tonne": 3}],
        "lanes": [{"from": "A", "to": "X", "cost_per_tonne": 2}],
        "demand": [{"node": "X", "tonnes": 10}]});
    change(&mut document);
    document
}

fn two_periods(document: &mut Value) {
    document["periods"] = json!([{"id": "1"}, {"id": "2"}]);
}

/// The rows of some families, without the line breaks of the format.
fn rows(document: &Value, families: &[&str]) -> Vec<String> {
    let input = accepted(&document.to_string());
    let text = lp::text(&input, &build(&input).model).replace("\n  ", "");
    let of = text.lines().map(str::trim).filter(|line| families.iter().any(|f| line.starts_with(&format!("{f}("))));
    of.filter(|line| line.contains(':')).map(str::to_owned).collect()
}

#[test]
fn the_whole_text_of_the_smallest_plan() {
    let input = accepted(&tiny(|_| ()).to_string());
    let expected = "\\ Tiny
Minimize
 cost: + 3 prod(A,L1,P,1) + 2 ship(A,X,road,P,1) + 10000 short(X,P,1)
Subject To
 balance(A,P,1): - 1 prod(A,L1,P,1) + 1 ship(A,X,road,P,1) = 0
 balance(X,P,1): - 1 ship(A,X,road,P,1) - 1 short(X,P,1) = -10
Bounds
 0 <= prod(A,L1,P,1) <= 20
 0 <= short(X,P,1) <= 10
End
";
    assert_eq!(lp::text(&input, &build(&input).model), expected);
}

#[test]
fn balance_joins_stock_lead_times_and_transit() {
    let document = tiny(|document| {
        two_periods(document);
        document["stock"] = json!([{"node": "X", "opening_tonnes": 4}]);
        document["lanes"][0]["lead_time_periods"] = 1.into();
        document["in_transit"] = json!([{"to": "X", "period": "1", "tonnes": 3}]);
    });
    assert_eq!(
        rows(&document, &["balance"]),
        [
            "balance(A,P,1): - 1 prod(A,L1,P,1) + 1 ship(A,X,road,P,1) = 0",
            "balance(A,P,2): - 1 prod(A,L1,P,2) = 0",
            "balance(X,P,1): + 1 inv(X,P,1) - 1 short(X,P,1) = -3",
            "balance(X,P,2): + 1 inv(X,P,2) - 1 inv(X,P,1) - 1 ship(A,X,road,P,1) - 1 short(X,P,2) = -10",
        ]
    );
}

#[test]
fn balance_takes_what_recipes_use() {
    let document = tiny(|document| {
        document["products"] = json!([{"id": "raw"}, {"id": "made"}]);
        document["production"] = json!([
            {"node": "A", "product": "raw", "capacity_tonnes": 20, "variable_cost_per_tonne": 3},
            {"node": "A", "product": "made", "capacity_tonnes": 20, "variable_cost_per_tonne": 1,
             "inputs": [{"product": "raw", "tonnes_per_tonne": 0.65}]}]);
        document["lanes"][0]["product"] = "made".into();
        document["demand"][0]["product"] = "made".into();
    });
    assert_eq!(
        rows(&document, &["balance"])[..2],
        [
            "balance(A,raw,1): - 1 prod(A,L1,raw,1) + 0.65 prod(A,L1,made,1) = 0",
            "balance(A,made,1): - 1 prod(A,L1,made,1) + 1 ship(A,X,road,made,made,1) = 0",
        ]
    );
}

#[test]
fn a_line_that_runs_has_a_least_a_most_and_a_start() {
    let document = tiny(|document| {
        two_periods(document);
        document["production"][0]["min_run_fraction"] = json!(0.5);
        document["production"][0]["start_cost"] = 9.into();
        document["production"][0]["running_before"] = true.into();
    });
    assert_eq!(
        rows(&document, &["run", "min_run", "start"]),
        [
            "run(A,L1,P,1): + 1 prod(A,L1,P,1) - 20 on(A,L1,P,1) <= 0",
            "min_run(A,L1,P,1): + 1 prod(A,L1,P,1) - 10 on(A,L1,P,1) >= 0",
            "start(A,L1,P,1): + 1 start(A,L1,P,1) - 1 on(A,L1,P,1) >= -1",
            "run(A,L1,P,2): + 1 prod(A,L1,P,2) - 20 on(A,L1,P,2) <= 0",
            "min_run(A,L1,P,2): + 1 prod(A,L1,P,2) - 10 on(A,L1,P,2) >= 0",
            "start(A,L1,P,2): + 1 start(A,L1,P,2) - 1 on(A,L1,P,2) + 1 on(A,L1,P,1) >= 0",
        ]
    );
}

#[test]
fn batches_resources_trips_and_lots() {
    let document = tiny(|document| {
        document["production"][0]["batch_tonnes"] = 2.5.into();
        document["production"][0]["uses"] = json!([{"resource": "R", "hours_per_tonne": 0.5, "setup_hours": 2}]);
        document["resources"] = json!([{"id": "R", "available_hours": 8}]);
        document["lanes"] = json!([
            {"from": "A", "to": "X", "cost_per_tonne": 2, "trip_tonnes": 4},
            {"from": "A", "to": "X", "mode": "rail", "cost_per_tonne": 1, "trip_tonnes": 6, "trip_rule": "full_lots"}]);
    });
    assert_eq!(
        rows(&document, &["batch", "resource", "vehicle", "lot"]),
        [
            "batch(A,L1,P,1): + 1 prod(A,L1,P,1) - 2.5 batches(A,L1,P,1) = 0",
            "resource(R,1): + 0.5 prod(A,L1,P,1) + 2 on(A,L1,P,1) <= 8",
            "vehicle(A,X,road,1): + 1 ship(A,X,road,P,1) - 4 trips(A,X,road,1) <= 0",
            "lot(A,X,rail,1): + 1 ship(A,X,rail,P,1) - 6 trips(A,X,rail,1) = 0",
        ]
    );
}

/// M is what X can take: 10 t of demand and nothing kept.
#[test]
fn minimum_shipments_switch_with_the_least_limit_there_is() {
    let least = |change: fn(&mut Value)| {
        let document = tiny(|document| {
            document["lanes"][0]["min_shipment_tonnes"] = 4.into();
            change(document);
        });
        rows(&document, &["use_limit", "min_shipment"])
    };
    assert_eq!(
        least(|_| ()),
        [
            "use_limit(A,X,road,1): + 1 ship(A,X,road,P,1) - 10 use(A,X,road,1) <= 0",
            "min_shipment(A,X,road,1): + 1 ship(A,X,road,P,1) - 4 use(A,X,road,1) >= 0",
        ]
    );
    let limit = |most: &str| format!("use_limit(A,X,road,1): + 1 ship(A,X,road,P,1) - {most} use(A,X,road,1) <= 0");
    // Own limit; trips; room beside demand; supply of the network.
    assert_eq!(least(|d| d["lanes"][0]["max_tonnes"] = 7.into())[0], limit("7"));
    assert_eq!(
        least(|d| {
            d["lanes"][0]["trip_tonnes"] = 3.into();
            d["lanes"][0]["max_trips"] = 2.into();
        })[0],
        limit("6")
    );
    assert_eq!(least(|d| d["stock"] = json!([{"node": "X", "max_closing_tonnes": 5}]))[0], limit("15"));
    assert_eq!(least(|d| d["stock"] = json!([{"node": "X", "opening_tonnes": 1}]))[0], limit("21"));
}

#[test]
fn a_lane_of_many_products_has_one_limit() {
    let document = tiny(|document| {
        document["products"] = json!([{"id": "p"}, {"id": "q"}]);
        document["production"] =
            json!([{"node": "A", "product": "p", "capacity_tonnes": 20, "variable_cost_per_tonne": 3}]);
        document["lanes"][0]["max_tonnes"] = 8.into();
        document["demand"][0]["product"] = "p".into();
    });
    assert_eq!(rows(&document, &["lane"]), ["lane(A,X,road,1): + 1 ship(A,X,road,p,1) + 1 ship(A,X,road,q,1) <= 8"]);
}

#[test]
fn storage_throughput_and_safety() {
    let document = tiny(|document| {
        document["products"] = json!([{"id": "P", "storage_factor": 1.5}]);
        document["nodes"][1]["storage_max_tonnes"] = 30.into();
        document["nodes"][1]["throughput_max_tonnes"] = 9.into();
        document["stock"] = json!([{"node": "X", "opening_tonnes": 6, "safety_stock_tonnes": 6}]);
    });
    assert_eq!(
        rows(&document, &["storage", "throughput", "safety"]),
        [
            "storage(X,1): + 1.5 inv(X,P,1) <= 30",
            "throughput(X,1): - 1 short(X,P,1) <= -1",
            "safety(X,P,1): + 1 inv(X,P,1) + 1 below(X,P,1) >= 6",
        ]
    );
}

#[test]
fn contracts_count_tonnes_trips_or_production_and_may_be_soft() {
    let document = tiny(|document| {
        two_periods(document);
        document["lanes"][0]["trip_tonnes"] = 5.into();
        document["contracts"] = json!([
            {"id": "all", "sense": "=", "limit": 9, "violation_cost": 2},
            {"id": "each", "sense": ">=", "limit": 1, "measure": "trips", "from": ["A"], "mode": ["road"], "each_period": true},
            {"id": "made", "sense": "L", "limit": 30, "measure": "production", "line": "L1", "periods": ["2", "1"]}]);
    });
    assert_eq!(
        rows(&document, &["contract"]),
        [
            "contract(all): + 1 ship(A,X,road,P,1) + 1 ship(A,X,road,P,2) - 1 over(all) + 1 under(all) = 9",
            "contract(each,1): + 1 trips(A,X,road,1) >= 1",
            "contract(each,2): + 1 trips(A,X,road,2) >= 1",
            "contract(made): + 1 prod(A,L1,P,1) + 1 prod(A,L1,P,2) <= 30",
        ]
    );
}

#[test]
fn suppliers_are_counted_by_origin() {
    let document = tiny(|document| document["supplier_limits"] = json!([{"node": "X", "max_suppliers": 1}]));
    assert_eq!(
        rows(&document, &["supplier", "suppliers"]),
        [
            "supplier(A,X,road,P,1): + 1 ship(A,X,road,P,1) - 10 from(A,X,P,1) <= 0",
            "suppliers(X,P,1): + 1 from(A,X,P,1) <= 1"
        ]
    );
}

#[test]
fn a_closed_site_makes_ships_receives_and_serves_nothing() {
    let document = tiny(|document| {
        document["nodes"][0]["activation"] = "once".into();
        document["nodes"][1]["activation"] = "per_period".into();
        document["site_groups"] = json!([{"id": "G", "nodes": ["A", "X"], "min_open": 1, "max_open": 2}]);
    });
    assert_eq!(
        rows(&document, &["site", "site_group"]),
        [
            "site(A,prod,A,L1,P,1): + 1 prod(A,L1,P,1) - 20 open(A) <= 0",
            "site(A,ship,A,X,road,1): + 1 ship(A,X,road,P,1) - 10 open(A) <= 0",
            "site(X,ship,A,X,road,1): + 1 ship(A,X,road,P,1) - 10 open(X,1) <= 0",
            "site(X,served,P,1): + 1 short(X,P,1) + 10 open(X,1) >= 10",
            "site_group(G,1,min): + 1 open(A) + 1 open(X,1) >= 1",
            "site_group(G,1,max): + 1 open(A) + 1 open(X,1) <= 2",
        ]
    );
}

#[test]
fn a_sole_line_links_what_leaves_to_its_running() {
    let document = tiny(|document| document["production"][0]["fixed_cost_per_period"] = 50.into());
    assert_eq!(
        rows(&document, &["supply_link"]),
        ["supply_link(A,L1,P,1,A,X,road): + 1 ship(A,X,road,P,1) - 10 on(A,L1,P,1) <= 0"]
    );
    let kept = tiny(|document| {
        document["production"][0]["fixed_cost_per_period"] = 50.into();
        document["stock"] = json!([{"node": "A"}]);
    });
    assert!(rows(&kept, &["supply_link"]).is_empty());
}
