//! The live bus from the commit to the stream.

use crate::world::{World, person};
use axum::{Extension, body::Body, http::Request};
use domain::{
    access::{Principal, Role},
    live::Topic,
};
use futures::StreamExt;
use server::{
    http::{api, caller::Caller},
    services::Services,
};
use sqlx::PgPool;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// An open `/live` stream, read event by event.
struct Stream {
    body: axum::body::BodyDataStream,
    text: String,
    last_id: Option<String>,
}

async fn open(services: &Services, who: Principal, query: &str, last_id: Option<&str>) -> Stream {
    let (router, _) = api::live::routes().into_parts();
    let router = router.with_state(services.clone()).layer(Extension(Caller(Some(who))));
    let mut request = Request::get(format!("/live{query}"));
    if let Some(id) = last_id {
        request = request.header("last-event-id", id);
    }
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = Stream { body: response.into_body().into_data_stream(), text: String::new(), last_id: None };
    assert_eq!(stream.next().await.0, "hello");
    stream
}

impl Stream {
    /// Name and data of the next event; panics after 5 s without one. `None` in the name: the end.
    async fn raw(&mut self) -> (String, String) {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name).map(|v| v.trim().to_owned()));
                if let Some(id) = field("id:") {
                    self.last_id = Some(id);
                }
                return (field("event:").unwrap_or_default(), field("data:").unwrap_or_default());
            }
            match tokio::time::timeout(Duration::from_secs(5), self.body.next()).await.expect("no event for 5 s") {
                Some(chunk) => self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap()),
                None => return (String::new(), String::new()),
            }
        }
    }

    /// The next event that is not a ping.
    async fn next(&mut self) -> (String, String) {
        loop {
            let event = self.raw().await;
            if event.0 != "ping" {
                return event;
            }
        }
    }

    async fn key(&mut self) -> String {
        let (name, data) = self.next().await;
        assert_eq!(name, "changed", "{data}");
        serde_json::from_str::<serde_json::Value>(&data).unwrap()["key"].as_str().unwrap().to_owned()
    }
}

async fn listening(services: &Services) -> server::live::LiveHandle {
    let handle = services.live.start(&CancellationToken::new());
    for _ in 0..100 {
        if services.live.connected() {
            return handle;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the bus does not listen");
}

async fn emit(world: &World, topic: Topic, keys: &[String]) {
    let mut tx = store::begin(&world.backend.pools.admin).await.unwrap();
    for key in keys {
        store::live::emit(&mut tx, topic, key).await.unwrap();
    }
    store::commit(tx).await.unwrap();
}

fn keys(range: std::ops::Range<i32>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_commit_is_heard_once_and_a_rollback_never(pool: PgPool) {
    let world = World::new(pool).await;
    let bus = listening(&world.services).await;
    let mut stream = open(&world.services, person(Role::Viewer), "?topics=transactions", None).await;
    let mut tx = store::begin(&world.backend.pools.admin).await.unwrap();
    store::live::emit(&mut tx, Topic::Transactions, "lost").await.unwrap();
    drop(tx);
    emit(&world, Topic::Transactions, &["a".into(), "a".into(), "b".into(), "a".into()]).await;
    emit(&world, Topic::Transactions, &["c".into()]).await;
    assert_eq!([stream.key().await, stream.key().await, stream.key().await], ["a", "b", "c"]);
    bus.stop().await;
    assert_eq!(stream.next().await.0, "bye");
    assert_eq!(stream.next().await.0, "", "the stream ends after bye");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn fifty_commits_while_away_come_once_each_from_the_other_server(pool: PgPool) {
    let world = World::new(pool).await;
    let other = world.neighbour();
    let (_here, _there) = (listening(&world.services).await, listening(&other).await);
    let mut stream = open(&world.services, person(Role::Viewer), "?topics=transactions", None).await;
    emit(&world, Topic::Transactions, &["seen".into()]).await;
    assert_eq!(stream.key().await, "seen");
    let last = stream.last_id.clone();
    drop(stream);

    for key in keys(0..50) {
        emit(&world, Topic::Transactions, &[key]).await;
    }
    // The other listener may lag behind the commit by a moment; replay and live part join without a seam.
    let mut stream = open(&other, person(Role::Viewer), "?topics=transactions", last.as_deref()).await;
    for key in keys(0..50) {
        assert_eq!(stream.key().await, key);
    }
    emit(&world, Topic::Transactions, &["after".into()]).await;
    assert_eq!(stream.key().await, "after");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_stream_that_saw_nothing_yet_misses_nothing_when_it_returns(pool: PgPool) {
    let world = World::new(pool).await;
    let _bus = listening(&world.services).await;
    let stream = open(&world.services, person(Role::Viewer), "?topics=jobs", None).await;
    let last = stream.last_id.clone();
    assert!(last.is_some());
    drop(stream);
    emit(&world, Topic::Jobs, &["one".into()]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(open(&world.services, person(Role::Viewer), "?topics=jobs", last.as_deref()).await.key().await, "one");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_unknown_place_an_overrun_and_a_lost_listener_all_say_resync(pool: PgPool) {
    let world = World::new(pool).await;
    let _bus = listening(&world.services).await;
    let mut stream = open(&world.services, person(Role::Viewer), "", Some("4711")).await;
    assert_eq!(stream.next().await.0, "resync");

    emit(&world, Topic::Transactions, &keys(0..300)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(stream.next().await.0, "resync", "300 events do not fit a queue of 256");

    world.execute("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_snapshot_xmax%' and pid <> pg_backend_pid() and datname = current_database()").await;
    assert_eq!(stream.next().await.0, "resync");
    // And it listens again.
    for _ in 0..100 {
        if world.services.live.connected() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    emit(&world, Topic::Transactions, &["back".into()]).await;
    assert_eq!(stream.key().await, "back");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_hears_what_they_may_not_see_nor_anothers_session(pool: PgPool) {
    let world = World::new(pool).await;
    let _bus = listening(&world.services).await;
    let (viewer, admin) = (person(Role::Viewer), person(Role::Admin));
    let own = viewer.user_id().unwrap().to_string();
    let mut stream = open(&world.services, viewer.clone(), "?topics=audit,jobs,session,notification", None).await;
    emit(&world, Topic::Audit, &["secret".into()]).await;
    emit(&world, Topic::Session, &[admin.user_id().unwrap().to_string()]).await;
    emit(&world, Topic::Notification, &[admin.user_id().unwrap().to_string(), own.clone()]).await;
    assert_eq!(stream.key().await, own);
    emit(&world, Topic::Jobs, &["1".into()]).await;
    assert_eq!(stream.key().await, "1");

    // The session's end closes the stream, also one that did not ask for the topic.
    let mut narrow = open(&world.services, viewer, "?topics=jobs", None).await;
    emit(&world, Topic::Session, &[own]).await;
    for stream in [&mut stream, &mut narrow] {
        assert_eq!(stream.next().await.0, "session_closed");
        assert_eq!(stream.next().await.0, "");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_quiet_stream_pings_every_two_seconds(pool: PgPool) {
    let world = World::new(pool).await;
    let _bus = listening(&world.services).await;
    let mut stream = open(&world.services, person(Role::Viewer), "?topics=jobs", None).await;
    let begun = std::time::Instant::now();
    assert_eq!(stream.raw().await.0, "ping");
    assert_eq!(stream.raw().await.0, "ping");
    assert!((3_500..5_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}
