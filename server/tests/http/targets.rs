//! Targets as programs and browsers without script set them.

use crate::{
    browser::Client,
    forms::{post, signed_in},
    world::{PASSWORD, World},
};
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn programs_set_change_and_delete_targets(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let mut client = Client::new(&crate::browser::router(&world));
    let login = client.login("ada@mill.example", PASSWORD).await.json();
    let token = login["access_token"].as_str().expect("token").to_owned();
    let path = "/api/v1/kpis/targets";
    let target = |value: Value, version: Value| json!({"metric": "revenue_net", "period": "day", "valid_from": "2026-03-01", "value": value, "version": version});

    let put = client.json(Method::PUT, path, Some(&token), target(json!("1000.50"), Value::Null)).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let made = put.json();
    assert_eq!(
        (&made["value"], &made["version"], &made["metric"]),
        (&json!("1000.5"), &json!(1), &json!("sales.revenue_net"))
    );
    let again = client.json(Method::PUT, path, Some(&token), target(json!(7), Value::Null)).await;
    assert_eq!(
        (again.status, &again.json()["error"]["fields"][0]["path"]),
        (StatusCode::CONFLICT, &json!("valid_from")),
        "{}",
        again.text
    );
    let changed = client.json(Method::PUT, path, Some(&token), target(json!(2000), json!(1))).await;
    assert_eq!((changed.status, &changed.json()["version"]), (StatusCode::OK, &json!(2)));
    let late = client.json(Method::PUT, path, Some(&token), target(json!(3000), json!(1))).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let wrong = client.json(Method::PUT, path, Some(&token), json!({"metric": "x", "value": -1})).await;
    let paths: Vec<Value> =
        wrong.json()["error"]["fields"].as_array().expect("faults").iter().map(|f| f["path"].clone()).collect();
    assert_eq!(
        (wrong.status, paths),
        (StatusCode::UNPROCESSABLE_ENTITY, vec![json!("metric"), json!("period"), json!("valid_from"), json!("value")])
    );

    let list = client.json(Method::GET, path, Some(&token), Value::Null).await.json();
    assert_eq!((list.as_array().map(Vec::len), &list[0]["value"]), (Some(1), &json!("2000")));
    let one = format!("{path}/{}", made["id"].as_str().expect("id"));
    assert_eq!(client.json(Method::DELETE, &one, Some(&token), Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.json(Method::DELETE, &one, Some(&token), Value::Null).await.status, StatusCode::NOT_FOUND);
    let nonsense = format!("{path}/nothing");
    assert_eq!(client.json(Method::DELETE, &nonsense, Some(&token), Value::Null).await.status, StatusCode::NOT_FOUND);

    // The days as they are kept: none yet, and bad questions get every fault.
    let kept = client.json(Method::GET, "/api/v1/kpis/summary", Some(&token), Value::Null).await;
    assert_eq!((kept.status, kept.json()), (StatusCode::OK, json!([])));
    let bad = client.json(Method::GET, "/api/v1/kpis/summary?from=x&to=y", Some(&token), Value::Null).await;
    assert_eq!(
        (bad.status, bad.json()["error"]["fields"].as_array().map(Vec::len)),
        (StatusCode::UNPROCESSABLE_ENTITY, Some(2))
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_form_sets_a_target_and_keeps_what_was_typed(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    world.user("vic@mill.example", Some(Role::Viewer), &[]).await;
    let mut ada = signed_in(&world, "ada@mill.example").await;
    assert!(ada.get("/overview/kpis").await.text.contains("href=\"/overview/targets\""));
    let page = ada.get("/overview/targets").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("No targets yet") && page.text.contains("value=\"2026-03-10\""), "{}", page.text);

    let form = "metric=sales.orders&period=month&valid_from=2026-03-02&value=1.5&note=agreed+in+March";
    let refused = post(&mut ada, "/fn/overview/set_target", "/overview/targets", form).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, "/overview/targets"));
    let page = ada.get("/overview/targets").await.text;
    assert!(
        page.contains("A month target begins on the first of a month.") && page.contains("Orders are counted whole."),
        "{page}"
    );
    assert!(page.contains("value=\"agreed in March\"") && page.contains("value=\"2026-03-02\""), "{page}");

    let form = "metric=sales.orders&period=month&valid_from=2026-03-01&value=1500&note=agreed+in+March";
    let saved = post(&mut ada, "/fn/overview/set_target", "/overview/targets", form).await;
    assert_eq!(saved.location(), "/overview/targets?saved", "{}", saved.text);
    let page = ada.get("/overview/targets?saved").await.text;
    assert!(page.contains("The target is saved.") && page.contains("1,500") && page.contains("In force"), "{page}");

    let id: uuid::Uuid =
        sqlx::query_scalar("select id from ops.kpi_targets").fetch_one(&world.owner).await.expect("id");
    let page = ada.get(&format!("/overview/targets?change={id}")).await.text;
    assert!(page.contains("Change the target") && page.contains("name=\"version\" value=\"1\""), "{page}");
    let change = "metric=sales.orders&period=month&valid_from=2026-03-01&value=1600&note=&version=1";
    assert_eq!(
        post(&mut ada, "/fn/overview/set_target", "/overview/targets", change).await.location(),
        "/overview/targets?saved"
    );
    let from = format!("/overview/targets?change={id}");
    assert_eq!(post(&mut ada, "/fn/overview/set_target", &from, change).await.location(), from);
    assert!(ada.get(&from).await.text.contains("changed by somebody else"));

    let mut vic = signed_in(&world, "vic@mill.example").await;
    let page = vic.get("/overview/targets").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("1,600")
            && !page.text.contains("/fn/overview/set_target")
            && !page.text.contains("delete_target")
    );
    post(&mut vic, "/fn/overview/delete_target", "/overview/targets", &format!("id={id}")).await;
    assert_eq!(world.number("select count(*) from ops.kpi_targets").await, 1, "a viewer deletes nothing");
    let deleted = post(&mut ada, "/fn/overview/delete_target", "/overview/targets", &format!("id={id}")).await;
    assert_eq!(deleted.location(), "/overview/targets?deleted");
    assert_eq!(world.number("select count(*) from ops.kpi_targets").await, 0);
}
