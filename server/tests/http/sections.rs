//! A section of a page that fails says so by its name and the request it failed in; the others stand.

use crate::{
    browser::{Answer, Client},
    forms::signed_in,
    world::World,
};
use async_trait::async_trait;
use domain::{
    AppError,
    access::{Principal, Role},
    overview::{
        BARS, RECENT, ScopeQuery, TREND,
        area::{Area, AreaCard, AreasPort},
        attention::{AttentionList, AttentionPort, AttentionQuery, SnoozeItem},
        fault_drill::{Fault, Reach},
        source::{SourceList, SourceQuery, SourcesPort},
        status::SystemStatus,
    },
};
use server::freshness::Drill;
use sqlx::PgPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// A port whose code fails, whatever is asked.
struct Broken;

#[async_trait]
impl AttentionPort for Broken {
    async fn attention(&self, _: &Principal, _: &AttentionQuery) -> Result<AttentionList, AppError> {
        Err(AppError::internal())
    }

    async fn snooze(&self, _: &Principal, _: &str, _: &SnoozeItem) -> Result<(), AppError> {
        Err(AppError::internal())
    }

    async fn unsnooze(&self, _: &Principal, _: &str) -> Result<(), AppError> {
        Err(AppError::internal())
    }
}

#[async_trait]
impl AreasPort for Broken {
    async fn area(&self, _: &Principal, _: Area, _: &ScopeQuery) -> Result<AreaCard, AppError> {
        Err(AppError::internal())
    }
}

#[async_trait]
impl SourcesPort for Broken {
    async fn sources(&self, _: &Principal, _: &SourceQuery) -> Result<SourceList, AppError> {
        Err(AppError::internal())
    }

    async fn status(&self, _: &Principal) -> Result<SystemStatus, AppError> {
        Err(AppError::internal())
    }
}

/// A signed-in planner of a world with one thing broken.
async fn reader(root: PgPool, break_it: impl FnOnce(&mut World)) -> Client {
    let mut world = World::new(root).await;
    crate::overview::arrange(&world).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    break_it(&mut world);
    signed_in(&world, "planner@mill.example").await
}

/// The sections that say they failed, with the request id each of them tells.
fn failed(page: &Answer) -> Vec<(String, String)> {
    let parts = page.text.split("data-section-failed=\"").skip(1);
    let told = parts.map(|part| {
        let (name, rest) = part.split_once('"').expect("a name");
        assert!(
            rest.contains(&format!("{name}<!> section unavailable")) || rest.contains("section unavailable"),
            "{rest}"
        );
        let id = rest
            .split("<code>")
            .nth(1)
            .and_then(|id| id.split("</code>").next())
            .unwrap_or_default()
            .trim_end_matches("<!>");
        (name.to_owned(), id.to_owned())
    });
    told.collect()
}

/// `failing` and nothing else fails on the page at `path`, and `standing` stands.
async fn assert_failing(client: &mut Client, path: &str, failing: &[&str], standing: &[&str]) {
    let page = client.get(path).await;
    assert_eq!(page.status, 200, "{path}");
    let request = page.headers["x-request-id"].to_str().expect("an id").to_owned();
    let told: Vec<_> = failing.iter().map(|name| ((*name).to_owned(), request.clone())).collect();
    assert_eq!(failed(&page), told, "{path}");
    for part in standing {
        assert!(page.text.contains(part), "{part} is missing on {path}:\n{}", page.text);
    }
}

const TILES: &str = "data-metric=\"sales.revenue_net\"";

#[sqlx::test(migrations = "../migrations")]
async fn the_list_of_what_needs_a_hand_fails_alone(root: PgPool) {
    let mut client = reader(root, |world| world.services.attention = Arc::new(Broken)).await;
    let standing = [TILES, "1,082.00", "data-area=\"jobs\"", "data-status", "data-trend"];
    assert_failing(&mut client, "/", &["Needs attention"], &standing).await;
    assert_failing(&mut client, "/overview/kpis", &[], &[TILES, "data-panel=\"database\""]).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn each_area_card_fails_by_its_name(root: PgPool) {
    let mut client = reader(root, |world| world.services.areas = Arc::new(Broken)).await;
    let standing = [TILES, "Nothing needs you now.", "data-status", "data-area=\"sales\""];
    assert_failing(&mut client, "/", &["Sales", "Data", "Jobs"], &standing).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_status_fails_alone(root: PgPool) {
    let mut client = reader(root, |world| world.services.sources = Arc::new(Broken)).await;
    assert_failing(&mut client, "/", &["Status"], &[TILES, "Nothing needs you now.", "data-trend"]).await;
    assert_failing(&mut client, "/overview/kpis", &["Status"], &[TILES, "data-trend"]).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_without_a_last_value_fails_alone(root: PgPool) {
    let mut client = reader(root, |world| {
        let broken = [&BARS, &TREND, &RECENT].map(|declared| Fault::QueryError { metric: declared.key.to_owned() });
        let at = chrono::DateTime::UNIX_EPOCH;
        let drill = Drill {
            id: Uuid::from_u128(1),
            started_by: "ada".into(),
            started_at: at,
            ends_at: at,
            until: Instant::now() + Duration::from_secs(60),
            faults: broken.into(),
            reach: Reach::This,
            checking: false,
        };
        assert!(world.backend.faults.begin(drill));
    })
    .await;
    let standing = [TILES, "1,082.00", "data-area=\"jobs\"", "data-status"];
    assert_failing(&mut client, "/", &["Revenue", "Recent transactions", "Trend"], &standing).await;
    assert_failing(&mut client, "/overview/kpis", &["Trend"], &[TILES, "data-panel=\"database\""]).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_of_figures_that_fails_keeps_its_head_and_its_other_sections(root: PgPool) {
    let world = World::new(root).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    let mut client = signed_in(&world, "planner@mill.example").await;
    // Never looked at, and now nobody knows whose day it is.
    world
        .execute(
            "insert into ops.settings (key, value, updated_by, updated_at) values ('business.zone', '\"Nowhere\"', 'test', '2026-01-01')
             on conflict (key) do update set value = excluded.value",
        )
        .await;
    assert_failing(&mut client, "/", &["Figures", "Sales"], &["<h1", "data-attention", "data-area=\"jobs\""]).await;
    assert_failing(&mut client, "/overview/kpis", &["Figures"], &["<h1", "data-panel=\"database\""]).await;
}
