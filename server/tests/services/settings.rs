//! Settings of the business.

use chrono::{DateTime, Utc};
use domain::{
    ErrorCode,
    access::{ActorKind, Principal, RequestTrace, Rights, Role},
    settings::{ChangeSettings, SettingsPort},
};
use serde_json::{Value, json};
use server::{
    backend::{Backend, Pools},
    clock::FixedClock,
    live::LiveBus,
    services::settings::SettingsService,
};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A change of zone or currency enqueues its rebuild.
async fn with_queue(db: &PgPool) -> SettingsService {
    server::database::migrations::queue(&db.connect_options()).await.expect("queue");
    SettingsService::new(backend(db))
}

fn backend(db: &PgPool) -> Backend {
    let at: DateTime<Utc> = "2026-10-06T08:30:00Z".parse().expect("time");
    Backend::new(Pools::open(&db.connect_options(), 10), Arc::new(FixedClock::at(at)))
}

fn who(role: Role) -> Principal {
    let trace = RequestTrace { request_id: "r1".to_owned(), ..RequestTrace::default() };
    Principal::vouch(
        ActorKind::User,
        Some(Uuid::from_u128(7)),
        "ann@example.com".to_owned(),
        Rights::of(Some(role), &[]),
        trace,
    )
}

fn change(value: Value) -> ChangeSettings {
    serde_json::from_value(value).expect("shape")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_change_is_validated_whole_versioned_audited_and_announced(db: PgPool) {
    let settings = with_queue(&db).await;
    let mut ear = sqlx::postgres::PgListener::connect_with(&db).await.expect("listen");
    ear.listen("millrace_live").await.expect("listen");
    let before = settings.view(&who(Role::Admin)).await.expect("view");
    assert_eq!(before.version, 0);
    assert!(before.items.iter().all(|s| s.value == s.default && s.updated_by.is_none()));

    let wrong =
        change(json!({"business.zone": "Europe/Londn", "business.base_currency": "pound", "business.locale": "en-GB"}));
    let error = settings.change(&who(Role::Admin), wrong).await.expect_err("two faults");
    let mut paths: Vec<_> = error.fields.iter().map(|f| f.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!((error.code, paths), (ErrorCode::Validation, vec!["business.base_currency", "business.zone"]));
    assert_eq!(settings.view(&who(Role::Admin)).await.expect("view"), before, "nothing half-written");

    let right = change(json!({"business.zone": "Europe/London", "business.base_currency": "GBP", "version": 0}));
    let after = settings.change(&who(Role::Admin), right.clone()).await.expect("changed");
    assert_eq!(after.version, 2);
    let business = settings.business().await.expect("business");
    assert_eq!((business.zone.as_str(), business.base_currency.as_str()), ("Europe/London", "GBP"));

    let late = settings.change(&who(Role::Admin), right).await.expect_err("version 0 is over");
    assert_eq!(late.code, ErrorCode::Conflict);

    let (action, old, new): (String, Value, Value) =
        sqlx::query_as("select action, before, after from ops.audit_log").fetch_one(&db).await.expect("one row");
    assert_eq!(action, "settings.edit");
    assert_eq!((&old["business.zone"], &new["business.zone"]), (&json!("UTC"), &json!("Europe/London")));
    let heard = tokio::time::timeout(Duration::from_secs(1), ear.recv()).await.expect("in a second").expect("event");
    assert!(heard.payload().contains("settings"), "{}", heard.payload());
}

/// A page asks for them before all else: it must not wait with them for a database that hangs.
#[sqlx::test(migrations = "../migrations")]
async fn while_the_database_hangs_the_last_known_ones_are_told_in_time(db: PgPool) {
    let backend = backend(&db);
    let service = SettingsService::new(backend.clone());
    let known = service.business().await.unwrap();
    let mut lock = db.begin().await.unwrap();
    sqlx::query("lock table ops.settings in access exclusive mode").execute(&mut *lock).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    backend.business_changed();
    let since = std::time::Instant::now();
    assert_eq!(service.business().await.unwrap(), known);
    assert!(since.elapsed().as_millis() < 900, "took {:?}", since.elapsed());
}

#[sqlx::test(migrations = "../migrations")]
async fn rights_are_asked_and_another_process_sees_a_change_within_a_second(db: PgPool) {
    let here = with_queue(&db).await;
    let backend = backend(&db);
    let live = LiveBus::new(backend.clone());
    backend.figures.news().listen(live.ear());
    let listening = live.start(&CancellationToken::new());
    while !live.connected() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let there = SettingsService::new(backend);
    assert_eq!(there.business().await.expect("business").zone, "UTC");
    let command = change(json!({"business.zone": "Asia/Kolkata"}));
    assert_eq!(
        here.change(&who(Role::Planner), command.clone()).await.expect_err("planner reads only").code,
        ErrorCode::Forbidden
    );
    assert!(here.view(&who(Role::Planner)).await.is_ok());
    assert_eq!(here.view(&who(Role::Viewer)).await.expect_err("viewer").code, ErrorCode::Forbidden);
    here.change(&who(Role::Admin), command).await.expect("admin");
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(there.business().await.expect("business").zone, "Asia/Kolkata");
    listening.stop().await;
}
