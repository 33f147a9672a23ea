//! What needs a hand, the sources and the area cards, as programs and browsers without script see them.

use crate::{
    browser::{Client, router},
    forms::{post, signed_in},
    world::{PASSWORD, World},
};
use axum::http::{Method, StatusCode};
use domain::access::{PermSet, Role};
use serde_json::{Value, json};
use sqlx::PgPool;

/// Two held sales, the older for 26 hours, and a job that failed an hour ago.
pub async fn arrange(world: &World) {
    world
        .execute(
            "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
                 occurred_at, entry, created_at, updated_at)
             select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'held', 'USD', n, 0, n, 0, 0, n, 1, 1, ts, 'api', ts, ts
             from (values (61900.00, timestamptz '2026-03-09T10:00Z'), (500, '2026-03-10T09:00Z')) as v (n, ts)",
        )
        .await;
    world
        .execute(
            "insert into ops.job_runs (id, kind, queue, state, requested_label, run_at, created_at, finished_at, error_message)
             select '01890000-0000-7000-8000-00000000000f', 'cleanup', 'maintenance', 'failed', 'ada', t, t, t, 'The disk was full.'
             from (values (timestamptz '2026-03-10T11:00Z')) v(t)",
        )
        .await;
}

#[sqlx::test(migrations = "../migrations")]
async fn items_are_listed_and_put_off_over_rest(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    let mut client = Client::new(&router(&world));
    let token =
        client.login("planner@mill.example", PASSWORD).await.json()["access_token"].as_str().expect("token").to_owned();
    let list = client.json(Method::GET, "/api/v1/attention", Some(&token), Value::Null).await.json();
    let items = list["items"].as_array().expect("items");
    let told: Vec<_> = items
        .iter()
        .map(|i| (i["key"].as_str().unwrap_or_default(), i["severity"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(told, [("transactions.held", "critical"), ("jobs.run.01890000-0000-7000-8000-00000000000f", "medium")]);
    assert_eq!((&items[0]["money_at_risk"], &items[0]["age_seconds"]), (&json!("62400"), &json!(26 * 3_600)));
    assert_eq!((&list["total"], &list["critical"], &list["unavailable"]), (&json!(2), &json!(1), &json!([])));
    assert_eq!(list["looked_at"].as_array().map(Vec::len), Some(3), "a planner may not view the system");
    assert_eq!(
        items[1]["actions"][0],
        json!({"act": "retry_job", "label": "Retry", "target": "01890000-0000-7000-8000-00000000000f"})
    );
    let jobs =
        client.json(Method::GET, "/api/v1/attention?feature=jobs&limit=1", Some(&token), Value::Null).await.json();
    assert_eq!((&jobs["total"], &jobs["critical"]), (&json!(1), &json!(0)));
    let wrong = client
        .json(Method::GET, "/api/v1/attention?feature=luck&severity=dire&limit=0", Some(&token), Value::Null)
        .await;
    assert_eq!(
        (wrong.status, wrong.json()["error"]["fields"].as_array().map(Vec::len)),
        (StatusCode::UNPROCESSABLE_ENTITY, Some(3))
    );

    let snooze = "/api/v1/attention/transactions.held/snooze";
    for (path, until, status) in [
        (snooze, "7d", StatusCode::UNPROCESSABLE_ENTITY),
        (snooze, "later", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/attention/transactions.luck/snooze", "1h", StatusCode::NOT_FOUND),
        (snooze, "today", StatusCode::NO_CONTENT),
    ] {
        let answer = client.json(Method::POST, path, Some(&token), json!({"until": until})).await;
        assert_eq!(answer.status, status, "{path} {until}: {}", answer.text);
    }
    let list = client.json(Method::GET, "/api/v1/attention", Some(&token), Value::Null).await.json();
    assert_eq!((&list["total"], &list["critical"], &list["snoozed"]), (&json!(1), &json!(0), &json!(1)));
    for _ in 0..2 {
        let answer = client.json(Method::DELETE, snooze, Some(&token), Value::Null).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    }
    let list = client.json(Method::GET, "/api/v1/attention", Some(&token), Value::Null).await.json();
    assert_eq!((&list["total"], &list["snoozed"], &list["put_off"]), (&json!(2), &json!(0), &json!([])));
    client.json(Method::POST, snooze, Some(&token), json!({"until": "today"})).await;
    world.clock.set(crate::world::at("2026-03-11T00:00:00Z"));
    let token =
        client.login("planner@mill.example", PASSWORD).await.json()["access_token"].as_str().expect("token").to_owned();
    let list = client.json(Method::GET, "/api/v1/attention", Some(&token), Value::Null).await.json();
    assert_eq!(
        (&list["items"][0]["key"], &list["items"][0]["age_seconds"]),
        (&json!("transactions.held"), &json!(38 * 3_600))
    );
    let audited = "select count(*) from ops.audit_log where action = 'overview.attention_snooze' and outcome = 'ok'";
    assert_eq!(world.number(audited).await, 2);
    let undone = "select count(*) from ops.audit_log where action = 'overview.attention_unsnooze' and outcome = 'ok'";
    assert_eq!(world.number(undone).await, 1, "what is not put off is not brought back");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_pages_read_and_act_without_script(root: PgPool) {
    let world = World::new(root).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    let mut client = signed_in(&world, "planner@mill.example").await;
    let page = client.get("/overview/attention").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "Nothing needs you now.",
        "Transactions: looked at 12:00",
        "Jobs: looked at 12:00",
        "<title>Needs attention · Millrace</title>",
    ] {
        assert!(page.text.contains(part), "{part} is missing:\n{}", page.text);
    }
    let home = client.get("/").await.text;
    assert!(home.contains("<title>Overview · Millrace</title>") && home.contains("Nothing needs you now."), "{home}");

    arrange(&world).await;
    let home = client.get("/").await.text;
    for part in [
        "<title>(1) Overview · Millrace</title>",
        "2 sales held for review",
        "$62,400.00",
        "href=\"/overview/attention\"",
        "data-area=\"sales\"",
        "data-area=\"data\"",
        "data-area=\"jobs\"",
    ] {
        assert!(home.contains(part), "{part} is missing:\n{home}");
    }
    let page = client.get("/overview/attention").await.text;
    let held = page.find("data-item=\"transactions.held\"").expect("held");
    let failed = page.find("data-item=\"jobs.run.01890000-0000-7000-8000-00000000000f\"").expect("failed");
    assert!(held < failed && page.contains("2 items") && page.contains("1 critical"), "{page}");
    assert!(page.contains("action=\"/fn/overview/snooze\"") && page.contains("action=\"/fn/jobs/retry\""), "{page}");
    let critical = page[held..failed].matches("name=\"until\"").count();
    assert_eq!(
        (critical, page[failed..].matches("name=\"until\"").count()),
        (2, 3),
        "a critical item is not put off for a week"
    );
    let jobs = client.get("/overview/attention?feature=jobs").await.text;
    assert!(jobs.contains("1 item") && !jobs.contains("transactions.held"), "{jobs}");
    let low = client.get("/overview/attention?severity=low").await.text;
    assert!(low.contains("Nothing of this needs you now."), "{low}");
    let wrong = client.get("/overview/attention?severity=dire").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);

    let from = "/overview/attention?feature=transactions";
    let bad = post(&mut client, "/fn/overview/snooze", from, "key=transactions.held&until=7d").await;
    assert_eq!((bad.status, bad.location()), (StatusCode::SEE_OTHER, from));
    assert!(client.get(from).await.text.contains("24 hours at most"));
    let refused = client.get("/").await.text;
    assert!(!refused.contains("data-snooze-fault"), "it was told already");
    let back = "back=%2Foverview%2Fattention%3Ffeature%3Dtransactions";
    let form = client.get(from).await.text;
    assert!(form.contains("name=\"back\" value=\"/overview/attention?feature=transactions\""), "{form}");
    let done = post(&mut client, "/fn/overview/snooze", from, &format!("key=transactions.held&until=1h&{back}")).await;
    let after = "/overview/attention?feature=transactions&snoozed=transactions.held";
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, after), "{}", done.text);
    let page = client.get(after).await.text;
    for part in ["Snoozed until", "data-snoozed=\"transactions.held\"", "action=\"/fn/overview/unsnooze\""] {
        assert!(page.contains(part), "{part} is missing:\n{page}");
    }
    let undone = post(&mut client, "/fn/overview/unsnooze", after, "key=transactions.held").await;
    assert_eq!((undone.status, undone.location()), (StatusCode::SEE_OTHER, after), "{}", undone.text);
    let page = client.get(after).await.text;
    assert!(page.contains("data-item=\"transactions.held\"") && !page.contains("Snoozed until"), "{page}");

    let home = post(&mut client, "/fn/overview/snooze", "/", "key=transactions.held&until=later&back=%2F").await;
    assert_eq!(home.location(), "/");
    let home = client.get("/").await.text;
    let item = home.split("<li").find(|item| item.contains("data-item=\"transactions.held\"")).expect("the item");
    assert!(item.contains("data-snooze-fault") && item.contains("Choose 1h, today or 7d."), "{item}");
    let gone = post(&mut client, "/fn/overview/snooze", "/", "key=transactions.luck&until=1h&back=%2F").await;
    assert_eq!(gone.location(), "/");
    let block = client.get("/").await.text;
    let block = block.split("data-attention").nth(1).expect("the block").split("<li").next().unwrap_or_default();
    assert!(block.contains("data-snooze-fault"), "{block}");
    let home = post(&mut client, "/fn/overview/snooze", "/", "key=transactions.held&until=1h&back=%2F").await;
    assert_eq!(home.location(), "/?snoozed=transactions.held");
    assert!(client.get(home.location()).await.text.contains("Snoozed until"));
    let page = client.get("/overview/attention").await.text;
    assert!(page.contains("data-put-off=\"transactions.held\"") && !page.contains("Snoozed until"), "{page}");
    assert!(page.contains("1 put off") && !page.contains("data-item=\"transactions.held\""), "{page}");
    assert!(client.get("/").await.text.contains("<title>Overview · Millrace</title>"));
    let again = post(&mut client, "/fn/jobs/retry", from, "id=01890000-0000-7000-8000-00000000000f").await;
    assert!(again.location().starts_with("/jobs/"), "{}", again.text);
    assert!(client.get("/overview/attention").await.text.contains("Nothing needs you now."), "it is being done again");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sources_are_listed_and_refreshed_without_script(root: PgPool) {
    let world = World::new(root).await;
    world.execute("update ops.schedules set last_success_at = '2026-03-08T01:00Z', next_due_at = '2026-03-09T01:00Z' where id = 'cleanup'").await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    let mut client = signed_in(&world, "planner@mill.example").await;
    let page = client.get("/overview/freshness").await;
    assert_eq!(page.status, StatusCode::OK);
    let first = page.text.split("<tbody>").nth(1).expect("rows");
    assert!(
        first.starts_with("<tr data-source=")
            && first.contains("data-source=\"schedule.cleanup\" data-state=\"missing\""),
        "{first}"
    );
    assert!(first.find("data-state=\"missing\"") < first.find("data-state=\"on_time\""), "the worst first");
    assert!(page.text.contains("every 1\u{a0}day") && page.text.contains("Refresh: "), "{}", page.text);
    let missing = client.get("/overview/freshness?state=missing&feature=system").await.text;
    assert!(missing.contains("schedule.cleanup") && !missing.contains("data-state=\"on_time\""), "{missing}");
    assert_eq!(client.get("/overview/freshness?state=dusty").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let run = post(&mut client, "/fn/jobs/run_schedule", "/overview/freshness", "id=cleanup").await;
    assert!(run.location().starts_with("/jobs/"), "{}", run.text);
    assert_eq!(
        world.number("select count(*) from ops.job_runs where schedule_id = 'cleanup' and state = 'queued'").await,
        1
    );

    let token =
        client.login("planner@mill.example", PASSWORD).await.json()["access_token"].as_str().expect("token").to_owned();
    let list = client.json(Method::GET, "/api/v1/freshness?state=missing", Some(&token), Value::Null).await.json();
    let cleanup = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|s| s["key"] == "schedule.cleanup")
        .expect("cleanup")
        .clone();
    assert_eq!(
        (&cleanup["missed"], &cleanup["badge"], &cleanup["refresh"]),
        (&json!(2), &json!("cached"), &json!("cleanup"))
    );
    assert_eq!(
        (&list["counts"]["missing"], &list["total"]),
        (&list["total"], &json!(list["items"].as_array().map(Vec::len)))
    );
}

/// Acceptance example 18, as far as the features go: what one may not view is not there.
#[sqlx::test(migrations = "../migrations")]
async fn a_clerk_sees_the_blocks_of_sales_only(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("clerk@mill.example", None, &[PermSet::SalesClerk]).await;
    let mut client = signed_in(&world, "clerk@mill.example").await;
    let home = client.get("/").await.text;
    assert!(home.contains("2 sales held for review") && home.contains("data-area=\"sales\""), "{home}");
    for part in ["jobs.run.", "data-area=\"jobs\"", "data-area=\"data\""] {
        assert!(!home.contains(part), "{part} is there:\n{home}");
    }
    let page = client.get("/overview/attention").await.text;
    assert!(!page.contains("feature=jobs") && !page.contains("Jobs: looked at"), "{page}");
    assert!(!client.get("/overview/freshness").await.text.contains("schedule.cleanup"));
}

/// Each block fails alone: a table that cannot be read takes its own lines only.
#[sqlx::test(migrations = "../migrations")]
async fn one_feature_that_hangs_leaves_the_rest_of_the_home_page(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    let mut client = signed_in(&world, "planner@mill.example").await;
    client.get("/").await;
    // Every figure's time is over.
    world.clock.advance(chrono::Duration::minutes(5));
    let mut lock = world.owner.begin().await.expect("transaction");
    sqlx::query("lock table ops.job_runs in access exclusive mode").execute(&mut *lock).await.expect("lock");
    // Who looks first has the last known at once, and the look behind it hangs.
    assert_eq!(client.get("/").await.status, StatusCode::OK);
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let since = std::time::Instant::now();
    let home = client.get("/").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(since.elapsed().as_millis() < 1_500, "took {:?}", since.elapsed());
    for part in [
        "Jobs: unavailable, last seen 12:00",
        "2 sales held for review",
        "Last known",
        "data-metric=\"sales.revenue_net\"",
    ] {
        assert!(home.text.contains(part), "{part} is missing:\n{}", home.text);
    }
    assert!(!home.text.contains("Transactions: unavailable"), "{}", home.text);
}
