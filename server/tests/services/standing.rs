//! Figures of this moment (held, low on stock, the last minute), and figures without confirmed fraud.

use crate::{
    figures::{Figures, Sale, at, dec, drill, scope},
    shop::{admin, holding, viewer},
};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{Permission, Rights},
    overview::{Badge, Drill, DrillRows, MetricKey, OverviewPort, ProductRow, Tile, TrendQuery, stock::StockLevel},
};
use sqlx::PgPool;
use uuid::Uuid;

async fn stock(figures: &Figures, sku: &str, on_hand: i64, reserved: i64) -> Uuid {
    let id = Uuid::now_v7();
    sqlx::query(
        "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
         values ($1, $2, initcap($2), 10, 'USD', '2026-01-01', '2026-01-01')",
    )
    .bind(id)
    .bind(sku)
    .execute(&figures.db)
    .await
    .unwrap();
    sqlx::query("insert into stock.levels (product_id, site_id, on_hand, reserved) select $1, id, $2, $3 from stock.sites where is_default")
        .bind(id)
        .bind(on_hand)
        .bind(reserved)
        .execute(&figures.db)
        .await
        .unwrap();
    figures.service.forget();
    id
}

async fn label(figures: &Figures, sale: Uuid, known: &str, label: &str) {
    sqlx::query("insert into sales.fraud_labels (transaction_id, known_at, label, source) values ($1, $2, $3, 'case')")
        .bind(sale)
        .bind(at(known))
        .bind(label)
        .execute(&figures.db)
        .await
        .unwrap();
    figures.service.forget();
}

async fn rows(figures: &Figures, metric: &str, query: &str) -> Drill {
    figures.service.rows(&admin(), metric, &drill(query)).await.unwrap()
}

fn products(drill: &Drill) -> Vec<(&str, StockLevel)> {
    let DrillRows::Products(page) = &drill.rows else { panic!("products") };
    page.items.iter().map(|row: &ProductRow| (row.sku.as_str(), row.level)).collect()
}

async fn tile(figures: &Figures, metric: MetricKey) -> Tile {
    figures.service.tile(&admin(), metric.as_str(), &scope("")).await.unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_held_counts_whenever_it_came_with_its_worth_and_age(db: PgPool) {
    let figures = Figures::on(db);
    let none = tile(&figures, MetricKey::Held).await;
    assert_eq!((none.value, none.amount, none.oldest_at, none.row_count), (Some(dec("0")), Some(dec("0")), None, 0));
    figures.rate("2026-11-20", "EUR", "1.1").await;
    let held = |at, net, currency| Sale { at, net, currency, status: "held", ..Sale::default() };
    figures.sale(held("2026-11-20T08:00:00Z", "100.00", "USD")).await;
    figures.sale(held("2026-11-22T11:00:00Z", "50.00", "EUR")).await;
    figures.sale(held("2026-11-22T11:30:00Z", "7.00", "GBP")).await;
    figures.sale(Sale::default()).await;
    let now = tile(&figures, MetricKey::Held).await;
    assert_eq!((now.value, now.amount, now.rows_without_rate), (Some(dec("3")), Some(dec("155")), 1));
    assert_eq!(now.oldest_at.unwrap().to_utc(), at("2026-11-20T08:00:00Z"));
    assert_eq!((now.range.from, now.range.to), (now.computed_at.unwrap(), now.computed_at.unwrap()));
    let drill = rows(&figures, "fraud.held", "day=2026-11-01&basis=gross").await;
    assert_eq!(
        (drill.number.value, drill.rows.total()),
        (Some(dec("3")), 3),
        "of this moment, whatever day is asked for"
    );
    let DrillRows::Facts(page) = &drill.rows else { panic!("facts") };
    assert_eq!(page.items.iter().filter_map(|row| row.base_amount).sum::<rust_decimal::Decimal>(), dec("155"));
    assert!(page.items.iter().all(|row| row.status == "held"));
}

#[sqlx::test(migrations = "../migrations")]
async fn low_stock_is_judged_by_the_threshold_of_the_settings(db: PgPool) {
    let figures = Figures::on(db);
    for (sku, on_hand, reserved) in [("NONE", 5, 5), ("FEW", 4, 2), ("SOME", 12, 2), ("PLENTY", 11, 0)] {
        stock(&figures, sku, on_hand, reserved).await;
    }
    let low = tile(&figures, MetricKey::LowStock).await;
    assert_eq!((low.value, low.critical, low.row_count, low.badge), (Some(dec("3")), Some(1), 3, Badge::Live));
    use StockLevel::{Critical, High, Medium};
    let listed = rows(&figures, "stock.low", "").await;
    assert_eq!(products(&listed), [("NONE", Critical), ("FEW", High), ("SOME", Medium)]);
    let searched = rows(&figures, "stock.low", "q=ew&sort=-available").await;
    assert_eq!((products(&searched), searched.rows.total()), (vec![("FEW", High)], 1));
    let mut query = drill("sort=available&limit=2");
    let first = figures.service.rows(&admin(), "stock.low", &query).await.unwrap();
    query.cursor = first.rows.next_cursor().map(str::to_owned);
    let second = figures.service.rows(&admin(), "stock.low", &query).await.unwrap();
    assert_eq!((first.rows.total(), products(&second)), (3, vec![("SOME", Medium)]));
    query.cursor = Some("1~2".to_owned());
    let error = figures.service.rows(&admin(), "stock.low", &query).await.unwrap_err();
    assert_eq!(error.fields[0].path, "cursor");

    figures.set("stock.reorder_threshold", "20").await;
    figures.backend.figures.clear("*", true);
    let home = figures.service.overview(&admin(), &scope("")).await.unwrap();
    let levels: Vec<_> = home.low_stock.unwrap().unwrap().iter().map(|row| row.level).collect();
    assert_eq!(levels, [Critical, High, Medium, Medium]);
    assert_eq!(tile(&figures, MetricKey::LowStock).await.value, Some(dec("4")));
    let dashboard = figures.service.dashboard(&admin(), "24h").await.unwrap();
    assert_eq!(dashboard.data.low_stock_count, Some(4));
    assert!(!dashboard.metadata.unavailable.contains_key("low_stock_count"));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_last_minute_slides(db: PgPool) {
    let figures = Figures::on(db);
    for (n, second) in ["11:58:59.999999", "11:59:00", "11:59:00.000001", "12:00:00"].into_iter().enumerate() {
        let at = format!("2026-11-22T{second}Z");
        figures.sale(Sale { at: &at, net: &format!("{}.00", n + 1), ..Sale::default() }).await;
    }
    let minute = tile(&figures, MetricKey::LastMinute).await;
    assert_eq!((minute.value, minute.amount), (Some(dec("2")), Some(dec("7"))));
    assert_eq!(rows(&figures, "last_minute", "").await.rows.total(), 2);
    figures.clock.advance(Duration::seconds(61));
    figures.backend.figures.clear("*", true);
    assert_eq!(tile(&figures, MetricKey::LastMinute).await.value, Some(dec("0")));
}

#[sqlx::test(migrations = "../migrations")]
async fn who_may_not_see_a_feature_sees_no_figure_of_it(db: PgPool) {
    let figures = Figures::on(db);
    let keys = |tiles: &[Tile]| tiles.iter().map(|tile| tile.key).collect::<Vec<_>>();
    let who = viewer();
    let home = figures.service.overview(&who, &scope("")).await.unwrap();
    assert_eq!(keys(&home.tiles)[4..], [MetricKey::Held, MetricKey::LowStock]);
    assert!(home.low_stock.is_some());

    let clerk = holding(Rights::all().restricted_to(&[Permission::OverviewView]));
    let home = figures.service.overview(&clerk, &scope("")).await.unwrap();
    assert_eq!((home.tiles.len(), home.low_stock), (4, None));
    let all = figures.service.tiles(&clerk, &scope("")).await.unwrap();
    assert_eq!(keys(&all).last(), Some(&MetricKey::LastMinute));
    assert!(!keys(&all).contains(&MetricKey::Held) && !keys(&all).contains(&MetricKey::LowStock));
    for key in ["fraud.held", "stock.low"] {
        let tile = figures.service.tile(&clerk, key, &scope("")).await.unwrap_err();
        let rows = figures.service.rows(&clerk, key, &drill("")).await.unwrap_err();
        assert_eq!((tile.code, rows.code), (ErrorCode::Forbidden, ErrorCode::Forbidden), "{key}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn without_fraud_the_latest_label_decides_everywhere(db: PgPool) {
    let figures = Figures::on(db);
    let (ann, bob) = (figures.customer("ann").await, figures.customer("bob").await);
    let sold = |net, customer, session| Sale {
        at: "2026-11-21T10:00:00Z",
        net,
        customer: Some(customer),
        session: Some(session),
        ..Sale::default()
    };
    let good = figures.sale(sold("10.00", ann, "a")).await;
    let bad = figures.sale(sold("200.00", bob, "b")).await;
    let cleared = figures.sale(sold("30.00", ann, "a")).await;
    figures.visit("2026-11-21T09:00:00Z", "x", None, Some("a")).await;
    figures.visit("2026-11-21T09:00:00Z", "y", None, Some("b")).await;
    label(&figures, bad, "2026-11-22T00:00:00Z", "confirmed_fraud").await;
    label(&figures, cleared, "2026-11-21T12:00:00Z", "confirmed_fraud").await;
    label(&figures, cleared, "2026-11-22T00:00:00Z", "legitimate").await;
    label(&figures, good, "2026-11-22T00:00:00Z", "legitimate").await;
    let mut db = figures.db.acquire().await.unwrap();
    sqlx::query(
        "insert into sales.refunds (id, transaction_id, kind, currency, refunded_at, net, total, created_at)
                 values ($1, $2, 'chargeback', 'USD', '2026-11-21T15:00:00Z', 200, 200, '2026-11-21T15:00:00Z')",
    )
    .bind(bad)
    .bind(bad)
    .execute(&mut *db)
    .await
    .unwrap();
    let mug = figures.product().await;
    sqlx::query("insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at) values ($1, 1, $2, 1, 200, '2026-11-21T15:00:00Z')")
        .bind(bad)
        .bind(mug)
        .execute(&mut *db)
        .await
        .unwrap();
    // The day is kept with the fraud in it.
    let summary = server::services::overview::SummaryService::new(figures.backend.clone());
    let days = summary.last_days(3).await.unwrap();
    summary.sum_up(&days).await.unwrap();
    figures.service.forget();

    let day = "day=2026-11-21";
    for (metric, whole, clean) in [
        (MetricKey::RevenueNet, "40", "40"),
        (MetricKey::RevenueGross, "240", "40"),
        (MetricKey::Orders, "3", "2"),
        (MetricKey::OrdersAll, "3", "2"),
        (MetricKey::AmountAll, "240", "40"),
        (MetricKey::ActiveCustomers, "2", "1"),
        (MetricKey::Conversion, "100", "50"),
        (MetricKey::AverageOrder, "80", "20"),
    ] {
        assert_eq!(figures.value(metric, day).await, Some(dec(whole)), "{metric}");
        let tile = figures.tile(metric, &format!("{day}&clean=1")).await;
        assert_eq!(tile.value, Some(dec(clean)), "{metric} without fraud");
        let listed = rows(&figures, metric.as_str(), &format!("{day}&clean=1")).await;
        assert_eq!((listed.number.value, listed.rows.total()), (tile.value, tile.row_count), "{metric}");
    }
    let bars = |query| {
        let figures = &figures;
        async move {
            let bars = figures.service.hours(&viewer(), &scope(query)).await.unwrap();
            bars.items.iter().map(|bar| bar.orders).sum::<i64>()
        }
    };
    assert_eq!((bars(day).await, bars("day=2026-11-21&clean=1").await), (3, 2));
    let trend = |clean: Option<&str>| {
        let query = TrendQuery {
            days: Some("3".into()),
            basis: Some("gross".into()),
            clean: clean.map(Into::into),
            ..TrendQuery::default()
        };
        let figures = &figures;
        async move { figures.service.trend(&viewer(), &query).await.unwrap().totals.revenue }
    };
    assert_eq!((trend(None).await, trend(Some("1")).await), (dec("240"), dec("40")));
    let faults = figures.service.tile(&viewer(), "orders", &scope("clean=yes")).await.unwrap_err();
    assert_eq!(faults.fields[0].path, "clean");
    // An earlier number of all sales is none of those without fraud.
    let seen = figures.tile(MetricKey::Orders, day).await.snapshot_id.unwrap();
    assert!(rows(&figures, "orders", &format!("{day}&clean=1&seen={seen}")).await.earlier.is_none());
}
