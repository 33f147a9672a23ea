//! The report of a day: what it says on real sales, its revisions, and a block that fails.

use crate::{
    figures::{Figures, Sale},
    online_retail,
    shop::{at, dec, planner, viewer},
};
use chrono::NaiveDate;
use domain::{
    ErrorCode,
    analytics::{ReportScreen, ReportsPort},
    query,
};
use rust_decimal::Decimal;
use server::{
    backend::Backend,
    services::{
        analytics::ReportsService,
        exports::{ExportsService, Format, Opened},
        overview::{SummaryService, name_closed_days},
    },
};
use sqlx::PgPool;
use store::exports::Cell;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn figure(of: &ReportScreen, key: &str) -> [Option<Decimal>; 3] {
    let figure = of.report.figures.iter().find(|f| f.key == key).unwrap();
    [figure.value, figure.day_before, figure.week_before]
}

pub async fn sum_up(backend: &Backend) {
    let summary = SummaryService::new(backend.clone());
    summary.sum_up(&summary.due_days().await.unwrap()).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn a_day_of_real_sales_beside_the_day_and_the_week_before(db: PgPool) {
    let Some(shop) = online_retail::shop(db).await else { return };
    let reports = ReportsService::new(shop.backend.clone());
    let denied = reports.rebuild(&viewer(), day("2010-12-08")).await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::Forbidden);
    assert!(reports.report(&viewer(), day("2010-12-08"), None).await.unwrap().is_none());
    let first = reports.rebuild(&planner(), day("2010-12-01")).await.unwrap();
    assert_eq!(figure(&first, "gross")[0], Some(dec("58960.79")));
    assert_eq!((figure(&first, "customers")[0], figure(&first, "units")[0]), (Some(dec("95")), Some(dec("26919"))));
    assert_eq!(figure(&first, "new_customers")[0], Some(dec("95")), "nobody had bought before");
    assert_eq!(figure(&first, "average")[1], None, "a day without a sale has no average");
    let built = reports.rebuild(&planner(), day("2010-12-08")).await.unwrap();
    assert_eq!(figure(&built, "gross")[2], figure(&first, "gross")[0]);
    let (new, old, all) =
        (figure(&built, "new_customers"), figure(&built, "returning_customers"), figure(&built, "customers"));
    assert_eq!(new[0].unwrap() + old[0].unwrap(), all[0].unwrap());
    assert!(old[0].unwrap() > Decimal::ZERO);
    assert_eq!((built.report.hours.len(), built.report.products.len()), (24, 10));
    assert_eq!(built.report.hours.iter().map(|h| h.gross_sales).sum::<Decimal>(), figure(&built, "gross")[0].unwrap());
    assert!(built.report.failed.is_empty());
    assert_eq!(figure(&built, "alerts_opened"), [Some(dec("0")); 3]);
    // Nothing has changed: the revision stands.
    let again = reports.rebuild(&planner(), day("2010-12-08")).await.unwrap();
    assert_eq!((again.revisions.len(), &again.shown), (1, &built.shown));
    let listed: Vec<_> = reports.list(&viewer()).await.unwrap().into_iter().map(|r| r.date.to_string()).collect();
    assert_eq!(listed, ["2010-12-08", "2010-12-01"]);

    let exports = ExportsService::new(shop.backend.clone(), crate::world::keys());
    let asked = query::pairs("date=2010-12-01");
    let Opened::Stream(mut file) = exports.open(&viewer(), "daily-report", Format::Csv, &asked).await.unwrap() else {
        panic!("small enough to stream");
    };
    let rows = file.batch().await.unwrap();
    assert_eq!(rows.len() as i64, file.about.rows);
    let gross = rows.iter().find(|row| row[4] == Cell::Text("gross".into())).unwrap();
    assert_eq!(gross[5..7], [Cell::Text("GBP".into()), Cell::Number(dec("58960.79"))]);
}

#[sqlx::test(migrations = "../migrations")]
async fn late_data_make_a_second_revision_and_keep_the_first(db: PgPool) {
    let world = Figures::on(db.clone());
    let reports = ReportsService::new(world.backend.clone());
    world.sale(Sale { at: "2026-11-21T10:00:00Z", net: "50.00", ..Sale::default() }).await;
    sum_up(&world.backend).await;
    assert_eq!(reports.nightly().await.unwrap(), [day("2026-11-21")]);
    assert!(reports.nightly().await.unwrap().is_empty(), "a second run finds nothing");
    let today = reports.rebuild(&planner(), day("2026-11-22")).await.unwrap_err();
    assert_eq!(today.code, ErrorCode::Conflict);

    world.clock.set(at("2026-11-23T00:00:00Z"));
    world.sale(Sale { at: "2026-11-21T11:00:00Z", net: "25.00", ..Sale::default() }).await;
    let mut tx = store::begin(&world.backend.pools.jobs).await.unwrap();
    name_closed_days(&mut tx, [at("2026-11-21T11:00:00Z")], world.clock_now()).await.unwrap();
    store::commit(tx).await.unwrap();
    sum_up(&world.backend).await;
    world.clock.set(at("2026-11-23T00:01:00Z"));
    assert_eq!(reports.nightly().await.unwrap(), [day("2026-11-21"), day("2026-11-22")]);
    let second = reports.report(&viewer(), day("2026-11-21"), None).await.unwrap().unwrap();
    assert_eq!((second.shown.revision, second.revisions.len()), (2, 2));
    assert_eq!(figure(&second, "revenue")[0], Some(dec("75")));
    let first = reports.report(&viewer(), day("2026-11-21"), Some(1)).await.unwrap().unwrap();
    assert_eq!(figure(&first, "revenue")[0], Some(dec("50")));
    assert_ne!(first.shown.sha256, second.shown.sha256);
    assert_eq!(first.shown.sha256.len(), 64);
    let next = reports.report(&viewer(), day("2026-11-22"), None).await.unwrap().unwrap();
    assert_eq!(figure(&next, "revenue"), [Some(dec("0")), Some(dec("75")), Some(dec("0"))]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_that_fails_says_so_and_the_rest_stands(db: PgPool) {
    let world = Figures::on(db.clone());
    world.sale(Sale { at: "2026-11-21T10:00:00Z", net: "50.00", ..Sale::default() }).await;
    sqlx::raw_sql("alter table sales.fraud_cases rename column verdict to judgement").execute(&db).await.unwrap();
    let reports = ReportsService::new(world.backend.clone());
    let built = reports.rebuild(&planner(), day("2026-11-21")).await.unwrap();
    assert_eq!(built.report.failed, ["Screening"]);
    assert_eq!((figure(&built, "revenue")[0], figure(&built, "units")[0]), (Some(dec("50")), None));
    sqlx::raw_sql("alter table sales.fraud_cases rename column judgement to verdict").execute(&db).await.unwrap();
    let whole = reports.rebuild(&planner(), day("2026-11-21")).await.unwrap();
    assert_eq!((whole.shown.revision, figure(&whole, "units")[0]), (2, Some(dec("1"))));
}
