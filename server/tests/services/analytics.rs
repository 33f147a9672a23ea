//! Sales analytics: the examples of `commerce.md` 8 on real sales, from the rows and from the views, and what the
//! views may not change.

use crate::{
    figures::{Figures, Sale},
    online_retail,
    shop::{Shop, at, dec, viewer},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::analytics::{AnalyticsAnswer, AnalyticsPort, AnalyticsQuery, CategoryPerformance, HourlySales, TopProduct};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use server::{
    backend::Backend,
    services::{
        analytics::{AnalyticsService, ViewsService},
        overview::OverviewService,
    },
};
use sqlx::{PgPool, Row};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

pub struct Asker {
    backend: Backend,
    service: AnalyticsService,
}

impl Asker {
    pub fn of(backend: &Backend) -> Self {
        let overview = Arc::new(OverviewService::new(backend.clone()));
        Self { backend: backend.clone(), service: AnalyticsService::new(backend.clone(), overview) }
    }

    /// What was computed before is no answer here.
    fn query(&self, text: &str) -> AnalyticsQuery {
        self.backend.figures.clear("*", true);
        AnalyticsQuery::parse(domain::query::pairs(text))
    }

    pub async fn hourly(&self, query: &str) -> AnalyticsAnswer<HourlySales> {
        self.service.hourly(&viewer(), &self.query(query)).await.unwrap()
    }

    pub async fn products(&self, query: &str) -> AnalyticsAnswer<TopProduct> {
        self.service.products(&viewer(), &self.query(query)).await.unwrap()
    }

    pub async fn categories(&self, query: &str) -> AnalyticsAnswer<CategoryPerformance> {
        self.service.categories(&viewer(), &self.query(query)).await.unwrap()
    }
}

/// The views as the job makes them; whether there was anything to do.
pub async fn refresh(backend: &Backend) -> bool {
    ViewsService::new(backend.clone()).refresh_all().await.unwrap()
}

fn cents(value: Decimal) -> Decimal {
    value.round_dp(2).normalize()
}

#[sqlx::test(migrations = "../migrations")]
async fn examples_10_to_15_from_the_rows_and_from_the_views(db: PgPool) {
    let Some(shop) = online_retail::shop(db).await else { return };
    let asker = Asker::of(&shop.backend);
    examples(&asker).await;
    assert!(refresh(&shop.backend).await);
    let kept: i64 = shop.count("select count(*) from sales.hourly_sales_mv").await;
    assert!(kept > 1_000, "{kept} hours");
    examples(&asker).await;
    assert!(!refresh(&shop.backend).await, "nothing has changed");
}

async fn examples(asker: &Asker) {
    let day = |day: &str| format!("from={day}&to={day}");
    // 10
    let first = asker.hourly(&day("2010-12-01")).await;
    let t = first.metadata.totals;
    assert_eq!((t.gross_sales, t.refunds, t.total_sales), (dec("58960.79"), dec("325.23"), dec("58635.56")));
    assert_eq!((t.transaction_count, t.customers), (127, 95));
    let units = asker.products("from=2010-12-01&to=2010-12-01&kind=all&limit=50").await;
    assert_eq!(units.metadata.totals, t);
    let category = asker.categories(&day("2010-12-01")).await;
    assert_eq!(category.items.iter().map(|c| c.units).sum::<Decimal>(), dec("26919"));
    assert_eq!(category.metadata.totals, t);
    let january = asker.hourly(&day("2011-01-18")).await.metadata.totals;
    assert_eq!((january.gross_sales, january.total_sales), (dec("95978.05"), dec("18680.80").normalize()));
    let may = asker.hourly(&day("2011-05-12")).await.metadata.totals;
    assert_eq!(
        (cents(may.gross_sales), cents(may.total_sales), may.transaction_count),
        (dec("61903.09"), dec("59911.97"), 86)
    );
    // 11
    let hour = |n: usize| (first.items[n].gross_sales, first.items[n].transaction_count, first.items[n].customers);
    assert_eq!((hour(8).0, hour(8).1), (dec("1383.81"), 6));
    assert_eq!(hour(12), (dec("7447.92"), 22, 20));
    assert_eq!((hour(17).0, hour(17).1), (dec("7566.93"), 6));
    assert_eq!((first.items.len(), first.items.iter().filter(|h| h.transaction_count == 0).count()), (24, 14));
    assert_eq!(first.items.iter().map(|h| h.gross_sales).sum::<Decimal>(), dec("58960.79"));
    // 12
    let half = asker.categories("from=2010-12-01&to=2011-05-31").await.metadata.totals;
    assert_eq!((half.transaction_count, half.customers), (8_126, 2_718));
    assert_eq!((half.gross_sales, half.total_sales), (dec("4064726.591"), dec("3706827.641")));
    let months = [
        ("2010-12-01", "2010-12-31", "823746.14"),
        ("2011-01-01", "2011-01-31", "691364.56"),
        ("2011-02-01", "2011-02-28", "523631.89"),
        ("2011-03-01", "2011-03-31", "717639.36"),
        ("2011-04-01", "2011-04-30", "537808.62"),
        ("2011-05-01", "2011-05-31", "770536.02"),
    ];
    for (from, to, gross) in months {
        let totals = asker.categories(&format!("from={from}&to={to}")).await.metadata.totals;
        assert_eq!(cents(totals.gross_sales), dec(gross).normalize(), "{from}");
    }
    // 13
    let top = asker.products("from=2010-12-01&to=2011-05-31&limit=5").await;
    let told: Vec<_> = top.items.iter().map(|p| (p.sku.as_str(), cents(p.total_revenue))).collect();
    let wanted = [
        ("22423", dec("92434.67")),
        ("85123A", dec("52255.49")),
        ("47566", dec("46389.14")),
        ("85099B", dec("36556.89")),
        ("84879", dec("23148.21")),
    ];
    assert_eq!(told, wanted);
    let gross = asker.products("from=2010-12-01&to=2011-05-31&measure=gross&limit=2").await;
    assert_eq!(
        (gross.items[1].sku.as_str(), cents(gross.items[1].gross_sales), cents(gross.items[1].total_revenue)),
        ("23166", dec("78074.78"), dec("881.82"))
    );
    // 15
    let sunday = asker.hourly(&day("2011-02-06")).await.metadata.totals;
    assert_eq!((cents(sunday.gross_sales), sunday.transaction_count), (dec("3457.11"), 11));
    let sold = asker.categories(&day("2011-02-06")).await;
    assert_eq!(sold.items.iter().map(|c| c.units).sum::<Decimal>(), dec("2048"));
    let closed = asker.hourly(&day("2011-04-22")).await;
    assert_eq!(closed.items.len(), 24);
    assert!(closed.items.iter().all(|h| h.gross_sales.is_zero() && h.refunds.is_zero() && h.avg_transaction.is_none()));
    assert_eq!(closed.metadata.totals.avg_transaction, None);
}

/// A day's sales as the rows say, added up one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    gross: Decimal,
    refunds: Decimal,
    sales: BTreeSet<Uuid>,
    customers: BTreeSet<Uuid>,
    units: Decimal,
    products: BTreeSet<Uuid>,
}

impl Told {
    fn revenue(&self) -> Decimal {
        (self.gross - self.refunds).normalize()
    }
}

/// Everything by hour, by product and by category, read row by row: no window, no view, no sum of the database.
#[derive(Default)]
struct Oracle {
    hours: BTreeMap<i64, Told>,
    products: BTreeMap<String, Told>,
    categories: BTreeMap<Option<Uuid>, Told>,
    all: Told,
}

impl Oracle {
    async fn of(db: &PgPool, zone: BusinessZone, from: NaiveDate, to: NaiveDate) -> Self {
        let mut oracle = Self::default();
        let lines = sqlx::query(
            "select t.id, t.customer_id, t.recognised_at as at, l.net, l.quantity, p.id as product_id, p.sku, p.category_id, true as is_sale
             from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id join sales.products p on p.id = l.product_id
             where t.recognised_at is not null
             union all
             select null, null, l.refunded_at, l.net, l.quantity, p.id, p.sku, p.category_id, false
             from sales.refund_lines l join sales.products p on p.id = l.product_id",
        )
        .fetch_all(db)
        .await
        .unwrap();
        for line in lines {
            let when: DateTime<Utc> = line.get("at");
            let day = zone.day_of(when);
            if day < from || day > to {
                continue;
            }
            let hour = zone.hours_of(day).into_iter().rfind(|h| h.start <= when).unwrap().start.timestamp();
            let sku: String = line.get("sku");
            for told in [
                oracle.hours.entry(hour).or_default(),
                oracle.products.entry(sku).or_default(),
                oracle.categories.entry(line.get("category_id")).or_default(),
                &mut oracle.all,
            ] {
                if line.get("is_sale") {
                    told.gross += line.get::<Decimal, _>("net");
                    told.units += line.get::<Decimal, _>("quantity");
                    told.sales.insert(line.get("id"));
                    told.products.insert(line.get("product_id"));
                    told.customers.extend(line.get::<Option<Uuid>, _>("customer_id"));
                } else {
                    told.refunds += line.get::<Decimal, _>("net");
                }
            }
        }
        oracle
    }
}

/// Every endpoint says what a literal recomputation says, over the last 25 days.
pub async fn assert_says_what_the_rows_say(db: &PgPool, backend: &Backend, zone: &str, told: &str) {
    let zone = BusinessZone::parse(zone).unwrap();
    let today = zone.day_of(backend.clock.now());
    let from = today - chrono::Days::new(24);
    let oracle = Oracle::of(db, zone, from, today).await;
    let asker = Asker::of(backend);
    let query = format!("from={from}&to={today}");

    let hourly = asker.hourly(&query).await;
    let hours = (0..25).map(|n| zone.hours_of(from + chrono::Days::new(n)).len()).sum::<usize>();
    assert_eq!(hourly.items.len(), hours, "{told}");
    for hour in &hourly.items {
        let of = oracle.hours.get(&hour.hour.timestamp()).cloned().unwrap_or_default();
        let said = (hour.gross_sales, hour.refunds, hour.transaction_count, hour.customers);
        let wanted = (of.gross.normalize(), of.refunds.normalize(), of.sales.len() as i64, of.customers.len() as i64);
        assert_eq!(said, wanted, "{told}: {}", hour.hour);
        assert_eq!(hour.avg_transaction.is_none(), of.sales.is_empty(), "{told}: {}", hour.hour);
    }
    let t = hourly.metadata.totals;
    assert_eq!(
        (t.gross_sales, t.total_sales, t.transaction_count, t.customers),
        (
            oracle.all.gross.normalize(),
            oracle.all.revenue(),
            oracle.all.sales.len() as i64,
            oracle.all.customers.len() as i64
        ),
        "{told}"
    );

    let products = asker.products(&format!("{query}&kind=all&limit=50")).await;
    assert_eq!(products.metadata.total, oracle.products.len() as i64, "{told}");
    for product in &products.items {
        let of = &oracle.products[&product.sku];
        assert_eq!(
            (product.total_revenue, product.gross_sales, product.units, product.sales_count),
            (of.revenue(), of.gross.normalize(), of.units.normalize(), of.sales.len() as i64),
            "{told}: {}",
            product.sku
        );
    }
    let order: Vec<_> = products.items.iter().map(|p| (std::cmp::Reverse(p.total_revenue), p.sku.clone())).collect();
    assert!(order.is_sorted(), "{told}");

    let categories = asker.categories(&query).await;
    assert_eq!(categories.items.len(), oracle.categories.len(), "{told}");
    for category in &categories.items {
        let of = &oracle.categories[&category.category_id];
        let said = (category.total_sales, category.units, category.transaction_count);
        assert_eq!(said, (of.revenue(), of.units.normalize(), of.sales.len() as i64), "{told}");
        let people = (category.unique_buyers, category.products);
        assert_eq!(people, (of.customers.len() as i64, of.products.len() as i64), "{told}");
    }
    assert_eq!((categories.metadata.totals, products.metadata.totals), (t, t), "{told}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_day_of_a_clock_change_has_its_23_or_25_hours(db: PgPool) {
    let world = Figures::on(db);
    world.zone("America/New_York").await;
    // Twice the same local hour, and the hour after the gap.
    for when in ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-03-08T07:10:00Z"] {
        world.sale(Sale { at: when, ..Sale::default() }).await;
    }
    for kept in [false, true] {
        let asker = Asker::of(&world.backend);
        let long = asker.hourly("from=2026-11-01&to=2026-11-01").await;
        assert_eq!(long.items.len(), 25, "kept {kept}");
        assert_eq!((long.items[1].transaction_count, long.items[2].transaction_count), (1, 1));
        assert_eq!(long.items[2].hour.to_rfc3339(), "2026-11-01T01:00:00-05:00");
        let short = asker.hourly("from=2026-03-08&to=2026-03-08").await;
        assert_eq!((short.items.len(), short.items[2].transaction_count), (23, 1));
        assert_eq!(short.items[2].hour.to_rfc3339(), "2026-03-08T03:00:00-04:00");
        // 07:00 there: so many clock hours back, across midnight.
        let last = asker.hourly("hours=9").await;
        assert_eq!(last.items.len(), 9);
        assert_eq!(last.items[0].hour.to_rfc3339(), "2026-11-21T23:00:00-05:00");
        assert_eq!(last.items[8].hour.to_rfc3339(), "2026-11-22T07:00:00-05:00");
        refresh(&world.backend).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn other_currencies_are_converted_by_their_day_or_told_alone(db: PgPool) {
    let world = Figures::on(db);
    world.rate("2026-11-20", "EUR", "1.10").await;
    let jo = world.customer("jo").await;
    world
        .sale(Sale {
            at: "2026-11-20T10:10:00Z",
            net: "100.00",
            currency: "EUR",
            customer: Some(jo),
            ..Sale::default()
        })
        .await;
    world.sale(Sale { at: "2026-11-20T10:20:00Z", net: "7.00", customer: Some(jo), ..Sale::default() }).await;
    world.sale(Sale { at: "2026-11-20T10:30:00Z", net: "50.00", currency: "GBP", ..Sale::default() }).await;
    world.refund("2026-11-20T10:40:00Z", "EUR", &["10.00"]).await;
    for kept in [false, true] {
        let asker = Asker::of(&world.backend);
        let all = asker.hourly("from=2026-11-20&to=2026-11-20").await;
        let hour = &all.items[10];
        assert_eq!(
            (hour.gross_sales, hour.refunds, hour.total_sales),
            (dec("117"), dec("11"), dec("106")),
            "kept {kept}"
        );
        // One customer with two currencies is one customer; pounds have no rate.
        assert_eq!((hour.transaction_count, hour.customers, hour.guests), (3, 1, 1));
        assert_eq!((hour.avg_transaction, all.metadata.rows_without_rate), (Some(dec("58.5")), 1));
        let euros = asker.hourly("from=2026-11-20&to=2026-11-20&currency=EUR").await;
        assert_eq!((euros.items[10].gross_sales, euros.items[10].refunds), (dec("100"), dec("10")));
        assert_eq!((euros.metadata.currency.as_str(), euros.metadata.rows_without_rate), ("EUR", 0));
        let pounds = asker.hourly("from=2026-11-20&to=2026-11-20&currency=GBP").await;
        assert_eq!((pounds.items[10].gross_sales, pounds.items[10].avg_transaction), (dec("50"), Some(dec("50"))));
        let back = asker.products("from=2026-11-20&to=2026-11-20&currency=EUR").await;
        assert_eq!((back.items[0].total_revenue, back.items[0].share), (dec("-10"), None));
        refresh(&world.backend).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn confirmed_fraud_can_be_left_out_and_views_of_other_books_are_not_asked(db: PgPool) {
    let world = Figures::on(db.clone());
    let fraud = world.sale(Sale { at: "2026-11-20T10:10:00Z", net: "900.00", ..Sale::default() }).await;
    world.sale(Sale { at: "2026-11-20T23:30:00Z", net: "10.00", ..Sale::default() }).await;
    assert!(refresh(&world.backend).await);
    sqlx::query("insert into sales.fraud_labels (transaction_id, known_at, label, source) values ($1, '2026-11-21', 'confirmed_fraud', 'case')")
        .bind(fraud)
        .execute(&db)
        .await
        .unwrap();
    let asker = Asker::of(&world.backend);
    let gross = async |query: &str| asker.hourly(query).await.metadata.totals.gross_sales;
    assert_eq!(gross("from=2026-11-20&to=2026-11-20").await, dec("910"));
    assert_eq!(gross("from=2026-11-20&to=2026-11-20&clean=1").await, dec("10"));
    // In India the second sale is of the next day: the views are of UTC until they are made anew.
    world.zone("Asia/Kolkata").await;
    assert_eq!(gross("from=2026-11-20&to=2026-11-20").await, dec("900"));
    assert!(refresh(&world.backend).await);
    assert_eq!(gross("from=2026-11-20&to=2026-11-20").await, dec("900"));
    assert_eq!(gross("from=2026-11-21&to=2026-11-21").await, dec("10"));
    assert!(!refresh(&world.backend).await);
    // A day later there is a day more to keep.
    world.clock.set(at("2026-11-23T12:00:00Z"));
    assert!(refresh(&world.backend).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_product_that_moves_takes_its_past_along(db: PgPool) {
    let shop = Shop::on(db.clone());
    let mug = shop.product("MUG", "Mug", "12.50", Some(5)).await;
    let (id, category) = (Uuid::now_v7(), Uuid::now_v7());
    sqlx::raw_sql(
        "insert into ops.settings (key, value, updated_by, updated_at) values ('stock.reorder_threshold', '\"10\"', 'test', '2026-01-01')
         on conflict (key) do update set value = excluded.value",
    )
    .execute(&db)
    .await
    .unwrap();
    sqlx::query("insert into sales.categories (id, name) values ($1, 'Kitchen')")
        .bind(category)
        .execute(&db)
        .await
        .unwrap();
    sqlx::query(
        "with t as (insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
             line_count, occurred_at, recognised_at, entry, created_at, updated_at)
         values ($1, '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 25, 0, 25, 0, 0, 25, 2, 1, '2026-10-01T10:00Z',
             '2026-10-01T10:00Z', 'import', '2026-10-01', '2026-10-01') returning id)
         insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
         select id, 1, $2, 2, 12.50, 12.50, 25, '2026-10-01T10:00Z' from t",
    )
    .bind(id)
    .bind(mug)
    .execute(&db)
    .await
    .unwrap();
    assert!(refresh(&shop.backend).await);
    let asker = Asker::of(&shop.backend);
    let names = async || {
        let answer = asker.categories("days=30").await;
        answer.items.into_iter().map(|c| (c.category, c.total_sales, c.share)).collect::<Vec<_>>()
    };
    assert_eq!(names().await, [(None, dec("25"), Some(dec("1")))]);
    sqlx::query("update sales.products set category_id = $1").bind(category).execute(&db).await.unwrap();
    let kitchen = [(Some("Kitchen".to_owned()), dec("25"), Some(dec("1")))];
    assert_eq!(names().await, kitchen);
    assert!(refresh(&shop.backend).await, "the views are of another catalogue");
    assert_eq!(names().await, kitchen);
    let top = asker.products(&format!("days=30&category={category}")).await;
    let mug = &top.items[0];
    assert_eq!((mug.sku.as_str(), mug.category.as_deref(), mug.stock), ("MUG", Some("Kitchen"), Some(dec("5"))));
    assert_eq!((mug.is_low_stock, mug.sales_count, top.metadata.total), (Some(true), 1, 1));
}
