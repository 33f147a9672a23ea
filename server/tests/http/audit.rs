//! The audit log and the settings as REST and as pages.

use crate::{
    browser::{Answer, Client, router},
    world::{ORIGIN, PASSWORD, World},
};
use axum::http::{Method, StatusCode, header};
use domain::access::{PermSet, Role};
use serde_json::{Value, json};
use sqlx::PgPool;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

async fn post(client: &mut Client, path: &str, from: &str, body: &str) -> Answer {
    let referer = format!("{ORIGIN}{from}");
    client.send(Method::POST, path, &[FORM, ("accept", "text/html"), OWN, ("referer", &referer)], body).await
}

async fn signed_in(world: &World, name: &str) -> Client {
    let mut client = Client::new(&router(world));
    let body = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(post(&mut client, "/fn/access/sign_in", "/login", &body).await.location(), "/");
    client
}

async fn read(client: &mut Client, path: &str) -> Value {
    let answer = client.send(Method::GET, path, &[], "").await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    answer.json()
}

#[sqlx::test(migrations = "../migrations")]
async fn settings_are_changed_by_a_form_that_keeps_what_was_typed(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let mut ada = signed_in(&world, "ada@mill.example").await;
    let page = ada.get("/settings").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("name=\"values[business.zone]\"") && page.text.contains("value=\"UTC\""),
        "{}",
        page.text
    );
    assert!(page.text.contains("href=\"/settings\" aria-current=\"page\""), "the navigation leads here");

    let form = |zone: &str, currency: &str, version: u8| {
        format!(
            "version={version}&values%5Bbusiness.zone%5D={zone}&values%5Bbusiness.base_currency%5D={currency}&values%5Bsales.currencies%5D=USD%2C+EUR"
        )
    };
    let refused = post(&mut ada, "/fn/settings/change", "/settings", &form("Nowhere%2FLand", "EUR", 0)).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, "/settings"));
    let page = ada.get("/settings").await.text;
    assert!(page.contains("There is no time zone of this name") && page.contains("value=\"Nowhere/Land\""), "{page}");
    assert!(page.contains("value=\"EUR\"") && page.contains("value=\"USD, EUR\""), "{page}");
    assert_eq!(world.number("select count(*) from ops.settings").await, 0, "all or nothing");

    let saved = post(&mut ada, "/fn/settings/change", "/settings", &form("Asia%2FKolkata", "USD", 0)).await;
    assert_eq!(saved.location(), "/settings?saved", "{}", saved.text);
    let page = ada.get("/settings?saved").await.text;
    assert!(page.contains("The settings are saved.") && page.contains("value=\"Asia/Kolkata\""), "{page}");
    assert!(page.contains("Changed by ada@mill.example"), "{page}");
    // What was as it is is no change.
    assert_eq!(world.number("select count(*) from ops.settings").await, 2);
    let late = post(&mut ada, "/fn/settings/change", "/settings", &form("Europe%2FLondon", "USD", 0)).await;
    assert_eq!(late.location(), "/settings");
    assert!(ada.get("/settings").await.text.contains("changed by somebody else"));

    let found = read(&mut ada, "/api/v1/audit?action=settings.edit").await;
    assert_eq!(found["total"], 1);
    let id = found["items"][0]["id"].as_str().expect("id").to_owned();
    let page = ada.get(&format!("/audit/{id}")).await.text;
    assert!(page.contains("Asia/Kolkata") && page.contains("UTC") && page.contains("business.zone"), "{page}");
    assert!(page.contains("href=\"/settings\""), "the act leads to what it was on");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_planner_reads_the_settings_and_an_auditor_the_log(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("paul@mill.example", Some(Role::Planner), &[]).await;
    world.user("olga@mill.example", None, &[PermSet::Auditor]).await;
    let mut paul = signed_in(&world, "paul@mill.example").await;
    let page = paul.get("/settings").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Business time zone") && !page.text.contains("action=\"/fn/settings/change\""));
    let refused = post(&mut paul, "/fn/settings/change", "/settings", "values%5Bbusiness.zone%5D=UTC").await;
    assert_eq!(refused.location(), "/settings");
    assert_eq!(paul.get("/audit").await.status, StatusCode::FORBIDDEN);

    let mut olga = signed_in(&world, "olga@mill.example").await;
    let page = olga.get("/audit?outcome=denied").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("access.denied") && page.text.contains("paul@mill.example"), "{}", page.text);
    assert!(page.text.contains("/api/v1/audit/export.csv?outcome=denied"), "{}", page.text);
    assert!(!page.text.contains("access.sign_in</code>"), "other acts are filtered away");
    let none = olga.get("/audit?q=nobody-did-this").await.text;
    assert!(none.contains("No act fits this filter"), "{none}");
    let wrong = olga.get("/audit?from=soon").await.text;
    assert!(wrong.contains("check the") || wrong.contains("failed"), "{wrong}");
    assert_eq!(olga.get("/audit/no-id").await.status, StatusCode::NOT_FOUND);
}

/// Sixty acts of two people, each minute one.
async fn acts(world: &World) {
    world
        .execute(
            "insert into ops.audit_log (id, at, actor_kind, actor_label, request_id, action, entity_type, entity_id, before, after, outcome)
             select ops.uuid_v7(t), t, 'user', case when n % 2 = 0 then 'ann@mill.example' else 'bob_1@mill.example' end, 'r' || n,
                    case when n % 3 = 0 then 'jobs.cancel' else 'settings.edit' end, case when n % 3 = 0 then 'job' else 'settings' end,
                    'e' || n, jsonb_build_object('n', n - 1), jsonb_build_object('n', n, 'name', '=1+1'), 'ok'
             from (select n, timestamptz '2026-03-09 23:30Z' + make_interval(mins => n) as t from generate_series(1, 60) n) s",
        )
        .await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_log_is_filtered_paged_and_exported_whole(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    acts(&world).await;
    let mut ada = signed_in(&world, "ada@mill.example").await;
    for (filter, total) in [
        ("actor=ann", 30),
        ("actor=bob_1", 30),
        ("actor=bo_b", 0),
        ("feature=jobs", 20),
        ("action=settings.edit", 40),
        ("entity=job", 20),
        ("entity=job/e3", 1),
        ("q=%22n%22:%2059", 2),
        ("q=100%25", 0),
        ("kind=user&outcome=ok&actor=mill.example&feature=settings", 40),
        ("to=2026-03-09", 29),
        ("from=2026-03-10&to=2026-03-10&actor=mill.example&feature=jobs", 11),
        ("from=2026-03-10T00:00:00Z&to=2026-03-10T00:10:00%2B00:00", 10),
    ] {
        let found = read(&mut ada, &format!("/api/v1/audit?{filter}")).await;
        assert_eq!((&found["total"], &found["total_is_bound"]), (&json!(total), &json!(false)), "{filter}");
    }
    let wrong = ada.send(Method::GET, "/api/v1/audit?outcome=bad&from=soon&cursor=x", &[], "").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["error"]["fields"].as_array().map(Vec::len), Some(2));

    // Every act once, newest first, page by page.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = read(&mut ada, &format!("/api/v1/audit?feature=settings&limit=7{cursor}")).await;
        seen.extend(
            page["items"].as_array().expect("items").iter().map(|i| i["entity_id"].as_str().expect("id").to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let wanted: Vec<_> = (1..=60).rev().filter(|n| n % 3 != 0).map(|n| format!("e{n}")).collect();
    assert_eq!(seen, wanted);

    let csv = ada.send(Method::GET, "/api/v1/audit/export.csv?feature=settings&limit=7", &[], "").await;
    assert_eq!((csv.status, &csv.headers["x-row-count-expected"]), (StatusCode::OK, &"40".parse().expect("value")));
    assert!(csv.headers[header::CONTENT_DISPOSITION].to_str().expect("text").contains("audit-2026-03-10.csv"));
    assert_eq!(csv.text.lines().count(), 41);
    assert!(csv.text.contains("\"{\"\"n\"\":59,\"\"name\"\":\"\"=1+1\"\"}\""), "{}", &csv.text[..400]);
    let lines = ada.send(Method::GET, "/api/v1/audit/export.jsonl?entity=job/e3", &[], "").await;
    let line: Value = serde_json::from_str(lines.text.trim()).expect("one line of JSON");
    assert_eq!((&line["before"], &line["after"]["n"], &line["pii_read"]), (&json!({"n": 2}), &json!(3), &json!(false)));
    assert_eq!(
        world.number("select count(*) from ops.audit_log where action = 'access.export' and entity_id = 'audit'").await,
        2,
        "exports are acts too"
    );
}
