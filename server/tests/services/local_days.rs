//! Acceptance example 18 of `commerce.md`: "today" is the local day of the business zone, on the days the clocks change, too.

use crate::{
    analytics::Asker,
    daily_report::{figure, sum_up},
    figures::scope,
    shop::{Shop, admin, at, dec, planner, viewer},
};
use chrono::{Duration, NaiveDate};
use domain::{
    analytics::ReportsPort,
    clock::Clock,
    ids::ProductId,
    overview::{MetricKey, OverviewPort},
    query,
    transactions::{Entry, PaymentMethod, RecordSale, SaleQuery},
};
use rust_decimal::Decimal;
use server::services::{analytics::ReportsService, overview::OverviewService};
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// Zone, local day, when it begins and ends in UTC, and its hours.
const DAYS: [(&str, &str, &str, &str, usize); 7] = [
    ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23),
    ("Europe/London", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", 23),
    ("Asia/Kolkata", "2026-06-15", "2026-06-14T18:30:00Z", "2026-06-15T18:30:00Z", 24),
    ("America/New_York", "2026-07-15", "2026-07-15T04:00:00Z", "2026-07-16T04:00:00Z", 24),
    ("Europe/London", "2026-08-14", "2026-08-13T23:00:00Z", "2026-08-14T23:00:00Z", 24),
    ("Europe/London", "2026-10-25", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z", 25),
    ("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25),
];

struct Desk {
    shop: Shop,
    overview: Arc<OverviewService>,
    asker: Asker,
    pin: Uuid,
}

impl Desk {
    async fn sell(&self, pieces: i64) {
        let sale = RecordSale {
            product_id: Some(ProductId(self.pin)),
            quantity: Some(pieces.into()),
            payment_method: Some(PaymentMethod::Cash),
            ..RecordSale::default()
        };
        self.shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap();
        self.overview.forget();
    }

    /// What overview, list and analytics say of a day; `""`: of today.
    async fn revenue(&self, day: &str) -> [Decimal; 3] {
        let asked = scope(&if day.is_empty() { String::new() } else { format!("day={day}") });
        let tile = self.overview.tile(&viewer(), MetricKey::RevenueNet.as_str(), &asked).await.unwrap();
        let day = asked_day(day, &tile.range.from.to_rfc3339());
        let listed = SaleQuery::parse(query::pairs(&format!("from={day}&to={day}"))).unwrap();
        let listed = self.shop.sales.list(&admin(), &listed).await.unwrap();
        let hours = self.asker.hourly(&format!("from={day}&to={day}")).await;
        let sold = hours.items.iter().map(|hour| hour.gross_sales).sum();
        [tile.value.unwrap_or_default(), listed.page.items.iter().map(|sale| sale.total_amount).sum(), sold]
    }
}

/// The local day that an instant written with its offset begins.
fn asked_day(day: &str, begins: &str) -> String {
    if day.is_empty() { begins[..10].to_owned() } else { day.to_owned() }
}

#[sqlx::test(migrations = "../migrations")]
async fn today_holds_exactly_the_sales_of_the_local_day(db: PgPool) {
    let shop = Shop::on(db);
    shop.set("sales.tax_rate", "0".into()).await;
    let pin = shop.product("PIN", "Pin", "1.00", Some(1_000)).await;
    let desk = Desk {
        overview: Arc::new(OverviewService::new(shop.backend.clone())),
        asker: Asker::of(&shop.backend),
        pin,
        shop,
    };
    let reports = ReportsService::new(desk.shop.backend.clone());
    for (zone, day, begins, ends, hours) in DAYS {
        desk.shop.set("business.zone", zone.into()).await;
        let (begins, ends, minute) = (at(begins), at(ends), Duration::minutes(1));
        // A different power of two each time: a sum says which sales it is of.
        let moments = [
            (begins - minute, 1, 1),
            (begins, 2, 2),
            (begins + minute, 4, 6),
            (begins + (ends - begins) / 2, 8, 14),
            (ends - minute, 16, 30),
            (ends + minute, 32, 32),
        ];
        for (moment, pieces, today) in moments {
            desk.shop.clock.set(moment);
            desk.sell(pieces).await;
            assert_eq!(desk.revenue("").await, [Decimal::from(today); 3], "{zone} at {}", desk.shop.clock.now());
        }
        assert_eq!(desk.revenue(day).await, [Decimal::from(30); 3], "{zone} {day}");
        let rows = desk.asker.hourly(&format!("from={day}&to={day}")).await.items;
        assert_eq!(rows.len(), hours, "{zone} {day}");
        assert_eq!(rows.iter().map(|hour| hour.transaction_count).sum::<i64>(), 4);
        assert_eq!((rows[0].transaction_count, rows[hours - 1].transaction_count), (2, 1), "{zone} {day}");

        // A report is built when the last sales of its day have settled.
        desk.shop.clock.set(ends + Duration::hours(1));
        sum_up(&desk.shop.backend).await;
        let date: NaiveDate = day.parse().unwrap();
        let report = reports.rebuild(&planner(), date).await.unwrap();
        assert_eq!(figure(&report, "gross")[0], Some(dec("30")), "{zone} {day}");
        assert_eq!(report.report.hours.len(), hours, "{zone} {day}");
        assert_eq!(report.report.hours.iter().map(|hour| hour.gross_sales).sum::<Decimal>(), dec("30"));
    }
}
