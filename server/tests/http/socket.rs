//! The dashboard over a WebSocket, through a real port.

use crate::{
    browser::{Client, router},
    overview::arrange,
    world::{PASSWORD, World},
};
use axum::http::Method;
use domain::access::{PermSet, Role};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::time::Duration;
use tokio::{net::TcpListener, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::StatusCode},
};
use tokio_util::sync::CancellationToken;

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

struct Served {
    world: World,
    address: String,
    stop: CancellationToken,
    _live: server::live::LiveHandle,
}

impl Served {
    async fn on(root: PgPool) -> Self {
        let world = World::new(root).await;
        arrange(&world).await;
        let stop = CancellationToken::new();
        let live = world.services.live.start(&stop);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address").to_string();
        tokio::spawn(server::http::listener::serve(listener, router(&world), stop.clone(), Duration::ZERO));
        for _ in 0..500 {
            if world.services.live.connected() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { world, address, stop, _live: live }
    }

    async fn token(&self, name: &str) -> String {
        let answer = Client::new(&router(&self.world)).login(name, PASSWORD).await;
        answer.json()["access_token"].as_str().expect("token").to_owned()
    }

    async fn open(&self, query: &str, headers: &[(&'static str, String)]) -> Result<Socket, StatusCode> {
        let mut request =
            format!("ws://{}/api/v1/ws/dashboard{query}", self.address).into_client_request().expect("request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("header"));
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status()),
            Err(other) => panic!("{other}"),
        }
    }

    async fn sale(&self) {
        self.world
            .execute(
                "with sold as (
                    insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                        line_count, occurred_at, recognised_at, entry, created_at, updated_at)
                    select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 5, 0, 5, 0, 0, 5, 1, 1, ts, ts,
                           'api', ts, ts
                    from (values (timestamptz '2026-03-10T11:30Z')) as v (ts) returning id)
                 select ops.emit('transactions', id::text), ops.emit('inventory', ''), ops.emit('dashboard', '') from sold",
            )
            .await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        let message =
            timeout(Duration::from_secs(10), socket.next()).await.expect("in time").expect("open").expect("frame");
        match message {
            Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
            Message::Close(frame) => return json!({ "type": "close", "code": frame.map(|f| u16::from(f.code)) }),
            _ => {}
        }
    }
}

/// Frames that come within `moment`, by type.
async fn within(socket: &mut Socket, moment: Duration) -> Vec<String> {
    let mut kinds = Vec::new();
    let until = tokio::time::Instant::now() + moment;
    while let Ok(frame) = tokio::time::timeout_at(until, next(socket)).await {
        kinds.push(frame["type"].as_str().expect("type").to_owned());
    }
    kinds
}

async fn say(socket: &mut Socket, said: Value) {
    socket.send(Message::text(said.to_string())).await.expect("sent");
}

/// Acceptance example 16: one sale makes one update for each client.
#[sqlx::test(migrations = "../migrations")]
async fn one_sale_is_one_update_for_each_client(root: PgPool) {
    let served = Served::on(root).await;
    served.world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let bearer = [("authorization", format!("Bearer {}", served.token("ada@mill.example").await))];
    let mut clients = Vec::new();
    for query in ["", "?channels=dashboard,transactions&user_id=7"] {
        let mut socket = served.open(query, &bearer).await.expect("open");
        let hello = next(&mut socket).await;
        assert_eq!(hello["type"], "connected");
        assert!(hello["data"]["user_id"].is_string() && hello["id"].is_string() && hello["timestamp"].is_string());
        let first = next(&mut socket).await;
        assert_eq!((&first["type"], &first["channel"]), (&json!("dashboard_update"), &json!("dashboard")));
        clients.push((socket, first["data"]["data"]["transactions_24h"].as_i64().expect("count")));
    }
    // The calm after the first snapshot.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    served.sale().await;
    for (place, (socket, before)) in clients.iter_mut().enumerate() {
        let mut updates = 0;
        let until = tokio::time::Instant::now() + Duration::from_millis(2_500);
        while let Ok(frame) = tokio::time::timeout_at(until, next(socket)).await {
            match frame["type"].as_str().expect("type") {
                "dashboard_update" => {
                    updates += 1;
                    assert_eq!(frame["data"]["data"]["transactions_24h"].as_i64(), Some(*before + 1));
                }
                "transaction_update" => assert!(place == 1 && frame["data"]["transaction_id"].is_string()),
                other => panic!("{other}"),
            }
        }
        assert_eq!(updates, 1, "client {place}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn channels_are_joined_and_left_and_what_one_may_not_hear_is_refused(root: PgPool) {
    let served = Served::on(root).await;
    served.world.user("clerk@mill.example", None, &[PermSet::SalesClerk]).await;
    let bearer = [("authorization", format!("Bearer {}", served.token("clerk@mill.example").await))];
    let mut socket = served.open("?channels=dashboard,luck", &bearer).await.expect("open");
    let hello = next(&mut socket).await;
    assert_eq!(hello["data"]["channels"], json!(["dashboard"]));
    let refused = next(&mut socket).await;
    assert_eq!((&refused["type"], &refused["data"]["code"]), (&json!("error"), &json!("unknown_channel")));
    assert_eq!(next(&mut socket).await["type"], "dashboard_update");
    for (said, answer) in [
        (json!({"action": "ping"}), "pong"),
        (json!({"action": "unsubscribe", "channel": "dashboard"}), "unsubscribed"),
        (json!({"action": "dance"}), "error"),
        (json!({"action": "subscribe", "channel": "analytics"}), "subscribed"),
    ] {
        say(&mut socket, said).await;
        assert_eq!(next(&mut socket).await["type"], answer);
    }
    let day = next(&mut socket).await;
    assert_eq!((&day["type"], &day["channel"]), (&json!("metrics_update"), &json!("analytics")));
    let before = day["data"]["totals"]["transaction_count"].as_i64().expect("count");
    served.sale().await;
    let day = next(&mut socket).await;
    assert_eq!(
        (&day["type"], &day["data"]["totals"]["transaction_count"]),
        (&json!("metrics_update"), &json!(before + 1))
    );
    assert!(day["data"]["hour"]["hour"].is_string(), "{day}");
    let keys = day["data"]["keys"].as_array().expect("keys");
    assert!(keys.contains(&json!("sales.revenue_net")), "{keys:?}");
    assert!(!within(&mut socket, Duration::from_millis(1_500)).await.contains(&"dashboard_update".to_owned()), "left");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cookie_needs_our_origin_and_an_ended_session_closes_its_line(root: PgPool) {
    let served = Served::on(root).await;
    let user = served.world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    assert_eq!(served.open("", &[]).await.err(), Some(StatusCode::UNAUTHORIZED));
    let client = crate::forms::signed_in(&served.world, "ada@mill.example").await;
    let cookies: Vec<_> = client.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookie = ("cookie", cookies.join("; "));
    for origin in [None, Some("https://evil.example")] {
        let mut headers = vec![cookie.clone()];
        headers.extend(origin.map(|origin| ("origin", origin.to_owned())));
        assert_eq!(served.open("", &headers).await.err(), Some(StatusCode::FORBIDDEN), "{origin:?}");
    }
    let ours = ("origin", served.world.door.settings().origin.clone());
    let mut socket = served.open("", &[cookie, ours]).await.expect("open");
    assert_eq!(next(&mut socket).await["type"], "connected");
    assert_eq!(next(&mut socket).await["type"], "dashboard_update");
    let mut owner = served.world.owner.acquire().await.expect("connection");
    store::live::emit(&mut owner, domain::live::Topic::Session, &user.to_string()).await.expect("told");
    assert_eq!(next(&mut socket).await, json!({ "type": "close", "code": 4401 }));
}

/// Acceptance example 21 of commerce: a frame names nobody.
#[sqlx::test(migrations = "../migrations")]
async fn frames_tell_nothing_personal(root: PgPool) {
    let served = Served::on(root).await;
    served.world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let bearer = [("authorization", format!("Bearer {}", served.token("ada@mill.example").await))];
    let channels = "?channels=dashboard,transactions,customers,analytics";
    let mut socket = served.open(channels, &bearer).await.expect("open");
    served
        .world
        .execute(
            "insert into sales.customers (id, first_name, last_name, email, registration_date, created_at, updated_at)
             values ('01890000-0000-7000-8000-0000000000aa', 'Zebulon', 'Quagmire', 'zq@quagmire.example', '2026-01-01', '2026-01-01', '2026-01-01');
             with sold as (
                insert into sales.transactions (id, customer_id, site_id, status, currency, gross, discount, net, tax, shipping, total,
                    quantity, line_count, occurred_at, recognised_at, entry, created_at, updated_at)
                select gen_random_uuid(), '01890000-0000-7000-8000-0000000000aa', '00000000-0000-7000-8000-000000000001', 'approved', 'USD',
                       5, 0, 5, 0, 0, 5, 1, 1, ts, ts, 'api', ts, ts
                from (values (timestamptz '2026-03-10T11:30Z')) as v (ts) returning id)
             select ops.emit('transactions', id::text), ops.emit('customers', ''), ops.emit('dashboard', '') from sold",
        )
        .await;
    let until = tokio::time::Instant::now() + Duration::from_millis(2_500);
    let (mut frames, mut sales) = (String::new(), 0);
    while let Ok(frame) = tokio::time::timeout_at(until, next(&mut socket)).await {
        sales += usize::from(frame["channel"] == "transactions");
        frames.push_str(&frame.to_string());
    }
    assert!(sales > 0, "{frames}");
    for clear in ["Zebulon", "Quagmire", "quagmire"] {
        assert!(!frames.contains(clear), "{frames}");
    }
}

/// Frames of the channels but snapshots, until there are `count`.
async fn told(socket: &mut Socket, count: usize) -> Vec<Value> {
    let mut frames = Vec::new();
    while frames.len() < count {
        let frame = next(socket).await;
        if !matches!(frame["type"].as_str(), Some("connected" | "dashboard_update" | "metrics_update")) {
            frames.push(frame);
        }
    }
    frames
}

const MUG: &str = "01890000-0000-7000-8000-000000000001";

struct Till<'a> {
    served: &'a Served,
    token: String,
}

impl Till<'_> {
    async fn post(&self, path: &str, body: Value) -> Value {
        // A second is between what happens at a till.
        self.served.world.clock.advance(chrono::Duration::seconds(5));
        let mut client = Client::new(&router(&self.served.world));
        let answer = client.json(Method::POST, path, Some(&self.token), body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        answer.json()
    }

    async fn sell(&self, capture: bool) -> String {
        let sale = json!({"product_id": MUG, "quantity": 2, "payment_method": "cash", "capture": capture,
                          "customer_id": "01890000-0000-7000-8000-0000000000aa"});
        let sold = self.post("/api/v1/transactions", sale).await;
        sold["data"]["transaction_id"].as_str().expect("id").to_owned()
    }
}

/// Acceptance example 20 of commerce.
#[sqlx::test(migrations = "../migrations")]
async fn a_sale_is_told_within_a_second_and_who_comes_back_misses_and_repeats_nothing(root: PgPool) {
    let served = Served::on(root).await;
    let world = &served.world;
    world.user("ann@mill.example", Some(Role::Admin), &[]).await;
    let bob = world.user("bob@mill.example", Some(Role::Viewer), &[]).await;
    world
        .execute(
            "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
             values ('01890000-0000-7000-8000-000000000001', 'MUG-1', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01');
             insert into stock.levels (product_id, site_id, on_hand)
             select '01890000-0000-7000-8000-000000000001', id, 50 from stock.sites where is_default;
             insert into sales.customers (id, first_name, last_name, email, registration_date, created_at, updated_at)
             values ('01890000-0000-7000-8000-0000000000aa', 'Zebulon', 'Quagmire', 'zq@quagmire.example', '2026-01-01', '2026-01-01', '2026-01-01')",
        )
        .await;
    let till = Till { served: &served, token: served.token("ann@mill.example").await };
    let bearer = [("authorization", format!("Bearer {}", served.token("bob@mill.example").await))];
    let open = async |query: &str| {
        let mut socket = served.open(query, &bearer).await.expect("open");
        let hello = next(&mut socket).await;
        assert_eq!((&hello["type"], &hello["data"]["user_id"]), (&json!("connected"), &json!(bob.to_string())));
        socket
    };
    let channels = "?channels=transactions,inventory,nonsense&user_id=01890000-0000-7000-8000-000000000009";
    let mut socket = open(channels).await;
    let refused = next(&mut socket).await;
    assert_eq!(
        (&refused["type"], &refused["channel"], &refused["data"]["code"]),
        (&json!("error"), &json!("nonsense"), &json!("unknown_channel"))
    );

    let began = std::time::Instant::now();
    let first = till.sell(true).await;
    let mut frames = told(&mut socket, 2).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let last = frames[1]["id"].clone();
    frames.sort_by_key(|frame| frame["channel"].as_str().map(str::to_owned));
    assert_eq!(frames[0]["type"], "stock_update");
    let stock = &frames[0]["data"];
    assert_eq!(
        (&stock["product_id"], &stock["sku"], &stock["site"]),
        (&json!(MUG), &json!("MUG-1"), &json!("Main site"))
    );
    assert_eq!(
        (&stock["old_available"], &stock["new_available"], &stock["change"]),
        (&json!("50"), &json!("48"), &json!("-2"))
    );
    assert_eq!(frames[1]["type"], "new_transaction");
    let sale = &frames[1]["data"];
    assert_eq!((&sale["transaction_id"], &sale["status"]), (&json!(first), &json!("approved")));
    assert_eq!((&sale["customer"], &sale["currency"]), (&json!("Z. Q. · 1"), &json!("USD")));
    assert!(sale["number"].is_i64() && sale["is_suspicious"].is_boolean() && sale["timestamp"].is_string(), "{sale}");

    // Cut without a word, and back: what came in between comes once, in its order, and then what comes next.
    drop(socket);
    let pending = till.sell(false).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    till.post(&format!("/api/v1/transactions/{pending}/cancel"), json!({})).await;
    till.post(&format!("/api/v1/transactions/{first}/refunds"), json!({"restock": true})).await;
    let back = format!("?channels=transactions,inventory&last_event_id={}", last.as_str().expect("id"));
    let mut socket = open(&back).await;
    let missed = told(&mut socket, 6).await;
    let of = |channel: &str, key: &str| {
        let mine = missed.iter().filter(|frame| frame["channel"] == channel);
        mine.map(|frame| (frame["type"].as_str().unwrap().to_owned(), frame["data"][key].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let sold = |kind: &str, id: &String| (kind.to_owned(), id.clone());
    assert_eq!(
        of("transactions", "transaction_id"),
        [sold("new_transaction", &pending), sold("transaction_update", &pending), sold("transaction_update", &first)]
    );
    let moved = |change: &str| ("stock_update".to_owned(), change.to_owned());
    assert_eq!(of("inventory", "change"), [moved("-2"), moved("2"), moved("2")]);
    let ids: std::collections::BTreeSet<_> = missed.iter().map(|frame| frame["id"].to_string()).collect();
    assert_eq!(ids.len(), 6, "every frame has a place of its own");
    let third = till.sell(true).await;
    let now = told(&mut socket, 2).await;
    assert!(now.iter().any(|frame| frame["type"] == "new_transaction" && frame["data"]["transaction_id"] == third));

    // A case is told with what anybody may know; a clerk hears of none, and of no stock.
    world.user("clerk@mill.example", None, &[PermSet::SalesClerk]).await;
    let clerk = [("authorization", format!("Bearer {}", served.token("clerk@mill.example").await))];
    let mut deaf = served.open("?channels=transactions,appointments", &clerk).await.expect("open");
    assert_eq!(next(&mut deaf).await["data"]["channels"], json!(["transactions"]));
    assert_eq!(next(&mut deaf).await["data"]["code"], "forbidden");
    till.post(&format!("/api/v1/transactions/{third}/flag"), json!({"reason": "odd hour"})).await;
    let alert = &told(&mut socket, 1).await[0];
    assert_eq!((&alert["type"], &alert["channel"]), (&json!("fraud_alert"), &json!("transactions")));
    assert_eq!(
        (&alert["data"]["transaction_id"], &alert["data"]["reason"]),
        (&json!(third), &json!("Somebody flagged this sale."))
    );
    till.post(&format!("/api/v1/transactions/{third}/refunds"), json!({})).await;
    let heard = &told(&mut deaf, 1).await[0];
    assert_eq!((&heard["type"], &heard["data"]["status"]), (&json!("transaction_update"), &json!("refunded")));

    // A sale of two products moves both: who heard of the first only hears of the second.
    world
        .execute(
            "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
             values ('01890000-0000-7000-8000-000000000002', 'POT-1', 'Pot', 10, 'USD', '2026-01-01', '2026-01-01');
             insert into stock.levels (product_id, site_id, on_hand)
             select '01890000-0000-7000-8000-000000000002', id, 1 from stock.sites where is_default",
        )
        .await;
    let both = json!([{"product_id": MUG, "quantity": 1}, {"product_id": "01890000-0000-7000-8000-000000000002", "quantity": 1}]);
    let mut stock = open("?channels=inventory").await;
    till.post("/api/v1/transactions", json!({"lines": both, "payment_method": "cash"})).await;
    let moved = told(&mut stock, 2).await;
    assert_eq!((&moved[0]["data"]["sku"], &moved[1]["data"]["sku"]), (&json!("MUG-1"), &json!("POT-1")));
    assert_eq!(moved[1]["data"]["urgency"], "critical");
    let half = format!("?channels=inventory&last_event_id={}", moved[0]["id"].as_str().expect("id"));
    assert_eq!(told(&mut open(&half).await, 1).await[0]["data"], moved[1]["data"]);
    let whole = format!("?channels=inventory&last_event_id={}", moved[1]["id"].as_str().expect("id"));
    assert!(within(&mut open(&whole).await, Duration::from_millis(300)).await.is_empty());

    // A place that nobody knows any more: everything is to be fetched again.
    let mut lost = open("?channels=transactions&last_event_id=987654321").await;
    assert_eq!(next(&mut lost).await["type"], "resync");
}

/// Frames of the channel of alerts that come within `moment`.
async fn of_alerts(socket: &mut Socket, moment: Duration) -> Vec<Value> {
    let mut frames = Vec::new();
    let until = tokio::time::Instant::now() + moment;
    while let Ok(frame) = tokio::time::timeout_at(until, next(socket)).await {
        assert_ne!(frame["type"], "resync", "{frame}");
        if frame["channel"] == "alerts" {
            frames.push(frame);
        }
    }
    frames
}

/// `alerts.md` §7.
#[sqlx::test(migrations = "../migrations")]
async fn an_alert_is_told_to_who_may_see_it_and_its_updates_once_a_second(root: PgPool) {
    let served = Served::on(root).await;
    let world = &served.world;
    world.user("ann@mill.example", Some(Role::Admin), &[]).await;
    world.user("clerk@mill.example", None, &[PermSet::SalesClerk]).await;
    let till = Till { served: &served, token: served.token("ann@mill.example").await };
    let [ann, clerk] = [till.token.clone(), served.token("clerk@mill.example").await]
        .map(|token| [("authorization", format!("Bearer {token}"))]);
    let open = async |headers: &[(&'static str, String)], query: &str| {
        let mut socket = served.open(query, headers).await.expect("open");
        assert_eq!(next(&mut socket).await["type"], "connected");
        socket
    };
    let (mut admins, mut clerks) = (open(&ann, "?channels=alerts").await, open(&clerk, "?channels=alerts").await);
    let alert = |alert_type: &str, hall: &str| {
        json!({"alert_type": alert_type, "severity": "high", "title": format!("No power in hall {hall}"),
               "message": "The grid is down since this morning.", "entity_type": "hall", "entity_id": hall})
    };
    let raise = async |alert_type: &str, hall: &str| till.post("/api/v1/alerts", alert(alert_type, hall)).await;

    let began = std::time::Instant::now();
    let made = raise("power_cut", "1").await;
    for socket in [&mut admins, &mut clerks] {
        let frame = &told(socket, 1).await[0];
        assert_eq!((&frame["type"], &frame["channel"]), (&json!("new_alert"), &json!("alerts")));
        let data = &frame["data"];
        for (name, value) in [
            ("id", made["data"]["id"].clone()),
            ("number", made["data"]["number"].clone()),
            ("alert_type", json!("power_cut")),
            ("severity", json!("high")),
            ("state", json!("firing")),
            ("title", json!("No power in hall 1")),
            ("entity_type", json!("hall")),
            ("entity_id", json!("1")),
            ("value", Value::Null),
            ("threshold", Value::Null),
            ("occurrences", json!(1)),
            ("resolved_at", Value::Null),
        ] {
            assert_eq!(data[name], value, "{name}");
        }
        assert!(data["opened_at"].is_string() && data.as_object().map(|data| data.len()) == Some(13), "{data}");
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    // Five times more within a moment: one update at once, and the last of them when the second is over.
    for _ in 0..5 {
        raise("power_cut", "1").await;
    }
    let frames = of_alerts(&mut admins, Duration::from_millis(2_500)).await;
    assert!(frames.iter().all(|frame| frame["type"] == "alert_update"), "{frames:?}");
    assert!((2..=3).contains(&frames.len()), "{frames:?}");
    assert_eq!(frames.last().expect("frame")["data"]["occurrences"], 6);
    of_alerts(&mut clerks, Duration::from_millis(100)).await;

    raise("fraud_detected", "1").await;
    assert_eq!(told(&mut admins, 1).await[0]["type"], "new_alert");
    assert!(of_alerts(&mut clerks, Duration::from_millis(500)).await.is_empty(), "a clerk does not view fraud");

    // One update waits when the client leaves; another alert was told meanwhile. It comes back and hears the first once.
    let mut seen = 6;
    let other = loop {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        raise("power_cut", "1").await;
        seen += 1;
        assert_eq!(told(&mut admins, 1).await[0]["data"]["occurrences"], seen);
        raise("power_cut", "1").await;
        seen += 1;
        let hall = format!("beside {seen}");
        raise("power_cut", &hall).await;
        let other = told(&mut admins, 1).await.remove(0);
        if other["type"] == "alert_update" && seen < 30 {
            // The machine was so slow that the second was over before.
            told(&mut admins, 1).await;
            continue;
        }
        assert_eq!((&other["type"], &other["data"]["entity_id"]), (&json!("new_alert"), &json!(hall)));
        break other;
    };
    let place = other["id"].as_str().expect("id").to_owned();
    assert!(place.contains('~'), "{place}");
    drop(admins);
    let query = format!("?channels=alerts&last_event_id={place}");
    let mut admins = open(&ann, &query).await;
    let missed = of_alerts(&mut admins, Duration::from_millis(1_500)).await;
    assert_eq!(missed.len(), 1, "{missed:?}");
    assert_eq!((&missed[0]["type"], &missed[0]["data"]["occurrences"]), (&json!("alert_update"), &json!(seen)));
    let place = missed[0]["id"].as_str().expect("id");
    let mut admins = open(&ann, &format!("?channels=alerts&last_event_id={place}")).await;
    assert!(of_alerts(&mut admins, Duration::from_millis(300)).await.is_empty(), "nothing twice");

    // Hundreds at once are no frames.
    world
        .execute(
            "insert into ops.alerts (id, dedup_key, alert_type, feature, severity, title, message, opened_at, last_seen_at, source)
             select gen_random_uuid(), 'k' || n, 'power_cut', 'alerts', 1, 'No power', 'The grid is down.', '2026-03-10', '2026-03-10',
                    'manual' from generate_series(1, 200) n",
        )
        .await;
    let many = json!({"action": "acknowledge", "filter": {"severity": "low"}});
    assert_eq!(till.post("/api/v1/alerts/bulk", many).await["changed"], 200);
    let frame = &told(&mut admins, 1).await[0];
    assert_eq!((&frame["type"], &frame["channel"]), (&json!("resync"), &json!("alerts")));
}
