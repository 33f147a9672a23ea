//! Trouble rehearsed, and the kept figures looked after.

use crate::{
    shop::{admin, viewer},
    world::World,
};
use domain::{
    ErrorCode,
    freshness::{ErrorClass, State},
    overview::{
        OverviewPort, ScopeQuery, Tile,
        cache::{InvalidateFigures, RefreshFigures},
        fault_drill::{DrillScreen, Fault, FaultDrillPort, Reach, StartDrill},
    },
};
use server::freshness;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// A served world: the live bus listens and the database is probed.
struct Served {
    world: World,
    stop: CancellationToken,
    _live: server::live::LiveHandle,
}

impl Served {
    async fn on(db: PgPool) -> Self {
        Self::of(World::new(db).await).await
    }

    async fn of(world: World) -> Self {
        let stop = CancellationToken::new();
        let live = world.services.live.start(&stop);
        tokio::spawn(freshness::watch(world.backend.clone(), world.services.live.clone(), stop.clone()));
        let served = Self { world, stop, _live: live };
        served.until(|| served.world.services.live.connected()).await;
        served
    }

    async fn until(&self, happened: impl Fn() -> bool) {
        for _ in 0..500 {
            if happened() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not within ten seconds");
    }

    async fn tiles(&self) -> Vec<Tile> {
        self.world.services.overview.overview(&viewer(), &ScopeQuery::default()).await.unwrap().tiles
    }

    async fn states(&self) -> Vec<(&'static str, State, Option<ErrorClass>)> {
        let tiles = self.tiles().await;
        tiles.into_iter().map(|t| (t.key.as_str(), t.freshness.state, t.freshness.error_class)).collect()
    }

    async fn screen(&self) -> DrillScreen {
        self.world.services.drill.screen(&admin()).await.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn orders() -> String {
    "sales.orders".to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn run_all_lets_every_fault_come_and_every_check_passes(db: PgPool) {
    let served = Served::on(db).await;
    let before = served.tiles().await;
    served.world.services.drill.run_all(&admin()).await.unwrap();
    let again = served.world.services.drill.run_all(&admin()).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict, "one at a time");
    for _ in 0..400 {
        if served.screen().await.running.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let screen = served.screen().await;
    let run = screen.runs.first().expect("written down");
    let failed: Vec<_> = run.checks.iter().filter(|check| !check.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!((run.passed, run.failed, run.faults.len()), (i32::try_from(run.checks.len()).unwrap(), 0, 5));
    assert!(run.checks.len() >= 5 * 6, "{}", run.checks.len());
    assert!(run.ended_at.is_some());
    let after = served.tiles().await;
    assert!(after.iter().zip(&before).all(|(after, before)| after.value == before.value));
    assert_eq!(served.world.number("select count(*) from ops.audit_log where action like 'overview.drill%'").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failing_query_makes_its_tile_amber_then_red_and_no_other(db: PgPool) {
    let handle = server::metrics::install();
    let served = Served::on(db).await;
    let before = served.tiles().await;
    let command = StartDrill {
        faults: vec![Fault::QueryError { metric: orders() }],
        duration_seconds: 60,
        ..StartDrill::default()
    };
    let running = served.world.services.drill.start(&admin(), &command).await.unwrap();
    assert!((1..=60).contains(&running.remaining_seconds));
    for (look, state) in [State::Stale, State::Stale, State::Failed].into_iter().enumerate() {
        // Each change of the data asks for a refresh, and each refresh is missed.
        served.world.backend.figures.news().forget();
        for (tile, before) in served.tiles().await.iter().zip(&before) {
            let struck = tile.key.as_str() == "sales.orders";
            let wanted = if struck { (state, Some(ErrorClass::Query)) } else { (State::Fresh, None) };
            assert_eq!((tile.freshness.state, tile.freshness.error_class), wanted, "{} at look {look}", tile.key);
            assert_eq!(tile.value, before.value, "the last value stands");
        }
    }
    let metrics = server::metrics::render(&handle, &served.world.backend, &served.world.services.live).await;
    for line in [
        r#"millrace_metric_failures_total{key="sales.orders",class="query"} 3"#,
        r#"millrace_cache_looks_total{ns="sales",result="stale_hit"} 3"#,
        r#"millrace_breaker_open{face="analytics"} 0"#,
        r#"millrace_metric_age_seconds{key="sales.orders"} 0"#,
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    served.world.services.drill.stop(&admin()).await.unwrap();
    let healed = served.states().await;
    assert!(healed.iter().all(|(_, state, _)| *state == State::Fresh), "{healed:?}");
    assert!(served.screen().await.running.is_none());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_rehearsed_outage_opens_the_breaker_and_heals_by_itself(db: PgPool) {
    let served = Served::on(db).await;
    served.tiles().await;
    let command = StartDrill { faults: vec![Fault::DbDown], duration_seconds: 1, ..StartDrill::default() };
    served.world.services.drill.start(&admin(), &command).await.unwrap();
    let screen = served.world.services.overview.overview(&viewer(), &ScopeQuery::default()).await.unwrap();
    assert!(screen.outage_since.is_some());
    assert!(screen.tiles.iter().all(|tile| tile.freshness.error_class == Some(ErrorClass::Connection)));
    served.until(|| !served.world.backend.breaker.is_open()).await;
    let states = served.states().await;
    assert!(states.iter().all(|(_, state, _)| *state == State::Fresh), "{states:?}");
    assert!(served.screen().await.runs[0].ended_at.is_some(), "it ended by itself");
}

#[sqlx::test(migrations = "../migrations")]
async fn drills_are_for_administrators_and_can_be_switched_off(db: PgPool) {
    let world = World::new(db).await;
    assert_eq!(world.services.drill.screen(&viewer()).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(world.services.drill.run_all(&viewer()).await.unwrap_err().code, ErrorCode::Forbidden);
    let wrong = StartDrill {
        faults: vec![Fault::QueryError { metric: "sales.nothing".into() }],
        duration_seconds: 301,
        ..StartDrill::default()
    };
    let error = world.services.drill.start(&admin(), &wrong).await.unwrap_err();
    assert_eq!((error.code, error.fields.len()), (ErrorCode::Validation, 2));
    let off = world.services.clone().drilling(false);
    assert_eq!(off.drill.screen(&admin()).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(world.number("select count(*) from ops.drill_runs").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn clearing_marks_what_fits_and_refreshing_waits_five_seconds(db: PgPool) {
    let served = Served::on(db).await;
    served.tiles().await;
    let cache = &served.world.services.cache;
    let before = cache.statistics(&viewer()).await.unwrap();
    let sales = before.namespaces.iter().find(|area| area.area == "sales").expect("sales");
    assert!(sales.keys >= 5 && sales.misses >= 5 && before.memory > 0 && before.figures.len() >= 7);

    let clear = |pattern: &str, hard| InvalidateFigures { pattern: pattern.into(), hard };
    assert_eq!(cache.invalidate(&viewer(), &clear("*", false)).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(cache.invalidate(&admin(), &clear("Sales", false)).await.unwrap_err().fields[0].path, "pattern");
    assert_eq!(cache.invalidate(&admin(), &clear("shop.*", false)).await.unwrap().matched, 1);
    served.tiles().await;
    let misses = |statistics: domain::overview::cache::CacheStatistics, area: &str| {
        statistics.namespaces.into_iter().find(|a| a.area == area).map(|a| a.misses)
    };
    let after = cache.statistics(&viewer()).await.unwrap();
    assert_eq!(misses(after.clone(), "shop"), misses(before.clone(), "shop").map(|n| n + 1), "computed once more");
    assert_eq!(misses(after, "sales"), misses(before, "sales"), "and nothing else");
    assert_eq!(
        served.world.number("select count(*) from ops.audit_log where action = 'overview.cache_clear'").await,
        1
    );

    let all = RefreshFigures { all: true, ..RefreshFigures::default() };
    assert!(cache.refresh(&viewer(), &all).await.unwrap().marked >= 7);
    let soon = cache.refresh(&viewer(), &all).await.unwrap_err();
    assert_eq!((soon.code, soon.retry_after_seconds), (ErrorCode::RateLimited, Some(5)));
    let nothing = RefreshFigures::default();
    assert_eq!(cache.refresh(&admin(), &nothing).await.unwrap_err().fields[0].path, "keys");

    // Hard: nothing is left, here and for the other servers.
    assert!(served.world.number("select count(*) from ops.metric_values where metric_key like 'sales.%'").await > 0);
    cache.invalidate(&admin(), &clear("sales.*", true)).await.unwrap();
    assert_eq!(served.world.number("select count(*) from ops.metric_values where metric_key like 'sales.%'").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_begins_to_listen_hears_of_a_value_that_came_just_before(db: PgPool) {
    let served = Served::on(db).await;
    let figures = &served.world.backend.figures;
    served.tiles().await;
    assert!(!figures.told_within(Duration::from_secs(5)), "nobody was shown an older value");
    // Older than its time: answered at once, so the page is owed the better value.
    served.world.clock.advance(chrono::Duration::seconds(61));
    let states = served.states().await;
    // What is low on stock is good for five minutes.
    assert!(states.iter().all(|(key, state, _)| *key == "stock.low" || *state == State::Refreshing), "{states:?}");
    served.until(|| figures.told_within(Duration::from_secs(5))).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_burst_of_changes_costs_one_computation_a_second(db: PgPool) {
    let calm = server::backend::Backend::new(
        server::backend::Pools::open(&db.connect_options(), 20),
        std::sync::Arc::new(server::clock::SystemClock),
    );
    let service = server::services::overview::OverviewService::new(calm.clone());
    let (who, today) = (viewer(), ScopeQuery::default());
    let look = || service.tile(&who, "orders", &today);
    look().await.unwrap();
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(2_500) {
        calm.figures.news().forget();
        look().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let runs: u64 = calm.figures.landings();
    // The settings are one figure, the tile another: each once at first and then once a second.
    assert!((4..=8).contains(&runs), "{runs} computations in 2.5 s of steady change");
}

/// Two servers on one database: a drill of all begins and ends in both, and either may stop it.
#[sqlx::test(migrations = "../migrations")]
async fn a_drill_of_all_servers_strikes_and_ends_in_each(db: PgPool) {
    let first = Served::on(db).await;
    let second = Served::of(World::reaching_again(&first.world, &first.world.owner.connect_options())).await;
    for served in [&first, &second] {
        let services = &served.world.services;
        tokio::spawn(Arc::clone(&services.drill).follow(services.live.subscribe(), served.stop.clone()));
    }
    let command = StartDrill {
        faults: vec![Fault::ReplicaLag { seconds: 30 }, Fault::QueryError { metric: orders() }],
        duration_seconds: 60,
        scope: Reach::All,
    };
    let (one, other) = (first.world.backend.faults.clone(), second.world.backend.faults.clone());
    first.world.services.drill.start(&admin(), &command).await.unwrap();
    second.until(|| other.drill().is_some()).await;
    assert_eq!(other.drill().unwrap().faults, command.faults);
    assert_eq!((other.lag_seconds(), second.screen().await.running.unwrap().scope), (Some(30), Reach::All));
    let again = second.world.services.drill.start(&admin(), &command).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    second.world.services.drill.stop(&admin()).await.unwrap();
    first.until(|| one.drill().is_none()).await;
    assert!(other.drill().is_none());
    let ended = first.screen().await.runs.remove(0);
    assert!(ended.ended_at.is_some());
    assert_eq!(first.world.number("select count(*) from ops.audit_log where action like 'overview.drill%'").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_drill_ends_with_its_process_and_one_of_a_killed_server_when_its_time_is_over(db: PgPool) {
    let served = Served::on(db).await;
    let command = StartDrill { faults: vec![Fault::WorkerStop], duration_seconds: 300, ..StartDrill::default() };
    let drill = &served.world.services.drill;
    drill.start(&admin(), &command).await.unwrap();
    assert!(served.world.backend.faults.is_worker_stopped());
    drill.close().await;
    assert!(!served.world.backend.faults.is_worker_stopped());
    assert!(served.screen().await.runs[0].ended_at.is_some());

    served
        .world
        .execute(
            "insert into ops.drill_runs (id, started_by, started_at, ends_at, faults)
             values (gen_random_uuid(), 'gone', '2026-01-01T00:00Z', '2026-01-01T00:01Z', '[]')",
        )
        .await;
    drill.start(&admin(), &command).await.unwrap();
    drill.stop(&admin()).await.unwrap();
    let gone = served.screen().await.runs.into_iter().find(|run| run.started_by == "gone").unwrap();
    assert_eq!(gone.ended_at.unwrap(), "2026-01-01T00:01:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
}

/// While the database seems down, every door of it is: lists and writes fail at once, as in a real outage.
#[sqlx::test(migrations = "../migrations")]
async fn in_a_rehearsed_outage_nothing_is_read_or_written_and_nobody_waits(db: PgPool) {
    let served = Served::on(db).await;
    let before = served.tiles().await;
    let command = StartDrill { faults: vec![Fault::DbDown], duration_seconds: 60, ..StartDrill::default() };
    served.world.services.drill.start(&admin(), &command).await.unwrap();
    let since = std::time::Instant::now();
    let targets = &served.world.services.targets;
    assert_eq!(targets.targets(&admin()).await.unwrap_err().code, ErrorCode::Unavailable);
    let refused = store::begin(&served.world.backend.pools.admin).await;
    assert!(refused.is_err() && since.elapsed().as_millis() < 500, "took {:?}", since.elapsed());
    assert!(served.tiles().await.iter().zip(&before).all(|(now, before)| now.value == before.value));
    let screen = served.screen().await;
    assert!(screen.running.is_some() && !screen.runs_unavailable, "the drill itself can be seen and stopped");
    served.world.services.drill.stop(&admin()).await.unwrap();
    let breaker = served.world.backend.breaker.clone();
    served.until(|| !breaker.is_open()).await;
    assert!(targets.targets(&admin()).await.is_ok());
}
