//! Own scenarios and batches over HTTP, solved by a real child.

use crate::{
    browser::Answer,
    optimize::{Desk, assert_near, sample_with, token},
    world::World,
};
use axum::http::Method;
use domain::access::Role;
use engine::planning::{document::Document, sample, scenario::Scenario};
use serde_json::{Value, json};
use server::{
    jobs::{JobsConfig, Registry, Runtime},
    services::planning::SolverHost,
};
use sqlx::PgPool;

const SCENARIOS: &str = "/api/v1/optimize/scenarios";
const BATCHES: &str = "/api/v1/optimize/batches";

async fn work(world: &World, queues: &[&str]) {
    let queues = queues.iter().map(|queue| (*queue).to_owned()).collect();
    let config = JobsConfig { queues, ..JobsConfig::default() };
    Runtime::new(world.services.clone(), Registry::standard(), config).drain().await.expect("drained");
}

async fn count(desk: &Desk, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&desk.world.owner).await.expect("count")
}

fn overlay(name: &str, ops: Value) -> Value {
    json!({"format": "millrace-scenario/1", "name": name, "ops": ops})
}

fn demand(factor: f64) -> Value {
    json!([{"op": "scale", "field": "demand.tonnes", "factor": factor}])
}

/// Demand that is drawn, as the specification's example does.
fn wet() -> Value {
    let mut wet = overlay(
        "Wet season",
        json!([{"op": "random", "field": "demand.tonnes", "distribution": "normal", "mean": 1, "sd": 0.1,
                "key": ["node", "period"]}]),
    );
    wet["seed"] = json!(7);
    wet["code"] = json!("wet");
    wet
}

async fn post(desk: &mut Desk, path: &str, body: Value) -> Answer {
    desk.world.clock.advance(chrono::Duration::seconds(1));
    desk.call(Method::POST, path, body).await
}

/// Makes a scenario; its address.
async fn made(desk: &mut Desk, body: Value) -> (String, Value) {
    let answer = post(desk, SCENARIOS, body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    let made = answer.json();
    (format!("{SCENARIOS}/{}", made["scenario"]["id"].as_str().expect("id")), made)
}

/// Begins a batch; its address.
async fn batch(desk: &mut Desk, body: Value) -> String {
    let answer = post(desk, BATCHES, body).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
    format!("{BATCHES}/{}", answer.json()["batch_id"].as_str().expect("id"))
}

fn paths(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.text);
    let fields = answer.json()["error"]["fields"].as_array().expect("fields").clone();
    fields.iter().map(|field| field["path"].as_str().expect("path").to_owned()).collect()
}

fn column<'a>(batch: &'a Value, name: &str) -> Vec<&'a Value> {
    batch["table"].as_array().expect("table").iter().map(|row| &row[name]).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_scenario_is_kept_in_versions_and_a_stale_change_is_a_conflict(db: PgPool) {
    let mut desk = Desk::new(db.clone()).await;
    let mut ear = sqlx::postgres::PgListener::connect_with(&db).await.expect("listen");
    ear.listen("millrace_live").await.expect("listen");
    let (first, told) = made(&mut desk, overlay("Dry season, demand +25 %", demand(1.25))).await;
    let scenario = &told["scenario"];
    assert_eq!((&scenario["name"], &scenario["version"]), (&json!("dry_season_demand_25"), &json!(1)));
    assert_eq!((&scenario["modifications"], &told["ops"]), (&json!(["demand.tonnes × 1.25"]), &demand(1.25)));

    let changed = desk.call(Method::PUT, &first, overlay("Dry season", demand(1.3))).await.json();
    assert_eq!((&changed["scenario"]["version"], &changed["versions"].as_array().map(Vec::len)), (&json!(2), &Some(2)));
    let stale = desk.call(Method::PUT, &first, overlay("Dry season", demand(1.4))).await;
    assert_eq!(stale.status.as_u16(), 409, "{}", stale.text);
    let second = format!("{SCENARIOS}/{}", changed["scenario"]["id"].as_str().expect("id"));
    let same = desk.call(Method::PUT, &second, overlay("Dry season", demand(1.3))).await.json();
    assert_eq!(same["scenario"]["version"], 2, "nothing changed");
    let old = desk.get(&first).await;
    assert_eq!((&old["ops"], &old["newest"]), (&demand(1.25), &changed["scenario"]["id"]));
    let by_code = desk.get(&format!("{SCENARIOS}/dry_season_demand_25")).await;
    assert_eq!((&by_code["ops"], &by_code["newest"]), (&demand(1.3), &Value::Null));
    let list = desk.get(SCENARIOS).await["scenarios"].as_array().expect("list").clone();
    assert_eq!((list.len(), &list[6]["version"], &list[0]["name"]), (7, &json!(2), &json!("base")));

    // What is kept cannot be written over, whoever asks.
    let mut connection = store::acquire(&desk.world.backend.pools.analytics).await.expect("connection");
    let overwritten = sqlx::query("update plan.scenarios set ops = '[]'").execute(&mut *connection).await;
    assert!(overwritten.is_err(), "the program may change operations");
    let written =
        "select count(*) from ops.audit_log where action in ('plan.scenario_created', 'plan.scenario_changed')";
    assert_eq!(count(&desk, written).await, 2);
    for id in [&told["scenario"]["id"], &changed["scenario"]["id"]] {
        let heard: Value = serde_json::from_str(ear.recv().await.expect("heard").payload()).expect("json");
        assert_eq!((&heard["t"], &heard["k"]), (&json!("planning"), id));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_faulty_scenario_is_refused_with_all_its_paths_and_leaves_nothing(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let mut body = overlay(
        "",
        json!([{"op": "scale", "field": "demand.tonnes", "factor": 1},
               {"op": "scale", "field": "demand.tonns", "factor": 1},
               {"op": "scale", "field": "demand.tonnes", "factor": "much"}]),
    );
    body["code"] = json!("high_demand");
    body["probability"] = json!(2);
    let answer = post(&mut desk, SCENARIOS, body).await;
    let found = paths(&answer);
    for wanted in ["code", "ops[1].field", "ops[2].factor", "name", "probability"] {
        assert!(found.iter().any(|path| path == wanted), "{wanted}: {found:?}");
    }
    for (body, path) in [
        (json!({"name": "S", "ops": []}), "format"),
        (overlay("…", json!([])), "code"),
        (overlay("S", json!({})), "ops"),
        (json!({"code": 7}), "code"),
    ] {
        assert_eq!(paths(&post(&mut desk, SCENARIOS, body.clone()).await)[0], path, "{body}");
    }
    let (address, _) = made(&mut desk, wet()).await;
    assert_eq!(paths(&post(&mut desk, SCENARIOS, wet()).await), ["code"], "taken");
    let mut other = wet();
    other["code"] = json!("dry");
    assert_eq!(paths(&desk.call(Method::PUT, &address, other).await), ["code"], "a code stays");
    assert_eq!(paths(&desk.call(Method::PUT, &format!("{SCENARIOS}/wet"), wet()).await), ["id"]);
    assert_eq!(desk.call(Method::PUT, &format!("{SCENARIOS}/base"), wet()).await.status.as_u16(), 409);
    assert_eq!(desk.call(Method::GET, &format!("{SCENARIOS}/nothing"), Value::Null).await.status.as_u16(), 404);
    assert_eq!(count(&desk, "select count(*) from plan.scenarios").await, 1);
}

/// Examples 6 and 7.
#[sqlx::test(migrations = "../migrations")]
async fn a_run_keeps_the_version_of_its_scenario(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let copy = post(&mut desk, &format!("{SCENARIOS}/high_demand/copy"), json!({"code": "peak", "name": "Peak"})).await;
    assert_eq!(copy.status.as_u16(), 201, "{}", copy.text);
    let id = copy.json()["scenario"]["id"].as_str().expect("id").to_owned();
    let peak = json!({"use_sample_data": true, "scenario_name": "peak"});
    let before = desk.begin(peak.clone()).await;
    let changed = desk.call(Method::PUT, &format!("{SCENARIOS}/{id}"), overlay("Peak", demand(0.8))).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.text);
    let after = desk.begin(peak).await;
    made(&mut desk, overlay("Diesel", json!([{"op": "fuel_price", "factor": 1.25}]))).await;
    let document = sample_with(|document| {
        document["lanes"].as_array_mut().expect("lanes").iter_mut().for_each(|lane| lane["fuel_share"] = json!(0.4));
    });
    let fuel = desk.begin(json!({"input_data": document, "scenario_name": "diesel"})).await;
    crate::optimize::solve(&desk.world).await;
    for (path, cost) in [(&before, 4_284.125), (&after, 2_656.0), (&fuel, 3_447.15)] {
        assert_near(&desk.get(&format!("{path}/results")).await["total_cost"], cost);
    }
    let runs = desk.get("/api/v1/optimize/runs?scenario=peak").await["runs"].clone();
    assert_eq!((&runs[0]["scenario_version"], &runs[1]["scenario_version"]), (&json!(2), &json!(1)));
    assert_eq!((&runs[1]["scenario_id"], &runs[1]["draw"]), (&json!(id), &json!(0)));

    // Once more: the version it had, though there is a newer one.
    let first = before.rsplit('/').next().expect("id").parse().expect("id");
    desk.world.clock.advance(chrono::Duration::seconds(1));
    desk.world.services.planning.again(&crate::world::person(Role::Planner), first).await.expect("begun");
    let runs = desk.get("/api/v1/optimize/runs?scenario=peak").await["runs"].clone();
    assert_eq!((runs.as_array().map(Vec::len), &runs[0]["scenario_version"]), (Some(3), &json!(1)));
    assert_eq!(count(&desk, "select count(distinct resolved_sha256) from plan.runs where scenario = 'peak'").await, 2);

    // The same input again, by its run: without the run's scenario.
    let of = fuel.rsplit('/').next().expect("id").to_owned();
    let again = desk.begin(json!({"input_of_run": of, "scenario_name": "base"})).await;
    crate::optimize::solve(&desk.world).await;
    assert_near(&desk.get(&format!("{again}/results")).await["total_cost"], 3_379.0);
    let unknown = json!({"input_of_run": "0190a000-0000-7000-8000-000000000000"});
    assert_eq!(paths(&post(&mut desk, "/api/v1/optimize", unknown).await), ["input_of_run"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_archived_scenario_is_read_and_copied_but_neither_run_nor_changed(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (address, _) = made(&mut desk, wet()).await;
    assert_eq!(desk.call(Method::DELETE, &address, Value::Null).await.status.as_u16(), 204);
    assert_eq!(desk.call(Method::DELETE, &address, Value::Null).await.status.as_u16(), 409);
    assert_eq!(desk.call(Method::PUT, &address, wet()).await.status.as_u16(), 409);
    assert!(desk.get(&address).await["archived_at"].is_string());
    assert_eq!(desk.get(SCENARIOS).await["scenarios"].as_array().map(Vec::len), Some(6));
    let run = post(&mut desk, "/api/v1/optimize", json!({"use_sample_data": true, "scenario_name": "wet"})).await;
    assert_eq!(paths(&run), ["scenario_name"]);
    assert_eq!(paths(&post(&mut desk, SCENARIOS, wet()).await), ["code"], "its code stays taken");
    let copy = post(&mut desk, &format!("{address}/copy"), json!({"code": "wet2"})).await;
    assert_eq!((copy.status.as_u16(), &copy.json()["scenario"]["title"]), (201, &json!("Wet season")));
    assert_eq!(copy.json()["seed"], 7);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_scenario_makes_of_an_input_is_told_field_by_field(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let ops = json!([{"op": "outage", "node": "A", "periods": ["1"]},
                     {"op": "scale", "field": "demand.tonnes", "where": {"node": "X"}, "factor": 2}]);
    let (address, _) = made(&mut desk, overlay("Stop", ops)).await;
    let told = post(&mut desk, &format!("{address}/resolve"), json!({"use_sample_data": true})).await.json();
    assert_eq!(told["total"], 3, "{told}");
    let change = json!({"section": "production", "key": "A/L1/P", "period": "1", "field": "capacity_tonnes",
                        "before": "100", "after": "0"});
    assert!(told["changes"].as_array().is_some_and(|changes| changes.contains(&change)), "{told}");
    let sections = json!([{"section": "production", "added": 0, "removed": 0, "changed": 1},
                          {"section": "demand", "added": 0, "removed": 0, "changed": 2}]);
    assert_eq!(told["sections"], sections);
    // Its hash is that of the run that solves it.
    let run = desk.begin(json!({"use_sample_data": true, "scenario_name": "stop"})).await;
    let hash: Vec<u8> =
        sqlx::query_scalar("select resolved_sha256 from plan.runs").fetch_one(&desk.world.owner).await.expect("hash");
    assert_eq!(told["resolved_sha256"], json!(engine::planning::document::hex(&hash)));
    let of = run.rsplit('/').next().expect("id").to_owned();
    let by_run = post(&mut desk, &format!("{SCENARIOS}/low_demand/resolve"), json!({"input_of_run": of})).await.json();
    assert_eq!((&by_run["base_sha256"], &by_run["total"]), (&told["base_sha256"], &json!(4)), "of the input alone");

    made(&mut desk, wet()).await;
    let mut drawn = Vec::new();
    for draw in [0, 1, 1] {
        let over = json!({"use_sample_data": true, "draw": draw});
        drawn.push(post(&mut desk, &format!("{SCENARIOS}/wet/resolve"), over).await.json()["resolved_sha256"].clone());
    }
    assert!(drawn[0] != drawn[1] && drawn[1] == drawn[2], "{drawn:?}");

    let (astray, _) =
        made(&mut desk, overlay("Astray", json!([{"op": "outage", "node": "Q", "periods": ["1"]}]))).await;
    let refused = post(&mut desk, &format!("{astray}/resolve"), json!({"use_sample_data": true})).await;
    assert_eq!(paths(&refused), ["ops[0].node"]);
    assert_eq!(
        paths(
            &post(
                &mut desk,
                &format!("{astray}/resolve"),
                json!({"use_sample_data": true, "network": "IN", "draw": -1})
            )
            .await
        ),
        ["input_data", "draw"]
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_viewer_reads_scenarios_and_batches_and_writes_none(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (address, _) = made(&mut desk, wet()).await;
    let begun = batch(&mut desk, json!({"use_sample_data": true, "scenario": "wet", "draws": 2})).await;
    desk.world.user("viewer@mill.example", Some(Role::Viewer), &[]).await;
    desk.token = token(&mut desk.client, "viewer@mill.example").await;
    for path in [SCENARIOS, BATCHES, &address, &begun] {
        desk.get(path).await;
    }
    let resolved = post(&mut desk, &format!("{address}/resolve"), json!({"use_sample_data": true})).await;
    assert_eq!(resolved.status.as_u16(), 200, "{}", resolved.text);
    for (method, path) in [
        (Method::POST, SCENARIOS.to_owned()),
        (Method::PUT, address.clone()),
        (Method::DELETE, address.clone()),
        (Method::POST, format!("{address}/copy")),
        (Method::POST, BATCHES.to_owned()),
        (Method::POST, format!("{begun}/cancel")),
        (Method::POST, format!("{begun}/retry")),
    ] {
        let body = json!({"use_sample_data": true, "code": "c"});
        assert_eq!(desk.call(method, &path, body).await.status.as_u16(), 403, "{path}");
    }
}

/// The batch, and example 24: the same seed is the same documents and totals.
#[sqlx::test(migrations = "../migrations")]
async fn draws_of_a_seed_are_the_same_documents_and_totals_again(db: PgPool) {
    let mut desk = Desk::new(db).await;
    made(&mut desk, wet()).await;
    let drawn = |seed: i64| json!({"use_sample_data": true, "scenario": "wet", "draws": 5, "seed": seed});
    let (once, again) = (batch(&mut desk, drawn(7)).await, batch(&mut desk, drawn(7)).await);
    let once_at = once.clone();
    let other = batch(&mut desk, drawn(8)).await;
    assert_eq!(desk.get(&once).await["batch"]["status"], "queued");
    work(&desk.world, &["default"]).await;
    let waiting = desk.get(&once).await;
    assert_eq!((&waiting["batch"]["status"], &waiting["batch"]["totals"]), (&json!("running"), &Value::Null));
    work(&desk.world, &["solve"]).await;
    let (once, again, other) = (desk.get(&once).await, desk.get(&again).await, desk.get(&other).await);
    assert_eq!((&once["batch"]["status"], &once["batch"]["ended"]), (&json!("completed"), &json!(5)), "{once}");
    assert_eq!(column(&once, "resolved_sha256"), column(&again, "resolved_sha256"));
    assert_eq!(once["batch"]["totals"], again["batch"]["totals"]);
    assert_ne!(column(&once, "resolved_sha256"), column(&other, "resolved_sha256"));

    // Draw for draw the documents of the engine.
    let engine = Scenario::parse(&{
        let mut wet = wet();
        wet.as_object_mut().expect("object").remove("code");
        wet.to_string()
    })
    .expect("scenario");
    let base = Document::parse(sample::DOCUMENT).expect("sample").0;
    for (draw, hash) in (0..).zip(column(&once, "resolved_sha256")) {
        assert_eq!(hash, &json!(engine.apply(&base, draw).expect("drawn").0.sha256()), "draw {draw}");
    }

    let mut costs: Vec<f64> = column(&once, "total_cost").iter().map(|cost| cost.as_f64().expect("cost")).collect();
    let totals = &once["batch"]["totals"];
    assert_eq!((&totals["basis"], &totals["runs"]), (&json!("wait and see"), &json!(5)));
    let mean = costs.iter().sum::<f64>() / 5.0;
    assert_near(&totals["mean"], mean);
    assert_near(&totals["sd"], (costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / 4.0).sqrt());
    costs.sort_by(f64::total_cmp);
    assert_near(&totals["min"], costs[0]);
    for (n, alpha) in [0.90, 0.95, 0.99].into_iter().enumerate() {
        // Of five equal ones only the dearest lies beyond 0.8.
        let tail = &totals["tails"][n];
        assert_near(&tail["alpha"], alpha);
        assert_near(&tail["value_at_risk"], costs[4]);
        assert_near(&tail["conditional_value_at_risk"], costs[4]);
    }
    assert!(
        column(&once, "fill_rate").iter().all(|rate| rate.as_f64().is_some_and(|rate| (0.0..=1.0).contains(&rate)))
    );
    assert!(column(&once, "shortage_tonnes").iter().all(|tonnes| tonnes.is_number()));
    // What each run wrote as it ended is what is read from them all.
    let list = desk.get(BATCHES).await["batches"].clone();
    assert_eq!((&list[2]["totals"], &list[2]["label"], &list[0]["seed"]), (totals, &json!("BAT-000001"), &json!(8)));
    let queued =
        "select count(*) from ops.job_runs where kind = 'planning_solve' and priority = 6 and state = 'succeeded'";
    assert_eq!(count(&desk, queued).await, 15);
    assert_eq!(
        count(&desk, "select count(*) from ops.job_runs where kind = 'planning_batch' and state = 'succeeded'").await,
        3
    );
    assert_eq!(count(&desk, "select count(*) from plan.inputs").await, 1);

    // Rows of old plans are not kept; what they came to is.
    desk.world
        .execute(
            "insert into plan.plan_shortages (plan_id, n, node, product, period, demand_tonnes, tonnes, cost)
             select id, 99, 'Z', 'P', '1', 8, 8, 8 from plan.plans",
        )
        .await;
    let short = column(&desk.get(&once_at).await, "shortage_tonnes").into_iter().cloned().collect::<Vec<_>>();
    let mut tx = desk.world.owner.begin().await.expect("transaction");
    let late = domain::clock::Clock::now(&*desk.world.clock) + chrono::Duration::days(181);
    store::planning::pruning::rows_of_plans(&mut tx, late, late).await.expect("pruned");
    tx.commit().await.expect("commit");
    assert_eq!(column(&desk.get(&once_at).await, "shortage_tonnes").into_iter().cloned().collect::<Vec<_>>(), short);
    assert!(short.iter().all(|tonnes| tonnes.as_f64().is_some_and(|tonnes| tonnes >= 8.0)), "{short:?}");

    // A draw once more is the same draw of the same seed.
    let third = once["table"][2]["run_id"].as_str().expect("run").parse().expect("id");
    desk.world.services.planning.again(&crate::world::person(Role::Planner), third).await.expect("begun");
    let twins = "select count(*) from plan.runs where resolved_sha256 = (select resolved_sha256 from plan.runs order by run_no desc limit 1)";
    assert_eq!(count(&desk, twins).await, 3, "one of each batch of seed 7, and this");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_that_cannot_be_solved_does_not_stop_its_batch_and_weights_count(db: PgPool) {
    let mut desk = Desk::new(db).await;
    made(&mut desk, overlay("Astray", json!([{"op": "outage", "node": "Q", "periods": ["1"]}]))).await;
    let weighed = |name: &str, probability: f64| json!({"name": name, "probability": probability});
    let scenarios = json!([weighed("base", 0.5), weighed("astray", 0.2), weighed("high_demand", 0.3)]);
    let begun = batch(&mut desk, json!({"use_sample_data": true, "scenarios": scenarios})).await;
    work(&desk.world, &["default", "solve"]).await;
    let told = desk.get(&begun).await;
    let of = &told["batch"];
    assert_eq!((&of["status"], &of["ended"], &of["failed"]), (&json!("completed"), &json!(3), &json!(1)), "{told}");
    let row = &told["table"][1];
    assert_eq!((&row["status"], &row["run_id"]), (&json!("failed"), &Value::Null));
    assert!(row["error_message"].as_str().is_some_and(|message| message.contains("Q")), "{row}");
    assert_near(&row["probability"], 0.2);
    // 3,379 and 4,284.125 at 5 to 3: by hand.
    assert_near(&of["totals"]["mean"], (5.0 * 3_379.0 + 3.0 * 4_284.125) / 8.0);
    assert_near(&of["totals"]["tails"][0]["value_at_risk"], 4_284.125);
    assert_near(&of["totals"]["min"], 3_379.0);
    assert_eq!((&told["table"][2]["label"], &told["table"][0]["fill_rate"]), (&json!("OPT-000002"), &json!(1.0)));
    let run = told["table"][2]["run_id"].as_str().expect("run").to_owned();
    let listed = desk.get("/api/v1/optimize/runs?scenario=high_demand").await;
    assert_eq!((&listed["runs"][0]["run_id"], &listed["runs"][0]["batch_id"]), (&json!(run), &of["batch_id"]));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_failed_of_a_batch_is_solved_again(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let solver = desk.world.services.clone();
    desk.world.services = solver.clone().solving_with(SolverHost::of("/bin/false".into()));
    let body = json!({"use_sample_data": true, "scenarios": ["base", "low_demand"]});
    let begun = batch(&mut desk, body).await;
    work(&desk.world, &["default", "solve"]).await;
    let failed = desk.get(&begun).await;
    assert_eq!((&failed["batch"]["status"], &failed["batch"]["failed"]), (&json!("failed"), &json!(2)), "{failed}");
    assert_eq!(failed["batch"]["totals"], Value::Null);
    desk.world.services = solver;
    let retry = format!("{begun}/retry");
    let again = post(&mut desk, &retry, Value::Null).await;
    assert_eq!((again.status.as_u16(), &again.json()["batch"]["ended"]), (202, &json!(0)), "{}", again.text);
    assert_eq!(post(&mut desk, &retry, Value::Null).await.status.as_u16(), 409, "still being queued");
    work(&desk.world, &["default", "solve"]).await;
    let told = desk.get(&begun).await;
    assert_eq!((&told["batch"]["status"], &told["batch"]["failed"]), (&json!("completed"), &json!(0)), "{told}");
    for (n, cost) in [3_379.0, 2_656.0].into_iter().enumerate() {
        assert_near(&told["table"][n]["total_cost"], cost);
    }
    assert_eq!(post(&mut desk, &retry, Value::Null).await.status.as_u16(), 409, "nothing failed");
    assert_eq!(
        count(&desk, "select count(*) from plan.runs where batch_id is not null").await,
        4,
        "the first ones stay"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cancelled_batch_ends_what_waits_and_queues_nothing_more(db: PgPool) {
    let mut desk = Desk::new(db).await;
    made(&mut desk, wet()).await;
    let drawn = json!({"use_sample_data": true, "scenario": "wet", "draws": 3});
    let begun = batch(&mut desk, drawn.clone()).await;
    work(&desk.world, &["default"]).await;
    let cancelled = post(&mut desk, &format!("{begun}/cancel"), Value::Null).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.json()["batch"]["status"]), (202, &json!("cancelled")));
    assert_eq!(
        column(&cancelled.json(), "status"),
        ["cancelled"; 3].map(|word| json!(word)).iter().collect::<Vec<_>>()
    );
    let unqueued = batch(&mut desk, drawn).await;
    post(&mut desk, &format!("{unqueued}/cancel"), Value::Null).await;
    work(&desk.world, &["default", "solve"]).await;
    assert_eq!(count(&desk, "select count(*) from plan.runs").await, 3, "none of the second batch");
    assert_eq!(count(&desk, "select count(*) from plan.plans").await, 0);
    assert_eq!(desk.get(&unqueued).await["table"][0]["status"], "cancelled");
    assert_eq!(post(&mut desk, &format!("{begun}/retry"), Value::Null).await.status.as_u16(), 409);
    post(&mut desk, &format!("{begun}/cancel"), Value::Null).await;
    let told = "select count(*) from ops.audit_log where action = 'plan.batch_cancelled'";
    assert_eq!(count(&desk, told).await, 2, "a second cancel changes nothing");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_batch_that_cannot_be_is_refused_with_its_paths(db: PgPool) {
    let mut desk = Desk::new(db).await;
    made(&mut desk, wet()).await;
    for (body, wanted) in [
        (json!({"use_sample_data": true, "scenario": "wet", "draws": 201}), vec!["draws"]),
        (json!({"use_sample_data": true, "scenario": "high_demand", "draws": 5}), vec!["scenario"]),
        (
            json!({"use_sample_data": true, "scenarios": ["base", "nothing"], "solver": "abacus"}),
            vec!["solver", "scenarios[1]"],
        ),
        (
            json!({"use_sample_data": true, "network": "IN", "scenarios": ["base", "base"]}),
            vec!["input_data", "scenarios[1]"],
        ),
        (json!({"scenarios": ["base"]}), vec!["input_data"]),
        (json!({"network": "IN", "scenarios": ["base"]}), vec!["network"]),
        (json!({"use_sample_data": true}), vec!["scenarios"]),
        (json!({"input_data": {"format": "millrace-plan/2"}, "scenarios": ["base"]}), vec!["name"]),
    ] {
        assert_eq!(paths(&post(&mut desk, BATCHES, body.clone()).await)[..wanted.len()], wanted, "{body}");
    }
    assert_eq!(
        count(&desk, "select (select count(*) from plan.batches) + (select count(*) from ops.job_runs)").await,
        0
    );
}
