//! Figures on small worlds: what they mean, whose day it is, and that the rows behind them agree.

use crate::{
    figures::{Figures, Sale, at, dec, drill, scope},
    shop::{admin, holding, viewer},
};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{Principal, Rights},
    freshness::State,
    overview::{
        Badge, Basis, Drill, DrillRows, FactKind, Interval, MetricKey, OverviewPort, Progress, RecordVisit, TrendQuery,
    },
};
use rust_decimal::Decimal;
use sqlx::PgPool;

fn n(value: i64) -> Option<Decimal> {
    Some(value.into())
}

async fn rows(world: &Figures, metric: MetricKey, query: &str) -> Drill {
    world.service.rows(&viewer(), metric.as_str(), &drill(query)).await.unwrap()
}

/// Every row of the drill, page by page, with the total that each page told.
async fn all_rows(world: &Figures, metric: MetricKey, query: &str, limit: u32) -> (Vec<DrillRows>, i64) {
    let (mut pages, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut asked = drill(query);
        (asked.limit, asked.cursor) = (Some(limit.to_string()), cursor);
        let drill = world.service.rows(&viewer(), metric.as_str(), &asked).await.unwrap();
        assert_eq!(drill.rows.total(), drill.number.row_count, "{metric} {query}");
        cursor = drill.rows.next_cursor().map(str::to_owned);
        pages.push(drill.rows);
        if cursor.is_none() {
            let total = pages[0].total();
            return (pages, total);
        }
    }
}

fn length(rows: &DrillRows) -> usize {
    match rows {
        DrillRows::Facts(page) => page.items.len(),
        DrillRows::Buyers(page) => page.items.len(),
        DrillRows::Visitors(page) => page.items.len(),
        DrillRows::Products(page) => page.items.len(),
    }
}

fn sum(pages: &[DrillRows]) -> Decimal {
    pages
        .iter()
        .map(|rows| match rows {
            DrillRows::Facts(page) => page.items.iter().filter_map(|r| r.base_amount).sum::<Decimal>(),
            DrillRows::Buyers(page) => page.items.iter().map(|r| r.amount).sum(),
            DrillRows::Visitors(_) | DrillRows::Products(_) => Decimal::ZERO,
        })
        .sum()
}

#[sqlx::test(migrations = "../migrations")]
async fn example_6_conversion_counts_visitors_who_ordered(db: PgPool) {
    let world = Figures::on(db);
    for _ in 0..2 {
        world.sale(Sale { session: Some("s1"), ..Sale::default() }).await;
    }
    world.visit("2026-11-22T11:00:00Z", "browser", None, Some("s1")).await;
    assert_eq!(world.value(MetricKey::Conversion, "").await, n(100));
    assert_eq!(world.value(MetricKey::OrdersPerHundred, "").await, n(200));
    assert!(world.tile(MetricKey::Conversion, "").await.small_sample);

    // The day before: three orders and no visit.
    for session in ["a", "b", "c"] {
        world.sale(Sale { at: "2026-11-21T12:00:00Z", session: Some(session), ..Sale::default() }).await;
    }
    let tile = world.tile(MetricKey::Conversion, "day=2026-11-21").await;
    assert_eq!(
        (tile.value, tile.reason.as_deref(), tile.buyers_not_visited),
        (None, Some("no visits recorded"), Some(3))
    );
    assert_eq!(world.value(MetricKey::OrdersPerHundred, "day=2026-11-21").await, None);
}

#[sqlx::test(migrations = "../migrations")]
async fn example_6_intervals_of_8_in_42_and_34_in_1000(db: PgPool) {
    let world = Figures::on(db);
    for (day, visitors, buyers) in [("2026-11-20", 42, 8), ("2026-11-21", 1000, 34)] {
        sqlx::query(
            "insert into sales.visits (id, visited_at, visitor_key, session_ref)
             select gen_random_uuid(), ($1 || 'T10:00:00Z')::timestamptz, 'v' || i, 's' || i from generate_series(1, $2) i",
        )
        .bind(day)
        .bind(visitors)
        .execute(&world.db)
        .await
        .unwrap();
        for i in 1..=buyers {
            world
                .sale(Sale { at: &format!("{day}T11:00:00Z"), session: Some(&format!("s{i}")), ..Sale::default() })
                .await;
        }
    }
    let tile = world.tile(MetricKey::Conversion, "day=2026-11-20").await;
    assert_eq!((tile.text("en-GB").as_str(), tile.small_sample), ("19.0\u{a0}%", false));
    assert_eq!(tile.interval, Some(Interval { low: dec("10.0"), high: dec("33.3") }));
    let tile = world.tile(MetricKey::Conversion, "day=2026-11-21").await;
    assert_eq!((tile.value, tile.row_count), (Some(dec("3.4")), 1000));
    assert_eq!(tile.interval, Some(Interval { low: dec("2.4"), high: dec("4.7") }));

    let (pages, total) = all_rows(&world, MetricKey::Conversion, "day=2026-11-20", 20).await;
    let ordered: usize = pages
        .iter()
        .map(|p| match p {
            DrillRows::Visitors(p) => p.items.iter().filter(|v| v.ordered).count(),
            _ => 0,
        })
        .sum();
    assert_eq!((total, pages.iter().map(length).sum::<usize>(), ordered), (42, 42, 8));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_visitor_is_the_customer_that_any_visit_or_sale_of_the_session_names(db: PgPool) {
    let world = Figures::on(db);
    let ann = world.customer("ann").await;
    // Two browsers of one customer, one of them known only through its session; a stranger.
    world.visit("2026-11-22T09:00:00Z", "phone", Some(ann), Some("s1")).await;
    world.visit("2026-11-22T09:30:00Z", "laptop", None, Some("s1")).await;
    world.visit("2026-11-22T10:00:00Z", "tablet", None, Some("s2")).await;
    world.visit("2026-11-22T10:00:00Z", "stranger", None, None).await;
    assert_eq!(world.value(MetricKey::Visitors, "").await, n(3));
    // A sale in the tablet's session names her there too.
    world.sale(Sale { customer: Some(ann), session: Some("s2"), ..Sale::default() }).await;
    assert_eq!(world.value(MetricKey::Visitors, "").await, n(2));
    assert_eq!(world.value(MetricKey::Conversion, "").await, n(50));
    let tile = world.tile(MetricKey::Conversion, "").await;
    assert_eq!(tile.buyers_not_visited, Some(0));
}

#[sqlx::test(migrations = "../migrations")]
async fn example_7_only_recognised_orders_count_and_a_release_counts_on_its_own_day(db: PgPool) {
    let world = Figures::on(db);
    let day = "day=2026-11-20";
    let mut held = None;
    for status in ["held", "pending", "declined"] {
        let id = world.sale(Sale { at: "2026-11-20T12:00:00Z", net: "100.00", status, ..Sale::default() }).await;
        held = held.or(Some(id));
    }
    world.sale(Sale { at: "2026-11-20T13:00:00Z", net: "50.00", ..Sale::default() }).await;
    let orders = world.tile(MetricKey::Orders, day).await;
    assert_eq!((orders.value, orders.held), (n(1), Some(1)));
    assert_eq!(orders.notes("en-GB"), ["+1 held"]);
    assert_eq!(world.value(MetricKey::RevenueNet, day).await, n(50));
    assert_eq!(world.value(MetricKey::AmountAll, day).await, n(350));
    assert_eq!(world.value(MetricKey::OrdersAll, day).await, n(4));
    // The literal formulas on the classic model agree.
    let literal: (Decimal, i64) = sqlx::query_as(
        "select sum(amount), count(*) from ops.orders where order_date >= '2026-11-20T00:00Z' and order_date < '2026-11-21T00:00Z'",
    )
    .fetch_one(&world.db)
    .await
    .unwrap();
    assert_eq!(literal, (dec("350.00"), 4));

    sqlx::query(
        "update sales.transactions set status = 'released', recognised_at = '2026-11-21T09:00:00Z' where id = $1",
    )
    .bind(held)
    .execute(&world.db)
    .await
    .unwrap();
    world.service.forget();
    assert_eq!(world.value(MetricKey::RevenueNet, "day=2026-11-21").await, n(100));
    assert_eq!(world.value(MetricKey::Orders, "day=2026-11-21").await, n(1));
    assert_eq!(world.value(MetricKey::RevenueNet, day).await, n(50));
    let late = world.sale(Sale { at: "2026-11-20T23:00:00Z", net: "20.00", ..Sale::default() }).await;
    assert_eq!(
        (world.value(MetricKey::RevenueNet, day).await, world.value(MetricKey::Orders, day).await),
        (n(70), n(2))
    );
    assert!(!late.is_nil());
}

#[sqlx::test(migrations = "../migrations")]
async fn example_3_more_refunds_than_sales_is_negative_and_nothing_to_compare_with(db: PgPool) {
    let world = Figures::on(db);
    world.sale(Sale { at: "2026-11-08T12:00:00Z", net: "10.00", ..Sale::default() }).await;
    world.refund("2026-11-08T13:00:00Z", "USD", &["12.50", "3.00"]).await;
    world.sale(Sale { at: "2026-11-15T12:00:00Z", net: "30.00", ..Sale::default() }).await;
    let tile = world.tile(MetricKey::RevenueNet, "day=2026-11-08").await;
    assert_eq!((tile.value, tile.text("en-US").as_str(), tile.row_count), (Some(dec("-5.5")), "−$5.50", 3));
    let next = world.tile(MetricKey::RevenueNet, "day=2026-11-15").await;
    let change = next.change.unwrap();
    assert_eq!((change.previous, change.percent), (Some(dec("-5.5")), None));
    let drill = rows(&world, MetricKey::RevenueNet, "day=2026-11-08").await;
    let DrillRows::Facts(page) = &drill.rows else { panic!("facts") };
    assert_eq!(page.items.iter().filter(|r| r.kind == FactKind::RefundLine).count(), 2);
    assert_eq!(sum(std::slice::from_ref(&drill.rows)), dec("-5.5"));
}

#[sqlx::test(migrations = "../migrations")]
async fn example_9_and_10_each_zone_counts_an_order_once_on_its_own_day(db: PgPool) {
    let world = Figures::on(db);
    world.sale(Sale { at: "2026-11-22T18:29:59Z", net: "1.00", ..Sale::default() }).await;
    world.sale(Sale { at: "2026-11-22T18:30:00Z", net: "2.00", ..Sale::default() }).await;
    world.clock.set(at("2026-11-24T12:00:00Z"));
    for (zone, on_22, on_23) in [("UTC", 3, 0), ("Asia/Kolkata", 1, 2)] {
        world.zone(zone).await;
        assert_eq!(world.value(MetricKey::RevenueNet, "day=2026-11-22").await, n(on_22), "{zone}");
        assert_eq!(world.value(MetricKey::RevenueNet, "day=2026-11-23").await, n(on_23), "{zone}");
        assert_eq!(world.value(MetricKey::RevenueNet, "from=2026-11-20&to=2026-11-24").await, n(3), "{zone}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn midnight_and_both_switch_days_in_three_zones(db: PgPool) {
    let world = Figures::on(db);
    // Local midnights (UTC) of the days around both switches, in three zones; a second before and at each.
    let cases = [
        ("Asia/Kolkata", "2026-03-08", "2026-03-07T18:30:00Z", "2026-03-08T18:30:00Z", 24),
        ("Asia/Kolkata", "2026-11-01", "2026-10-31T18:30:00Z", "2026-11-01T18:30:00Z", 24),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25),
        ("Europe/London", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", 23),
        ("Europe/London", "2026-10-25", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z", 25),
    ];
    for (zone, day, start, end, hours) in cases {
        sqlx::query("delete from sales.transactions").execute(&world.db).await.unwrap();
        world.zone(zone).await;
        let mut no = 0;
        for edge in [start, end] {
            for offset in [-60, -1, 0, 60] {
                no += 1;
                let when = (at(edge) + Duration::seconds(offset)).to_rfc3339();
                world.sale(Sale { at: &when, net: &format!("{no}.00"), ..Sale::default() }).await;
            }
        }
        let query = format!("day={day}");
        // The sales at and after the start (3, 4) and before the end (5, 6).
        assert_eq!(world.value(MetricKey::RevenueNet, &query).await, n(3 + 4 + 5 + 6), "{zone} {day}");
        let bars = world.service.hours(&viewer(), &scope(&query)).await.unwrap();
        assert_eq!(
            (bars.items.len(), bars.items.iter().map(|b| b.revenue_net).sum::<Decimal>()),
            (hours, 18.into()),
            "{zone} {day}"
        );
        // Three days with the switch in the middle: every sale once.
        let trend = TrendQuery { days: Some("3".into()), to: Some(day_after(day)), ..TrendQuery::default() };
        let trend = world.service.trend(&viewer(), &trend).await.unwrap();
        assert_eq!(
            (trend.items.len(), trend.items.iter().map(|d| d.revenue_net).sum::<Decimal>()),
            (3, 36.into()),
            "{zone} {day}"
        );
        assert_eq!(trend.items[1].hours, Decimal::from(hours), "{zone} {day}");
        // The clock at 23:59 and 00:01: "today" is the local day.
        world.clock.set(at(end) - Duration::seconds(60));
        assert_eq!(world.value(MetricKey::RevenueNet, "").await, n(18), "{zone} {day} 23:59");
        world.clock.set(at(end) + Duration::seconds(60));
        assert_eq!(world.value(MetricKey::RevenueNet, "").await, n(7 + 8), "{zone} {day} 00:01");
    }
}

fn day_after(day: &str) -> String {
    day.parse::<chrono::NaiveDate>().unwrap().succ_opt().unwrap().to_string()
}

#[sqlx::test(migrations = "../migrations")]
async fn example_11_hours_of_a_long_day_add_up_to_it(db: PgPool) {
    let world = Figures::on(db);
    world.zone("America/New_York").await;
    for when in ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T04:59:59Z"] {
        world.sale(Sale { at: when, net: "5.00", ..Sale::default() }).await;
    }
    let bars = world.service.hours(&viewer(), &scope("day=2026-11-01")).await.unwrap();
    assert_eq!((bars.items.len(), bars.by_hour), (25, true));
    assert_eq!((bars.items[1].label.as_str(), bars.items[1].orders), ("01:00 −04:00", 1));
    assert_eq!((bars.items[2].label.as_str(), bars.items[2].orders), ("01:00 −05:00", 1));
    assert_eq!(
        Some(bars.items.iter().map(|b| b.revenue).sum::<Decimal>()),
        world.value(MetricKey::RevenueNet, "day=2026-11-01").await
    );
    let refused = world.service.hours(&viewer(), &scope("period=7d")).await.unwrap_err();
    assert_eq!((refused.code, refused.fields[0].path.as_str()), (ErrorCode::Validation, "day"));
}

#[sqlx::test(migrations = "../migrations")]
async fn example_15_an_empty_shop_has_zeros_and_an_unknown_conversion(db: PgPool) {
    let world = Figures::on(db);
    let screen = world.service.overview(&viewer(), &scope("")).await.unwrap();
    let values: Vec<_> = screen.tiles.iter().map(|t| (t.key, t.value, t.badge)).collect();
    assert_eq!(
        values,
        [
            (MetricKey::RevenueNet, n(0), Badge::Live),
            (MetricKey::Orders, n(0), Badge::Live),
            (MetricKey::ActiveCustomers, n(0), Badge::Live),
            (MetricKey::Conversion, None, Badge::Live),
            (MetricKey::Held, n(0), Badge::Live),
            (MetricKey::LowStock, n(0), Badge::Live),
        ]
    );
    assert_eq!(screen.tiles[3].text("en-US"), "–");
    let (trend, bars) = (screen.trend.unwrap(), screen.bars.unwrap());
    assert_eq!((trend.items.len(), bars.items.len()), (30, 24));
    assert_eq!(screen.recent, Some(Ok(vec![])));
    assert_eq!(bars.items.iter().filter(|b| b.progress == Progress::Ahead).count(), 11);
    assert_eq!(bars.items[12].progress, Progress::Running);
    assert_eq!(world.value(MetricKey::AverageOrder, "").await, None);
    let dashboard = world.service.dashboard(&viewer(), "all").await.unwrap();
    assert_eq!(
        (dashboard.data.total_sales, dashboard.data.total_transactions, dashboard.data.active_alerts),
        (0.into(), 0, Some(0))
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn example_17_sliding_windows_are_counted_never_scaled(db: PgPool) {
    let world = Figures::on(db);
    let ann = world.customer("ann").await;
    sqlx::query(
        "insert into sales.transactions (id, customer_id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
             line_count, occurred_at, recognised_at, entry, created_at, updated_at, is_suspicious)
         select gen_random_uuid(), case when i = 0 then $1 end, '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 3, 0, 3, 0, 0, 3, 1, 1,
                at, at, 'api', at, at, i in (3, 7)
         from generate_series(0, 29) day, generate_series(0, 9) i,
              lateral (select timestamptz '2026-11-22T11:59:59Z' - make_interval(days => day, hours => i * 2) as at) t",
    )
    .bind(ann)
    .execute(&world.db)
    .await
    .unwrap();
    world.refund("2026-11-22T11:00:00Z", "USD", &["1.00"]).await;
    for (period, transactions, sales) in [("24h", 10, 29), ("7d", 70, 209), ("30d", 300, 899), ("all", 300, 899)] {
        let answer = world.service.dashboard(&viewer(), period).await.unwrap();
        let p = &answer.data.period;
        assert_eq!((p.transactions, p.sales, p.active_customers), (transactions, sales.into(), 1), "{period}");
        assert_eq!(
            (answer.data.total_transactions, answer.data.total_sales, answer.data.total_customers),
            (300, 899.into(), 1),
            "{period}"
        );
        assert_eq!((answer.data.transactions_24h, answer.data.sales_24h), (10, 29.into()), "{period}");
        let suspicious = match period {
            "24h" => 2,
            "7d" => 14,
            _ => 60,
        };
        assert_eq!((p.suspicious, answer.data.suspicious_transactions_24h), (Some(suspicious), Some(2)), "{period}");
        assert!(answer.metadata.unavailable.is_empty());
        assert_eq!(p.previous.is_none(), period == "all");
    }
    let week = world.service.dashboard(&viewer(), "7d").await.unwrap();
    assert!(week.metadata.cached, "asked twice, computed once");
    assert_eq!(week.data.active_alerts, Some(0));
    sqlx::query(
        "insert into ops.alerts (id, dedup_key, alert_type, feature, severity, title, message, state, opened_at, last_seen_at, resolved_at, source)
         select gen_random_uuid(), f || s, 'made_up', f, 2, 'A title', 'm', s, now(), now(), case when s = 'resolved' then now() end, 'manual'
         from unnest(array['inventory', 'system']) f, unnest(array['firing', 'recovering', 'resolved']) s",
    )
    .execute(&world.db)
    .await
    .unwrap();
    let counted = async |who: &Principal| {
        let answer = world.service.dashboard(who, "7d").await.unwrap();
        assert!(answer.metadata.cached, "only the alerts are counted anew");
        answer.data.active_alerts
    };
    assert_eq!((counted(&viewer()).await, counted(&admin()).await), (Some(2), Some(4)), "of the features one may see");
    assert_eq!(week.data.period.previous.unwrap().transactions, 70);
    let fault = world.service.dashboard(&viewer(), "1y").await.unwrap_err();
    assert_eq!((fault.code, fault.fields[0].path.as_str()), (ErrorCode::Validation, "period"));
}

#[sqlx::test(migrations = "../migrations")]
async fn example_16_the_last_minute_slides(db: PgPool) {
    let world = Figures::on(db);
    for second in 0..7 {
        world.sale(Sale { at: &format!("2026-11-22T12:00:0{second}Z"), ..Sale::default() }).await;
    }
    world.clock.set(at("2026-11-22T12:00:59Z"));
    let last = world.service.realtime(&viewer()).await.unwrap();
    assert_eq!((last.transactions_last_minute, last.sales_last_minute), (7, 70.into()));
    world.clock.set(at("2026-11-22T12:01:00Z"));
    assert_eq!(
        world.service.realtime(&viewer()).await.unwrap().transactions_last_minute,
        6,
        "the window is open at its start"
    );
    world.clock.set(at("2026-11-22T12:01:06Z"));
    assert_eq!(world.service.realtime(&viewer()).await.unwrap().transactions_last_minute, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn trends_have_exactly_the_days_asked_for(db: PgPool) {
    let world = Figures::on(db);
    world.zone("Pacific/Apia").await;
    world.sale(Sale { at: "2011-12-30T09:00:00Z", net: "5.00", ..Sale::default() }).await;
    world.sale(Sale { at: "2011-12-30T10:00:00Z", net: "7.00", ..Sale::default() }).await;
    world.sale(Sale { at: "2011-12-10T00:00:00Z", net: "4.00", ..Sale::default() }).await;
    for days in [1_u64, 7, 30, 400] {
        let query = TrendQuery {
            days: Some(days.to_string()),
            to: Some("2012-01-01".into()),
            order: Some("asc".into()),
            ..TrendQuery::default()
        };
        let trend = world.service.trend(&viewer(), &query).await.unwrap();
        assert_eq!(trend.items.len() as u64, days);
        assert_eq!(trend.items.last().unwrap().day.to_string(), "2012-01-01");
        assert!(trend.items.windows(2).all(|w| w[0].day < w[1].day));
    }
    let query = TrendQuery { days: Some("4".into()), to: Some("2012-01-01".into()), ..TrendQuery::default() };
    let trend = world.service.trend(&viewer(), &query).await.unwrap();
    let days: Vec<_> = trend.items.iter().map(|d| (d.day.to_string(), d.hours, d.revenue_net)).collect();
    assert_eq!(
        days,
        [
            ("2012-01-01".to_owned(), 24.into(), 0.into()),
            ("2011-12-31".to_owned(), 24.into(), 7.into()),
            ("2011-12-30".to_owned(), 0.into(), 0.into()),
            ("2011-12-29".to_owned(), 24.into(), 5.into()),
        ],
        "newest first; the skipped date is a day of 0 hours"
    );
    assert_eq!((trend.totals.revenue_net, trend.before.revenue_net), (12.into(), 0.into()));
}

#[sqlx::test(migrations = "../migrations")]
async fn other_currencies_count_at_the_rate_of_their_day_or_are_told(db: PgPool) {
    let world = Figures::on(db);
    let ann = world.customer("ann").await;
    world.rate("2026-11-15", "EUR", "1.10").await;
    world.rate("2026-11-20", "EUR", "1.20").await;
    world.rate("2026-11-23", "EUR", "9.00").await;
    world.rate("2026-11-14", "GBP", "1.30").await;
    world.sale(Sale { net: "100.00", ..Sale::default() }).await;
    world.sale(Sale { net: "10.00", currency: "EUR", customer: Some(ann), ..Sale::default() }).await;
    // Its newest rate is eight days old.
    world.sale(Sale { net: "50.00", currency: "GBP", customer: Some(ann), ..Sale::default() }).await;
    world.refund("2026-11-22T12:30:00Z", "EUR", &["1.00", "2.00"]).await;
    world.refund("2026-11-22T12:30:00Z", "GBP", &["7.00"]).await;
    let net = world.tile(MetricKey::RevenueNet, "").await;
    assert_eq!((net.value, net.rows_without_rate, net.row_count), (Some(dec("108.4")), 2, 4));
    assert!(net.notes("en-US").contains(&"2 rows without exchange rate left out".to_owned()));
    let gross = world.tile(MetricKey::RevenueGross, "").await;
    assert_eq!((gross.value, gross.rows_without_rate, gross.row_count), (Some(dec("112")), 1, 2));
    assert_eq!(world.value(MetricKey::Orders, "").await, n(3), "an order without rate is still an order");
    assert_eq!(world.value(MetricKey::AverageOrder, "").await, n(56));
    for (metric, expected) in
        [(MetricKey::RevenueNet, "108.4"), (MetricKey::RevenueGross, "112"), (MetricKey::AmountAll, "112")]
    {
        for sort in ["-at", "amount"] {
            let (pages, _) = all_rows(&world, metric, &format!("sort={sort}"), 1).await;
            assert_eq!(sum(&pages), dec(expected), "{metric} {sort}");
        }
    }
    let (pages, _) = all_rows(&world, MetricKey::ActiveCustomers, "sort=-amount", 1).await;
    assert_eq!(sum(&pages), dec("12"));
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_search_sort_and_refuse_foreign_cursors(db: PgPool) {
    let world = Figures::on(db);
    let (ann, bob) = (world.customer("ANN-1").await, world.customer("BOB_2").await);
    for (net, customer) in [("5.00", Some(ann)), ("9.00", Some(bob)), ("7.00", Some(bob)), ("1.00", None)] {
        world.sale(Sale { net, customer, ..Sale::default() }).await;
    }
    let amounts = |drill: &Drill| match &drill.rows {
        DrillRows::Facts(page) => {
            page.items.iter().map(|r| r.amount.amount.normalize().to_string()).collect::<Vec<_>>()
        }
        _ => vec![],
    };
    assert_eq!(amounts(&rows(&world, MetricKey::Orders, "sort=-amount").await), ["9", "7", "5", "1"]);
    assert_eq!(
        amounts(&rows(&world, MetricKey::Orders, "sort=amount&q=b_").await),
        ["7", "9"],
        "the underscore is a letter here"
    );
    let found = rows(&world, MetricKey::Orders, "q=ann").await;
    assert_eq!((found.rows.total(), found.number.value), (1, n(4)), "searching narrows the rows, not the number");
    assert_eq!(rows(&world, MetricKey::Orders, "q=%").await.rows.total(), 0);
    let buyers = rows(&world, MetricKey::ActiveCustomers, "").await;
    let DrillRows::Buyers(page) = &buyers.rows else { panic!("buyers") };
    assert_eq!(
        page.items.iter().map(|b| (b.customer.as_str(), b.orders)).collect::<Vec<_>>(),
        [("BOB_2", 2), ("ANN-1", 1)]
    );
    assert_eq!(buyers.number.guest_orders, Some(1));
    for cursor in ["x", "1~2~3~4", "~~~", "1~sale~00000000-0000-7000-8000-000000000001~x"] {
        let fault = world.service.rows(&viewer(), "orders", &drill(&format!("cursor={cursor}"))).await.unwrap_err();
        assert_eq!((fault.code, fault.fields[0].path.as_str()), (ErrorCode::Validation, "cursor"), "{cursor}");
    }
    assert_eq!(world.service.rows(&viewer(), "sales.luck", &drill("")).await.unwrap_err().code, ErrorCode::NotFound);
}

/// Random worlds: for every figure, rule and day the number, the rows' total and the rows themselves agree.
#[sqlx::test(migrations = "../migrations")]
async fn the_count_behind_every_figure_is_its_rows(db: PgPool) {
    let world = Figures::on(db);
    world.zone("Asia/Kathmandu").await;
    let mut seed = 20_261_122_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    world.rate("2026-11-18", "EUR", "1.08765432").await;
    let mut customers = Vec::new();
    for i in 0..6 {
        customers.push(world.customer(&format!("c{i}")).await);
    }
    let instant = |r: &mut dyn FnMut(u64) -> u64| {
        (at("2026-11-19T00:00:00Z") + Duration::seconds(r(3 * 86_400) as i64)).to_rfc3339()
    };
    for _ in 0..160 {
        let when = instant(&mut random);
        let status =
            ["approved", "approved", "released", "held", "pending", "declined", "refunded"][random(7) as usize];
        let currency = ["USD", "USD", "USD", "EUR", "CHF"][random(5) as usize];
        let customer = customers.get(random(9) as usize).copied();
        let session = format!("s{}", random(12));
        let net = format!("{}.{:02}", random(500), random(100));
        world
            .sale(Sale {
                at: &when,
                net: &net,
                customer,
                session: (random(2) == 0).then_some(session.as_str()),
                status,
                currency,
            })
            .await;
    }
    for _ in 0..20 {
        let lines: Vec<String> = (0..=random(3)).map(|_| format!("{}.{:02}", random(90), random(100))).collect();
        world
            .refund(
                &instant(&mut random),
                ["USD", "EUR", "CHF"][random(3) as usize],
                &lines.iter().map(String::as_str).collect::<Vec<_>>(),
            )
            .await;
    }
    for _ in 0..40 {
        let session = format!("s{}", random(12));
        let customer = customers.get(random(20) as usize).copied();
        world
            .visit(
                &instant(&mut random),
                &format!("b{}", random(15)),
                customer,
                (random(2) == 0).then_some(session.as_str()),
            )
            .await;
    }
    let mut checked = 0;
    for query in
        ["day=2026-11-19", "day=2026-11-20", "day=2026-11-21", "day=2026-11-22", "from=2026-11-19&to=2026-11-22"]
    {
        for basis in Basis::ALL {
            for metric in MetricKey::of_period() {
                let query = format!("{query}&basis={}", basis.as_str());
                let tile = world.tile(metric, &query).await;
                let (pages, total) = all_rows(&world, metric, &query, 7).await;
                assert_eq!(
                    (total, pages.iter().map(length).sum::<usize>() as i64),
                    (tile.row_count, tile.row_count),
                    "{metric} {query}"
                );
                match metric {
                    MetricKey::RevenueNet | MetricKey::RevenueGross | MetricKey::AmountAll => {
                        assert_eq!(Some(sum(&pages).normalize()), tile.value, "{metric} {query}");
                    }
                    MetricKey::Orders | MetricKey::OrdersAll | MetricKey::ActiveCustomers | MetricKey::Visitors => {
                        assert_eq!(Some(total.into()), tile.value, "{metric} {query}");
                    }
                    MetricKey::AverageOrder => {
                        let average = (total > 0).then(|| (sum(&pages) / Decimal::from(total)).round_dp(4).normalize());
                        assert_eq!(average, tile.value, "{metric} {query}");
                    }
                    MetricKey::Conversion => {
                        let yes: usize = pages
                            .iter()
                            .map(|p| match p {
                                DrillRows::Visitors(p) => p.items.iter().filter(|v| v.ordered).count(),
                                _ => 0,
                            })
                            .sum();
                        let rate = (total > 0)
                            .then(|| (Decimal::from(yes * 100) / Decimal::from(total)).round_dp(6).normalize());
                        assert_eq!(rate, tile.value, "{metric} {query}");
                        assert!(tile.value.is_none_or(|v| v <= 100.into()));
                    }
                    MetricKey::OrdersPerHundred => {}
                    MetricKey::Held | MetricKey::LowStock | MetricKey::LastMinute => panic!("{metric} is of no period"),
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 5 * 3 * MetricKey::of_period().count());
    // The days of the trend are the days' own figures.
    let trend =
        world.service.trend(&viewer(), &TrendQuery { days: Some("4".into()), ..TrendQuery::default() }).await.unwrap();
    for day in &trend.items {
        let query = format!("day={}", day.day);
        assert_eq!(Some(day.revenue_net), world.value(MetricKey::RevenueNet, &query).await);
        assert_eq!(Some(Decimal::from(day.visitors)), world.value(MetricKey::Visitors, &query).await);
        assert_eq!(day.conversion, world.value(MetricKey::Conversion, &query).await);
        assert_eq!(Some(Decimal::from(day.active_customers)), world.value(MetricKey::ActiveCustomers, &query).await);
    }
    assert_eq!(
        Some(trend.totals.revenue_net),
        world.value(MetricKey::RevenueNet, "from=2026-11-19&to=2026-11-22").await
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn figures_are_kept_until_something_they_eat_changes(db: PgPool) {
    let world = Figures::on(db);
    assert_eq!(world.value(MetricKey::Orders, "").await, n(0));
    sqlx::query("select 1").execute(&world.db).await.unwrap();
    let id = world.sale(Sale::default()).await;
    assert_eq!(world.value(MetricKey::Orders, "").await, n(1), "forgotten with the change");
    // Changed behind the back of the bus: the old figure stands for a minute and says its age.
    sqlx::query("delete from sales.transactions where id = $1").bind(id).execute(&world.db).await.unwrap();
    world.clock.set(at("2026-11-22T12:00:30Z"));
    let kept = world.tile(MetricKey::Orders, "").await;
    let noon = at("2026-11-22T12:00:00Z").fixed_offset();
    assert_eq!((kept.value, kept.age_seconds, kept.computed_at), (n(1), Some(30), Some(noon)));
    assert_eq!((kept.freshness.state, kept.badge), (State::Fresh, Badge::Live));
    world.clock.set(at("2026-11-22T12:01:00Z"));
    let old = world.tile(MetricKey::Orders, "").await;
    assert_eq!((old.value, old.age_seconds, old.badge), (n(1), Some(60), Badge::Cached), "at once, with its age");
    assert_eq!(old.freshness.state, State::Refreshing);
    world.until(MetricKey::Orders, |tile| tile.value == n(0) && tile.freshness.state == State::Fresh).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_visit_repeated_within_half_an_hour_is_one(db: PgPool) {
    let world = Figures::on(db);
    let visit = |key: &str, session: Option<&str>| RecordVisit {
        visitor_key: key.to_owned(),
        session_ref: session.map(str::to_owned),
        ..RecordVisit::default()
    };
    let count = || async {
        sqlx::query_scalar::<_, i64>("select count(*) from sales.visits").fetch_one(&world.db).await.unwrap()
    };
    let both = (visit("b", Some("s")), visit("b", Some("s")));
    let who = admin();
    let (one, two) = tokio::join!(world.service.record_visit(&who, &both.0), world.service.record_visit(&who, &both.1));
    assert_eq!((one, two, count().await), (Ok(()), Ok(()), 1));
    world.clock.advance(Duration::minutes(29));
    world.service.record_visit(&admin(), &visit("b", Some("s"))).await.unwrap();
    assert_eq!(count().await, 1);
    world.service.record_visit(&admin(), &visit("b", None)).await.unwrap();
    world.service.record_visit(&admin(), &visit("c", Some("s"))).await.unwrap();
    assert_eq!(count().await, 3, "another session or browser is another visit");
    world.clock.advance(Duration::minutes(30));
    world.service.record_visit(&admin(), &visit("b", Some("s"))).await.unwrap();
    assert_eq!(count().await, 4);
    assert_eq!(world.service.record_visit(&viewer(), &visit("b", None)).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(
        world.service.record_visit(&admin(), &visit(" ", None)).await.unwrap_err().fields[0].path,
        "visitor_key"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn without_the_right_nothing_is_told(db: PgPool) {
    let world = Figures::on(db);
    let nobody = holding(Rights::default());
    assert_eq!(world.service.overview(&nobody, &scope("")).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(world.service.rows(&nobody, "orders", &drill("")).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(world.service.dashboard(&nobody, "").await.unwrap_err().code, ErrorCode::Forbidden);
}

/// 20,000 sales over a year: the plan of a day's figures reads index ranges of that day alone.
#[sqlx::test(migrations = "../migrations")]
async fn a_days_figures_read_only_its_index_ranges(db: PgPool) {
    let world = Figures::on(db);
    sqlx::raw_sql(
        "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
             occurred_at, recognised_at, entry, created_at, updated_at)
         select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 3, 0, 3, 0, 0, 3, 1, 1, at, at, 'api', at, at
         from (select timestamptz '2026-11-22T12:00:00Z' - make_interval(mins => i * 26) as at from generate_series(1, 20000) i) t;
         insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
         values ('00000000-0000-7000-8000-00000000000a', 'MUG', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01');
         insert into sales.refunds (id, kind, currency, refunded_at, net, total, created_at)
         select gen_random_uuid(), 'return', 'USD', timestamptz '2026-11-22T12:00:00Z' - make_interval(mins => i * 260), 1, 1, now() from generate_series(1, 2000) i;
         insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at)
         select id, 1, '00000000-0000-7000-8000-00000000000a', 1, 1, refunded_at from sales.refunds;",
    )
    .execute(&world.db)
    .await
    .unwrap();
    for table in
        ["vacuum analyze sales.transactions", "vacuum analyze sales.refunds", "vacuum analyze sales.refund_lines"]
    {
        sqlx::raw_sql(table).execute(&world.db).await.unwrap();
    }
    let explain = format!("explain (analyze, buffers, format json) {}", store::overview::FIGURES_SQL);
    let plan: serde_json::Value = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
        .bind(vec![at("2026-10-01T00:00:00Z")])
        .bind(vec![at("2026-10-02T00:00:00Z")])
        .bind("USD")
        .bind(vec![true])
        .bind(false)
        .fetch_one(&world.db)
        .await
        .unwrap();
    let mut scans = Vec::new();
    collect_scans(&plan[0]["Plan"], &mut scans);
    assert!(scans.len() >= 4, "{plan:#}");
    for (kind, relation, rows) in scans {
        assert!(kind.starts_with("Index") || kind.starts_with("Bitmap"), "{kind} on {relation}");
        assert!(rows <= 100, "{rows} rows of {relation} for a day of 56 sales");
    }
    let sales = find_scan(&plan[0]["Plan"], "transactions_recognised_at_idx").expect("index of recognised sales");
    assert_eq!(sales["Node Type"].as_str(), Some("Index Only Scan"));
    assert_eq!(world.value(MetricKey::Orders, "day=2026-10-01").await, n(55));
}

fn collect_scans(node: &serde_json::Value, found: &mut Vec<(String, String, i64)>) {
    if let (Some(kind), Some(relation)) = (node["Node Type"].as_str(), node["Relation Name"].as_str()) {
        found.push((kind.to_owned(), relation.to_owned(), node["Actual Rows"].as_f64().unwrap_or_default() as i64));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        collect_scans(child, found);
    }
}

fn find_scan<'a>(node: &'a serde_json::Value, index: &str) -> Option<&'a serde_json::Value> {
    if node["Index Name"].as_str() == Some(index) {
        return Some(node);
    }
    node["Plans"].as_array().into_iter().flatten().find_map(|child| find_scan(child, index))
}

#[sqlx::test(migrations = "../migrations")]
async fn a_figure_says_when_rows_of_its_window_are_simulated_or_demo(db: PgPool) {
    let world = Figures::on(db);
    let badge = async |query: &str| world.tile(MetricKey::Orders, query).await.badge;
    let place = async |when: &str, origin: &str| {
        let id = world.sale(Sale { at: when, ..Sale::default() }).await;
        sqlx::query("update sales.transactions set origin = $2 where id = $1")
            .bind(id)
            .bind(origin)
            .execute(&world.db)
            .await
            .unwrap();
        world.service.forget();
    };
    place("2026-11-22T08:00:00Z", "live").await;
    assert_eq!(badge("").await, Badge::Live);
    place("2026-11-21T08:00:00Z", "demo").await;
    sqlx::query("insert into ops.demo_batches (id, dataset, seed, as_of, row_counts, loaded_at) values (gen_random_uuid(), 'x', 1, '2026-11-22', '{}', '2026-11-22')")
        .execute(&world.db)
        .await
        .unwrap();
    world.service.forget();
    assert_eq!((badge("").await, badge("day=2026-11-21").await), (Badge::Live, Badge::Demo));
    place("2026-11-20T08:00:00Z", "simulated").await;
    let days = [badge("").await, badge("day=2026-11-21").await, badge("day=2026-11-20").await];
    assert_eq!(days, [Badge::Live, Badge::Demo, Badge::Simulated]);
    assert_eq!(badge("from=2026-11-20&to=2026-11-22").await, Badge::Simulated, "before demo");
    let trend = world.service.trend(&viewer(), &TrendQuery::default()).await.unwrap();
    assert_eq!(trend.badge, Badge::Simulated);
    let dashboard = world.service.dashboard(&viewer(), "24h").await.unwrap();
    assert_eq!(dashboard.metadata.badge, Badge::Live);
}
