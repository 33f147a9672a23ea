//! How fresh everything is (`overview.md` 3.10), and the area cards that say so on the home page.

use crate::{
    figures::{Figures, at, scope},
    shop::{admin, holding, viewer},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError, ErrorCode,
    access::{PermSet, Permission, Principal, Rights},
    freshness::{Class, Declaration},
    live::Topic,
    overview::{
        MetricKey, OverviewPort, ScopeQuery,
        area::{Area, AreaCard, AreasPort},
        attention::Feature,
        fault_drill::{Fault, Reach},
        source::{LateSource, Source, SourceKind, SourceList, SourceQuery, SourceState, SourcesPort},
    },
    settings::SettingsPort,
};
use server::{
    freshness::Drill,
    live::LiveBus,
    services::{
        overview::{
            OverviewService,
            areas::AreasService,
            sources::{Facts, SourceProvider, SourcesService},
        },
        settings::SettingsService,
    },
};
use sqlx::{PgConnection, PgPool};
use std::sync::Arc;

struct Desk {
    figures: Figures,
    sources: Arc<dyn SourcesPort>,
    areas: AreasService,
}

impl Desk {
    fn on(db: PgPool) -> Self {
        let figures = Figures::on(db);
        let backend = figures.backend.clone();
        let settings: Arc<dyn SettingsPort> = Arc::new(SettingsService::new(backend.clone()));
        let live = LiveBus::new(backend.clone());
        let sources: Arc<dyn SourcesPort> = Arc::new(SourcesService::new(backend.clone(), settings.clone(), live));
        let areas = AreasService::new(backend, settings, figures.service.clone(), sources.clone());
        Self { figures, sources, areas }
    }

    async fn list(&self, who: &Principal, query: &str) -> SourceList {
        self.sources.sources(who, &SourceQuery::parse(domain::query::pairs(query))).await.unwrap()
    }

    async fn one(&self, key: &str) -> Source {
        self.list(&admin(), "").await.items.into_iter().find(|s| s.key == key).unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.figures.db).await.unwrap();
        self.figures.service.forget();
    }

    async fn card(&self, who: &Principal, area: Area) -> AreaCard {
        self.areas.area(who, area, &ScopeQuery::default()).await.unwrap()
    }
}

fn texts(card: &AreaCard) -> Vec<(&str, &str)> {
    card.figures.iter().map(|f| (f.label.as_str(), f.text.as_str())).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_source_is_on_time_late_missing_or_off(db: PgPool) {
    let desk = Desk::on(db);
    desk.execute("insert into ops.workers values ('w', 'h', 1, '2026-11-22T11:00Z', '2026-11-22T11:59:50Z')").await;
    let expire = desk.one("schedule.transactions_expire").await;
    assert_eq!(
        (expire.state, expire.last_success, expire.age_seconds),
        (SourceState::OnTime, None, None),
        "not due yet"
    );
    desk.execute(
        "with s as (update ops.schedules set last_success_at = '2026-11-22T11:59:00Z', last_state = 'succeeded',
                                             next_due_at = '2026-11-22T12:00:00Z' where id = 'transactions_expire')
         update ops.schedules set enabled = false where id = 'cleanup'",
    )
    .await;
    desk.execute(
        "insert into ops.job_runs (id, kind, queue, state, schedule_id, requested_label, run_at, created_at, started_at, finished_at,
                                   progress_done)
         select gen_random_uuid(), 'transactions_expire', 'live', 'succeeded', 'transactions_expire', 's', t, t, t, t + interval '2 s', 17
         from (values (timestamptz '2026-11-22T11:58:58Z')) v(t)",
    )
    .await;
    let expire = desk.one("schedule.transactions_expire").await;
    assert_eq!(
        (expire.state, expire.age_seconds, expire.expected_seconds, expire.missed),
        (SourceState::OnTime, Some(60), Some(60), 0)
    );
    assert_eq!(
        (expire.rows, expire.feature.as_str(), expire.refresh.as_deref()),
        (Some(17), "transactions", Some("transactions_expire"))
    );
    assert_eq!(expire.next_run.unwrap(), at("2026-11-22T12:00:00Z"));
    assert_eq!(desk.one("schedule.cleanup").await.state, SourceState::Off);
    // Two seconds are what a run takes, five its way to a worker.
    for (advance, state, missed) in [
        (7, SourceState::OnTime, 0),
        (1, SourceState::Late, 1),
        (59, SourceState::Late, 1),
        (1, SourceState::Missing, 2),
    ] {
        desk.figures.clock.advance(Duration::seconds(advance));
        let expire = desk.one("schedule.transactions_expire").await;
        assert_eq!((expire.state, expire.missed), (state, missed), "age {:?}", expire.age_seconds);
    }
    assert_eq!(desk.one("worker").await.state, SourceState::Late, "silent for 78 s, heard each 30 s");
    assert_eq!(desk.one("database").await.state, SourceState::OnTime);
    assert_eq!(desk.one("live").await.state, SourceState::Missing, "no listener runs in this test");
    assert_eq!(desk.one("import.visits").await.state, SourceState::ByHand);
    let import = desk.one("import.sales_transactions").await;
    assert_eq!((import.state, import.kind, import.expected_seconds), (SourceState::ByHand, SourceKind::Import, None));

    let all = desk.list(&admin(), "").await;
    let states: Vec<_> = all.items.iter().map(|s| s.state).collect();
    assert!(states.is_sorted(), "the worst first: {states:?}");
    assert_eq!(all.counts.total(), all.total);
    let missing = desk.list(&admin(), "state=missing&feature=transactions").await;
    assert_eq!((missing.total, missing.items[0].key.as_str()), (1, "schedule.transactions_expire"));
    assert_eq!((desk.list(&admin(), "feature=nothing").await.total, missing.counts.missing), (0, 1));
    let wrong = SourceQuery { state: Some("dusty".into()), feature: None };
    assert_eq!(desk.sources.sources(&admin(), &wrong).await.unwrap_err().code, ErrorCode::Validation);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_may_not_see_jobs_sees_no_schedule_and_who_may_not_run_them_no_refresh(db: PgPool) {
    let desk = Desk::on(db);
    let clerk = desk.list(&holding(Rights::of(None, &[PermSet::SalesClerk])), "").await;
    let kinds: Vec<_> = clerk.items.iter().map(|s| s.kind).collect();
    assert!(!kinds.contains(&SourceKind::Schedule) && !kinds.contains(&SourceKind::Import), "{kinds:?}");
    assert!(kinds.contains(&SourceKind::Database));
    assert!(desk.list(&viewer(), "").await.items.iter().all(|s| s.refresh.is_none()));
    assert!(desk.list(&admin(), "").await.items.iter().any(|s| s.refresh.is_some()));
}

#[sqlx::test(migrations = "../migrations")]
async fn ages_and_states_go_on_while_the_database_is_away(db: PgPool) {
    let desk = Desk::on(db);
    desk.execute("update ops.schedules set last_success_at = '2026-11-22T11:59:30Z' where id = 'transactions_expire'")
        .await;
    assert_eq!(desk.one("schedule.transactions_expire").await.state, SourceState::OnTime);
    desk.figures.backend.breaker.open(desk.figures.clock_now());
    desk.figures.clock.advance(Duration::minutes(10));
    let expire = desk.one("schedule.transactions_expire").await;
    assert_eq!((expire.state, expire.age_seconds, expire.missed), (SourceState::Missing, Some(630), 10));
    let database = desk.one("database").await;
    assert_eq!(
        (database.state, database.age_seconds, database.error_class.as_deref()),
        (SourceState::Missing, Some(600), Some("database unreachable"))
    );
    let away = desk.list(&admin(), "").await.unavailable;
    assert_eq!(away.iter().map(|u| u.message.as_str()).collect::<Vec<_>>()[0], "System: unavailable, last seen 12:00");
}

#[sqlx::test(migrations = "../migrations")]
async fn area_cards_say_what_their_pages_say(db: PgPool) {
    let desk = Desk::on(db);
    let who = viewer();
    desk.figures.sale(crate::figures::Sale { at: "2026-11-22T09:00:00Z", net: "40.50", ..Default::default() }).await;
    desk.execute(
        "insert into ops.job_runs (id, kind, queue, state, requested_label, run_at, created_at)
         select gen_random_uuid(), 'cleanup', 'maintenance', s, 'ada', t, t
         from (values ('running', timestamptz '2026-11-22T11:59Z'), ('failed', '2026-11-22T09:00Z'), ('failed', '2026-11-20T09:00Z'),
                      ('succeeded', '2026-11-22T08:00Z'), ('partial', '2026-11-18T08:00Z'), ('succeeded', '2026-11-01T08:00Z')) v(s, t)",
    )
    .await;
    let jobs = desk.card(&who, Area::Jobs).await;
    assert_eq!(texts(&jobs), [("Running", "1"), ("Failed in 24 hours", "1"), ("Succeeded in 7 days", "50.0\u{a0}%")]);
    assert_eq!((jobs.age_seconds, jobs.unavailable), (Some(0), None));
    let sales = desk.card(&who, Area::Sales).await;
    assert_eq!(texts(&sales), [("Revenue", "$40.50"), ("Orders", "1")]);
    assert!(sales.figures[0].change.is_some());
    // The card's own figure is a source of the list, once it is known.
    desk.card(&who, Area::Data).await;
    let data = desk.card(&who, Area::Data).await;
    let counts = desk.list(&who, "").await.counts;
    let on_time = counts.on_time.to_string();
    assert_eq!(texts(&data)[0], ("Sources on time", on_time.as_str()));
    assert_eq!(texts(&data)[3..], [("Rows in quarantine", "0"), ("Rows accepted", "–")], "unknown is not 0");
    let clerk = holding(Rights::of(None, &[PermSet::SalesClerk]));
    let denied = desk.areas.area(&clerk, Area::Jobs, &ScopeQuery::default()).await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::Forbidden);

    desk.figures.backend.breaker.open(desk.figures.clock_now());
    desk.figures.clock.advance(Duration::seconds(90));
    let jobs = desk.card(&who, Area::Jobs).await;
    assert_eq!((texts(&jobs)[0], jobs.age_seconds), (("Running", "1"), Some(90)));
    assert_eq!(jobs.unavailable.as_deref(), Some("Jobs: unavailable, last seen 12:00"));
    let sales = desk.card(&who, Area::Sales).await;
    assert_eq!(texts(&sales)[0], ("Revenue", "$40.50"));
    assert_eq!(sales.unavailable.as_deref(), Some("could not be refreshed (database unreachable)"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_hangs_is_told_in_time_and_the_others_stand(db: PgPool) {
    let desk = Desk::on(db);
    desk.card(&viewer(), Area::Sales).await;
    let mut lock = desk.figures.db.begin().await.unwrap();
    sqlx::query("lock table ops.job_runs in access exclusive mode").execute(&mut *lock).await.unwrap();
    let since = std::time::Instant::now();
    let jobs = desk.card(&viewer(), Area::Jobs).await;
    assert!(since.elapsed().as_millis() < 600, "took {:?}", since.elapsed());
    assert_eq!((jobs.figures.len(), jobs.unavailable.as_deref()), (0, Some("Jobs: unavailable, not seen yet")));
    assert_eq!(texts(&desk.card(&viewer(), Area::Sales).await).len(), 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn kept_figures_are_as_old_as_they_are_while_somebody_looks(db: PgPool) {
    let desk = Desk::on(db);
    let tile = || desk.figures.tile(domain::overview::MetricKey::Orders, "");
    tile().await;
    let fresh = desk.one("figure.sales.orders").await;
    assert_eq!((fresh.kind, fresh.state, fresh.expected_seconds), (SourceKind::Figure, SourceState::OnTime, Some(60)));
    desk.figures.clock.advance(Duration::seconds(90));
    let late = desk.one("figure.sales.orders").await;
    assert_eq!((late.state, late.age_seconds), (SourceState::Late, Some(90)));
    // A statement that breaks: the age goes on and the reason stands beside it.
    desk.execute("alter table sales.transactions rename to transactions_away").await;
    desk.figures.backend.figures.clear("*", false);
    tile().await;
    let broken = desk.one("figure.sales.orders").await;
    assert_eq!((broken.state, broken.error_class.as_deref()), (SourceState::Late, Some("query")));
    desk.figures.clock.advance(Duration::seconds(300));
    assert_eq!(desk.one("figure.sales.orders").await.state, SourceState::Off, "nobody looks, nobody misses it");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_status_says_what_the_sources_say_and_what_a_drill_pretends(db: PgPool) {
    let desk = Desk::on(db);
    desk.execute("insert into ops.workers values ('w', 'h', 1, '2026-11-22T11:00Z', '2026-11-22T11:59:50Z')").await;
    let status = desk.sources.status(&admin()).await.unwrap();
    assert_eq!(status.sources, desk.list(&admin(), "").await.counts);
    assert_eq!((status.database.state, status.database.age_seconds), (SourceState::OnTime, Some(0)));
    assert_eq!((status.worker.state, status.worker.age_seconds), (SourceState::OnTime, Some(10)));
    assert_eq!((status.live.state, status.lag_seconds, status.outage_since), (SourceState::Missing, None, None));
    assert!((1..300_000).contains(&status.latency_us.unwrap()), "{:?}", status.latency_us);
    let faces: Vec<_> = status.pools.iter().map(|pool| (pool.face.as_str(), pool.most)).collect();
    assert_eq!(
        faces,
        [("analytics", 8), ("admin", 5), ("auth", 2), ("live", 1), ("jobs", 4)],
        "24 : 16 : 6 : 2 : 12 of 20"
    );
    assert!(status.pools.iter().all(|pool| pool.in_use + pool.idle <= pool.most));
    let jobs = status.kept.iter().find(|area| area.area == "jobs").unwrap();
    // The list after the status was a look more.
    assert_eq!((jobs.keys, jobs.misses), (1, 1), "the schedules as sources, computed once");

    let (backend, now) = (&desk.figures.backend, desk.figures.clock_now());
    let drill = Drill {
        id: uuid::Uuid::from_u128(7),
        started_by: "ada".into(),
        started_at: now,
        ends_at: now,
        until: std::time::Instant::now() + std::time::Duration::from_secs(60),
        faults: vec![Fault::ReplicaLag { seconds: 90 }],
        reach: Reach::This,
        checking: false,
    };
    assert!(backend.faults.begin(drill));
    desk.figures.clock.advance(Duration::seconds(5));
    let behind = desk.sources.status(&admin()).await.unwrap();
    assert_eq!((behind.lag_seconds, behind.database.age_seconds), (Some(90), Some(90)));
    assert_eq!(behind.database.state, SourceState::Missing, "what it answers is so old");

    backend.breaker.open(desk.figures.clock_now());
    desk.figures.clock.advance(Duration::seconds(60));
    let away = desk.sources.status(&admin()).await.unwrap();
    assert_eq!(away.outage_since.unwrap(), at("2026-11-22T12:00:05Z"));
    assert_eq!(away.database.error_class.as_deref(), Some("database unreachable"));
}

/// Loads the shop's sales each hour, the last time at 10:30.
struct Feed;

static FEED: Declaration = Declaration {
    key: "ingest.feed",
    label: "Feed",
    class: Class::Live,
    deadline_ms: 300,
    permission: Permission::IngestView,
    topics: &[Topic::Integrations],
    scope: &["zone"],
    formula: "The last load of a feed",
};

#[async_trait]
impl SourceProvider for Feed {
    fn feature(&self) -> Feature {
        Feature::Ingest
    }

    fn declared(&self) -> &'static Declaration {
        &FEED
    }

    fn feeds(&self) -> &'static [&'static str] {
        &["sales"]
    }

    async fn sources(&self, _: &mut PgConnection, _: DateTime<Utc>, _: &str) -> Result<Vec<Facts>, AppError> {
        Ok(vec![Facts {
            last_success: Some(at("2026-11-22T10:30:00Z")),
            expected_seconds: Some(3_600),
            ..Facts::unknown("feed.till", SourceKind::Import, "Till", "ingest")
        }])
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_figure_names_the_late_source_it_ate_from(db: PgPool) {
    let figures = Figures::on(db);
    let backend = figures.backend.clone();
    let settings: Arc<dyn SettingsPort> = Arc::new(SettingsService::new(backend.clone()));
    let sources = SourcesService::new(backend.clone(), settings, LiveBus::new(backend.clone()));
    let by_hand = OverviewService::new(backend.clone()).eating_from(Arc::new(sources));
    let tile = async |service: &OverviewService, key: MetricKey, query: &str| {
        service.tile(&admin(), key.as_str(), &scope(query)).await.unwrap().late_sources
    };
    assert_eq!(tile(&by_hand, MetricKey::Orders, "").await, [], "what people load is promised for no time");

    let settings: Arc<dyn SettingsPort> = Arc::new(SettingsService::new(backend.clone()));
    let sources = SourcesService::new(backend.clone(), settings, LiveBus::new(backend.clone()));
    let fed = OverviewService::new(backend).eating_from(Arc::new(sources.knowing(Arc::new(Feed))));
    figures.clock.set(at("2026-11-22T11:30:00Z"));
    assert_eq!(tile(&fed, MetricKey::Orders, "").await, [], "it still keeps its time");
    figures.clock.set(at("2026-11-22T12:00:00Z"));
    let link = "/overview/freshness?feature=ingest&state=late".to_owned();
    let late = LateSource { name: "Till".to_owned(), state: SourceState::Late, link };
    assert_eq!(late.words(), "source late: Till");
    assert_eq!(tile(&fed, MetricKey::Orders, "").await, std::slice::from_ref(&late));
    assert_eq!(tile(&fed, MetricKey::RevenueNet, "from=2026-11-20&to=2026-11-22").await, [late]);
    assert_eq!(tile(&fed, MetricKey::Orders, "day=2026-11-21").await, [], "that day was loaded whole");
    assert_eq!(tile(&fed, MetricKey::Visitors, "").await, [], "it does not eat from there");
    let clerk = holding(Rights::of(None, &[PermSet::SalesClerk]));
    let blind = fed.tile(&clerk, MetricKey::Orders.as_str(), &scope("")).await.unwrap();
    assert_eq!(blind.late_sources, [], "sources of imports are for who may see them");
    figures.clock.set(at("2026-11-22T13:00:00Z"));
    let missing = tile(&fed, MetricKey::Orders, "").await;
    assert_eq!((missing[0].state, missing[0].words().as_str()), (SourceState::Missing, "source missing: Till"));
}
