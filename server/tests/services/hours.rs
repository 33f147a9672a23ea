//! Local hours: from kept quarters the same as from the rows, beside the day compared with, and opened row by row.

use crate::{
    figures::{Figures, Sale, at, dec, drill, scope},
    shop::viewer,
};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use domain::{
    ErrorCode,
    overview::{Bars, Basis, DrillRows, MetricKey, OverviewPort, Progress},
};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use server::services::overview::SummaryService;
use sqlx::PgPool;

/// SplitMix64: the same days every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

async fn bars(world: &Figures, query: &str) -> Bars {
    world.backend.figures.clear("*", true);
    if query.starts_with("day=") {
        world.service.hours(&viewer(), &scope(query)).await.unwrap()
    } else {
        world.service.overview(&viewer(), &scope(query)).await.unwrap().bars.unwrap()
    }
}

fn total(bars: &Bars) -> Decimal {
    bars.items.iter().map(|bar| bar.revenue).sum()
}

fn total_before(bars: &Bars) -> Decimal {
    bars.items.iter().filter_map(|bar| bar.revenue_before).sum()
}

/// Sales and refunds at random moments of the days around `day`, some without a rate of their currency.
async fn arrange(world: &Figures, dice: &mut Dice, start: DateTime<Utc>, hours: u64) {
    for _ in 0..60 {
        let moment = start + Duration::seconds(i64::try_from(dice.below(hours * 3_600)).unwrap());
        let moment = moment.to_rfc3339();
        let amount = format!("{}.{:02}", dice.below(900) + 1, dice.below(100));
        let currency = ["USD", "USD", "USD", "EUR", "GBP"][usize::try_from(dice.below(5)).unwrap()];
        if dice.below(4) == 0 {
            world.refund(&moment, currency, &[&amount, "1.25"]).await;
        } else {
            let status = ["approved", "approved", "held", "pending"][usize::try_from(dice.below(4)).unwrap()];
            world.sale(Sale { at: &moment, net: &amount, currency, status, ..Sale::default() }).await;
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn kept_quarters_and_rows_say_the_same_in_zones_of_any_offset_and_on_days_of_any_length(db: PgPool) {
    let world = Figures::on(db.clone());
    let mut dice = Dice(7);
    for (zone, of) in [
        ("Asia/Kolkata", "2026-11-10"),
        ("Asia/Kathmandu", "2026-11-10"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("America/New_York", "2026-11-01"),
        ("America/New_York", "2026-03-08"),
        ("America/St_Johns", "2026-11-08"),
        ("Africa/Cairo", "2026-04-24"),
    ] {
        sqlx::raw_sql(
            "truncate sales.transactions, sales.refunds, ops.kpi_summary, ops.kpi_quarter_hours, ops.kpi_dirty_days, ops.fx_rates cascade",
        )
        .execute(&db)
        .await
        .unwrap();
        world.zone(zone).await;
        let day: NaiveDate = of.parse().unwrap();
        let calendar = BusinessZone::parse(zone).unwrap();
        world.clock.set(calendar.day_range(day + Days::new(2)).start);
        // Of the pound no rate is known.
        world.rate(&(day - Days::new(9)).to_string(), "EUR", "1.1").await;
        world.rate(&(day - Days::new(2)).to_string(), "EUR", "1.2345").await;
        arrange(&world, &mut dice, calendar.day_range(day).start - Duration::hours(3), 30).await;
        arrange(&world, &mut dice, calendar.day_range(day - Days::new(7)).start - Duration::hours(3), 30).await;
        let kept = [day, day - Days::new(7)];
        SummaryService::new(world.backend.clone()).sum_up(&kept).await.unwrap();
        let mut with = Vec::new();
        let queries = ["net", "gross", "all"].map(|basis| format!("day={of}&basis={basis}"));
        let range = format!("from={}&to={of}", day - Days::new(1));
        for query in queries.iter().chain([&range]) {
            with.push(bars(&world, query).await);
        }
        // They do come from what is kept: changed there, they change.
        sqlx::raw_sql(
            "update ops.kpi_quarter_hours set revenue_net = revenue_net + 1, revenue_gross = revenue_gross + 1",
        )
        .execute(&db)
        .await
        .unwrap();
        let changed = bars(&world, &queries[0]).await;
        assert_ne!(total(&changed), total(&with[0]), "{zone} {of}");
        assert_ne!(total_before(&changed), total_before(&with[0]), "{zone} {of}");
        sqlx::raw_sql("truncate ops.kpi_summary, ops.kpi_quarter_hours").execute(&db).await.unwrap();
        for (query, with) in queries.iter().chain([&range]).zip(&with) {
            assert_eq!(&bars(&world, query).await, with, "{zone} {query}");
            let value = world.value(with.basis.revenue(), query).await;
            assert_eq!(Some(total(with)), value, "{zone} {query}");
            let orders: i64 = with.items.iter().map(|bar| bar.orders).sum();
            assert_eq!(Some(orders.into()), world.value(with.basis.orders(), query).await, "{zone} {query}");
        }
        for (with, query) in with.iter().zip(&queries) {
            let earlier = query.replace(of, &(day - Days::new(7)).to_string());
            let before = world.value(with.basis.revenue(), &earlier).await;
            assert_eq!(Some(total_before(with)), before, "{zone} {query}: the dashed line adds up to its day");
        }
        assert!(with[0].rows_without_rate > 0, "{zone} {of}: pounds are left out and counted");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_running_day_and_days_touched_late_come_from_their_rows(db: PgPool) {
    let world = Figures::on(db.clone());
    world.sale(Sale { at: "2026-11-22T08:10:00Z", net: "5.00", ..Sale::default() }).await;
    world.sale(Sale { at: "2026-11-15T08:10:00Z", net: "7.00", ..Sale::default() }).await;
    let days = ["2026-11-15", "2026-11-22"].map(|day| day.parse().unwrap());
    SummaryService::new(world.backend.clone()).sum_up(&days).await.unwrap();
    // A late sale of a past hour of today, and one of last week whose day is named.
    world.sale(Sale { at: "2026-11-22T08:20:00Z", net: "1.00", ..Sale::default() }).await;
    world.sale(Sale { at: "2026-11-15T08:20:00Z", net: "2.00", ..Sale::default() }).await;
    let mut tx = store::begin(&world.backend.pools.jobs).await.unwrap();
    let moment = at("2026-11-15T08:20:00Z");
    server::services::overview::name_closed_days(&mut tx, [moment], world.clock_now()).await.unwrap();
    store::commit(tx).await.unwrap();
    let bars = bars(&world, "day=2026-11-22").await;
    assert_eq!((bars.items[8].revenue, bars.items[8].revenue_before), (dec("6"), Some(dec("9"))));
    assert_eq!((bars.items[8].orders, bars.items[8].orders_before), (2, Some(2)));
}

#[sqlx::test(migrations = "../migrations")]
async fn bars_stand_beside_the_period_that_is_asked_for(db: PgPool) {
    let world = Figures::on(db);
    for (day, net) in [
        ("2026-11-22", "1.00"),
        ("2026-11-21", "2.00"),
        ("2026-11-15", "3.00"),
        ("2026-11-14", "8.00"),
        ("2025-11-23", "4.00"),
    ] {
        world.sale(Sale { at: &format!("{day}T20:00:00Z"), net, ..Sale::default() }).await;
    }
    world.clock.set(at("2026-11-22T21:00:00Z"));
    for (query, against, before) in [
        ("day=2026-11-22", Some("last Sun"), Some("3")),
        ("day=2026-11-22&compare=all", Some("last Sun"), Some("3")),
        ("day=2026-11-22&compare=yesterday", Some("the day before"), Some("2")),
        ("day=2026-11-22&compare=year", Some("last year"), Some("4")),
        ("day=2026-11-22&compare=none", None, None),
    ] {
        let bars = bars(&world, query).await;
        assert_eq!((bars.against.as_deref(), bars.items[20].revenue_before), (against, before.map(dec)), "{query}");
        assert_eq!(bars.items[20].revenue, dec("1"), "{query}");
    }
    // Before the day is over the whole day compared with is known already.
    world.clock.set(at("2026-11-22T12:00:00Z"));
    let today = bars(&world, "").await;
    assert_eq!((today.items[20].progress, total_before(&today)), (Progress::Ahead, dec("3")));
    let range = today.range_before.unwrap();
    assert_eq!((range.from, range.to), (at("2026-11-15T00:00:00Z").into(), at("2026-11-16T00:00:00Z").into()));
    let week = bars(&world, "period=7d").await;
    assert_eq!((week.items.len(), week.against.as_deref()), (7, Some("the 7 days before")));
    let befores: Vec<_> = week.items.iter().map(|bar| bar.revenue_before).collect();
    let mut wanted = vec![Some(Decimal::ZERO); 7];
    (wanted[5], wanted[6]) = (Some(dec("8")), Some(dec("3")));
    assert_eq!(befores, wanted);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_hour_opens_the_rows_that_its_bar_counts(db: PgPool) {
    let world = Figures::on(db);
    world.zone("America/New_York").await;
    world.clock.set(at("2026-11-05T12:00:00Z"));
    // 01:30 twice: before and after the clock was set back; and a second around each edge.
    for (when, net) in [
        ("2026-11-01T04:59:59Z", "1.00"),
        ("2026-11-01T05:00:00Z", "2.00"),
        ("2026-11-01T05:59:59Z", "4.00"),
        ("2026-11-01T06:00:00Z", "8.00"),
        ("2026-11-01T06:30:00Z", "16.00"),
        ("2026-11-01T07:00:00Z", "32.00"),
    ] {
        world.sale(Sale { at: when, net, ..Sale::default() }).await;
    }
    world.refund("2026-11-01T05:30:00Z", "USD", &["0.50"]).await;
    world.sale(Sale { at: "2026-10-25T05:30:00Z", net: "11.00", ..Sale::default() }).await;
    for basis in Basis::ALL {
        let bars = bars(&world, &format!("day=2026-11-01&basis={}", basis.as_str())).await;
        assert_eq!(bars.items.len(), 25);
        for bar in &bars.items {
            let hour = bar.start.with_timezone(&Utc).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            let query = format!("day=2026-11-01&hour={hour}&basis={}", basis.as_str());
            let found = world.service.rows(&viewer(), basis.revenue().as_str(), &drill(&query)).await.unwrap();
            assert_eq!(found.number.value, Some(bar.revenue), "{query}");
            assert_eq!((found.number.range.from, found.number.range.to), (bar.start, bar.end), "{query}");
            let DrillRows::Facts(page) = &found.rows else { panic!("facts") };
            assert_eq!((page.total, page.items.len()), (found.number.row_count, page.items.len()), "{query}");
            assert_eq!(page.total, i64::try_from(page.items.len()).unwrap(), "{query}");
            let sum: Decimal = page.items.iter().filter_map(|row| row.base_amount).sum();
            assert_eq!(sum, bar.revenue, "{query}");
            assert!(page.items.iter().all(|row| bar.start <= row.at && row.at < bar.end), "{query}");
            let orders = world.service.rows(&viewer(), basis.orders().as_str(), &drill(&query)).await.unwrap();
            assert_eq!((orders.number.value, orders.rows.total()), (Some(bar.orders.into()), bar.orders), "{query}");
        }
        let net = [dec("1"), dec("5.5"), dec("24"), dec("32")];
        let gross = [dec("1"), dec("6"), dec("24"), dec("32")];
        let wanted = if basis == Basis::Net { net } else { gross };
        assert_eq!(bars.items[..4].iter().map(|bar| bar.revenue).collect::<Vec<_>>(), wanted);
    }
    // Compared with the same hour of last week; a running hour with its same part.
    let hour = "day=2026-11-01&hour=2026-11-01T05:00:00Z";
    let found = world.service.rows(&viewer(), "revenue_gross", &drill(hour)).await.unwrap();
    let change = found.number.change.unwrap();
    assert_eq!((change.previous, change.against.as_str()), (Some(dec("11")), "last Sun"));
    assert_eq!(change.range.from, at("2026-10-25T05:00:00Z"));
    assert!(found.number.pace.is_empty());

    for wrong in ["2026-11-01T05:30:00Z", "2026-11-02T05:00:00Z", "2026-11-01T03:00:00Z"] {
        let query = drill(&format!("day=2026-11-01&hour={wrong}"));
        let refused = world.service.rows(&viewer(), "orders", &query).await.unwrap_err();
        assert_eq!((refused.code, refused.fields[0].path.as_str()), (ErrorCode::Validation, "hour"), "{wrong}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn each_day_of_a_trend_has_its_counterpart_of_the_period_before(db: PgPool) {
    let world = Figures::on(db.clone());
    let (ann, bob) = (world.customer("ann").await, world.customer("bob").await);
    for (when, net, customer) in [
        ("2026-11-22T08:00:00Z", "1.00", Some(ann)),
        ("2026-11-19T08:00:00Z", "2.00", Some(ann)),
        ("2026-11-19T09:00:00Z", "3.00", Some(bob)),
        ("2026-11-18T09:00:00Z", "9.00", Some(bob)),
    ] {
        world.sale(Sale { at: when, net, customer, ..Sale::default() }).await;
    }
    world.visit("2026-11-19T09:00:00Z", "browser", None, None).await;
    let trend = async |days: &str| world.service.overview(&viewer(), &scope(days)).await;
    let three = trend("days=3").await.unwrap().trend.unwrap();
    let befores: Vec<_> = three
        .items
        .iter()
        .map(|day| day.before.clone().unwrap())
        .map(|b| (b.day.to_string(), b.revenue, b.orders, b.active_customers, b.visitors))
        .collect();
    let of = |day: &str, revenue: &str, n: i64, visitors: i64| (day.to_owned(), dec(revenue), n, n, visitors);
    let wanted = [of("2026-11-17", "0", 0, 0), of("2026-11-18", "9", 1, 0), of("2026-11-19", "5", 2, 1)];
    assert_eq!(befores, wanted);
    assert_eq!(three.before.revenue, dec("14"));
    // Summed up and kept they are the same.
    let service = SummaryService::new(world.backend.clone());
    service.sum_up(&service.last_days(8).await.unwrap()).await.unwrap();
    world.backend.figures.clear("*", true);
    assert_eq!(trend("days=3").await.unwrap().trend.unwrap().items, three.items);
    // As long as was chosen; 30 days when nothing was.
    for (query, n) in [("", 30), ("days=7", 7), ("days=90", 90), ("days=365", 365)] {
        let screen = world.service.kpis(&viewer(), &scope(query)).await.unwrap();
        assert_eq!(screen.trend.unwrap().items.len(), n, "{query}");
    }
    let refused = trend("days=0").await.unwrap_err();
    assert_eq!((refused.code, refused.fields[0].path.as_str()), (ErrorCode::Validation, "days"));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_figures_page_compares_with_everything_unless_one_is_chosen(db: PgPool) {
    let world = Figures::on(db);
    for (query, chosen, changes) in [
        ("", "all", 3),
        ("compare=", "all", 3),
        ("compare=all", "all", 3),
        ("compare=week", "week", 1),
        ("compare=year", "year", 1),
        ("compare=none", "none", 0),
    ] {
        let screen = world.service.kpis(&viewer(), &scope(query)).await.unwrap();
        let tile = screen.tiles.iter().find(|tile| tile.key == MetricKey::Orders).unwrap();
        let told = tile.change.iter().count() + tile.more_changes.len();
        assert_eq!((screen.scope.compare.as_str(), told), (chosen, changes), "{query}");
    }
}
