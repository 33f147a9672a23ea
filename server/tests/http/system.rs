//! The web side around every route: ids, errors, limits, health.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    middleware::from_fn_with_state,
    routing::get,
};
use serde_json::Value;
use server::{
    access::Doorkeeper,
    backend::{Backend, Pools},
    clock::SystemClock,
    config::{Config, Sources},
    http::{
        request::{Observer, observe},
        router::router,
    },
    process::Process,
    services::Services,
};
use sqlx::{PgPool, postgres::PgConnectOptions};
use std::sync::Arc;
use tower::ServiceExt;

fn process(pairs: &[(&str, &str)]) -> Process {
    let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let mut config = Config::load(&Sources::of("test", pairs)).expect("config");
    config.site_root = "/nowhere".into();
    Process::new(Arc::new(config))
}

fn web(options: &PgConnectOptions, process: &Process) -> Router {
    let backend = Backend::new(Pools::open(options, 10), Arc::new(SystemClock));
    let door = Doorkeeper::new(backend.clone(), crate::world::settings()).expect("doorkeeper");
    let services = Services::new(backend, Arc::new(door));
    router(services, process.clone()).0
}

/// A database that nobody answers for.
fn nowhere() -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1).username("x").password("x").database("x")
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Value,
}

async fn send(web: &Router, request: Request<Body>) -> Answer {
    let response = web.clone().oneshot(request).await.expect("answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), 1 << 22).await.expect("body");
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

async fn call(web: &Router, method: &str, path: &str) -> Answer {
    send(web, Request::builder().method(method).uri(path).body(Body::empty()).expect("request")).await
}

#[tokio::test]
async fn without_the_database_the_process_is_live_but_not_ready() {
    let process = process(&[]);
    let web = web(&nowhere(), &process);
    assert_eq!(call(&web, "GET", "/health/live").await.status, StatusCode::OK);
    let ready = call(&web, "GET", "/health/ready").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.body["error"]["code"], "unavailable");
    assert!(ready.headers.contains_key(header::RETRY_AFTER));
    let health = call(&web, "GET", "/health").await;
    assert_eq!((health.status, &health.body["status"]), (StatusCode::OK, &"outage".into()));
    assert_eq!(health.body["components"]["database"]["status"], "failed");
    assert!(health.body["components"]["disk"].get("free_bytes").is_none(), "numbers need system.view");
}

#[sqlx::test(migrations = "../migrations")]
async fn ready_until_the_process_is_told_to_stop(db: PgPool) {
    server::database::migrations::up(&db.connect_options(), true).await.expect("queue and grants");
    let process = process(&[]);
    let web = web(&db.connect_options(), &process);
    assert_eq!(call(&web, "GET", "/health/ready").await.status, StatusCode::OK);
    let health = call(&web, "GET", "/health").await.body;
    assert_eq!(health["status"], "degraded", "nobody started the live bus: {health}");
    assert_eq!(health["components"]["live"]["status"], "degraded");
    assert_eq!(health["components"]["worker"]["status"], "degraded", "no worker has been heard of");
    for part in ["database", "schema", "queue", "scheduler", "pools"] {
        assert_eq!(health["components"][part]["status"], "ok", "{part}");
    }
    let now = chrono::Utc::now();
    sqlx::query(
        "update ops.schedules set enabled = true, next_due_at = $1 where id = (select min(id) from ops.schedules)",
    )
    .bind(now - chrono::Duration::minutes(2))
    .execute(&db)
    .await
    .expect("late schedule");
    assert_eq!(call(&web, "GET", "/health").await.body["components"]["scheduler"]["status"], "degraded");
    process.stop.cancel();
    assert_eq!(call(&web, "GET", "/health/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(call(&web, "GET", "/health/live").await.status, StatusCode::OK);
}

#[tokio::test]
async fn errors_have_one_shape_and_carry_the_id_of_the_request() {
    let web = web(&nowhere(), &process(&[]));
    let missing = call(&web, "GET", "/api/v1/no/such/thing").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.body["success"], false);
    assert_eq!(missing.body["error"]["code"], "not_found");
    let id = missing.headers["x-request-id"].to_str().expect("id");
    assert_eq!(missing.body["error"]["request_id"], id);
    assert!(missing.headers["x-process-time"].to_str().is_ok_and(|t| t.parse::<f64>().is_ok()));
    let again = call(&web, "GET", "/api/v1/no/such/thing").await;
    assert_ne!(again.headers["x-request-id"], id);

    let method = call(&web, "DELETE", "/health").await;
    assert_eq!((method.status, &method.body["success"]), (StatusCode::METHOD_NOT_ALLOWED, &false.into()));
    assert_eq!(call(&web, "GET", "/metrics").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_trailing_slash_answers_the_same_without_redirect() {
    let web = web(&nowhere(), &process(&[]));
    let (plain, slash) = (call(&web, "GET", "/health/live").await, call(&web, "GET", "/health/live/").await);
    assert_eq!((slash.status, slash.body), (plain.status, plain.body));
    assert_eq!(call(&web, "GET", "/api/v1/openapi.json/").await.body["openapi"], "3.1.0");
}

#[tokio::test]
async fn beyond_the_limit_callers_wait_and_health_stays_free() {
    let web = web(&nowhere(), &process(&[("MILLRACE_RATE_ANONYMOUS", "3")]));
    for left in ["2", "1", "0"] {
        let answer = call(&web, "GET", "/api/v1/openapi.json").await;
        assert_eq!(
            (answer.status, &answer.headers["x-ratelimit-remaining"]),
            (StatusCode::OK, &left.parse().expect("header"))
        );
        assert_eq!(answer.headers["x-ratelimit-limit"], "3");
    }
    let refused = call(&web, "GET", "/api/v1/openapi.json").await;
    assert_eq!(
        (refused.status, &refused.body["error"]["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &"rate_limited".into())
    );
    assert_eq!(refused.headers[header::RETRY_AFTER], "20");
    assert_eq!(call(&web, "GET", "/health/live").await.status, StatusCode::OK);
}

#[tokio::test]
async fn bodies_and_headers_have_a_limit_and_a_panic_becomes_an_answer() {
    let observer = Observer { clock: Arc::new(SystemClock), trusted_proxies: Arc::default() };
    let web = Router::new()
        .route(
            "/boom",
            get(|| async {
                if true {
                    panic!("secret text")
                }
            })
            .post(|body: String| async move { body.len().to_string() }),
        )
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(from_fn_with_state(observer, observe));
    let boom = call(&web, "GET", "/boom").await;
    assert_eq!((boom.status, &boom.body["error"]["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &"internal".into()));
    assert!(!boom.body.to_string().contains("secret text") && boom.body["error"]["request_id"].is_string());

    let post = |bytes: usize| Request::post("/boom").body(Body::from("x".repeat(bytes))).expect("request");
    assert_eq!(send(&web, post(1 << 20)).await.status, StatusCode::OK);
    assert_eq!(send(&web, post((1 << 20) + 1)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let fat = Request::get("/boom").header("x-fat", "x".repeat(17 << 10)).body(Body::empty()).expect("request");
    assert_eq!(send(&web, fat).await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn another_origin_must_be_known_and_never_gets_to_use_cookies() {
    let web = web(&nowhere(), &process(&[("MILLRACE_CORS_ORIGINS", "https://app.example.com")]));
    let from =
        |origin: &str| Request::get("/health/live").header("origin", origin).body(Body::empty()).expect("request");
    let known = send(&web, from("https://app.example.com")).await;
    assert_eq!(known.headers["access-control-allow-origin"], "https://app.example.com");
    assert!(!known.headers.contains_key("access-control-allow-credentials"));
    assert!(!send(&web, from("https://evil.example.com")).await.headers.contains_key("access-control-allow-origin"));
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri("/api/v1/settings")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "PATCH")
        .body(Body::empty())
        .expect("request");
    let answer = send(&web, preflight).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(answer.headers["access-control-allow-headers"].to_str().is_ok_and(|h| h.contains("authorization")));
}

#[sqlx::test(migrations = "../migrations")]
async fn every_address_has_a_face_and_a_process_serves_one_alone(db: PgPool) {
    use server::http::face::{Face, Served};
    let backend = Backend::new(Pools::open(&db.connect_options(), 10), Arc::new(SystemClock));
    let door = Doorkeeper::new(backend.clone(), crate::world::settings()).expect("doorkeeper");
    let services = Services::new(backend, Arc::new(door));
    let (analytics, table) = router(services.clone(), process(&[]).serving(Served::Analytics));
    let (admin, _) = router(services, process(&[]).serving(Served::Admin));
    let mut counted = [0, 0, 0];
    for route in &table {
        let face =
            Face::of(&route.path).unwrap_or_else(|| panic!("{} has no face: say which in http/face.rs", route.path));
        counted[face as usize] += 1;
        if route.method != axum::http::Method::GET || route.path.contains('{') {
            continue;
        }
        for (web, other) in [(&analytics, Face::Admin), (&admin, Face::Analytics)] {
            let answer = call(web, "GET", &route.path).await;
            let elsewhere = answer.body["error"]["message"].as_str().is_some_and(|m| m.contains("belongs to the face"));
            assert_eq!(elsewhere, face == other, "{} {:?}", route.path, answer.body);
        }
    }
    assert!(counted.iter().all(|n| *n > 10), "{counted:?}");
}
