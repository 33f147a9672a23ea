//! Plans over HTTP: examples of `planning.md` 8 with a real child, and who may do what.

use crate::{
    browser::{Answer, Client, router},
    wire::Wire,
    world::{PASSWORD, World, person, settings},
};
use axum::http::Method;
use domain::{access::Role, planning::NewRun};
use engine::planning::sample;
use serde_json::{Value, json};
use server::{
    jobs::{JobsConfig, Registry, Runtime},
    services::planning::SolverHost,
};
use sqlx::PgPool;
use std::{os::unix::fs::PermissionsExt, time::Duration};

/// The world with the real program as its solver.
pub fn solving(mut world: World) -> World {
    world.services = world.services.solving_with(SolverHost::of(env!("CARGO_BIN_EXE_millrace").into()));
    world
}

/// Runs what waits to be solved.
pub async fn solve(world: &World) {
    let config = JobsConfig { queues: vec!["solve".to_owned()], ..JobsConfig::default() };
    Runtime::new(world.services.clone(), Registry::standard(), config).drain().await.expect("drained");
}

/// A planner with a solver.
pub struct Desk {
    pub world: World,
    pub client: Client,
    pub token: String,
}

impl Desk {
    pub async fn new(db: PgPool) -> Self {
        let world = solving(World::new(db).await);
        let mut client = Client::new(&router(&world));
        world.user("planner@mill.example", Some(Role::Planner), &[]).await;
        let token = token(&mut client, "planner@mill.example").await;
        Self { world, client, token }
    }

    pub async fn call(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let token = self.token.clone();
        self.client.json(method, path, Some(&token), body).await
    }

    pub async fn get(&mut self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, Value::Null).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text);
        answer.json()
    }

    /// Begins a run; its address.
    pub async fn begin(&mut self, body: Value) -> String {
        self.world.clock.advance(chrono::Duration::seconds(1));
        let answer = self.call(Method::POST, "/api/v1/optimize/optimize", body).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
        format!("/api/v1/optimize/{}", answer.json()["run_id"].as_str().expect("id"))
    }

    /// Results of a document, solved.
    pub async fn solved(&mut self, document: Value) -> (String, Value) {
        let path = self.begin(json!({"input_data": document})).await;
        solve(&self.world).await;
        let results = self.get(&format!("{path}/results")).await;
        (path, results)
    }
}

pub async fn token(client: &mut Client, name: &str) -> String {
    let answer = client.login(name, PASSWORD).await;
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.text)).to_owned()
}

pub fn sample_with(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = serde_json::from_str(sample::DOCUMENT).expect("sample");
    change(&mut document);
    document
}

pub fn with_demand(factor: f64) -> Value {
    sample_with(|document| {
        for row in document["demand"].as_array_mut().expect("rows") {
            row["tonnes"] = json!(row["tonnes"].as_f64().expect("tonnes") * factor);
        }
    })
}

pub fn assert_near(value: &Value, wanted: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{value} is no {wanted}"));
    assert!((value - wanted).abs() <= 1e-6 * wanted.abs().max(1.0), "{value} is not {wanted}");
}

/// Examples 25 and 17.
#[sqlx::test(migrations = "../migrations")]
async fn the_sample_costs_3379_in_both_spellings_and_nobody_runs_it_without_identity(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let body = json!({"scenario_name": "base", "solver": "PULP_CBC_CMD", "time_limit": 300, "use_sample_data": true});
    let mut seen = Vec::new();
    for at in ["/api/v1/optimize/optimize", "/api/v1/optimize"] {
        let nobody = desk.client.json(Method::POST, at, None, body.clone()).await;
        assert_eq!(nobody.status.as_u16(), 401, "{}", nobody.text);
        desk.world.clock.advance(chrono::Duration::seconds(1));
        let begun = desk.call(Method::POST, at, body.clone()).await;
        assert_eq!(begun.status.as_u16(), 202, "{}", begun.text);
        let begun = begun.json();
        assert_eq!((&begun["status"], &begun["validation_status"]), (&json!("queued"), &json!("PASS")));
        seen.push(begun["run_id"].as_str().expect("id").to_owned());
    }
    assert_eq!(desk.world.number("select count(*) from plan.inputs").await, 1, "one document stands once");
    let waiting = desk.get(&format!("/api/v1/optimize/{}/status", seen[1])).await;
    assert_eq!((&waiting["status"], &waiting["queue_position"]), (&json!("queued"), &json!(2)));
    solve(&desk.world).await;
    for (at, id) in ["/api/v1/optimize", "/api/v1/optimize/optimize"].into_iter().zip(&seen) {
        let results = desk.get(&format!("{at}/{id}/results")).await;
        assert_near(&results["total_cost"], 3379.0);
        let parts = [("production_cost", 2640.0), ("transportation_cost", 357.5), ("fixed_trip_cost", 324.0)];
        for (name, cost) in
            parts.into_iter().chain([("holding_cost", 57.5), ("penalty_cost", 0.0), ("service_level", 1.0)])
        {
            assert_near(&results[name], cost);
        }
        assert_near(&results["avg_utilization"], 0.75);
        assert_near(&results["capacity_utilization"]["B"], 60.0 / 70.0);
        assert_eq!((&results["solver_used"], &results["solver_requested"]), (&json!("highs"), &json!("PULP_CBC_CMD")));
        assert_eq!((&results["solver_status"], &results["checker"]["passed"]), (&json!("optimal"), &json!(true)));
        let size = &results["model_statistics"];
        assert_eq!((&size["num_constraints"], &size["num_variables"]), (&json!(44), &json!(52)));
        assert_eq!((&size["integer"], &size["binary"], &size["model_type"]), (&json!(24), &json!(12), &json!("MILP")));
    }
    let rows =
        "select count(*) from plan.plan_production p join plan.plans q on q.id = p.plan_id where not q.is_relaxed";
    assert_eq!(sqlx::query_scalar::<_, i64>(rows).fetch_one(&desk.world.owner).await.expect("rows"), 8);
    let audit = "select count(*) from ops.audit_log where action = 'plan.run_started' and actor_kind = 'token'
                 or action = 'plan.run_started' and actor_kind = 'user'";
    assert_eq!(sqlx::query_scalar::<_, i64>(audit).fetch_one(&desk.world.owner).await.expect("audit"), 2);
    // The page draws the course to its end, however quick it was.
    let run = seen[0].parse().expect("id");
    let detail = desk.world.services.planning.detail(&person(Role::Viewer), run).await.expect("detail");
    let end = detail.course.last().expect("a step");
    assert_eq!((end.incumbent, end.bound, end.gap), (detail.now.incumbent, detail.now.bound, detail.now.gap));
    assert!(end.incumbent.is_some() && end.bound.is_some(), "{end:?}");
    let jobs = "select count(*) from ops.job_runs where kind = 'planning_solve' and state = 'succeeded'
                and timeout_seconds = 420 and max_attempts = 2";
    assert_eq!(sqlx::query_scalar::<_, i64>(jobs).fetch_one(&desk.world.owner).await.expect("jobs"), 2);
}

/// Examples 3, 6 and 14.
#[sqlx::test(migrations = "../migrations")]
async fn a_shortage_has_its_cost_and_its_causes(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, results) = desk.solved(with_demand(1.5)).await;
    assert_near(&results["total_cost"], 479_422.0);
    assert_near(&results["operating_cost"], 4_422.0);
    assert_near(&results["costs"]["shortage"], 475_000.0);
    assert_near(&results["service_level"], 335.0 / 382.5);

    let document = sample_with(|document| {
        let rows = document["demand"].as_array_mut().expect("rows");
        let row = rows.iter_mut().find(|row| row["node"] == "X" && row["period"] == "1").expect("row");
        row["tonnes"] = json!(200);
    });
    let (path, results) = desk.solved(document).await;
    assert_near(&results["total_cost"], 704_358.5);
    let short = &results["unmet_demand"][0];
    assert_eq!((&short["node"], &short["period"], &short["examined"]), (&json!("X"), &json!("1"), &json!(true)));
    assert_near(&short["tonnes"], 70.0);
    let causes: Vec<_> =
        short["causes"].as_array().expect("causes").iter().filter(|c| c["cause"] == "capacity").collect();
    assert_eq!(causes.len(), 2, "{short}");
    causes.iter().for_each(|cause| assert_near(&cause["dual"], 1.0));
    let explained = desk.get(&format!("{path}/explanation")).await;
    assert_eq!(explained["shortages"][0]["causes"], short["causes"]);
    assert!(explained["bindings"].as_array().is_some_and(|rows| !rows.is_empty()), "{explained}");

    let path = desk.begin(json!({"use_sample_data": true, "scenario_name": "high_demand"})).await;
    solve(&desk.world).await;
    assert_near(&desk.get(&format!("{path}/results")).await["total_cost"], 4_284.125);
    let list = desk.get("/api/v1/optimize/runs?scenario=high_demand").await;
    assert_eq!((&list["total_count"], &list["runs"][0]["status"]), (&json!(1), &json!("completed")));
    for (filter, count) in [("outcome=optimal&person=PLANNER", 3), ("outcome=infeasible", 0), ("person=nobody", 0)] {
        assert_eq!(desk.get(&format!("/api/v1/optimize/runs?{filter}")).await["total_count"], count, "{filter}");
    }
}

/// Example 5.
#[sqlx::test(migrations = "../migrations")]
async fn an_infeasible_input_ends_completed_with_the_cheapest_way_out(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let mut document = with_demand(1.5);
    document["options"]["shortage_mode"] = json!("hard");
    let (path, results) = desk.solved(document).await;
    assert_eq!((&results["status"], &results["solver_status"]), (&json!("completed"), &json!("infeasible")));
    assert_eq!((&results["total_cost"], &results["is_relaxed"]), (&Value::Null, &json!(true)));
    let relaxation = &results["relaxation"];
    assert_near(&relaxation["total"], 320_000.0);
    assert_near(&relaxation["objective"], 324_826.0);
    let amount = |family: &str| {
        let slacks = relaxation["slacks"].as_array().expect("slacks").iter();
        slacks.filter(|s| s["family"] == family).filter_map(|s| s["amount"].as_f64()).sum::<f64>()
    };
    assert_near(&json!(amount("closing")), 20.0);
    assert_near(&json!(amount("capacity")), 27.5);
    assert_eq!(&desk.get(&format!("{path}/explanation")).await["relaxation"], relaxation);
    let kept = "select count(*) from plan.plans where is_relaxed and state = 'draft'";
    assert_eq!(sqlx::query_scalar::<_, i64>(kept).fetch_one(&desk.world.owner).await.expect("plans"), 1);
    let promoted = sqlx::query("update plan.plans set state = 'promoted'").execute(&desk.world.owner).await;
    assert!(promoted.is_err(), "a relaxed plan cannot be promoted");
}

/// Example 29, its first part.
#[sqlx::test(migrations = "../migrations")]
async fn a_refused_document_says_all_its_faults_and_leaves_nothing(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let text = sample::DOCUMENT.replacen("capacity_tonnes", "capcity_tonnes", 1).replacen(
        "\"A\",\"to\":\"X\"",
        "\"Q\",\"to\":\"X\"",
        1,
    );
    let document: Value = serde_json::from_str(&text).expect("json");
    let answer = desk.call(Method::POST, "/api/v1/optimize", json!({"input_data": document})).await;
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.text);
    let fields = answer.json()["error"]["fields"].clone();
    let of = |path: &str| {
        let fields = fields.as_array().expect("fields").iter();
        fields.filter(|field| field["path"] == path).filter_map(|f| f["message"].as_str()).collect::<Vec<_>>().join(" ")
    };
    assert!(of("production[0].capcity_tonnes").contains("\"capacity_tonnes\"? (E16)"), "{fields}");
    assert!(of("lanes[0].from").contains("(E04)"), "{fields}");
    for (body, path) in [
        (json!({"use_sample_data": true, "time_limit": 4000}), "time_limit"),
        (json!({"use_sample_data": true, "solver": "abacus"}), "solver"),
        (json!({"use_sample_data": true, "scenario_name": "boom"}), "scenario_name"),
        (json!({"network": "N1"}), "network"),
        (json!({"use_sample_data": true, "network": "N1"}), "input_data"),
        (json!({"use_sample_data": true, "netwrk": "N1"}), "netwrk"),
        (json!({}), "input_data"),
    ] {
        let answer = desk.call(Method::POST, "/api/v1/optimize", body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["fields"][0]["path"]), (422, &json!(path)));
    }
    let bearer = format!("Bearer {}", desk.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let broken = desk.client.send(Method::POST, "/api/v1/optimize", &headers, "{\"solver\":\n nothing}").await;
    assert!(broken.status.as_u16() == 422 && broken.text.contains("line 2, column"), "{}", broken.text);
    let left = "select (select count(*) from plan.inputs) + (select count(*) from plan.runs) + (select count(*) from ops.job_runs)";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&desk.world.owner).await.expect("rows"), 0);

    let checked = desk.call(Method::POST, "/api/v1/optimize/validate-input", document).await.json();
    assert_eq!((&checked["valid"], &checked["overall"]), (&json!(false), &json!("FAIL")));
    assert!(checked["errors"].as_array().is_some_and(|errors| errors.iter().any(|e| e["code"] == "E16")), "{checked}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_viewer_reads_runs_and_begins_ends_and_deletes_none(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let path = desk.begin(json!({"use_sample_data": true})).await;
    desk.world.user("viewer@mill.example", Some(Role::Viewer), &[]).await;
    desk.world.user("other@mill.example", Some(Role::Planner), &[]).await;
    desk.world.user("admin@mill.example", Some(Role::Admin), &[]).await;
    let own = std::mem::take(&mut desk.token);
    desk.token = token(&mut desk.client, "viewer@mill.example").await;
    for read in ["status", "results", "progress"] {
        desk.get(&format!("{path}/{read}")).await;
    }
    let sample = || json!({"use_sample_data": true});
    for (method, path) in [
        (Method::POST, "/api/v1/optimize".to_owned()),
        (Method::POST, format!("{path}/cancel")),
        (Method::DELETE, path.clone()),
    ] {
        assert_eq!(desk.call(method, &path, sample()).await.status.as_u16(), 403, "{path}");
    }
    desk.token = own.clone();
    assert_eq!(desk.call(Method::DELETE, &path, Value::Null).await.status.as_u16(), 409, "it waits");
    assert_eq!(desk.call(Method::GET, &format!("{path}/explanation"), Value::Null).await.status.as_u16(), 409);
    let cancelled = desk.call(Method::POST, &format!("{path}/cancel"), Value::Null).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (202, &json!("cancelled")), "not begun");
    let again = desk.call(Method::POST, &format!("{path}/cancel"), Value::Null).await;
    assert_eq!((again.status.as_u16(), &again.json()["status"]), (200, &json!("cancelled")));
    solve(&desk.world).await;
    assert_eq!(desk.get(&format!("{path}/results")).await["plan_id"], Value::Null);

    desk.token = token(&mut desk.client, "other@mill.example").await;
    assert_eq!(desk.call(Method::DELETE, &path, Value::Null).await.status.as_u16(), 403, "somebody else's");
    desk.token = own;
    assert_eq!(desk.call(Method::DELETE, &path, Value::Null).await.status.as_u16(), 200);
    assert_eq!(desk.call(Method::GET, &format!("{path}/status"), Value::Null).await.status.as_u16(), 404);
    let other = desk.begin(sample()).await;
    desk.call(Method::POST, &format!("{other}/cancel"), json!({"keep_incumbent": false})).await;
    desk.token = token(&mut desk.client, "admin@mill.example").await;
    assert_eq!(desk.call(Method::DELETE, &other, Value::Null).await.status.as_u16(), 200, "plan.settings");
    assert_eq!(desk.get("/api/v1/optimize/runs").await["total_count"], json!(0));
    let told = "select count(*) from ops.audit_log where action in ('plan.run_cancelled', 'plan.run_deleted') and outcome = 'ok'";
    assert_eq!(sqlx::query_scalar::<_, i64>(told).fetch_one(&desk.world.owner).await.expect("audit"), 4);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_begins_one_run_and_pages_follow_one_another(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let bearer = format!("Bearer {}", desk.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", "k")];
    let body = json!({"use_sample_data": true}).to_string();
    let first = desk.client.send(Method::POST, "/api/v1/optimize", &headers, &body).await;
    let again = desk.client.send(Method::POST, "/api/v1/optimize/optimize", &headers, &body).await;
    assert_eq!((again.status.as_u16(), again.json()["run_id"].clone()), (202, first.json()["run_id"].clone()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let other = json!({"use_sample_data": true, "mip_gap": 0.1}).to_string();
    assert_eq!(desk.client.send(Method::POST, "/api/v1/optimize", &headers, &other).await.status.as_u16(), 409);
    for _ in 0..2 {
        desk.begin(json!({"use_sample_data": true})).await;
    }
    let page = desk.get("/api/v1/optimize/runs?limit=2").await;
    let labels = |page: &Value| {
        let runs = page["runs"].as_array().expect("runs").iter();
        runs.map(|run| run["label"].as_str().expect("label").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (labels(&page), &page["total_count"]),
        (vec!["OPT-000003".to_owned(), "OPT-000002".to_owned()], &json!(3))
    );
    let next = page["next_cursor"].as_str().expect("cursor");
    let last = desk.get(&format!("/api/v1/optimize/runs?limit=2&cursor={next}")).await;
    assert_eq!((labels(&last), &last["next_cursor"]), (vec!["OPT-000001".to_owned()], &Value::Null));
    for wrong in ["status_filter=done", "outcome=good", "limit=0", "cursor=x"] {
        let answer = desk.call(Method::GET, &format!("/api/v1/optimize/runs?{wrong}"), Value::Null).await;
        assert_eq!(answer.status.as_u16(), 422, "{wrong}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_whose_job_ended_without_a_result_is_over(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let path = desk.begin(json!({"use_sample_data": true})).await;
    desk.world.execute("update plan.runs set state = 'solving'").await;
    desk.world.execute("update ops.job_runs set state = 'running', started_at = created_at").await;
    assert_eq!(desk.get(&format!("{path}/status")).await["status"], "solving");
    desk.world.execute("update ops.job_runs set state = 'failed', error_message = 'Its worker was lost.'").await;
    let status = desk.get(&format!("{path}/status")).await;
    assert_eq!((&status["status"], &status["error_message"]), (&json!("failed"), &json!("Its worker was lost.")));
    let results = desk.get(&format!("{path}/results")).await;
    assert_eq!(
        (&results["status"], &results["termination_reason"]),
        (&json!("failed"), &json!("Its worker was lost."))
    );
    // What no plan has is not nought.
    for name in ["total_cost", "total_production", "total_shipments", "total_inventory", "service_level"] {
        assert_eq!((name, results.get(name)), (name, Some(&Value::Null)));
    }
    let course = desk.call(Method::GET, &format!("{path}/events"), Value::Null).await;
    assert_eq!((course.status.as_u16(), course.text.matches("event: status").count()), (200, 1), "{}", course.text);
    assert!(course.text.contains(r#""status":"failed""#), "{}", course.text);
}

/// A rehearsal in which live connections are cut cuts this one, too.
#[sqlx::test(migrations = "../migrations")]
async fn the_course_of_a_run_ends_when_a_drill_cuts_live_connections(db: PgPool) {
    let mut desk = Desk::new(db).await;
    desk.world.user("admin@mill.example", Some(Role::Admin), &[]).await;
    let events = format!("{}/events", desk.begin(json!({"use_sample_data": true})).await);
    let admin = token(&mut desk.client, "admin@mill.example").await;
    let mut other = Client::new(&router(&desk.world));
    let cut = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let drill = json!({"faults": [{"kind": "push_cut"}], "duration_seconds": 60});
        other.json(Method::POST, "/api/v1/drill/start", Some(&admin), drill).await.status.as_u16()
    };
    let course = tokio::time::timeout(Duration::from_secs(30), desk.call(Method::GET, &events, Value::Null));
    let (course, begun) = tokio::join!(course, cut);
    assert!((200..300).contains(&begun), "{begun}");
    let course = course.expect("an end");
    assert!(course.status.as_u16() == 200 && course.text.contains(r#""status":"queued""#), "{}", course.text);
    assert_eq!(desk.call(Method::GET, &events, Value::Null).await.status.as_u16(), 503);
}

async fn state(owner: &PgPool) -> String {
    sqlx::query_scalar("select state from plan.runs").fetch_one(owner).await.expect("state")
}

/// Waits until the only run is in one of these states.
async fn reached(owner: &PgPool, wanted: &[&str]) {
    for _ in 0..600 {
        if wanted.contains(&state(owner).await.as_str()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{} within a minute, not {wanted:?}", state(owner).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_found_while_the_database_is_away_is_stored_when_it_is_back(owner: PgPool) {
    let mut wire = Wire::to(&owner.connect_options()).await;
    let mut world = World::reaching(owner, &wire.options(), settings()).await;
    let dir = tempfile::tempdir().expect("folder");
    let (slow, go) = (dir.path().join("slow"), dir.path().join("go"));
    let (gate, program) = (go.display(), env!("CARGO_BIN_EXE_millrace"));
    let script = format!("#!/bin/sh\nwhile [ ! -e {gate} ]; do sleep 0.1; done\nexec {program} \"$@\"\n");
    std::fs::write(&slow, script).expect("script");
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    world.services = world.services.solving_with(SolverHost::of(slow));
    let new = NewRun { use_sample_data: true, ..NewRun::default() };
    world.services.planning.start(&person(Role::Planner), new, None).await.value.expect("begun");
    let services = world.services.clone();
    let working = tokio::spawn(async move {
        let config = JobsConfig { queues: vec!["solve".to_owned()], ..JobsConfig::default() };
        Runtime::new(services, Registry::standard(), config).drain().await
    });
    reached(&world.owner, &["validating_data"]).await;
    wire.cut().await;
    std::fs::write(&go, "").expect("go");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(state(&world.owner).await, "validating_data");
    wire.mend().await;
    reached(&world.owner, &["completed"]).await;
    let cost = "select count(*) from plan.plans where objective = 3379";
    assert_eq!(sqlx::query_scalar::<_, i64>(cost).fetch_one(&world.owner).await.expect("plans"), 1);
    working.abort();
}
