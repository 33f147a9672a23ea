//! Plans over HTTP: proposed, decided by a second person, compared row by row.

use crate::optimize::{Desk, assert_near, sample_with, solve, token, with_demand};
use axum::http::Method;
use domain::access::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

fn at(plan: &str, act: &str) -> String {
    format!("/api/v1/optimize/plans/{plan}/{act}")
}

impl Desk {
    /// A scenario of the sample, solved: the address of its run and the id of its plan.
    async fn plan_of(&mut self, scenario: &str) -> (String, String) {
        let run = self.begin(json!({"use_sample_data": true, "scenario_name": scenario})).await;
        solve(&self.world).await;
        let results = self.get(&format!("{run}/results")).await;
        (run, results["plan_id"].as_str().expect("plan").to_owned())
    }

    async fn act(&mut self, plan: &str, act: &str, reason: Option<&str>) -> (u16, Value) {
        let body = reason.map_or(Value::Null, |reason| json!({"reason": reason}));
        let answer = self.call(Method::POST, &at(plan, act), body).await;
        (answer.status.as_u16(), answer.json())
    }

    async fn state_of(&mut self, plan: &str) -> Value {
        self.get(&format!("/api/v1/optimize/plans/{plan}")).await["plan"]["state"].clone()
    }

    async fn sign_in(&mut self, name: &str, role: Role) {
        self.world.user(name, Some(role), &[]).await;
        self.token = token(&mut self.client, name).await;
    }
}

/// Example 28.
#[sqlx::test(migrations = "../migrations")]
async fn a_second_person_promotes_a_plan_and_the_old_one_is_superseded(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, old) = desk.plan_of("base").await;
    let (run, new) = desk.plan_of("low_demand").await;
    let planner = desk.token.clone();
    desk.sign_in("second@mill.example", Role::Planner).await;
    let second = std::mem::replace(&mut desk.token, planner.clone());

    let (status, proposed) = desk.act(&old, "propose", Some("the base case")).await;
    assert_eq!((status, &proposed["plan"]["state"]), (200, &json!("proposed")), "{proposed}");
    assert_eq!(proposed["acts"], json!(["withdraw"]), "a proposer does not decide");
    let (status, refused) = desk.act(&old, "approve", Some("mine")).await;
    assert_eq!(status, 403, "{refused}");
    assert!(refused["error"]["message"].as_str().is_some_and(|m| m.contains("somebody else")), "{refused}");
    assert_eq!(desk.state_of(&old).await, "proposed");
    assert_eq!(desk.act(&old, "propose", None).await.0, 409, "it waits already");

    desk.token = second.clone();
    assert_eq!(desk.act(&old, "withdraw", None).await.0, 403, "somebody else's proposal");
    let (status, promoted) = desk.act(&old, "approve", None).await;
    assert_eq!((status, &promoted["plan"]["state"], &promoted["alone"]), (200, &json!("promoted"), &json!(false)));
    assert_eq!(desk.act(&old, "reject", Some("late")).await.0, 409, "it is decided");

    desk.token = planner;
    desk.act(&new, "propose", Some("less demand")).await;
    desk.token = second;
    let (status, said) = desk.act(&new, "reject", Some("  ")).await;
    assert_eq!((status, &said["error"]["fields"][0]["path"]), (422, &json!("reason")));
    let (status, promoted) = desk.act(&new, "approve", Some("the market shrank")).await;
    assert_eq!(status, 200, "{promoted}");
    assert_eq!((desk.state_of(&old).await, desk.state_of(&new).await), (json!("superseded"), json!("promoted")));
    let steps = |detail: &Value| -> Vec<String> {
        let reviews = detail["reviews"].as_array().expect("reviews").iter();
        reviews.map(|review| review["decision"].as_str().expect("word").to_owned()).collect()
    };
    assert_eq!(steps(&promoted), ["proposed", "promoted"]);
    let superseded = desk.get(&format!("/api/v1/optimize/plans/{old}")).await;
    assert_eq!(steps(&superseded), ["proposed", "promoted", "superseded"]);
    assert_eq!(desk.world.number("select count(*) from ops.audit_log where action like 'plan.plan_%'").await, 4);

    // What holds cannot be removed, nor can what was decided be changed.
    desk.token = token(&mut desk.client, "planner@mill.example").await;
    assert_eq!(desk.call(Method::DELETE, &run, Value::Null).await.status.as_u16(), 409);
    let mut app = desk.world.owner.begin().await.expect("transaction");
    sqlx::query("set local role millrace_app").execute(&mut *app).await.expect("role");
    let rewritten = sqlx::query("update plan.plan_reviews set reason = 'other'").execute(&mut *app).await;
    assert!(rewritten.is_err_and(|error| error.to_string().contains("permission denied")));
    drop(app);
    let list = desk.get("/api/v1/optimize/plans?state=promoted").await;
    assert_eq!((list["plans"].as_array().map(Vec::len), &list["plans"][0]["plan_id"]), (Some(1), &json!(new)));
    assert_near(&list["plans"][0]["total_cost"], 2_656.0);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_alone_may_decide_says_why_and_it_stands_in_the_history(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, plan) = desk.plan_of("base").await;
    let (_, proposed) = desk.act(&plan, "propose", None).await;
    assert_eq!((&proposed["alone"], &proposed["acts"]), (&json!(true), &json!(["approve", "reject", "withdraw"])));
    let (status, said) = desk.act(&plan, "approve", None).await;
    assert_eq!((status, &said["error"]["fields"][0]["path"]), (422, &json!("reason")), "{said}");
    let (status, promoted) = desk.act(&plan, "approve", Some("nobody else is here")).await;
    assert_eq!((status, &promoted["plan"]["single_person"]), (200, &json!(true)));
    assert_eq!(promoted["reviews"][1]["single_person"], true);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_viewer_and_a_relaxed_plan_go_nowhere_and_a_proposal_is_taken_back(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let mut document = with_demand(1.5);
    document["options"]["shortage_mode"] = json!("hard");
    let (_, relaxed) = desk.solved(document).await;
    let relaxed = relaxed["plan_id"].as_str().expect("plan").to_owned();
    let (status, said) = desk.act(&relaxed, "propose", None).await;
    assert!(status == 409 && said["error"]["message"].as_str().is_some_and(|m| m.contains("way out")), "{said}");
    let (_, plan) = desk.plan_of("base").await;
    desk.act(&plan, "propose", None).await;
    assert_eq!(desk.act(&plan, "withdraw", None).await.1["plan"]["state"], "withdrawn");
    assert_eq!(desk.act(&plan, "propose", None).await.0, 200, "again");
    let (status, _) = desk.act(&plan, "propose", Some(&"x".repeat(2_001))).await;
    assert_eq!(status, 422);
    desk.sign_in("viewer@mill.example", Role::Viewer).await;
    assert_eq!(desk.get(&format!("/api/v1/optimize/plans/{plan}")).await["acts"], json!([]));
    for act in ["propose", "withdraw", "approve", "reject"] {
        assert_eq!(desk.act(&plan, act, Some("why")).await.0, 403, "{act}");
    }
    assert_eq!(desk.state_of(&plan).await, "proposed");
    let nobody = "/api/v1/optimize/plans/00000000-0000-7000-8000-000000000000";
    assert_eq!(desk.call(Method::GET, nobody, Value::Null).await.status.as_u16(), 404);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_plans_promoted_at_once_one_holds(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let mut plans = Vec::new();
    for scenario in ["base", "low_demand", "fuel_price_spike"] {
        let plan = desk.plan_of(scenario).await.1;
        desk.act(&plan, "propose", None).await;
        plans.push(plan);
    }
    desk.sign_in("second@mill.example", Role::Planner).await;
    let router = crate::browser::router(&desk.world);
    let approvals = plans.iter().map(|plan| {
        let (mut client, token, path) = (crate::browser::Client::new(&router), desk.token.clone(), at(plan, "approve"));
        async move { client.json(Method::POST, &path, Some(&token), Value::Null).await.status.as_u16() }
    });
    assert_eq!(futures::future::join_all(approvals).await, [200, 200, 200]);
    let held = "select count(*) from plan.plans where state = 'promoted'";
    let others = "select count(*) from plan.plans where state = 'superseded'";
    assert_eq!((desk.world.number(held).await, desk.world.number(others).await), (1, 2));
    // The database does not take two, whoever writes them.
    let both = sqlx::query("update plan.plans set state = 'promoted'").execute(&desk.world.owner).await;
    assert!(both.is_err_and(|error| error.to_string().contains("plans_one_promoted")));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_days_of_a_plan_are_those_of_its_periods(db: PgPool) {
    let horizon = async |periods: Value| -> String {
        let query = "select plan.horizon($1)::text";
        sqlx::query_scalar(query).bind(json!({"periods": periods})).fetch_one(&db).await.expect("days")
    };
    assert_eq!(horizon(json!([{"id": "1"}, {"id": "2"}])).await, "(,)");
    let dated = json!([{"id": "1", "start": "2026-01-01", "days": 31}, {"id": "2", "start": "2026-02-01", "days": 28}]);
    assert_eq!(horizon(dated).await, "[2026-01-01,2026-03-01)");
    let late = json!([{"id": "1", "days": 7}, {"id": "2", "start": "2026-01-08", "days": 7}, {"id": "3"}]);
    assert_eq!(horizon(late).await, "[2026-01-01,2026-02-14)");
}

/// The keeping times of `planning.md` 2.1 and 6.
#[sqlx::test(migrations = "../migrations")]
async fn rows_of_plans_that_never_held_and_long_courses_are_not_kept_for_ever(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, held) = desk.plan_of("base").await;
    let (old_run, old) = desk.plan_of("high_demand").await;
    let short = desk.solved(with_demand(1.5)).await.1["plan_id"].as_str().expect("plan").to_owned();
    desk.act(&held, "propose", None).await;
    desk.act(&held, "approve", Some("alone")).await;
    desk.world
        .execute(
            "delete from plan.run_progress;
             insert into plan.run_progress (run_id, seq, at, elapsed_ms, phase, nodes, lp_iterations)
             select r.id, n, now(), n, 'solving', 0, 0 from plan.runs r,
                    generate_series(1, case r.scenario when 'high_demand' then 1234 else 150 end) n",
        )
        .await;
    let before = desk.get(&format!("{old_run}/results")).await;
    desk.world.clock.advance(chrono::Duration::days(179));
    let prune = |world: &crate::world::World| {
        let services = world.services.clone();
        async move {
            let config = server::jobs::JobsConfig { queues: vec!["maintenance".to_owned()], ..Default::default() };
            let runtime = server::jobs::Runtime::new(services.clone(), server::jobs::Registry::standard(), config);
            let who = crate::world::person(Role::Admin);
            services.jobs.run_schedule(&who, "planning_prune", None).await.value.expect("asked");
            runtime.drain().await.expect("drained");
        }
    };
    prune(&desk.world).await;
    assert_eq!(desk.world.number("select count(*) from plan.plans where rows_removed_at is not null").await, 0);
    let kept =
        "select count(*) from plan.run_progress p join plan.runs r on r.id = p.run_id where r.scenario = 'high_demand'";
    assert_eq!(desk.world.number(kept).await, 200);
    assert_eq!(desk.world.number("select (min(seq) + max(seq))::bigint from plan.run_progress").await, 1 + 1234);
    assert_eq!(desk.world.number("select count(*) from plan.run_progress").await, 200 + 150 + 150);

    desk.world.clock.advance(chrono::Duration::days(2));
    prune(&desk.world).await;
    desk.token = token(&mut desk.client, "planner@mill.example").await;
    let results = desk.get(&format!("{old_run}/results")).await;
    assert_eq!((&results["production"], &results["total_production"]), (&json!([]), &Value::Null));
    assert!(results["rows_removed_at"].is_string(), "{results}");
    assert_near(&results["total_cost"], 4_284.125);
    assert_eq!((&results["costs"], &results["kpis"]), (&before["costs"], &before["kpis"]));
    assert_near(&results["service_level"], 1.0);
    let shown = desk.get(&format!("/api/v1/optimize/plans/{short}")).await;
    assert_near(&shown["plan"]["shortage_tonnes"], 47.5);
    let (status, said) = desk.act(&old, "propose", None).await;
    assert!(status == 409 && said["error"]["message"].as_str().is_some_and(|m| m.contains("Solve it again")), "{said}");
    let compared = desk.call(Method::GET, &format!("/api/v1/optimize/compare?a={held}&b={old}"), Value::Null).await;
    assert_eq!((compared.status.as_u16(), &compared.json()["error"]["fields"][0]["path"]), (422, &json!("b")));
    let rows = "select count(distinct plan_id) from plan.plan_production";
    assert_eq!(desk.world.number(rows).await, 1, "what holds is whole");
    let file = desk.call(Method::GET, &format!("{old_run}/export?format=json"), Value::Null).await.json();
    assert!(file["results"]["rows_removed_at"].is_string(), "its file says so, too: {file}");
}

/// What a person reads is bounded, whatever the size of the plan; its sums are those of all rows.
#[sqlx::test(migrations = "../migrations")]
async fn a_page_has_the_first_rows_of_a_large_plan_and_counts_them_all(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (run, plan) = desk.plan_of("base").await;
    desk.world
        .execute(
            "insert into plan.plan_production (plan_id, n, node, line, product, period, tonnes, runs, cost)
             select id, 1000 + n, 'N' || n, 'L1', 'P', '1', 1, true, 1 from plan.plans, generate_series(1, 5000) n;
             insert into plan.plan_stock (plan_id, n, node, product, period, tonnes, safety_stock_tonnes, below_tonnes, holding_cost, safety_cost)
             select id, 1000 + n * 2 + p, 'N' || n, 'P', p::text, 10 * p, 0, 0, 0, 0
             from plan.plans, generate_series(1, 500) n, generate_series(1, 2) p",
        )
        .await;
    let whole = desk.get(&format!("{run}/results")).await;
    assert_eq!(whole["production"].as_array().map(Vec::len), Some(5_004));
    assert_near(&whole["total_production"], 5_000.0 + 45.0 + 75.0 + 60.0 + 60.0);
    assert_near(&whole["total_inventory"], 500.0 * 20.0 + 5.0 + 5.0 + 4.0 + 6.0);
    let who = crate::world::person(Role::Viewer);
    let screen = desk.world.services.plans.screen(&who, plan.parse().expect("id")).await.expect("screen");
    let detail = desk.world.services.planning.detail(&who, run.rsplit('/').next().expect("id").parse().expect("id"));
    assert_eq!(Some(&screen.page), detail.await.expect("detail").plan.as_ref());
    let page = screen.page;
    assert_eq!((page.results.production.len(), page.rows.production), (200, 5_004));
    assert_eq!((page.results.inventory.len(), page.rows.inventory), (200, 1_008));
    assert_eq!(
        (page.results.shipments.len() as i64, page.bindings.len() as i64),
        (page.rows.shipments, page.rows.bindings)
    );
    assert_eq!(json!(page.results.total_production), whole["total_production"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn two_plans_are_compared_row_by_row(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (_, a) = desk.plan_of("base").await;
    let (_, b) = desk.plan_of("high_demand").await;
    let (_, c) = desk.plan_of("low_demand").await;
    let compared = desk.get(&format!("/api/v1/optimize/compare?a={a}&b={b}&beside={c}")).await;
    let costs = compared["costs"].as_array().expect("costs");
    for (n, total) in [3_379.0, 4_284.125, 2_656.0].into_iter().enumerate() {
        let sum: f64 = costs.iter().map(|cost| cost["values"][n].as_f64().expect("money")).sum();
        assert_near(&json!(sum), total);
    }
    // Every difference of cost is that of a row.
    let rows = compared["rows"].as_array().expect("rows").clone();
    let sum: f64 = rows.iter().map(|row| row["delta_cost"].as_f64().expect("money")).sum();
    assert_near(&json!(sum), 4_284.125 - 3_379.0);
    let made: f64 = rows
        .iter()
        .filter(|row| row["family"] == "production")
        .map(|row| row["delta_tonnes"].as_f64().expect("tonnes"))
        .sum();
    assert!((made - 63.75).abs() < 1e-6, "a quarter more of 255 t, all of it made: {made}");
    let counted: i64 = compared["counts"]
        .as_object()
        .expect("families")
        .values()
        .flat_map(|of| of.as_object().expect("changes").values())
        .map(|n| n.as_i64().expect("count"))
        .sum();
    assert_eq!((counted, &compared["row_count"]), (i64::try_from(rows.len()).expect("few"), &json!(rows.len())));
    let back = desk.get(&format!("/api/v1/optimize/compare?a={b}&b={a}")).await;
    assert_eq!(back["row_count"], compared["row_count"]);
    assert_eq!(
        desk.get(&format!("/api/v1/optimize/compare?a={a}&b={c}")).await["plans"][1]["scenario_name"],
        "low_demand"
    );

    let narrow = format!("a={a}&b={b}&family=shipment&q=rail");
    let rail = desk.get(&format!("/api/v1/optimize/compare?{narrow}")).await;
    let wanted =
        rows.iter().filter(|r| r["family"] == "shipment" && r["place"].as_str().is_some_and(|p| p.contains("rail")));
    assert_eq!(rail["row_count"], json!(wanted.count()));
    let file = desk.call(Method::GET, &format!("/api/v1/exports/plan-differences.csv?{narrow}"), Value::Null).await;
    assert_eq!(file.text.lines().count() as u64, 1 + rail["row_count"].as_u64().expect("count"), "{}", file.text);
    assert!(file.text.contains("shipment,") && file.text.contains("A → X rail"), "{}", file.text);

    let (_, other) = desk.solved(sample_with(|document| document["currency"] = json!("EUR"))).await;
    let other = other["plan_id"].as_str().expect("plan").to_owned();
    let nobody = "00000000-0000-7000-8000-000000000000";
    for (query, path) in [
        (format!("a={a}&b={a}"), "b"),
        (format!("a={a}"), "b"),
        (format!("a={a}&b={nobody}"), "b"),
        (format!("a={a}&b={other}"), "b"),
        (format!("a={a}&b={b}&family=cost"), "family"),
    ] {
        let answer = desk.call(Method::GET, &format!("/api/v1/optimize/compare?{query}"), Value::Null).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["fields"][0]["path"]),
            (422, &json!(path)),
            "{query}"
        );
    }
}

/// The map tells what flows, in sum and by period; its figures are those of the results.
#[sqlx::test(migrations = "../migrations")]
async fn the_map_has_the_flows_of_a_plan_by_lane_and_period(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let document = crate::optimize::sample_with(|document| {
        document["nodes"][0]["latitude"] = json!(24.5);
        document["nodes"][0]["longitude"] = json!(80.8);
    });
    let (path, results) = desk.solved(document).await;
    let plan = results["plan_id"].as_str().expect("plan").parse().expect("id");
    let who = crate::world::person(Role::Viewer);
    let plans = std::sync::Arc::clone(&desk.world.services.plans);
    let all = plans.map(&who, plan, None).await.expect("map");
    assert_eq!((all.periods.clone(), all.period.clone()), (vec!["1".to_owned(), "2".to_owned()], None));
    assert_eq!(all.nodes.iter().map(|node| node.latitude.is_some()).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!((all.nodes[0].id.as_str(), all.nodes[0].kind.is_empty()), ("A", false));
    // Rail from A to X carries 50 and 75 in one and two trips.
    let rail = |map: &domain::planning::PlanMap| {
        map.lanes
            .iter()
            .find(|lane| (lane.from.as_str(), lane.to.as_str(), lane.mode.as_str()) == ("A", "X", "rail"))
            .map(|lane| (lane.tonnes, lane.trips))
    };
    assert_eq!(rail(&all), Some((125.0, 3.0)));
    let second = plans.map(&who, plan, Some(2)).await.expect("map");
    assert_eq!((second.period.as_deref(), rail(&second)), (Some("2"), Some((75.0, 2.0))));
    let of = |map: &domain::planning::PlanMap| map.lanes.iter().map(|lane| lane.tonnes).sum::<f64>();
    assert_near(&desk.get(&format!("{path}/results")).await["total_shipments"], of(&all));
    let first = plans.map(&who, plan, Some(1)).await.expect("map");
    assert!((of(&first) + of(&second) - of(&all)).abs() < 1e-9);
    // A place beyond the horizon shows all.
    assert_eq!(plans.map(&who, plan, Some(9)).await.expect("map").period, None);
    let cost: f64 = all.lanes.iter().map(|lane| lane.cost).sum();
    let costs = &results["costs"];
    assert!(
        (cost - costs["freight"].as_f64().unwrap_or_default() - costs["trips"].as_f64().unwrap_or_default()).abs()
            < 1e-6,
        "{cost} {costs}"
    );
}
