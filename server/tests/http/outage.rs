//! The database goes away and comes back while people look at the overview (`platform.md` 3.6).

use crate::{
    browser::{Client, router},
    forms::{post, signed_in},
    overview::arrange,
    wire::Wire,
    world::{PASSWORD, World, settings},
};
use axum::http::{Method, StatusCode};
use domain::{access::Role, clock::Clock, overview::MetricKey};
use serde_json::{Value, json};
use server::live::LiveHandle;
use sqlx::PgPool;
use std::time::Duration;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

const WHO: &str = "planner@mill.example";

/// A served world behind a wire, with one sale day, and somebody signed in.
struct Outage {
    world: World,
    wire: Wire,
    client: Client,
    bearer: String,
    stop: CancellationToken,
    _live: LiveHandle,
    _tasks: Vec<JoinHandle<()>>,
}

impl Outage {
    async fn arrange(root: PgPool) -> Self {
        let wire = Wire::to(&root.connect_options()).await;
        let world = World::reaching(root, &wire.options(), settings()).await;
        arrange(&world).await;
        world.user(WHO, Some(Role::Planner), &[]).await;
        let stop = CancellationToken::new();
        let live = world.services.live.start(&stop);
        let probe = server::freshness::watch(world.backend.clone(), world.services.live.clone(), stop.clone());
        let door = world.door.clone().follow(world.services.live.subscribe(), stop.clone());
        let tasks = vec![tokio::spawn(probe), tokio::spawn(door)];
        until(|| world.services.live.connected()).await;
        let mut client = Client::new(&router(&world));
        let token = client.login(WHO, PASSWORD).await.json()["access_token"].as_str().expect("token").to_owned();
        client.cookies = signed_in(&world, WHO).await.cookies;
        Self { world, wire, client, bearer: format!("Bearer {token}"), stop, _live: live, _tasks: tasks }
    }

    async fn page(&mut self, path: &str) -> String {
        let answer = self.client.send(Method::GET, path, &[("accept", "text/html")], "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.text
    }

    async fn json(&mut self, path: &str) -> Value {
        let bearer = self.bearer.clone();
        let answer = self.client.send(Method::GET, path, &[("authorization", &bearer)], "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.json()
    }

    async fn orders(&mut self) -> Value {
        self.json("/api/v1/kpis/sales.orders?day=2026-03-10").await
    }

    async fn cut(&mut self) {
        self.wire.cut().await;
        let breaker = self.world.backend.breaker.clone();
        until(|| breaker.is_open()).await;
    }

    async fn mend(&mut self) {
        self.wire.mend().await;
        let (breaker, live) = (self.world.backend.breaker.clone(), self.world.services.live.clone());
        until(|| !breaker.is_open() && live.connected()).await;
    }
}

impl Drop for Outage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Waits for what happens by itself within ten seconds.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("within ten seconds");
}

#[sqlx::test(migrations = "../migrations")]
async fn figures_stand_with_age_and_reason_while_the_database_is_away_and_heal_by_themselves(root: PgPool) {
    let mut o = Outage::arrange(root).await;
    let before = o.page("/").await;
    assert!(before.contains("1,082.00") && !before.contains("data-outage"), "{before}");
    let fresh = o.orders().await;
    assert_eq!((&fresh["value"], &fresh["state"], &fresh["error_class"]), (&json!("3"), &json!("fresh"), &Value::Null));
    assert_eq!((fresh.get("error"), fresh.get("fallback_value")), (Some(&Value::Null), Some(&Value::Null)));

    o.cut().await;
    o.world.clock.advance(chrono::Duration::seconds(90));
    let page = o.page("/").await;
    assert!(page.contains("1,082.00"), "the last known revenue");
    assert!(page.contains("Database unreachable since ") && page.contains("12:00"), "since when");
    assert!(page.contains("could not be refreshed (database unreachable)") && page.contains(">Cached<"), "why");
    let old = o.orders().await;
    assert_eq!(
        (&old["value"], &old["state"], &old["error_class"], &old["age_seconds"]),
        (&json!("3"), &json!("stale"), &json!("connection"), &json!(90))
    );
    assert_eq!((&old["error"], &old["fallback_value"]), (&json!({"class": "connection"}), &old["value"]));
    assert!(old["missed"].as_i64() >= Some(1));
    // The rows of a figure are not to be had, but its last number is.
    let rows = o.page("/overview/kpis/sales.orders").await;
    assert!(rows.contains("data-rows-missing") && rows.contains("data-metric=\"sales.orders\""), "{rows}");
    // No number of one hour is kept, and the whole day's is none of the hour.
    let hour = "/overview/kpis/sales.orders?day=2026-03-10&hour=2026-03-10T08:00:00Z";
    let hour = o.client.send(Method::GET, hour, &[("accept", "text/html")], "").await;
    assert_eq!(hour.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!hour.text.contains("data-metric=\"sales.orders\""), "{}", hour.text);

    o.world
        .execute(
            "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                 line_count, occurred_at, recognised_at, entry, created_at, updated_at)
             select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 5, 0, 5, 0, 0, 5, 1, 1, ts, ts, 'api', ts, ts
             from (values (timestamptz '2026-03-10T12:01Z')) as v (ts)",
        )
        .await;
    o.mend().await;
    let healed = o.orders().await;
    assert_eq!((&healed["value"], &healed["state"], &healed["missed"]), (&json!("4"), &json!("fresh"), &json!(0)));
    let page = o.page("/").await;
    assert!(page.contains("1,087.00") && !page.contains("data-outage"));
}

#[sqlx::test(migrations = "../migrations")]
async fn in_an_outage_nothing_is_written_and_nobody_new_comes_in(root: PgPool) {
    let mut o = Outage::arrange(root).await;
    o.page("/").await;
    o.orders().await;
    o.cut().await;
    let bearer = o.bearer.clone();
    let sale =
        json!({"lines": [{"product_id": uuid::Uuid::nil(), "quantity": "1"}], "payment_method": "cash"}).to_string();
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let refused = o.client.send(Method::POST, "/api/v1/transactions", &headers, &sale).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable"))
    );
    let mut stranger = Client::new(&router(&o.world));
    assert_eq!(stranger.login(WHO, PASSWORD).await.status, StatusCode::SERVICE_UNAVAILABLE);
    // What was never computed is not made up.
    let answer = o.client.send(Method::GET, "/api/v1/kpis?day=2026-01-01", &[("authorization", &bearer)], "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let tiles = answer.json();
    let tiles = tiles.as_array().or_else(|| tiles["items"].as_array()).expect("tiles");
    assert_eq!(tiles.len(), MetricKey::ALL.len());
    // Figures of the moment are those of any day.
    let of_now = |tile: &&Value| tile["key"].as_str().and_then(MetricKey::parse).is_some_and(MetricKey::is_of_now);
    for tile in tiles.iter().filter(|tile| !of_now(tile)) {
        assert_eq!(
            (&tile["value"], &tile["state"], &tile["error_class"], &tile["computed_at"]),
            (&Value::Null, &json!("pending"), &json!("connection"), &Value::Null)
        );
        assert_eq!((&tile["error"]["class"], &tile["fallback_value"]), (&json!("connection"), &Value::Null));
    }
    // The page of that day keeps its head and period bar; each block says what is missing.
    let page = o.page("/?day=2026-01-01").await;
    assert!(page.contains("Other days") && page.contains("could not be computed (database unreachable)"), "{page}");
    assert!(page.contains("data-failed") && page.contains("Try again"));
}

/// Without script: the refused form comes back with what was typed, though nothing could be written down; and at once.
#[sqlx::test(migrations = "../migrations")]
async fn a_form_refused_in_an_outage_comes_back_with_what_was_typed(root: PgPool) {
    let mut o = Outage::arrange(root).await;
    o.world.user("boss@mill.example", Some(Role::Admin), &[]).await;
    o.client.cookies = signed_in(&o.world, "boss@mill.example").await.cookies;
    let home = o.page("/").await;
    assert!(home.contains("data-metric"));
    o.cut().await;
    let since = std::time::Instant::now();
    let typed = "kind=slow_query&metric=sales.orders&ms=4711&duration_seconds=77";
    let refused = post(&mut o.client, "/fn/overview/start_drill", "/overview/drill", typed).await;
    assert!(since.elapsed().as_millis() < 500, "nobody waits for a connection that cannot come: {:?}", since.elapsed());
    assert_eq!(refused.status, StatusCode::SEE_OTHER, "{}", refused.text);
    let page = o.client.send(Method::GET, "/overview/drill", &[("accept", "text/html")], "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("4711") && page.text.contains("\"77\""), "what was typed stands: {}", page.text);
    o.mend().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_signed_out_is_not_remembered_in_an_outage(root: PgPool) {
    let mut o = Outage::arrange(root).await;
    o.page("/").await;
    let cookies = o.client.cookies.clone();
    let out = post(&mut o.client, "/fn/access/sign_out", "/", "").await;
    assert_eq!(out.status, StatusCode::SEE_OTHER, "{}", out.text);
    o.cut().await;
    o.client.cookies = cookies;
    let answer = o.client.send(Method::GET, "/", &[("accept", "text/html")], "").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert!(!answer.text.contains("1,082.00"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_server_started_in_the_outage_shows_the_same_figures_to_who_was_signed_in(root: PgPool) {
    let mut o = Outage::arrange(root).await;
    let before = o.page("/").await;
    assert!(before.contains("1,082.00"));
    assert!(o.client.cookies.contains_key("millrace_ticket"), "{:?}", o.client.cookies.keys());
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join(server::freshness::LAST_GOOD);
    server::freshness::save_last_good(&o.world.backend.figures, &file).expect("written");
    o.cut().await;

    // Another process on the same wire: it knows nothing but the file.
    let restarted = World::reaching_again(&o.world, &o.wire.options());
    assert!(server::freshness::load_last_good(&restarted.backend.figures, &file) > 5);
    restarted.backend.breaker.open(restarted.clock.now());
    o.world.clock.advance(chrono::Duration::minutes(10));
    let mut client = Client::new(&router(&restarted));
    client.cookies = o.client.cookies.clone();
    let answer = client.send(Method::GET, "/", &[("accept", "text/html")], "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.text.contains("1,082.00") && answer.text.contains("data-outage"), "the last figures");
    assert!(answer.text.contains("10\u{a0}min ago"), "the age");

    // Without the ticket, with somebody else's session, or after its hour: nobody.
    let third = World::reaching_again(&o.world, &o.wire.options());
    third.backend.breaker.open(third.clock.now());
    let mut stranger = Client::new(&router(&third));
    stranger.cookies = o.client.cookies.clone();
    stranger.cookies.remove("millrace_ticket");
    let refused = stranger.send(Method::GET, "/", &[("accept", "text/html")], "").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    o.world.clock.advance(chrono::Duration::minutes(50));
    let mut late = Client::new(&router(&third));
    late.cookies = o.client.cookies.clone();
    let refused = late.send(Method::GET, "/", &[("accept", "text/html")], "").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "the hour is over");
}
