//! Days summed up and kept: the same as their rows after whatever happened, and still when nothing did.

use crate::{
    analytics,
    dice::{Dice, seeds},
    figures::{Figures, Sale, dec},
    ingest::{Desk, HEADER},
    shop::{Shop, admin, at, planner, viewer},
};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use domain::{
    clock::Clock,
    demo::DemoPort,
    ids::{ImportId, ProductId},
    ingest::Scope,
    overview::{OverviewPort, RecordVisit, SummaryPort, SummaryQuery, Trend, TrendQuery},
    transactions::{Entry, PaymentMethod, RecordLine, RecordSale},
};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use server::{
    backend::Backend,
    demo::{DemoService, LogIns},
    services::{
        ingest::IngestService,
        overview::{OverviewService, SummaryService, SummedUp, name_closed_days},
    },
};
use sqlx::PgPool;
use std::sync::Arc;
use store::overview::{self as sums, Books, DayFigures, SummaryRow};
use uuid::Uuid;

/// The days that are due, as the job does them.
async fn run(backend: &Backend) -> SummedUp {
    let service = SummaryService::new(backend.clone());
    let days = service.due_days().await.unwrap();
    service.sum_up(&days).await.unwrap()
}

async fn rebuild(backend: &Backend, days: u16) -> SummedUp {
    let service = SummaryService::new(backend.clone());
    let days = service.last_days(days).await.unwrap();
    service.sum_up(&days).await.unwrap()
}

/// Every kept day of a zone, in US dollars.
async fn kept(db: &PgPool, zone: &str) -> Vec<SummaryRow> {
    let books = Books { currency: "USD".parse().unwrap(), zone, without_fraud: false };
    sums::summary(&mut db.acquire().await.unwrap(), books, day("1990-01-01"), day("2100-01-01")).await.unwrap()
}

async fn kept_day(db: &PgPool, zone: &str, of: &str) -> SummaryRow {
    kept(db, zone).await.into_iter().find(|row| row.day == day(of)).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Kept days and quarters of an hour are what their rows say.
pub async fn assert_agrees(db: &PgPool, zone: &str, told: &str) {
    let calendar = BusinessZone::parse(zone).unwrap();
    let books = Books { currency: "USD".parse().unwrap(), zone, without_fraud: false };
    let mut tx = db.begin().await.unwrap();
    for row in kept(db, zone).await {
        let window = calendar.day_range(row.day);
        assert_eq!(row.window, window, "{told}: {}", row.day);
        let direct = sums::day_figures(&mut tx, books, std::slice::from_ref(&window)).await.unwrap();
        assert_eq!(row.figures, direct[0], "{told}: {} (revision {})", row.day, row.revision);
        let quarters = sums::quarter_hours(&mut tx, books, &window).await.unwrap();
        let sum = |of: fn(&sums::QuarterHour) -> Decimal| quarters.iter().map(of).sum::<Decimal>();
        assert_eq!(sum(|q| q.revenue_net), row.figures.revenue_net, "{told}: quarters of {}", row.day);
        assert_eq!(sum(|q| q.revenue_gross), row.figures.revenue_gross, "{told}: quarters of {}", row.day);
        assert_eq!(sum(|q| q.orders.into()), row.figures.orders.into(), "{told}: quarters of {}", row.day);
    }
}

async fn trend(backend: &Backend, days: u16) -> Trend {
    let query = TrendQuery { days: Some(days.to_string()), ..TrendQuery::default() };
    let service = OverviewService::new(backend.clone());
    // What was computed before is no answer here.
    backend.figures.clear("*", true);
    service.trend(&viewer(), &query).await.unwrap()
}

/// The trend is the same with the kept days as without.
async fn assert_trend(db: &PgPool, backend: &Backend, told: &str) {
    let mut with = trend(backend, 45).await;
    sqlx::raw_sql("create table kept as table ops.kpi_summary; delete from ops.kpi_summary").execute(db).await.unwrap();
    let without = trend(backend, 45).await;
    sqlx::raw_sql("insert into ops.kpi_summary table kept; drop table kept").execute(db).await.unwrap();
    for day in &mut with.items {
        day.revised = None;
    }
    assert_eq!(with, without, "{told}");
}

/// A shop that lives through whatever the dice say.
struct History {
    desk: Desk,
    backend: Backend,
    zone: &'static str,
    dice: Dice,
    /// Invoice, product, time of sale and lines so far.
    invoices: Vec<(u64, u64, String, u64)>,
    imports: Vec<ImportId>,
    next: u64,
    mug: Uuid,
}

impl History {
    async fn new(db: PgPool) -> Self {
        let desk = Desk::on(db);
        let mug = desk.shop.product("MUG", "Mug", "12.50", Some(1_000_000)).await;
        let backend = desk.shop.backend.clone();
        Self { desk, backend, zone: "UTC", dice: Dice(0), invoices: vec![], imports: vec![], next: 1_000, mug }
    }

    fn shop(&self) -> &Shop {
        &self.desk.shop
    }

    async fn begin(&mut self, seed: u64) {
        self.dice = Dice(seed);
        self.zone = ["UTC", "Asia/Kolkata", "America/New_York", "Europe/London"][self.dice.below(4) as usize];
        sqlx::raw_sql(
            "truncate sales.transactions, sales.refunds, sales.visits, ops.import_batches, ops.kpi_summary,
                      ops.kpi_quarter_hours, ops.kpi_dirty_days, ops.demo_batches, ops.view_refreshes, ops.calendar_hours, ops.calendar_books cascade",
        )
        .execute(&self.shop().db)
        .await
        .unwrap();
        self.shop().set("business.zone", self.zone.into()).await;
        // The hours around the ends of summer time on both sides of the ocean.
        let hours = self.dice.below(300) as i64;
        self.shop().clock.set(at("2026-10-22T20:10:00Z") + Duration::hours(hours));
        (self.invoices, self.imports) = (vec![], vec![]);
    }

    /// Local time, up to 20 days back.
    fn some_time(&mut self) -> String {
        let now = self.shop().clock.now();
        let back = Duration::minutes(self.dice.below(20 * 24 * 60) as i64);
        BusinessZone::parse(self.zone).unwrap().local(now - back).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    async fn import(&mut self, rows: &str) {
        let uploaded = self.desk.preview(rows).await;
        let id = uploaded.summary.id;
        if self.desk.commit(id).await.is_ok() {
            self.imports.push(id);
        }
    }

    async fn late_sales(&mut self) {
        let mut rows = String::new();
        for _ in 0..=self.dice.below(3) {
            let (time, product, customer) = (self.some_time(), self.dice.below(3), self.dice.below(4));
            let lines = 1 + self.dice.below(3);
            self.next += 1;
            for line in 0..lines {
                let (quantity, price) = (1 + self.dice.below(5), self.dice.below(9_999));
                let (euros, cents) = (price / 100, price % 100);
                rows += &format!(
                    "{},A{product}{line},Thing,{quantity},{time},{euros}.{cents:02},7{customer},UK\n",
                    self.next
                );
            }
            self.invoices.push((self.next, product, time, lines));
        }
        self.import(&rows).await;
    }

    async fn late_refund(&mut self) {
        let (time, customer) = (self.some_time(), self.dice.below(4));
        let product = self.invoices.last().map_or(9, |invoice| invoice.1);
        self.next += 1;
        self.import(&format!("C{},A{product}0,Thing,-1,{time},3.00,7{customer},UK\n", self.next)).await;
    }

    async fn added_line(&mut self) {
        let Some((number, _, time, lines)) = self.invoices.last().cloned() else { return };
        self.import(&format!("{number},A5{lines},More,2,{time},4.00,71,UK\n")).await;
        if let Some(invoice) = self.invoices.last_mut() {
            invoice.3 += 1;
        }
    }

    async fn undo(&mut self) {
        if !self.imports.is_empty() {
            let which = self.dice.below(self.imports.len() as u64) as usize;
            let id = self.imports.swap_remove(which);
            self.desk.ingest.undo_now(&planner(), id, Arc::default()).await.unwrap();
        }
    }

    /// A file that speaks for all days and holds the newest invoice only: the others are closed.
    async fn closing(&mut self) {
        let Some((number, product, time, _)) = self.invoices.last().cloned() else { return };
        let file = format!("{HEADER}{number},A{product}0,Thing,1,{time},1.00,71,UK\n");
        let uploaded = self.desk.upload(file.as_bytes()).await.unwrap();
        let id = uploaded.summary.id;
        let mut mapping = uploaded.mapping.clone();
        mapping.options.replace = Some(Scope { from: day("2026-09-01"), to: day("2026-12-31") });
        self.desk.ingest.map(&planner(), id, mapping, None).await.unwrap();
        self.desk.check(id).await;
        sqlx::query(
            "update ops.import_batches set confirmed_closed = (counts ->> 'closed')::int where id = $1 and counts ? 'closed'",
        )
        .bind(id.0)
        .execute(&self.shop().db)
        .await
        .unwrap();
        if self.desk.commit(id).await.is_ok() {
            self.imports.push(id);
        }
    }

    async fn live_sale(&mut self) {
        let line = RecordLine {
            product_id: ProductId(self.mug),
            quantity: Decimal::from(1 + self.dice.below(3)),
            unit_price: None,
            discount: Decimal::ZERO,
        };
        let sale = RecordSale { lines: vec![line], payment_method: Some(PaymentMethod::Cash), ..RecordSale::default() };
        self.shop().sales.record(&planner(), &sale, Entry::Api, None).await.value.unwrap();
    }

    async fn live_visit(&mut self) {
        let visit = RecordVisit { visitor_key: format!("v{}", self.dice.below(9)), ..RecordVisit::default() };
        OverviewService::new(self.backend.clone()).record_visit(&admin(), &visit).await.unwrap();
    }

    /// Demo rows come as by their load, and leave by the service.
    async fn demo_rows(&mut self) {
        let when: DateTime<Utc> = self.shop().clock.now() - Duration::hours(self.dice.below(400) as i64);
        let mut tx = store::begin(&self.backend.pools.jobs).await.unwrap();
        sqlx::query("insert into ops.demo_batches (id, dataset, seed, as_of, row_counts, loaded_at) values (gen_random_uuid(), 'x', 1, $1, '{}', $2) on conflict do nothing")
            .bind(when.date_naive()).bind(when).execute(&mut *tx).await.unwrap();
        sqlx::query(
            "with t as (
                 insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                                                 line_count, occurred_at, recognised_at, entry, origin, created_at, updated_at)
                 values (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 9, 0, 9, 0, 0, 9, 1, 1, $1, $1,
                         'import', 'demo', $1, $1)
                 returning id)
             insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
             select id, 1, $2, 1, 9, 9, 9, $1 from t",
        )
        .bind(when)
        .bind(self.mug)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query("insert into sales.visits (id, visited_at, visitor_key, origin) values (gen_random_uuid(), $1, 'demo', 'demo')")
            .bind(when)
            .execute(&mut *tx)
            .await
            .unwrap();
        name_closed_days(&mut tx, [when], self.shop().clock.now()).await.unwrap();
        store::commit(tx).await.unwrap();
    }

    async fn demo_removed(&mut self) {
        let ingest = Arc::new(IngestService::new(self.backend.clone()));
        DemoService::new(self.backend.clone(), ingest, LogIns::default()).remove(&admin()).await.unwrap();
    }

    async fn step(&mut self) {
        match self.dice.below(15) {
            0..=2 => self.late_sales().await,
            3 => self.late_refund().await,
            4 => self.added_line().await,
            5 => self.undo().await,
            6 => self.closing().await,
            7 => self.live_sale().await,
            8 => self.live_visit().await,
            9 => self.demo_rows().await,
            10 => self.demo_removed().await,
            11 => {
                let minutes = self.dice.below(40 * 60) as i64;
                self.shop().clock.advance(Duration::minutes(minutes));
            }
            12 => drop(run(&self.backend).await),
            _ => drop(analytics::refresh(&self.backend).await),
        }
    }

    async fn assert_analytics(&self, told: &str) {
        analytics::assert_says_what_the_rows_say(&self.desk.shop.db, &self.backend, self.zone, told).await;
    }

    async fn live(&mut self, seed: u64) {
        self.begin(seed).await;
        for _ in 0..12 {
            self.step().await;
        }
        // With marks not worked off yet the trend is right already.
        assert_trend(&self.desk.shop.db, &self.backend, &format!("seed {seed}, before")).await;
        self.assert_analytics(&format!("seed {seed}, {}, before", self.zone)).await;
        analytics::refresh(&self.backend).await;
        self.assert_analytics(&format!("seed {seed}, {}, after", self.zone)).await;
        run(&self.backend).await;
        assert_agrees(&self.desk.shop.db, self.zone, &format!("seed {seed}, {}", self.zone)).await;
        assert_trend(&self.desk.shop.db, &self.backend, &format!("seed {seed}, after")).await;
        let left = "select count(*) from ops.kpi_dirty_days where reader = 'kpi_summary'";
        assert_eq!(self.desk.shop.count(left).await, 0, "seed {seed}");
        assert_eq!(run(&self.backend).await, SummedUp::default(), "seed {seed}: a second run finds nothing");
        let found = rebuild(&self.backend, 35).await;
        assert_eq!((found.revised, found.unexplained), (vec![], vec![]), "seed {seed}: a writer forgot to name a day");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn kept_days_are_what_their_rows_say_after_any_history(db: PgPool) {
    let mut history = History::new(db).await;
    for seed in seeds(24) {
        history.live(seed).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn example_7_a_release_counts_on_its_own_day_and_a_late_import_makes_revision_2(db: PgPool) {
    let world = Figures::on(db.clone());
    for status in ["held", "pending", "declined"] {
        world.sale(Sale { net: "100.00", status, ..Sale::default() }).await;
    }
    world.sale(Sale { net: "50.00", ..Sale::default() }).await;
    run(&world.backend).await;
    let first = kept_day(&db, "UTC", "2026-11-22").await;
    let f = first.figures;
    assert_eq!((f.revenue_net, f.orders, f.orders_held), (dec("50"), 1, 1));
    assert_eq!((f.amount_all, f.orders_all, first.is_final), (dec("350"), 4, false));

    world.clock.set(at("2026-11-23T10:00:00Z"));
    sqlx::query("update sales.transactions set status = 'released', recognised_at = '2026-11-23T09:30:00Z' where status = 'held'")
        .execute(&db)
        .await
        .unwrap();
    run(&world.backend).await;
    let (before, day) = (kept_day(&db, "UTC", "2026-11-22").await, kept_day(&db, "UTC", "2026-11-23").await);
    assert_eq!((day.figures.revenue_net, day.figures.orders, day.figures.orders_all), (dec("100"), 1, 0));
    assert_eq!((before.figures, before.revision), (DayFigures { orders_held: 0, ..f }, 1), "a closed day stands still");
    assert!(before.is_final && !day.is_final);

    world.clock.set(at("2026-11-25T10:00:00Z"));
    run(&world.backend).await;
    let items = trend(&world.backend, 4).await.items;
    assert!(items.iter().all(|d| d.revised.is_none()));
    let ingest = IngestService::new(world.backend.clone());
    let desk = Desk { shop: Shop::on(db.clone()), ingest };
    desk.import("1,A1,Thing,1,2026-11-22 23:00:00,20.00,77,UK\n").await;
    let named: Vec<(NaiveDate, String)> =
        sqlx::query_as("select day, zone from ops.kpi_dirty_days where reader = 'kpi_summary'")
            .fetch_all(&db)
            .await
            .unwrap();
    assert_eq!(named, [(day_of("2026-11-22"), "UTC".to_owned())]);

    world.clock.set(at("2026-11-25T10:01:00Z"));
    let found = run(&world.backend).await;
    assert_eq!((found.revised, found.unexplained), (vec![day_of("2026-11-22")], vec![]));
    let late = kept_day(&db, "UTC", "2026-11-22").await;
    assert_eq!((late.figures.revenue_net, late.figures.orders, late.revision), (dec("70"), 2, 2));
    let items = trend(&world.backend, 4).await.items;
    let marked: Vec<_> = items.iter().filter_map(|d| Some((d.day, d.revised?.with_timezone(&Utc)))).collect();
    assert_eq!(marked, [(day_of("2026-11-22"), at("2026-11-25T10:01:00Z"))]);

    // Run again and again: nothing to do, and the revision stays.
    for _ in 0..2 {
        assert_eq!(run(&world.backend).await, SummedUp::default());
    }
    assert_eq!(kept_day(&db, "UTC", "2026-11-22").await, late);
    let shown = SummaryService::new(world.backend.clone()).summary(&viewer(), &SummaryQuery::default()).await.unwrap();
    let told: Vec<_> = shown.iter().map(|d| (d.day, d.orders, d.revision)).collect();
    assert_eq!(told[..2], [(day_of("2026-11-21"), 0, 1), (day_of("2026-11-22"), 2, 2)]);
}

fn day_of(text: &str) -> NaiveDate {
    day(text)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_writer_that_commits_while_days_are_summed_up_is_seen_by_the_next_run(db: PgPool) {
    let world = Figures::on(db.clone());
    run(&world.backend).await;
    let when = at("2026-11-21T12:00:00Z");
    let mut writer = store::begin(&world.backend.pools.jobs).await.unwrap();
    sqlx::query("insert into sales.visits (id, visited_at, visitor_key) values (gen_random_uuid(), $1, 'late')")
        .bind(when)
        .execute(&mut *writer)
        .await
        .unwrap();
    name_closed_days(&mut writer, [when], world.clock.now()).await.unwrap();
    assert_eq!(run(&world.backend).await, SummedUp::default(), "nothing is committed yet, and nobody waits");
    store::commit(writer).await.unwrap();
    assert_eq!(run(&world.backend).await.revised, [day("2026-11-21")]);
    assert_eq!(kept_day(&db, "UTC", "2026-11-21").await.figures.visitors, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_day_that_ended_while_no_job_ran_is_computed_after_its_end(db: PgPool) {
    let world = Figures::on(db.clone());
    run(&world.backend).await;
    world.sale(Sale { at: "2026-11-22T18:00:00Z", ..Sale::default() }).await;
    world.clock.set(at("2026-11-24T10:00:00Z"));
    run(&world.backend).await;
    let row = kept_day(&db, "UTC", "2026-11-22").await;
    assert_eq!(
        (row.figures.orders, row.is_final, row.revision),
        (1, true, 1),
        "its first figures were of a running day"
    );
    assert_eq!(SummaryService::new(world.backend.clone()).due_days().await.unwrap().len(), 2, "and no longer due");
}

#[sqlx::test(migrations = "../migrations")]
async fn today_is_never_named_and_a_name_of_another_zone_means_its_neighbours_too(db: PgPool) {
    let world = Figures::on(db.clone());
    let mut tx = store::begin(&world.backend.pools.jobs).await.unwrap();
    let now = world.clock.now();
    name_closed_days(&mut tx, [now, now - Duration::hours(12), now + Duration::days(3)], now).await.unwrap();
    assert!(sums::dirty_days(&mut tx, sums::DayReader::Summary).await.unwrap().is_empty());
    name_closed_days(&mut tx, [at("2026-11-10T20:00:00Z"), at("2026-11-10T20:01:00Z")], now).await.unwrap();
    store::commit(tx).await.unwrap();
    world.zone("Asia/Kolkata").await;
    let due = SummaryService::new(world.backend.clone()).due_days().await.unwrap();
    assert_eq!(due, ["2026-11-22", "2026-11-21", "2026-11-11", "2026-11-10", "2026-11-09"].map(day));
    run(&world.backend).await;
    assert_eq!(kept(&db, "Asia/Kolkata").await.len(), 5);
    assert_eq!(SummaryService::new(world.backend.clone()).due_days().await.unwrap().len(), 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_forgotten_change_is_found_by_the_comparison(db: PgPool) {
    let world = Figures::on(db.clone());
    world.sale(Sale { at: "2026-11-10T12:00:00Z", ..Sale::default() }).await;
    let first = rebuild(&world.backend, 35).await;
    assert_eq!((first.changed.len(), first.revised.len()), (35, 0), "every day is new");
    // Written past the program: nobody names the day.
    world.sale(Sale { at: "2026-11-10T13:00:00Z", ..Sale::default() }).await;
    assert_eq!(run(&world.backend).await, SummedUp::default());
    let found = rebuild(&world.backend, 35).await;
    assert_eq!(
        (found.revised, found.unexplained, found.quarter_hours),
        (vec![day("2026-11-10")], vec![day("2026-11-10")], 1)
    );
    assert_eq!(rebuild(&world.backend, 35).await, SummedUp::default());
}

#[sqlx::test(migrations = "../migrations")]
async fn days_of_any_length_are_kept_and_their_hours_add_up(db: PgPool) {
    let world = Figures::on(db.clone());
    for (zone, now, of, hours, buckets) in [
        ("America/New_York", "2026-11-04T12:00:00Z", "2026-11-01", "25", 25),
        ("America/New_York", "2026-03-10T12:00:00Z", "2026-03-08", "23", 23),
        ("Australia/Lord_Howe", "2026-10-06T12:00:00Z", "2026-10-04", "23.5", 24),
        ("Asia/Kolkata", "2026-11-04T12:00:00Z", "2026-11-01", "24", 24),
        ("Pacific/Apia", "2012-01-02T12:00:00Z", "2011-12-30", "0", 0),
    ] {
        sqlx::query("truncate sales.transactions, ops.kpi_summary, ops.kpi_quarter_hours cascade")
            .execute(&db)
            .await
            .unwrap();
        world.zone(zone).await;
        world.clock.set(at(now));
        let calendar = BusinessZone::parse(zone).unwrap();
        let window = calendar.day_range(day(of));
        let mut moment = window.start - Duration::minutes(20);
        while moment < window.end + Duration::minutes(20) {
            world.sale(Sale { at: &moment.to_rfc3339(), net: "1.25", ..Sale::default() }).await;
            moment += Duration::minutes(20);
        }
        let days: Vec<NaiveDate> = (0..3).map(|n| day(of) - Days::new(1) + Days::new(n)).collect();
        SummaryService::new(world.backend.clone()).sum_up(&days).await.unwrap();
        let row = kept_day(&db, zone, of).await;
        let minutes = (window.end - window.start).num_minutes();
        assert_eq!((row.hours.normalize(), row.figures.orders), (dec(hours), (minutes + 19) / 20), "{zone} {of}");
        assert_agrees(&db, zone, zone).await;

        let books = Books { currency: "USD".parse().unwrap(), zone, without_fraud: false };
        let mut orders = 0;
        let local = calendar.hours_of(day(of));
        for hour in &local {
            let quarters =
                sums::quarter_hours(&mut db.acquire().await.unwrap(), books, &(hour.start..hour.end)).await.unwrap();
            orders += quarters.iter().map(|q| q.orders).sum::<i64>();
        }
        assert_eq!((local.len(), orders), (buckets, row.figures.orders), "{zone} {of}");
        let query = TrendQuery { days: Some("3".into()), to: Some(days[2].to_string()), ..TrendQuery::default() };
        let trend = OverviewService::new(world.backend.clone()).trend(&viewer(), &query).await.unwrap();
        assert_eq!((trend.items[1].hours, trend.items[1].orders), (dec(hours), row.figures.orders), "{zone} {of}");
    }
}
