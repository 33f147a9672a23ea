//! Days of which nothing arrived (`overview.md` 3.4), and files that are expected and do not come (3.10).

use crate::{
    figures::scope,
    ingest::{Desk, HEADER},
    shop::{admin, at, planner, viewer},
};
use domain::{
    ErrorCode,
    ingest::{ExpectFiles, IngestPort, Scope},
    overview::{
        OverviewPort, Trend, TrendQuery,
        source::{Source, SourceQuery, SourceState, SourcesPort},
    },
    settings::SettingsPort,
};
use server::{
    live::LiveBus,
    services::{
        overview::{OverviewService, sources::SourcesService},
        settings::SettingsService,
    },
};
use sqlx::PgPool;
use std::sync::Arc;

fn expecting(target: &str, hours: Option<u32>) -> ExpectFiles {
    ExpectFiles { hours: [(target.to_owned(), hours)].into() }
}

impl Desk {
    async fn expects(&self, target: &str, hours: Option<u32>) {
        let told = self.ingest.expect(&planner(), expecting(target, hours)).await.unwrap();
        assert_eq!(told.iter().find(|one| one.target.as_str() == target).unwrap().hours, hours);
        self.shop.backend.figures.clear("*", true);
    }

    /// 21 days up to the tenth of February 2011.
    async fn trend(&self) -> Trend {
        self.shop.backend.figures.clear("*", true);
        let asked = TrendQuery {
            days: Some("21".into()),
            to: Some("2011-02-10".into()),
            order: Some("asc".into()),
            ..TrendQuery::default()
        };
        OverviewService::new(self.shop.backend.clone()).trend(&viewer(), &asked).await.unwrap()
    }

    async fn source(&self, key: &str) -> Source {
        let backend = self.shop.backend.clone();
        backend.figures.clear("*", true);
        let settings: Arc<dyn SettingsPort> = Arc::new(SettingsService::new(backend.clone()));
        let sources = SourcesService::new(backend.clone(), settings, LiveBus::new(backend));
        let all = sources.sources(&admin(), &SourceQuery::default()).await.unwrap();
        all.items.into_iter().find(|source| source.key == key).unwrap()
    }
}

fn days(of: &Trend, silent: impl Fn(&domain::overview::TrendDay) -> bool) -> Vec<String> {
    of.items.iter().filter(|day| silent(day)).map(|day| day.day.format("%m-%d").to_string()).collect()
}

fn of_sales(of: &Trend) -> Vec<String> {
    days(of, |day| day.no_sales_data)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_closed_day_of_which_nothing_arrived_has_no_data_where_files_are_expected(db: PgPool) {
    let desk = Desk::on(db);
    desk.shop.set("business.zone", "UTC".into()).await;
    desk.shop.clock.set(at("2011-02-10T12:00:00Z"));
    // A file with rows of the first and the last of four days: the two between had no sale.
    let first =
        desk.import("1,A1,Thing,5,2011-01-28 10:00:00,2.00,77,UK\n2,A1,Thing,5,2011-01-31 10:00:00,2.00,77,UK\n").await;
    // By hand, and declined: it counts nowhere, but it came.
    sqlx::query(
        "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
             occurred_at, entry, created_at, updated_at)
         values (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'declined', 'USD', 1, 0, 1, 0, 0, 1, 1, 1,
                 '2011-02-03T09:00Z', 'api', '2011-02-03', '2011-02-03')",
    )
    .execute(&desk.shop.db)
    .await
    .unwrap();
    // A file that says that it is of the fifth to the seventh, with one sale.
    let row = "3,A1,Thing,5,2011-02-05 10:00:00,2.00,77,UK\n";
    let uploaded = desk.upload(format!("{HEADER}{row}").as_bytes()).await.unwrap();
    let mut mapping = uploaded.mapping.clone();
    mapping.options.zone = "UTC".into();
    mapping.options.replace = Some(Scope { from: "2011-02-05".parse().unwrap(), to: "2011-02-07".parse().unwrap() });
    desk.ingest.map(&planner(), uploaded.summary.id, mapping, None).await.unwrap();
    desk.check(uploaded.summary.id).await;
    desk.commit(uploaded.summary.id).await.unwrap();

    let nothing = Vec::<String>::new();
    let before = desk.trend().await;
    assert_eq!((of_sales(&before), before.items.len()), (nothing.clone(), 21), "no file is expected");
    let denied = desk.ingest.expect(&viewer(), expecting("visits", Some(24))).await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::Forbidden);
    let wrong = desk.ingest.expect(&planner(), expecting("visits", Some(0))).await.unwrap_err();
    assert_eq!((wrong.code, wrong.fields[0].path.as_str()), (ErrorCode::Validation, "visits"));

    desk.expects("sales_transactions", Some(24)).await;
    let trend = desk.trend().await;
    // Not before the first file; not the days within a file's rows or declared days; not today.
    assert_eq!(of_sales(&trend), ["02-01", "02-02", "02-04", "02-08", "02-09"]);
    assert_eq!(days(&trend, |day| day.no_visits_data), nothing);
    assert_eq!(trend.totals, before.totals, "what is added up stays as it was");
    let with_figures: Vec<_> = days(&trend, |day| day.orders > 0);
    assert_eq!(with_figures, ["01-28", "01-31", "02-05"]);
    let service = OverviewService::new(desk.shop.backend.clone());
    let bars = service.kpis(&viewer(), &scope("from=2011-02-01&to=2011-02-04")).await.unwrap();
    let trend_of_scope = bars.trend.unwrap();
    assert_eq!(of_sales(&trend_of_scope).last().map(String::as_str), Some("02-04"));
    let screen = service.overview(&viewer(), &scope("from=2011-02-01&to=2011-02-04")).await.unwrap();
    let bars: Vec<bool> = screen.bars.unwrap().items.iter().map(|bar| bar.no_data).collect();
    assert_eq!(bars, [true, true, false, true]);

    // Visits have their own files.
    desk.expects("visits", Some(24)).await;
    desk.shop.clock.set(at("2011-02-12T12:00:00Z"));
    let later = OverviewService::new(desk.shop.backend.clone());
    let asked = TrendQuery { days: Some("3".into()), order: Some("asc".into()), ..TrendQuery::default() };
    let visits = later.trend(&viewer(), &asked).await.unwrap();
    assert_eq!(days(&visits, |day| day.no_visits_data), ["02-10", "02-11"], "since the interval was set");
    desk.shop.clock.set(at("2011-02-10T12:00:00Z"));

    // What was taken back did not arrive.
    desk.ingest.undo_now(&planner(), first.summary.id, Arc::default()).await.unwrap();
    assert_eq!(of_sales(&desk.trend().await), ["02-08", "02-09"], "now the first file is that of the fifth");
    desk.expects("sales_transactions", None).await;
    assert_eq!(of_sales(&desk.trend().await), nothing);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_expected_file_that_does_not_come_makes_its_source_late_and_missing(db: PgPool) {
    let desk = Desk::on(db);
    let key = "import.sales_transactions";
    desk.import("1,A1,Thing,5,2011-01-28 10:00:00,2.00,77,UK\n").await;
    assert_eq!(desk.source(key).await.state, SourceState::ByHand);
    desk.expects("sales_transactions", Some(24)).await;
    for (hours, state, missed) in [
        (24, SourceState::OnTime, 0),
        (1, SourceState::Late, 1),
        (23, SourceState::Late, 1),
        (1, SourceState::Missing, 2),
    ] {
        desk.shop.clock.advance(chrono::Duration::hours(hours));
        let source = desk.source(key).await;
        assert_eq!((source.state, source.missed, source.expected_seconds), (state, missed, Some(86_400)), "{hours}");
    }
    // One that never came counts from when it was first expected.
    desk.expects("visits", Some(1)).await;
    assert_eq!(desk.source("import.visits").await.state, SourceState::OnTime);
    desk.shop.clock.advance(chrono::Duration::hours(3));
    assert_eq!(desk.source("import.visits").await.state, SourceState::Missing);
}
