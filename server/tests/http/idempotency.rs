//! `Idempotency-Key`.

use crate::{
    described::DOCUMENT,
    shop::{Shop, planner},
    shop_front::{Answer, call, front, post},
    world::{World, person},
};
use axum::{Extension, Router, body::Body, http::Request};
use domain::access::{CreateUser, Password, Role};
use serde_json::{Value, json};
use server::http::{api, caller::Caller};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use std::collections::BTreeSet;

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data; boundary=frontier";
const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/// Everything but sales, called as an administrator.
fn desk(world: &World) -> Router {
    let routes = api::access::routes().merge(api::ingest::routes()).merge(api::jobs::routes());
    let who = Caller(Some(person(Role::Admin)));
    routes.into_parts().0.with_state(world.services.clone()).layer(Extension(who))
}

async fn send(router: &Router, path: &str, media: &str, body: &str, key: &str) -> Answer {
    let request = Request::post(path).header("content-type", media).header("idempotency-key", key);
    call(router, request.body(Body::from(body.to_owned())).unwrap()).await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

/// `body` twice under one key is answered once and repeated; each of `others` is refused. Gives the answer.
async fn twice(router: &Router, path: &str, media: &str, body: &str, others: &[&str]) -> Answer {
    let first = send(router, path, media, body, path).await;
    assert!(first.status.is_success() && !replayed(&first), "{path}: {} {}", first.status, first.text());
    let again = send(router, path, media, body, path).await;
    assert!(replayed(&again), "{path}");
    assert_eq!((again.status, again.header("etag"), again.text()), (first.status, first.header("etag"), first.text()));
    for other in others {
        let refused = send(router, path, media, other, path).await;
        assert_eq!((refused.status.as_u16(), replayed(&refused)), (409, false), "{path}: {other}");
    }
    first
}

/// A refusal is repeated as it was.
async fn refused(router: &Router, path: &str, media: &str, body: &str, status: u16) {
    let key = format!("refusal of {path}");
    let [first, again] = [send(router, path, media, body, &key).await, send(router, path, media, body, &key).await];
    assert_eq!((first.status.as_u16(), replayed(&first)), (status, false), "{}", first.text());
    assert_eq!((again.status.as_u16(), replayed(&again), again.text()), (status, true, first.text()));
}

/// 20 at once under one key: one does it, all say the same.
async fn at_once(router: &Router, path: &'static str, body: &Value) {
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (router, body) = (router.clone(), body.to_string());
            tokio::spawn(async move { send(&router, path, JSON, &body, path).await })
        })
        .collect();
    let (mut texts, mut fresh) = (BTreeSet::new(), 0);
    for answer in calls {
        let answer = answer.await.unwrap();
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text());
        fresh += i32::from(!replayed(&answer));
        texts.insert(answer.text().to_owned());
    }
    assert_eq!((texts.len(), fresh), (1, 1), "{path}: {texts:?}");
}

fn upload(sheet: &str, name: &str, file: &str) -> String {
    format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"sheet\"\r\n\r\n{sheet}\r\n\
         --frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/csv\r\n\r\n{file}\r\n--frontier--\r\n"
    )
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_key_and_body_answer_the_same_and_another_body_is_refused(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "1", Some(10)).await;
    let router = front(&shop, Some(planner()));
    let path = "/api/v1/transactions";
    let body = json!({"lines": [{"product_id": mug, "quantity": 1}], "payment_method": "cash"});

    let first = post(&router, path, &body, Some("k1")).await;
    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, None));
    // The same meaning written otherwise is the same body.
    let reordered =
        json!({"payment_method": "cash", "lines": [{"quantity": "1", "product_id": mug}], "shipping_cost": 0});
    let second = post(&router, path, &reordered, Some("k1")).await;
    assert_eq!((second.status.as_u16(), second.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(second.body, first.body);

    let other = post(
        &router,
        path,
        &json!({"lines": [{"product_id": mug, "quantity": 2}], "payment_method": "cash"}),
        Some("k1"),
    )
    .await;
    assert_eq!((other.status.as_u16(), other.header("idempotent-replayed")), (409, None));
    assert_eq!(post(&router, path, &body, Some("")).await.status.as_u16(), 422);

    // A refusal is repeated as it was.
    let short = json!({"lines": [{"product_id": mug, "quantity": 99}], "payment_method": "cash"});
    let refused = post(&router, path, &short, Some("k2")).await;
    let again = post(&router, path, &short, Some("k2")).await;
    assert_eq!(
        (refused.status.as_u16(), again.status.as_u16(), again.header("idempotent-replayed")),
        (409, 409, Some("true"))
    );
    assert_eq!(again.body, refused.body);
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 1);
}

#[test]
fn the_description_says_what_takes_a_key_and_why_tokens_do_not() {
    let takes = |operation: &Value| {
        operation["parameters"].as_array().into_iter().flatten().any(|p| p["name"] == "Idempotency-Key")
    };
    let keyed: BTreeSet<_> = DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().values().map(move |operation| (path.as_str(), operation)))
        .filter(|(_, operation)| takes(operation))
        .map(|(path, _)| path.strip_prefix("/api/v1/").unwrap())
        .collect();
    let wanted = [
        "customers",
        "fraud/backtests",
        "fraud/lists",
        "fraud/rule-sets",
        "fraud/rule-sets/{number}/publish",
        "fraud/rule-sets/{number}/retire",
        "fraud/rule-sets/{number}/shadow",
        "ingest/imports",
        "ingest/mappings",
        "jobs",
        "optimize",
        "optimize/batches",
        "optimize/optimize",
        "optimize/scenarios",
        "planning/networks",
        "planning/{section}",
        "products",
        "schedules/{id}/backfill",
        "schedules/{id}/run",
        "transactions",
        "transactions/{id}/cancel",
        "transactions/{id}/capture",
        "transactions/{id}/disputes",
        "transactions/{id}/fail",
        "transactions/{id}/refunds",
        "users",
    ];
    assert_eq!(keyed, BTreeSet::from(wanted));
    for path in ["/api/v1/auth/tokens", "/api/v1/auth/tokens/{id}/rotate"] {
        let said = DOCUMENT["paths"][path]["post"]["description"].as_str().unwrap();
        assert!(said.contains("no Idempotency-Key"), "{path}: {said}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_user_is_made_once_and_the_key_knows_nothing_of_the_password(db: PgPool) {
    let world = World::new(db).await;
    let router = desk(&world);
    let path = "/api/v1/users";
    let ada = |password: &str| {
        json!({"email": "ada@mill.example", "display_name": "Ada", "role": "viewer", "password": password}).to_string()
    };
    let password = "a mill has many wheels";
    let made = twice(
        &router,
        path,
        JSON,
        &ada(password),
        &[&ada("a mill has many stones"), "{\"email\": \"\", \"display_name\": \"\", \"password\": \"\"}"],
    )
    .await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, Some("\"1\"")));
    // The database itself refuses the second one, which must not take the key's answer with it.
    refused(&router, path, JSON, &ada(password), 409).await;
    assert_eq!(world.number("select count(*) from access.users").await, 1);
    assert_eq!(world.number("select count(*) from ops.audit_log where action = 'access.user_create'").await, 1);

    let command = CreateUser {
        email: "ada@mill.example".to_owned(),
        username: None,
        display_name: "Ada".to_owned(),
        role: Some(Role::Viewer),
        password: Password::new(password),
    };
    let plain = [Sha256::digest(serde_json::to_vec(&command).unwrap()), Sha256::digest(ada(password))];
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("select body_hash, response from ops.idempotency_keys").fetch_all(&world.owner).await.unwrap();
    assert_eq!(rows.len(), 2);
    for (hash, response) in rows {
        assert!(plain.iter().all(|plain| plain.as_slice() != hash), "whoever reads the table could try passwords");
        assert!(!String::from_utf8(response).unwrap().contains("wheels"));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_and_a_mapping_are_kept_once(db: PgPool) {
    let world = World::new(db).await;
    let router = desk(&world);
    let file = format!("{HEADER}\n1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n");
    let others = [
        upload("", "sales.csv", &file.replace("2.00", "2.50")),
        upload("", "other.csv", &file),
        upload("Sheet2", "sales.csv", &file),
        upload("", "sales.csv", "%PDF-1.7"),
    ];
    let path = "/api/v1/ingest/imports";
    let import =
        twice(&router, path, FORM, &upload("", "sales.csv", &file), &others.each_ref().map(String::as_str)).await;
    assert_eq!(import.status.as_u16(), 201);
    refused(&router, path, FORM, &others[3], 422).await;
    for table in ["select count(*) from ops.import_batches", "select count(*) from ops.files"] {
        assert_eq!(world.number(table).await, 1, "{table}");
    }

    let header: Vec<_> = HEADER.split(',').collect();
    let till = |name: &str| {
        json!({"target": "sales_transactions", "name": name, "header": header, "mapping": import.json()["mapping"]})
            .to_string()
    };
    let path = "/api/v1/ingest/mappings";
    assert_eq!(twice(&router, path, JSON, &till("till"), &[&till("the till")]).await.status.as_u16(), 201);
    refused(&router, path, JSON, &till("till"), 422).await;
    assert_eq!(world.number("select count(*) from ops.import_mappings").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_and_the_runs_of_a_schedule_start_once(db: PgPool) {
    let world = World::new(db).await;
    let router = desk(&world);
    let job = twice(
        &router,
        "/api/v1/jobs",
        JSON,
        "{\"kind\": \"cleanup\"}",
        &["{\"kind\": \"partition_ensure\"}", "{\"kind\": \"cleanup\", \"payload\": {\"x\": 1}}"],
    )
    .await;
    // Asked again without the key, the open run itself would be the answer.
    assert_eq!((job.status.as_u16(), &job.json()["deduplicated"]), (202, &json!(false)));
    refused(&router, "/api/v1/jobs", JSON, "{\"kind\": \"nothing\"}", 422).await;

    let run = twice(&router, "/api/v1/schedules/cleanup/run", JSON, "", &[]).await;
    assert_eq!((run.status.as_u16(), &run.json()["deduplicated"]), (202, &json!(false)));
    let elsewhere =
        send(&router, "/api/v1/schedules/partition_ensure/run", JSON, "", "/api/v1/schedules/cleanup/run").await;
    assert_eq!((elsewhere.status.as_u16(), replayed(&elsewhere)), (409, false), "the key is of another schedule");

    let range = |to: &str| json!({"from": "2026-03-07T00:00:00Z", "to": to}).to_string();
    let late = twice(
        &router,
        "/api/v1/schedules/cleanup/backfill",
        JSON,
        &range("2026-03-09T00:00:00Z"),
        &[&range("2026-03-10T00:00:00Z"), &range("2026-03-01T00:00:00Z")],
    )
    .await;
    assert_eq!((late.status.as_u16(), late.json()), (202, json!({"enqueued": 2, "already_fired": 0})));
    assert_eq!(world.number("select count(*) from ops.job_runs").await, 4);
}

#[sqlx::test(migrations = "../migrations")]
async fn twenty_at_once_under_one_key_change_once(db: PgPool) {
    let world = World::new(db).await;
    let router = desk(&world);
    let ada = json!({"email": "ada@mill.example", "display_name": "Ada", "password": "a mill has many wheels"});
    at_once(&router, "/api/v1/users", &ada).await;
    assert_eq!(world.number("select count(*) from access.users").await, 1);

    at_once(&router, "/api/v1/jobs", &json!({"kind": "cleanup"})).await;
    assert_eq!(world.number("select count(*) from ops.job_runs").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_is_free_again_after_a_failure_and_busy_while_its_first_request_runs(db: PgPool) {
    let world = World::new(db).await;
    let router = desk(&world);
    let (path, body) = ("/api/v1/jobs", "{\"kind\": \"cleanup\"}");
    world.execute("alter table ops.audit_log add constraint full_disk check (action <> 'jobs.run')").await;
    assert_eq!(send(&router, path, JSON, body, "k").await.status.as_u16(), 500);
    assert_eq!(world.number("select count(*) from ops.idempotency_keys").await, 0);
    assert_eq!(world.number("select count(*) from ops.job_runs").await, 0);
    world.execute("alter table ops.audit_log drop constraint full_disk").await;

    let mut running = world.owner.begin().await.unwrap();
    sqlx::query("insert into ops.idempotency_keys (principal_id, key, route, body_hash, state, created_at) values ($1, 'k', '', '', 'running', now())")
        .bind(person(Role::Admin).actor_id())
        .execute(&mut *running)
        .await
        .unwrap();
    let busy = send(&router, path, JSON, body, "k").await;
    assert_eq!((busy.status.as_u16(), replayed(&busy), busy.header("retry-after")), (409, false, Some("1")));
    running.rollback().await.unwrap();
    let first = send(&router, path, JSON, body, "k").await;
    assert_eq!((first.status.as_u16(), replayed(&first)), (202, false));
}
