//! Networks over HTTP: rows, files brought in, inputs frozen, and who may do what.

use crate::{
    browser::Answer,
    optimize::{Desk, assert_near, token},
};
use axum::http::Method;
use domain::access::{PermSet, Role};
use engine::planning::{document::Document, sample, workbook};
use serde_json::{Value, json};
use sqlx::PgPool;

const NETWORKS: &str = "/api/v1/planning/networks";
const INPUTS: &str = "/api/v1/planning/inputs";

async fn count(desk: &Desk, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&desk.world.owner).await.expect("count")
}

async fn made(desk: &mut Desk, body: Value) -> Value {
    let answer = desk.call(Method::POST, NETWORKS, body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    answer.json()
}

async fn of_sample(desk: &mut Desk) -> Value {
    made(desk, json!({"code": "IN", "use_sample_data": true})).await
}

/// Field paths of a refusal.
fn paths(answer: &Answer, status: u16) -> Vec<String> {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    let fields = answer.json()["error"]["fields"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|field| field["path"].as_str().expect("path").to_owned()).collect()
}

/// The row of a key: id, version and fields.
async fn row(desk: &mut Desk, section: &str, key: &str) -> (String, i64, Value) {
    let found = desk.get(&format!("/api/v1/planning/{section}?limit=100")).await;
    let row = found["items"].as_array().expect("rows").iter().find(|row| row["key"] == key).cloned();
    let row = row.unwrap_or_else(|| panic!("no {key} in {found}"));
    let id = format!("/api/v1/planning/{section}/{}", row["id"].as_str().expect("id"));
    (id, row["version"].as_i64().expect("version"), row["fields"].clone())
}

async fn put(desk: &mut Desk, path: &str, version: i64, body: Value) -> Answer {
    let (version, bearer) = (version.to_string(), format!("Bearer {}", desk.token));
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str()), ("if-match", &version)];
    desk.client.send(Method::PUT, path, &headers, body.to_string()).await
}

/// Signs in somebody else.
async fn as_other(desk: &mut Desk, email: &str, role: Option<Role>, sets: &[PermSet]) {
    desk.world.user(email, role, sets).await;
    desk.world.execute("update access.grants set scope_ids = '{A}' where scope_kind = 'nodes'").await;
    desk.token = token(&mut desk.client, email).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_network_of_the_sample_freezes_to_its_hash_and_costs_what_it_costs(db: PgPool) {
    let mut desk = Desk::new(db).await;
    // Without any network an input must be named.
    let none = desk.call(Method::POST, "/api/v1/optimize", json!({})).await;
    assert_eq!(paths(&none, 422), ["input_data"]);
    let network = of_sample(&mut desk).await;
    assert_eq!((&network["network"]["code"], &network["validation"]["overall"]), (&json!("IN"), &json!("PASS")));
    assert_eq!(network["network"]["freeze"], Value::Null);
    let rows = |of: &Value, name: &str| {
        of["sections"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["section"] == name))
            .map(|one| one["rows"].clone())
    };
    assert_eq!((rows(&network, "lanes"), rows(&network, "production")), (Some(json!(6)), Some(json!(3))));
    let again = desk.call(Method::POST, NETWORKS, json!({"code": "IN", "use_sample_data": true})).await;
    assert_eq!(paths(&again, 422), ["code"]);
    // Not frozen yet.
    let early = desk.call(Method::POST, "/api/v1/optimize", json!({"network": "IN"})).await;
    assert_eq!(paths(&early, 422), ["network"]);

    let frozen = desk.call(Method::POST, INPUTS, json!({"network": "IN"})).await;
    assert_eq!(frozen.status.as_u16(), 201, "{}", frozen.text);
    let (document, _) = Document::parse(sample::DOCUMENT).expect("sample");
    assert_eq!(frozen.json()["sha256"], document.sha256());
    let same = desk.call(Method::POST, INPUTS, json!({})).await.json();
    assert_eq!(same["input_id"], frozen.json()["input_id"], "the same content is the same input");
    assert_eq!(count(&desk, "select count(*) from plan.inputs").await, 1);

    // None named: the newest input of the only network.
    let run = desk.call(Method::POST, "/api/v1/optimize", json!({})).await;
    assert_eq!(run.status.as_u16(), 202, "{}", run.text);
    crate::optimize::solve(&desk.world).await;
    let results = desk.get(&format!("/api/v1/optimize/{}/results", run.json()["run_id"].as_str().expect("id"))).await;
    assert_near(&results["total_cost"], 3_379.0);
    assert_eq!(desk.get(&format!("{NETWORKS}/IN")).await["network"]["freeze"]["is_current"], true);

    // A later edit changes no input, and the next freeze is another.
    let (path, version, mut fields) = row(&mut desk, "lines", "A/L1").await;
    fields["capacity_tonnes"] = json!(101);
    desk.world.clock.advance(chrono::Duration::seconds(5));
    assert_eq!(put(&mut desk, &path, version, fields).await.status.as_u16(), 200);
    assert_eq!(desk.get(&format!("{NETWORKS}/IN")).await["network"]["freeze"]["is_current"], false);
    let other = desk.call(Method::POST, INPUTS, json!({"network": "IN"})).await.json();
    assert_ne!(other["sha256"], frozen.json()["sha256"]);
    let acts = "select count(*) from ops.audit_log where action in ('plan.network_created', 'plan.network_frozen', 'plan.row_changed')";
    assert_eq!(count(&desk, acts).await, 5);
    // A second network: now one must be named.
    made(&mut desk, json!({"code": "EMPTY", "name": "Nothing yet", "currency": "EUR"})).await;
    assert_eq!(paths(&desk.call(Method::POST, INPUTS, json!({})).await, 422), ["network"]);
    let refused = desk.call(Method::POST, INPUTS, json!({"network": "EMPTY"})).await;
    assert!(!paths(&refused, 422).is_empty());
    let removed = desk.call(Method::DELETE, &format!("{NETWORKS}/IN"), Value::Null).await;
    assert_eq!((removed.status.as_u16(), count(&desk, "select count(*) from plan.network_rows").await), (204, 0));
    assert_eq!(count(&desk, "select count(*) from plan.inputs").await, 2, "what was solved stays");
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_are_checked_one_by_one_and_a_stale_change_is_told_both_values(db: PgPool) {
    let mut desk = Desk::new(db).await;
    of_sample(&mut desk).await;
    let lane = |more: Value| {
        let mut lane = json!({"from": "A", "to": "B", "cost_per_tonne": 2});
        lane.as_object_mut().expect("object").extend(more.as_object().cloned().unwrap_or_default());
        lane
    };
    let add = "/api/v1/planning/lanes";
    let wrong = desk.call(Method::POST, add, lane(json!({"capcity": 1, "trip_tonnes": 0}))).await;
    assert_eq!(paths(&wrong, 422), ["capcity", "trip_tonnes"]);
    let unknown = desk.call(Method::POST, add, lane(json!({"to": "Z", "product": "Q"}))).await;
    assert_eq!(paths(&unknown, 422), ["product", "to"]);
    let added = desk.call(Method::POST, add, lane(json!({"x_note": [1.50]}))).await;
    assert_eq!((added.status.as_u16(), &added.json()["key"]), (201, &json!("A/B/road")), "{}", added.text);
    assert!(added.text.contains("1.5"), "{}", added.text);
    assert_eq!(paths(&desk.call(Method::POST, add, lane(json!({}))).await, 422), ["from"]);
    let nothing = desk.call(Method::POST, "/api/v1/planning/roads", lane(json!({}))).await;
    assert_eq!(nothing.status.as_u16(), 404);

    let (path, version, fields) = row(&mut desk, "lanes", "A/B/road").await;
    let with = |cost: i64| {
        let mut fields = fields.clone();
        fields["cost_per_tonne"] = json!(cost);
        fields
    };
    let first = put(&mut desk, &path, version, with(3)).await;
    assert_eq!((first.status.as_u16(), &first.json()["version"]), (200, &json!(2)), "{}", first.text);
    let second = put(&mut desk, &path, version, with(4)).await;
    assert_eq!(paths(&second, 409), ["cost_per_tonne"]);
    assert!(second.text.contains("is 3 now; you sent 4"), "{}", second.text);
    assert_eq!(row(&mut desk, "lanes", "A/B/road").await.2["cost_per_tonne"], 3);

    // What others need stays, under its id.
    let (node, version, fields) = row(&mut desk, "nodes", "A").await;
    let kept = desk.call(Method::DELETE, &node, Value::Null).await;
    assert_eq!(kept.status.as_u16(), 409);
    assert!(kept.text.contains("lanes") && kept.text.contains("production"), "{}", kept.text);
    let mut renamed = fields.clone();
    renamed["id"] = json!("A2");
    assert_eq!(paths(&put(&mut desk, &node, version, renamed).await, 422), ["id"]);
    let gone = desk.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone.status.as_u16(), 204, "{}", gone.text);
    assert_eq!(desk.call(Method::DELETE, &path, Value::Null).await.status.as_u16(), 404);
    // Narrowed and page by page.
    let of_x = desk.get("/api/v1/planning/lanes?node=X&limit=2").await;
    assert_eq!((of_x["items"].as_array().map(Vec::len), of_x["total"].as_i64()), (Some(2), Some(3)));
    let next = of_x["next_cursor"].as_str().expect("more").to_owned();
    let rest = desk.get(&format!("/api/v1/planning/lanes?node=X&limit=2&cursor={next}")).await;
    assert_eq!((rest["items"].as_array().map(Vec::len), &rest["next_cursor"]), (Some(1), &Value::Null));
    let found = desk.get("/api/v1/planning/lanes?search=rail").await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(2));
    // A network that contradicts itself says where, by row, and freezes nothing.
    let (path, version, mut fields) = row(&mut desk, "lanes", "A/X/rail").await;
    fields["min_shipment_tonnes"] = json!(60);
    fields["max_tonnes"] = json!(50);
    assert_eq!(put(&mut desk, &path, version, fields).await.status.as_u16(), 200);
    let refused = desk.call(Method::POST, INPUTS, json!({})).await;
    assert!(paths(&refused, 422).iter().any(|path| path.starts_with("lanes A/X/rail")), "{}", refused.text);
    let told = desk.get(&format!("{NETWORKS}/IN")).await;
    assert_eq!(
        (&told["validation"]["overall"], &told["validation"]["errors"][0]["code"]),
        (&json!("FAIL"), &json!("E11"))
    );
    assert_eq!(count(&desk, "select count(*) from plan.inputs").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_is_shown_before_it_is_kept_and_a_broken_one_touches_nothing(db: PgPool) {
    let mut desk = Desk::new(db).await;
    of_sample(&mut desk).await;
    let stage = format!("{NETWORKS}/IN/imports");
    let document = |change: &dyn Fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(sample::DOCUMENT).expect("sample");
        change(&mut document);
        document
    };
    let same = desk.call(Method::POST, &stage, document(&|_| {})).await;
    assert_eq!((same.status.as_u16(), &same.json()["changes"]), (201, &json!([])), "{}", same.text);
    assert!(
        same.json()["counts"]
            .as_array()
            .is_some_and(|all| all.iter().all(|of| of["created"] == 0 && of["updated"] == 0))
    );
    let broken = document(&|of| {
        of["lanes"][2]["capcity_tonnes"] = json!(1);
        of["demand"][0]["node"] = json!("Q");
    });
    let refused = desk.call(Method::POST, &stage, broken).await;
    assert_eq!(paths(&refused, 422), ["lanes[2].capcity_tonnes", "demand[0].node"]);
    let changed = document(&|of| {
        of["lanes"][0]["cost_per_tonne"] = json!(4);
        of["lanes"].as_array_mut().expect("lanes").remove(1);
        of["nodes"].as_array_mut().expect("nodes").push(json!({"id": "C", "type": "hub"}));
        of["name"] = json!("Renamed");
    });
    let staged = desk.call(Method::POST, &stage, changed.clone()).await.json();
    assert_eq!(staged["head_changes"], true);
    let told: Vec<_> = staged["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|of| (of["key"].clone(), of["verdict"].clone()))
        .collect();
    let wanted = [("C", "created"), ("A/X/road", "updated"), ("A/X/rail", "missing")];
    assert_eq!(told, wanted.map(|(key, verdict)| (json!(key), json!(verdict))));
    assert_eq!(staged["changes"][1]["fields"], json!([["cost_per_tonne", "3", "4"]]));
    assert_eq!(row(&mut desk, "lanes", "A/X/road").await.2["cost_per_tonne"], 3, "nothing is kept yet");
    let commit = format!("/api/v1/planning/imports/{}/commit", staged["import_id"].as_str().expect("id"));
    let done = desk.call(Method::POST, &commit, Value::Null).await;
    assert_eq!(done.status.as_u16(), 200, "{}", done.text);
    assert_eq!(desk.call(Method::POST, &commit, Value::Null).await.status.as_u16(), 409);
    assert_eq!(row(&mut desk, "lanes", "A/X/road").await.2["cost_per_tonne"], 4);
    assert_eq!(row(&mut desk, "lanes", "A/X/rail").await.1, 1, "what the file does not have stays");
    assert_eq!(desk.get(&format!("{NETWORKS}/IN")).await["network"]["name"], "Renamed");
    let staged = desk.call(Method::POST, &stage, changed.clone()).await.json();
    let commit =
        format!("/api/v1/planning/imports/{}/commit?remove_missing=true", staged["import_id"].as_str().expect("id"));
    assert_eq!(desk.call(Method::POST, &commit, Value::Null).await.status.as_u16(), 200);
    let lanes = desk.get("/api/v1/planning/lanes?limit=100").await;
    assert_eq!(lanes["items"].as_array().map(Vec::len), Some(5));
    // As it stands now it is the file: the same hash.
    let (whole, _) = Document::parse(&changed.to_string()).expect("document");
    let frozen = desk.call(Method::POST, INPUTS, json!({})).await.json();
    assert_eq!(frozen["sha256"], whole.sha256());
    // A workbook does as well.
    let book = workbook::Book::of(&whole, workbook::Form::Csv);
    let zip = workbook::csv::write(&book.sheets).expect("zip");
    let bearer = format!("Bearer {}", desk.token);
    let headers = [("content-type", "application/zip"), ("authorization", bearer.as_str())];
    let sent = desk.client.send(Method::POST, &stage, &headers, zip).await;
    assert_eq!((sent.status.as_u16(), &sent.json()["changes"]), (201, &json!([])), "{}", sent.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_file_changes_is_kept_of_the_network_that_was_shown_only(db: PgPool) {
    let mut desk = Desk::new(db).await;
    of_sample(&mut desk).await;
    let stage = format!("{NETWORKS}/IN/imports");
    let mut document: Value = serde_json::from_str(sample::DOCUMENT).expect("sample");
    document["lanes"][0]["cost_per_tonne"] = json!(4);
    let staged = desk.call(Method::POST, &stage, document.clone()).await.json();
    let (id, version, mut fields) = row(&mut desk, "lanes", "A/X/road").await;
    fields["cost_per_tonne"] = json!(9);
    desk.world.clock.advance(chrono::Duration::seconds(1));
    assert_eq!(put(&mut desk, &id, version, fields).await.status.as_u16(), 200);
    let commit = |staged: &Value| {
        let seen = staged["network_changed_at"].as_str().expect("moment").replace('+', "%2B");
        let id = staged["import_id"].as_str().expect("id");
        format!("/api/v1/planning/imports/{id}/commit?network_changed_at={seen}")
    };
    let refused = desk.call(Method::POST, &commit(&staged), Value::Null).await;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.text);
    assert_eq!(row(&mut desk, "lanes", "A/X/road").await.2["cost_per_tonne"], 9, "nobody's change is lost");
    // Looked at again, it says what it would change now, and that is kept.
    let again = desk.get(&format!("/api/v1/planning/imports/{}", staged["import_id"].as_str().expect("id"))).await;
    assert_eq!(again["changes"][0]["fields"], json!([["cost_per_tonne", "9", "4"]]));
    let done = desk.call(Method::POST, &commit(&again), Value::Null).await;
    assert_eq!(done.status.as_u16(), 200, "{}", done.text);
    assert_eq!(row(&mut desk, "lanes", "A/X/road").await.2["cost_per_tonne"], 4);
    // Two rows that nothing tells apart are told, not lost.
    let sent = json!({"from": "A", "to": "X", "mode": "road", "period": "2025-01", "tonnes": 1});
    let arriving = |n: usize| {
        let mut twice = document.clone();
        let mut row = sent.clone();
        row["period"] = document["periods"][0]["id"].clone();
        twice["in_transit"] = json!(vec![row; n]);
        twice
    };
    let refused = desk.call(Method::POST, &stage, arriving(2)).await;
    assert_eq!(paths(&refused, 422), ["in_transit[1]"], "{}", refused.text);
    assert_eq!(desk.call(Method::POST, &stage, arriving(1)).await.status.as_u16(), 201);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_no_table_holds_is_refused_in_words(db: PgPool) {
    let mut desk = Desk::new(db).await;
    of_sample(&mut desk).await;
    let lanes = "/api/v1/planning/lanes";
    for odd in ["search=%00", "node=%00", "network=%00"] {
        let answer = desk.call(Method::GET, &format!("{lanes}?{odd}"), Value::Null).await;
        assert!(matches!(answer.status.as_u16(), 404 | 422), "{odd}: {} {}", answer.status, answer.text);
    }
    let bearer = format!("Bearer {}", desk.token);
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    for number in ["1e200000", "1e-200000"] {
        let body = format!(r#"{{"id": "W", "type": "hub", "x_big": {number}}}"#);
        let answer = desk.client.send(Method::POST, "/api/v1/planning/nodes", &headers, body.into_bytes()).await;
        assert_eq!(answer.status.as_u16(), 422, "{}", answer.text);
    }
    // The number of rows is that of the filter.
    let found = desk.get(&format!("{lanes}?search=RAIL&limit=1")).await;
    let all = desk.get(&format!("{lanes}?limit=100")).await;
    let of_rail = all["items"].as_array().expect("rows").iter().filter(|row| row["key"].to_string().contains("rail"));
    assert_eq!(found["total"], json!(of_rail.count()));
    assert_ne!(found["total"], all["total"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_grant_for_nodes_reaches_their_production_stock_and_demand_only(db: PgPool) {
    let mut desk = Desk::new(db).await;
    of_sample(&mut desk).await;
    let (own, version, mut fields) = row(&mut desk, "stock", "A").await;
    let (other, ..) = row(&mut desk, "stock", "B").await;
    let (lane, ..) = row(&mut desk, "lanes", "A/X/road").await;
    as_other(&mut desk, "manager@mill.example", None, &[PermSet::IuManager]).await;
    fields["opening_tonnes"] = json!(6);
    assert_eq!(put(&mut desk, &own, version, fields.clone()).await.status.as_u16(), 200);
    for (path, body) in [(&other, json!({"node": "B"})), (&lane, json!({"from": "A", "to": "X"}))] {
        assert_eq!(put(&mut desk, path, 1, body).await.status.as_u16(), 403, "{path}");
    }
    // Not out of its reach, either.
    fields["node"] = json!("B");
    assert_eq!(put(&mut desk, &own, 2, fields).await.status.as_u16(), 403);
    let demand = json!({"node": "A", "tonnes": 3});
    assert_eq!(desk.call(Method::POST, "/api/v1/planning/demand", demand).await.status.as_u16(), 201);
    for (path, body) in [
        (NETWORKS, json!({"code": "MINE", "use_sample_data": true})),
        (INPUTS, json!({})),
        ("/api/v1/planning/nodes", json!({"id": "C", "type": "hub"})),
        ("/api/v1/planning/demand", json!({"node": "B", "tonnes": 3})),
    ] {
        assert_eq!(desk.call(Method::POST, path, body).await.status.as_u16(), 403, "{path}");
    }
    assert_eq!(desk.call(Method::DELETE, &format!("{NETWORKS}/IN"), Value::Null).await.status.as_u16(), 403);
    as_other(&mut desk, "viewer@mill.example", Some(Role::Viewer), &[]).await;
    assert_eq!(desk.call(Method::GET, "/api/v1/planning/nodes", Value::Null).await.status.as_u16(), 200);
    assert_eq!(desk.call(Method::POST, INPUTS, json!({})).await.status.as_u16(), 403);
}
