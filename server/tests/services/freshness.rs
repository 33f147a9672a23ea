//! Kept figures over a real database: each fails alone, none is of another zone, servers share.

use crate::{
    figures::{Figures, Sale, at, scope},
    shop::viewer,
    world::World,
};
use chrono::Duration;
use domain::{
    freshness::{ErrorClass, State},
    overview::{MetricKey, OverviewPort, Tile, TileError},
};
use futures::future::join_all;
use server::services::Services;
use sqlx::{Connection, PgPool};
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;

#[sqlx::test(migrations = "../migrations")]
async fn a_tile_of_the_old_zone_is_never_taken_for_one_of_the_new(db: PgPool) {
    let world = Figures::on(db);
    // In Kolkata this is the next day already.
    world.sale(Sale { at: "2026-11-22T18:30:00Z", ..Sale::default() }).await;
    world.clock.set(at("2026-11-22T19:00:00Z"));
    assert_eq!(world.tile(MetricKey::Orders, "").await.value, Some(1.into()));

    world.zone("Asia/Kolkata").await;
    let mut other = world.db.acquire().await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::query("lock table ops.settings in access exclusive mode").execute(&mut *tx).await.unwrap();
    world.service.forget();
    // The settings cannot be read just now: what they were stands in, and does not pass for fresh.
    let old = world.tile(MetricKey::Orders, "").await;
    assert_eq!((old.range.zone.as_str(), old.freshness.state), ("UTC", State::Refreshing));
    tx.rollback().await.unwrap();

    let new = world.until(MetricKey::Orders, |tile| tile.freshness.state == State::Fresh).await;
    assert_eq!(new.range.zone, "Asia/Kolkata");
    assert_eq!(new.range.from.to_rfc3339(), "2026-11-23T00:00:00+05:30");
    assert_eq!(new.value, Some(1.into()));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_query_that_breaks_breaks_its_own_tile_and_heals(db: PgPool) {
    let world = Figures::on(db);
    world.sale(Sale::default()).await;
    world.visit("2026-11-22T11:00:00Z", "browser-1", None, None).await;
    let before = world.service.overview(&viewer(), &scope("")).await.unwrap();
    assert!(before.tiles.iter().all(|tile| tile.freshness.state == State::Fresh));

    sqlx::query("alter table sales.visits rename to visits_away").execute(&world.db).await.unwrap();
    for (missed, state) in [(1, State::Stale), (2, State::Stale), (3, State::Failed)] {
        world.service.forget();
        let screen = world.service.overview(&viewer(), &scope("")).await.unwrap();
        for tile in &screen.tiles {
            if tile.key == MetricKey::Conversion {
                let f = tile.freshness;
                assert_eq!((f.state, f.missed, f.error_class), (state, missed, Some(ErrorClass::Query)));
                assert_eq!(tile.value, before.tiles[3].value, "the last value stands");
                assert_eq!(
                    (tile.error, tile.fallback_value),
                    (Some(TileError { class: ErrorClass::Query }), tile.value)
                );
            } else {
                assert_eq!(tile.freshness.state, State::Fresh, "{} stands by itself", tile.key);
                assert_eq!((tile.error, tile.fallback_value), (None, None));
            }
        }
        assert!(screen.bars.is_ok() && screen.recent.unwrap().is_ok());
    }
    // A day nobody looked at has no last value: unknown, with the reason, never 0.
    let other = world.tile(MetricKey::Conversion, "day=2026-11-01").await;
    assert_eq!((other.value, other.freshness.state), (None, State::Pending));
    assert_eq!(other.reason.as_deref(), Some("could not be computed (query)"));

    sqlx::query("alter table sales.visits_away rename to visits").execute(&world.db).await.unwrap();
    world.service.forget();
    assert_eq!(world.tile(MetricKey::Conversion, "").await.freshness.state, State::Fresh);
}

/// Executions of the sums of recognised sales on this database, as Postgres itself counts them.
async fn executions(db: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select coalesce(sum(calls), 0)::bigint from pg_stat_statements s join pg_database d on d.oid = s.dbid
         where d.datname = current_database() and query like '%with_customers, ord%'",
    )
    .fetch_one(db)
    .await
    .unwrap()
}

async fn look(services: &Services) -> (Option<rust_decimal::Decimal>, State) {
    let tile = services.overview.tile(&viewer(), "orders", &scope("")).await.unwrap();
    (tile.value, tile.freshness.state)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_cold_looks_at_two_servers_cost_one_execution(db: PgPool) {
    let world = World::new(db).await;
    sqlx::query("create extension pg_stat_statements").execute(&world.owner).await.unwrap();
    let (one, two) = (world.services.clone(), world.neighbour());
    let stop = CancellationToken::new();
    let lines = [one.live.start(&stop), two.live.start(&stop)];
    while !(one.live.connected() && two.live.connected()) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let before = executions(&world.owner).await;
    let looks = join_all((0..100).map(|n| look(if n % 2 == 0 { &one } else { &two }))).await;
    assert!(looks.iter().all(|look| *look == (Some(0.into()), State::Fresh)), "{looks:?}");
    assert_eq!(executions(&world.owner).await - before, 1, "one for a hundred looks at two servers");
    for _ in 0..1_000 {
        look(&one).await;
    }
    assert_eq!(executions(&world.owner).await - before, 1, "and none for a thousand warm ones");

    // A change that both hear is seen by both; neither takes what the other computed before it.
    let mut tx = world.owner.begin().await.unwrap();
    store::live::emit(&mut tx, domain::live::Topic::Transactions, "").await.unwrap();
    tx.commit().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    look(&one).await;
    assert_eq!(executions(&world.owner).await - before, 2);
    stop.cancel();
    for line in lines {
        line.stop().await;
    }
}

/// A figure once it is as the data is now.
async fn settled(world: &Figures, query: &str) -> Tile {
    for _ in 0..250 {
        let tile = world.tile(MetricKey::Orders, query).await;
        if tile.freshness.state == State::Fresh {
            return tile;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("not fresh within five seconds");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_day_that_is_over_is_computed_anew_each_hour_and_the_running_one_each_minute(db: PgPool) {
    let world = Figures::on(db);
    let noon = at("2026-11-22T12:00:00Z");
    world.clock.set(noon);
    let computed = async |query: &str| settled(&world, query).await.computed_at.unwrap().to_utc();
    for query in ["", "day=2026-11-21", "from=2026-11-20&to=2026-11-22"] {
        assert_eq!(computed(query).await, noon, "{query}");
    }
    let later = noon + Duration::minutes(59);
    world.clock.set(later);
    assert_eq!(computed("day=2026-11-21").await, noon);
    assert_eq!(computed("").await, later);
    assert_eq!(computed("from=2026-11-20&to=2026-11-22").await, later, "its last day runs");
    let hour = noon + Duration::hours(1);
    world.clock.set(hour);
    assert_eq!(computed("day=2026-11-21").await, hour);

    // Computed while its day ran: the rest of that day is not in it.
    let night = at("2026-11-22T23:59:30Z");
    world.clock.set(night);
    assert_eq!(computed("").await, night);
    let morning = at("2026-11-23T00:00:31Z");
    world.clock.set(morning);
    assert_eq!(computed("day=2026-11-22").await, morning);
    world.clock.set(morning + Duration::minutes(59));
    assert_eq!(computed("day=2026-11-22").await, morning);

    let classes = world.backend.figures.kept().into_iter().filter(|kept| kept.declared.key == "sales.orders");
    let classes: BTreeSet<_> = classes.map(|kept| (kept.scope[..10].to_owned(), kept.class.as_str())).collect();
    let told = [("2026-11-20", "kpi"), ("2026-11-21", "history"), ("2026-11-22", "history")];
    assert_eq!(classes, told.map(|(from, class)| (from.to_owned(), class)).into());
}
