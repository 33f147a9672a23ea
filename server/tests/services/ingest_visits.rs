//! Importing visits: each counted once, nothing half-written, and taken back without a trace.

use crate::{
    figures::{Figures, Sale, dec},
    shop::{at, planner, viewer},
};
use domain::{
    AppError, ErrorCode,
    ids::ImportId,
    ingest::{Discard, Field, ImportDetail, ImportState, Policy, RowEdit, Target},
    overview::{MetricKey, OverviewPort, RecordVisit},
};
use engine::ingest::Meter;
use server::services::{
    ingest::{IngestService, Upload, rejected_csv},
    overview::SummaryService,
};
use sqlx::PgPool;
use std::{fmt::Write as _, sync::Arc};

const HEADER: &str = "visited_at,visitor_key,customer,session_ref,path,source\n";

struct Desk {
    figures: Figures,
    ingest: IngestService,
}

impl Desk {
    /// It is 2026-11-22, noon UTC.
    fn on(db: PgPool) -> Self {
        let figures = Figures::on(db);
        Self { ingest: IngestService::new(figures.backend.clone()), figures }
    }

    async fn upload(&self, rows: &str) -> ImportDetail {
        let upload = Upload::of(Target::Visits, "visits.csv", format!("{HEADER}{rows}").into_bytes());
        self.ingest.receive(&planner(), upload).await.unwrap()
    }

    async fn preview(&self, rows: &str) -> ImportDetail {
        self.check(self.upload(rows).await.summary.id).await
    }

    async fn check(&self, id: ImportId) -> ImportDetail {
        self.ingest.preview_now(&planner(), id, Arc::default()).await.unwrap()
    }

    async fn commit(&self, id: ImportId) -> Result<ImportDetail, AppError> {
        self.ingest.commit_now(&planner(), id, Arc::default()).await
    }

    async fn import(&self, rows: &str) -> ImportDetail {
        let done = self.commit(self.preview(rows).await.summary.id).await.unwrap();
        self.figures.service.forget();
        done
    }

    async fn undo(&self, id: ImportId) -> ImportDetail {
        self.ingest.undo_now(&planner(), id, Arc::default()).await.unwrap()
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.figures.db).await.unwrap()
    }

    async fn visits(&self) -> i64 {
        self.count("select count(*) from sales.visits").await
    }

    /// Visits, customers and quarantine in one text: equal before and after means untouched.
    async fn world(&self) -> String {
        let sql = "select concat((select string_agg(v::text, '|' order by id) from sales.visits v), '\n',
                                 (select string_agg(c::text, '|' order by id) from sales.customers c), '\n',
                                 (select string_agg(r::text, '|' order by import_id, row_no) from ops.staged_rows r))";
        sqlx::query_scalar(sql).fetch_one(&self.figures.db).await.unwrap()
    }

    /// What is kept of a day after the next run: visitors, those who ordered, revision.
    async fn kept(&self, day: &str) -> (i64, i64, i32) {
        let summary = SummaryService::new(self.figures.backend.clone());
        summary.sum_up(&summary.due_days().await.unwrap()).await.unwrap();
        sqlx::query_as("select visitors, buyers_visited, revision from ops.kpi_summary where day = $1::text::date")
            .bind(day)
            .fetch_one(&self.figures.db)
            .await
            .unwrap()
    }
}

/// Recorded visits, same visits, the same, rejected.
fn account(import: &ImportDetail) -> (u32, u32, u32, u32) {
    let counts = import.summary.counts.clone().unwrap();
    assert!(counts.accounts_for_every_line(), "{counts:?}");
    (counts.visits, counts.merged, counts.same, counts.rejected)
}

#[sqlx::test(migrations = "../migrations")]
async fn visitors_and_conversion_count_imported_visits_and_the_same_file_changes_nothing(db: PgPool) {
    let desk = Desk::on(db);
    let customer = desk.figures.customer("77").await;
    desk.figures.sale(Sale { at: "2026-11-22T11:00:00Z", customer: Some(customer), ..Sale::default() }).await;
    desk.figures.sale(Sale { at: "2026-11-22T11:30:00Z", session: Some("s-2"), ..Sale::default() }).await;
    let rows = "2026-11-22 10:00:00,b-1,,s-1,/,mail\n2026-11-22 10:10:00,b-1,77,s-1,/cart,\n\
                2026-11-22 10:00:00,b-2,,s-2,/,\n2026-11-22 10:00:00,b-3,,,/,\n2026-11-22 10:40:00,b-3,,,/again,\n\
                2026-11-22 09:00:00,b-4,,,,\n";
    let previewed = desk.preview(rows).await;
    assert_eq!((account(&previewed), desk.visits().await), ((5, 1, 0, 0), 0), "a preview writes nothing");
    let done = desk.commit(previewed.summary.id).await.unwrap();
    desk.figures.service.forget();
    assert_eq!((done.summary.state, done.summary.counts), (ImportState::Committed, previewed.summary.counts));
    assert_eq!(desk.visits().await, 5);
    assert_eq!(desk.figures.value(MetricKey::Visitors, "").await, Some(dec("4")));
    assert_eq!(desk.figures.value(MetricKey::Conversion, "").await, Some(dec("50")), "77 signed in on the way");
    let kept: Vec<(Option<String>, Option<String>, Option<String>)> =
        sqlx::query_as("select session_ref, path, source from sales.visits where visitor_key = 'b-1'")
            .fetch_all(&desk.figures.db)
            .await
            .unwrap();
    assert_eq!(kept, [(Some("s-1".into()), Some("/".into()), Some("mail".into()))], "the first row tells of the visit");
    let told = "select count(*) from ops.audit_log where action = 'ingest.commit' and outcome = 'ok'";
    assert_eq!(desk.count(told).await, 1);

    let before = desk.world().await;
    let again = desk.preview(rows).await;
    assert_eq!((account(&again), again.imported_as.clone()), ((0, 1, 5, 0), vec![1]));
    assert!(again.summary.counts.clone().unwrap().is_no_change());
    desk.commit(again.summary.id).await.unwrap();
    assert_eq!(desk.world().await, before);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_visit_the_beacon_told_of_is_not_counted_again(db: PgPool) {
    let desk = Desk::on(db);
    let beacon = RecordVisit { visitor_key: "b".into(), session_ref: Some("s".into()), ..RecordVisit::default() };
    let admin = crate::shop::admin();
    desk.figures.service.record_visit(&admin, &beacon).await.unwrap();
    let rows = "2026-11-22 11:40:00,b,,s,,\n2026-11-22 11:20:00,b,,s,,\n2026-11-22 11:40:00,b,,other,,\n";
    assert_eq!(account(&desk.import(rows).await), (2, 1, 0, 0));
    // And the other way round: the beacon finds the imported one.
    desk.figures.clock.set(at("2026-11-22T12:29:59Z"));
    desk.import("2026-11-22 12:20:00,c,,,,\n").await;
    desk.figures
        .service
        .record_visit(&admin, &RecordVisit { visitor_key: "c".into(), ..RecordVisit::default() })
        .await
        .unwrap();
    assert_eq!(desk.visits().await, 4);
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_wait_in_quarantine_are_mended_and_no_customer_is_made(db: PgPool) {
    let desk = Desk::on(db);
    desk.figures.customer("77").await;
    let rows = "2026-11-20 10:00:00,b-1,78,s-1,/,\nyesterday,b-2,,,,\n2026-11-20 10:00:00,b-3,79,,,\n\
                2025-10-17 11:59:59,b-4,,,,\n2026-11-20 10:00:00,b-5,77,,,\n";
    let done = desk.import(rows).await;
    assert_eq!((account(&done), done.summary.state), ((1, 0, 0, 4), ImportState::CommittedPartial));
    let codes: Vec<_> = done.issues.iter().map(|rule| (rule.code.as_str(), rule.rows)).collect();
    assert_eq!(codes, [("unknown_customer", 2), ("older_than_kept", 1), ("unreadable_time", 1)]);
    let id = done.summary.id;
    let (detail, open) = desk.ingest.rejected(&viewer(), id).await.unwrap();
    let csv = String::from_utf8(rejected_csv(&detail, &open)).unwrap();
    assert!(
        csv.contains("2026-11-20 10:00:00,b-1,78,s-1,/,,2,unknown_customer,customer_ref,"),
        "as the row came: {csv}"
    );

    let edit = |row, field, value: &str| {
        let values = [(field, value.to_owned())].into();
        let (ingest, who) = (&desk.ingest, planner());
        async move { ingest.edit(&who, id, row, RowEdit { values }).await }
    };
    let stranger = edit(2, Field::Sku, "A1").await.unwrap_err();
    assert_eq!((stranger.code, stranger.fields[0].path.as_str()), (ErrorCode::Validation, "values.sku"));
    assert!(edit(2, Field::CustomerRef, "77").await.unwrap().issues.is_empty());
    assert!(edit(3, Field::VisitedAt, "2026-11-20 10:00:00").await.unwrap().issues.is_empty());
    let rerun = desk.ingest.run_again(&planner(), id).await.unwrap();
    assert_eq!((account(&rerun), rerun.summary.open_rows), ((3, 0, 0, 2), 2));
    assert_eq!((desk.visits().await, desk.count("select count(*) from sales.customers").await), (3, 1));
    // The customer has come by another way: the row goes through as it is.
    desk.figures.customer("79").await;
    let rerun = desk.ingest.run_again(&planner(), id).await.unwrap();
    assert_eq!((account(&rerun), rerun.summary.open_rows), ((4, 0, 0, 1), 1));
    let reason = Discard { rows: vec![5], reason: "too old".into() };
    let settled = desk.ingest.give_up_rows(&planner(), id, reason).await.unwrap();
    assert_eq!(settled.summary.state, ImportState::Committed);
    // What was rejected once is not rejected again.
    assert_eq!(account(&desk.preview(rows).await), (0, 0, 5, 0));
}

#[sqlx::test(migrations = "../migrations")]
async fn all_or_nothing_writes_nothing_and_a_stopped_commit_neither(db: PgPool) {
    let desk = Desk::on(db);
    let uploaded = desk.upload("2026-11-20 10:00:00,b-1,,,,\nyesterday,b-2,,,,\n").await;
    let mut mapping = uploaded.mapping.clone();
    mapping.options.policy = Policy::AllOrNothing;
    desk.ingest.map(&planner(), uploaded.summary.id, mapping, None).await.unwrap();
    desk.check(uploaded.summary.id).await;
    assert_eq!(desk.commit(uploaded.summary.id).await.unwrap_err().code, ErrorCode::Conflict);
    let good = desk.preview("2026-11-20 10:00:00,b-1,,,,\n").await.summary.id;
    let meter = Arc::new(Meter::default());
    meter.stop();
    assert_eq!(desk.ingest.commit_now(&planner(), good, meter).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!((desk.visits().await, desk.count("select count(*) from ops.staged_rows").await), (0, 0));
    assert_eq!(desk.ingest.commit_now(&viewer(), good, Arc::default()).await.unwrap_err().code, ErrorCode::Forbidden);
    desk.commit(good).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn the_second_of_two_commits_of_one_file_finds_the_check_outdated(db: PgPool) {
    let desk = Desk::on(db);
    let rows = "2026-11-20 10:00:00,b-1,,,,\n2026-11-21 10:00:00,b-2,,,,\n";
    let (first, second) = (desk.preview(rows).await.summary.id, desk.preview(rows).await.summary.id);
    let (a, b) = tokio::join!(desk.commit(first), desk.commit(second));
    let stale = [a, b].into_iter().find_map(Result::err).unwrap();
    assert_eq!((stale.code, stale.of_field("preview")), (ErrorCode::Conflict, Some("preview_stale")));
    assert_eq!(desk.visits().await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_closed_day_follows_an_import_and_its_undo(db: PgPool) {
    let desk = Desk::on(db);
    desk.figures.zone("Asia/Kolkata").await;
    let customer = desk.figures.customer("77").await;
    desk.figures.visit("2026-11-19T20:00:00Z", "beacon", None, None).await;
    desk.figures.sale(Sale { at: "2026-11-20T05:00:00Z", customer: Some(customer), ..Sale::default() }).await;
    let summary = SummaryService::new(desk.figures.backend.clone());
    summary.sum_up(&["2026-11-19".parse().unwrap(), "2026-11-20".parse().unwrap()]).await.unwrap();
    assert_eq!(desk.kept("2026-11-20").await, (1, 0, 1));

    // Times of the file are local; 00:10 of the 20th is 18:40 of the 19th in UTC.
    let done = desk
        .import(
            "2026-11-20 00:10:00,b-1,77,,,\n2026-11-20 00:10:00,b-2,,,,\n2026-11-22 09:00:00,b-3,,,,\nnever,b-4,,,,\n",
        )
        .await;
    let named: Vec<String> =
        sqlx::query_scalar("select day::text from ops.kpi_dirty_days where reader = 'kpi_summary' order by day")
            .fetch_all(&desk.figures.db)
            .await
            .unwrap();
    assert_eq!(named, ["2026-11-20"], "closed days only");
    assert_eq!(desk.kept("2026-11-20").await, (3, 1, 2));
    let offer = done.undoable.clone().unwrap();
    assert_eq!((offer.visits, offer.sales, offer.left), (3, 0, 0));

    let undone = desk.undo(done.summary.id).await;
    let report = undone.undo.clone().unwrap();
    assert_eq!((report.visits, report.discarded, report.sales), (3, 1, 0));
    assert_eq!((undone.summary.state, undone.summary.open_rows), (ImportState::Undone, 0));
    assert_eq!(desk.count("select count(*) from sales.visits where visitor_key = 'beacon'").await, 1);
    assert_eq!(desk.visits().await, 1);
    assert_eq!(desk.kept("2026-11-20").await, (1, 0, 3));
    assert_eq!(
        desk.count("select count(*) from sales.customers").await,
        1,
        "an undo takes no customer it did not make"
    );
    assert_eq!(desk.count("select count(*) from ops.audit_log where action = 'ingest.undo'").await, 1);

    // The same file is new again; after 30 days it stays.
    let again = desk.import("2026-11-20 00:10:00,b-1,77,,,\n").await;
    assert_eq!(account(&again), (1, 0, 0, 0));
    desk.figures.clock.set(at("2026-12-22T12:00:01Z"));
    let late = desk.ingest.undo_now(&planner(), again.summary.id, Arc::default()).await.unwrap_err();
    assert!(late.message.contains("more than 30 days ago"), "{}", late.message);
}

#[sqlx::test(migrations = "../migrations")]
async fn visits_of_old_months_get_partitions_of_their_own(db: PgPool) {
    let desk = Desk::on(db);
    desk.figures.visit("2026-03-31T23:00:00Z", "beacon", None, None).await;
    desk.import(
        "2026-03-05 10:00:00,b,,,,\n2026-11-05 10:00:00,b,,,,\n2026-12-24 10:00:00,b,,,,\n2025-10-01 10:00:00,b,,,,\n",
    )
    .await;
    let homes: Vec<(String, String)> =
        sqlx::query_as("select tableoid::regclass::text, visitor_key from sales.visits order by visited_at")
            .fetch_all(&desk.figures.db)
            .await
            .unwrap();
    let homes: Vec<_> = homes.iter().map(|(home, who)| (home.as_str(), who.as_str())).collect();
    let wanted = [
        ("sales.visits_2026_03", "b"),
        ("sales.visits_2026_03", "beacon"),
        ("sales.visits_2026_11", "b"),
        ("sales.visits_default", "b"),
    ];
    assert_eq!(homes, wanted, "a slip of the pen into the future makes no month");
}

/// A session of a thousand rows, many browsers, and a plan that does not read them one by one.
#[sqlx::test(migrations = "../migrations")]
async fn twenty_thousand_rows_go_in_whole(db: PgPool) {
    let desk = Desk::on(db);
    let mut rows = String::new();
    for n in 0..20_000 {
        let (day, minute) = (1 + n % 20, n / 20 % 1_000);
        let _ = writeln!(
            rows,
            "2026-11-{day:02} {:02}:{:02}:00,b-{},,s-{},/p/{n},",
            minute / 60,
            minute % 60,
            n % 499,
            n % 7
        );
    }
    let done = desk.import(&rows).await;
    let (visits, merged, same, rejected) = account(&done);
    assert_eq!((visits + merged, same, rejected), (20_000, 0, 0));
    // No two visits of a browser and session are less than half an hour apart, and none was lost: every row has one near.
    let close = "select count(*) from sales.visits a join sales.visits b on b.visitor_key = a.visitor_key
                 and b.session_ref = a.session_ref and b.visited_at > a.visited_at and b.visited_at < a.visited_at + interval '30 minutes'";
    assert_eq!((desk.visits().await, desk.count(close).await), (i64::from(visits), 0));
    assert_eq!(account(&desk.preview(&rows).await), (0, merged, visits, 0));
}
