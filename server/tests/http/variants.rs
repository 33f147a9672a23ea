//! Scenarios made from what a plan says: pinned, let go, forced; and what a batch says of them.

use crate::{
    browser::Answer,
    forms::signed_in,
    optimize::{Desk, assert_near, sample_with, solve, token, with_demand},
    world::person,
};
use axum::http::Method;
use domain::{
    AppError, ErrorCode,
    access::Role,
    planning::{ForceFigure, LetGo, MovedFamily},
};
use serde_json::{Value, json};
use server::jobs::{JobsConfig, Registry, Runtime};
use sqlx::PgPool;

const SCENARIOS: &str = "/api/v1/optimize/scenarios";

async fn post(desk: &mut Desk, path: &str, body: Value) -> Answer {
    desk.world.clock.advance(chrono::Duration::seconds(1));
    desk.call(Method::POST, path, body).await
}

fn pin(name: &str, op: Value, more: &[Value]) -> Value {
    let ops: Vec<Value> = std::iter::once(op).chain(more.iter().cloned()).collect();
    json!({"format": "millrace-scenario/1", "name": name, "ops": ops})
}

/// The sample, solved: its run's id and its plan's.
async fn base(desk: &mut Desk) -> (String, String) {
    let run = desk.begin(json!({"use_sample_data": true})).await;
    solve(&desk.world).await;
    let results = desk.get(&format!("{run}/results")).await;
    (results["run_id"].as_str().expect("run").to_owned(), results["plan_id"].as_str().expect("plan").to_owned())
}

/// What a scenario costs over the sample.
async fn cost(desk: &mut Desk, scenario: &str) -> Value {
    let run = desk.begin(json!({"use_sample_data": true, "scenario_name": scenario})).await;
    solve(&desk.world).await;
    desk.get(&format!("{run}/results")).await
}

fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.text);
    let fields = answer.json()["error"]["fields"].as_array().expect("fields").clone();
    let text = |field: &Value, name: &str| field[name].as_str().expect("text").to_owned();
    fields.iter().map(|field| (text(field, "path"), text(field, "message"))).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_pinned_by_its_id_costs_the_same_and_pays_shortage_under_more_demand(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, plan) = base(&mut desk).await;
    let op = json!({"op": "pin", "plan_id": plan});
    let made = post(&mut desk, SCENARIOS, pin("Held", op.clone(), &[])).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    let kept = &made.json()["ops"][0];
    assert_eq!((&kept["plan_id"], &kept["whole"]), (&json!(plan), &json!(true)));
    assert_eq!(kept["rows"]["production"].as_array().map(Vec::len), Some(4), "{kept}");
    let results = cost(&mut desk, "held").await;
    assert_near(&results["total_cost"], 3_379.0);
    assert_eq!(results["checker"]["passed"], true);
    let more = json!({"op": "scale", "field": "demand.tonnes", "factor": 1.1});
    post(&mut desk, SCENARIOS, pin("Held more", op, &[more])).await;
    let results = cost(&mut desk, "held_more").await;
    assert!((results["costs"]["shortage"].as_f64().expect("cost") - 255_000.0).abs() < 1.0, "{}", results["costs"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_pin_of_no_plan_of_another_network_or_of_a_plan_without_rows_is_refused(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, plan) = base(&mut desk).await;
    let nobody = "00000000-0000-7000-8000-000000000000";
    for id in [nobody, "mine"] {
        let answer = post(&mut desk, SCENARIOS, pin("Nobody", json!({"op": "pin", "plan_id": id}), &[])).await;
        assert_eq!(faults(&answer), [("ops[0].plan_id".to_owned(), "There is no such plan.".to_owned())]);
    }
    post(&mut desk, SCENARIOS, pin("Held", json!({"op": "pin", "plan_id": plan}), &[])).await;
    let other = sample_with(|document| {
        for list in ["nodes", "stock", "production", "lanes", "demand"] {
            let text = document[list].to_string().replace("\"A\"", "\"Q\"");
            document[list] = serde_json::from_str(&text).expect("json");
        }
    });
    let answer =
        post(&mut desk, "/api/v1/optimize/optimize", json!({"input_data": other, "scenario_name": "held"})).await;
    let found = faults(&answer);
    assert!(
        found.iter().any(|(path, words)| path == "fixed_production[0].node" && words.contains("\"A\"")),
        "{found:?}"
    );
    sqlx::query("update plan.plans set rows_removed_at = now()").execute(&desk.world.owner).await.expect("pruned");
    let answer = post(&mut desk, SCENARIOS, pin("Late", json!({"op": "pin", "plan_id": plan}), &[])).await;
    let found = faults(&answer);
    assert!(found[0].0 == "ops[0].plan_id" && found[0].1.contains("not kept any more"), "{found:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn draws_of_a_pinned_plan_are_this_plan_under_chance(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, plan) = base(&mut desk).await;
    let chance = json!({"op": "random", "field": "demand.tonnes", "distribution": "uniform", "low": 0.9, "high": 1.1,
                        "key": ["node", "period"]});
    post(&mut desk, SCENARIOS, pin("Held", json!({"op": "pin", "plan_id": plan}), std::slice::from_ref(&chance))).await;
    post(&mut desk, SCENARIOS, json!({"format": "millrace-scenario/1", "name": "Free", "seed": 0, "ops": [chance]}))
        .await;
    let mut told = Vec::new();
    for scenario in ["held", "free"] {
        let body = json!({"use_sample_data": true, "scenario": scenario, "draws": 4});
        let begun = post(&mut desk, "/api/v1/optimize/batches", body).await;
        assert_eq!(begun.status.as_u16(), 202, "{}", begun.text);
        let queues = ["default", "solve"].map(str::to_owned).to_vec();
        let config = JobsConfig { queues, ..JobsConfig::default() };
        Runtime::new(desk.world.services.clone(), Registry::standard(), config).drain().await.expect("drained");
        told.push(
            desk.get(&format!("/api/v1/optimize/batches/{}", begun.json()["batch_id"].as_str().expect("id"))).await,
        );
    }
    let (held, free) = (&told[0], &told[1]);
    assert_eq!(held["batch"]["totals"]["basis"], "this plan under chance");
    assert_eq!(
        (&held["table"][0]["basis"], &free["table"][0]["basis"]),
        (&json!("this plan under chance"), &json!("wait and see"))
    );
    // Whoever may choose anew never pays more.
    for n in 0..4 {
        let of = |batch: &Value| batch["table"][n]["total_cost"].as_f64();
        if let (Some(held), Some(free)) = (of(held), of(free)) {
            assert!(held >= free - 0.01, "{held} {free}");
        }
    }
    // A run that was removed is told, and leads nowhere.
    let run = free["table"][1]["run_id"].as_str().expect("run").to_owned();
    // Runs of a batch are nobody's own: who has plan.settings removes them.
    desk.world.user("admin@mill.example", Some(Role::Admin), &[]).await;
    let planner = std::mem::take(&mut desk.token);
    desk.token = token(&mut desk.client, "admin@mill.example").await;
    let gone = desk.call(Method::DELETE, &format!("/api/v1/optimize/{run}"), Value::Null).await;
    assert_eq!(gone.status.as_u16(), 200, "{}", gone.text);
    desk.token = planner;
    let batch = free["batch"]["batch_id"].as_str().expect("batch").to_owned();
    let after = desk.get(&format!("/api/v1/optimize/batches/{batch}")).await;
    let removed: Vec<_> =
        after["table"].as_array().expect("table").iter().map(|row| row["run_removed"].clone()).collect();
    assert_eq!(removed, [json!(false), json!(true), json!(false), json!(false)]);
    assert_eq!(after["table"][1]["total_cost"], free["table"][1]["total_cost"], "what it came to stays");
    let mut client = signed_in(&desk.world, "planner%40mill.example").await;
    let page = client.get(&format!("/planning/batches/{batch}")).await;
    assert!(page.text.contains("The run was removed") && !page.text.contains(&format!("/planning/runs/{run}\"")));
    assert!(page.text.contains("Cost against demand served"), "{}", page.text);
}

/// Examples 5 and 15: what the way out says is what its scenario costs.
#[sqlx::test(migrations = "../migrations")]
async fn a_way_out_becomes_a_scenario_that_costs_what_it_said(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let mut more = with_demand(1.5);
    more["options"]["shortage_mode"] = json!("hard");
    let torn = sample_with(|document| {
        for row in document["demand"].as_array_mut().expect("rows") {
            row["min_fulfilment"] = json!(0.9);
        }
        document["contracts"] = json!([
            {"id": "C1", "sense": "<=", "from": "A", "to": "X", "period": "1", "limit": 20},
            {"id": "C2", "sense": "=", "from": "B", "to": "X", "period": "1", "limit": 0}]);
    });
    let who = person(Role::Planner);
    for (document, wanted) in [(more, 4_826.0), (torn, 3_367.0)] {
        let (run, results) = desk.solved(document.clone()).await;
        let plan = results["plan_id"].as_str().expect("plan").parse().expect("id");
        let slacks = results["relaxation"]["slacks"].as_array().expect("slacks").clone();
        assert!(slacks.iter().all(|slack| slack["ops"].as_array().is_some_and(|ops| !ops.is_empty())), "{slacks:?}");
        let all = desk.world.services.scenarios.let_go(&who, LetGo { plan, slack: None }).await.expect("made");
        assert!(run.ends_with(&all.run_id.to_string()));
        let again = desk.world.services.scenarios.let_go(&who, LetGo { plan, slack: None }).await.expect("there");
        assert_eq!(again.scenario_id, all.scenario_id, "the same is not made twice");
        let one = desk.world.services.scenarios.let_go(&who, LetGo { plan, slack: Some(0) }).await.expect("made");
        let told = desk.get(&format!("{SCENARIOS}/{}", one.scenario_id)).await;
        let (kept, said) = (&told["ops"][0], &slacks[0]["ops"][0]);
        assert_eq!((&kept["op"], &kept["field"], &kept["where"]), (&said["op"], &said["field"], &said["where"]));
        assert_near(&kept["value"], said["value"].as_f64().expect("value"));
        let name = desk.get(&format!("{SCENARIOS}/{}", all.scenario_id)).await["scenario"]["name"].clone();
        let begun = desk.begin(json!({"input_data": document, "scenario_name": name})).await;
        solve(&desk.world).await;
        let results = desk.get(&format!("{begun}/results")).await;
        assert_near(&results["total_cost"], wanted);
        let beyond = LetGo { plan, slack: Some(99) };
        let missing = desk.world.services.scenarios.let_go(&who, beyond).await.expect_err("none");
        assert_eq!(missing.code, ErrorCode::NotFound);
    }
    let audit = "select count(*) from ops.audit_log where action = 'plan.scenario_created'";
    assert_eq!(desk.world.number(audit).await, 4);
    let viewer = person(Role::Viewer);
    let (_, plan) = base(&mut desk).await;
    let refused =
        desk.world.services.scenarios.let_go(&viewer, LetGo { plan: plan.parse().expect("id"), slack: None }).await;
    assert!(refused.is_err_and(|error| error.code == ErrorCode::Forbidden));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_figure_of_a_plan_is_forced_and_the_run_says_what_it_costs(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (run, plan) = base(&mut desk).await;
    let results = desk.get(&format!("/api/v1/optimize/{run}/results")).await;
    let rows = results["shipments"].as_array().expect("rows").clone();
    let place = rows.iter().position(|row| row["from"] == "A" && row["mode"] == "rail").expect("row");
    let asked = ForceFigure {
        plan: plan.parse().expect("id"),
        family: MovedFamily::Shipments,
        row: i64::try_from(place).expect("few"),
        tonnes: rows[place]["tonnes"].as_f64().expect("tonnes") + 10.0,
    };
    let who = person(Role::Planner);
    let force = async |asked: ForceFigure| desk.world.services.scenarios.force(&who, asked).await;
    let code =
        |result: Result<_, AppError>| result.map(|_: domain::planning::RunStarted| ()).expect_err("refused").code;
    assert_eq!(code(force(ForceFigure { tonnes: -1.0, ..asked }).await), ErrorCode::Validation);
    assert_eq!(code(force(ForceFigure { row: 99, ..asked }).await), ErrorCode::NotFound);
    let started = force(asked).await.expect("begun");
    solve(&desk.world).await;
    let forced = desk.get(&format!("/api/v1/optimize/{}/results", started.run_id)).await;
    // As a contract on the row says.
    let contract = sample_with(|document| {
        document["contracts"] = json!([{"id": "C", "sense": "=", "limit": asked.tonnes, "from": "A", "to": "X", "mode": "rail",
                                        "period": rows[place]["period"]}]);
    });
    let (_, by_contract) = desk.solved(contract).await;
    assert_near(&forced["total_cost"], by_contract["total_cost"].as_f64().expect("cost"));
    let mut client = signed_in(&desk.world, "planner%40mill.example").await;
    let page = client.get(&format!("/planning/runs/{}", started.run_id)).await;
    let other = forced["plan_id"].as_str().expect("plan");
    assert!(page.text.contains("What the forced figure costs"), "{}", page.text);
    let compare = format!("/planning/compare?a={plan}&amp;b={other}");
    assert!(page.text.contains(&compare) || page.text.contains(&compare.replace("&amp;", "&")), "{}", page.text);
    // The page of the plan leads to the form of each row, and the form stands there without script.
    let page = client.get(&format!("/planning/plans/{plan}")).await;
    assert!(page.text.contains(&format!("/planning/plans/{plan}?force=shipments.{place}#force")), "{}", page.text);
    let page = client.get(&format!("/planning/plans/{plan}?force=shipments.{place}")).await;
    assert!(page.text.contains("data-force") && page.text.contains("Solve with it"), "{}", page.text);
    assert_eq!(desk.world.number("select count(*) from plan.runs where forced_from is not null").await, 1);
}
