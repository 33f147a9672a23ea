//! Targets and pace: what is set, what counts when, and how a running day stands to it.

use crate::{
    figures::{Figures, Sale, at, dec},
    shop::{admin, planner, viewer},
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use domain::{
    ErrorCode,
    overview::{MetricKey, Pace, SetTarget, Standing, Target, TargetPeriod, TargetsPort},
};
use server::services::overview::{Context, SummaryService, TargetsService, month_pace, pace};
use sqlx::PgPool;

fn set(metric: &str, period: &str, valid_from: &str, value: &str) -> SetTarget {
    SetTarget {
        metric: metric.into(),
        period: period.into(),
        valid_from: valid_from.into(),
        value: value.into(),
        ..SetTarget::default()
    }
}

struct Desk {
    world: Figures,
    service: TargetsService,
}

impl Desk {
    fn on(db: PgPool) -> Self {
        let world = Figures::on(db);
        Self { service: TargetsService::new(world.backend.clone()), world }
    }

    async fn set(&self, metric: &str, period: &str, valid_from: &str, value: &str) -> Target {
        self.service.set(&admin(), set(metric, period, valid_from, value)).await.unwrap()
    }

    async fn sale(&self, when: DateTime<Utc>, net: &str) {
        self.world.sale(Sale { at: &when.to_rfc3339(), net, ..Sale::default() }).await;
    }

    async fn summed_up(&self) {
        let summary = SummaryService::new(self.world.backend.clone());
        let days = summary.last_days(60).await.unwrap();
        summary.sum_up(&days).await.unwrap();
    }

    async fn pace(&self, metric: MetricKey, value: &str, now: &str) -> Option<Pace> {
        let mut db = store::acquire(&self.world.backend.pools.analytics).await.unwrap();
        let context = Context::read(&mut db).await.unwrap();
        pace(&mut db, &context, metric, Some(dec(value)), at(now)).await.unwrap()
    }

    async fn month_pace(&self, metric: MetricKey, today: &str, now: &str) -> Option<Pace> {
        let mut db = store::acquire(&self.world.backend.pools.analytics).await.unwrap();
        let context = Context::read(&mut db).await.unwrap();
        month_pace(&mut db, &context, metric, Some(dec(today)), at(now)).await.unwrap()
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_target_counts_until_the_next_and_is_changed_by_its_version(db: PgPool) {
    let desk = Desk::on(db.clone());
    let first = desk.set("revenue_net", "day", "2026-11-01", "9000").await;
    assert_eq!((first.version, first.until, first.currency.map(|c| c.to_string())), (1, None, Some("USD".into())));
    desk.set("sales.revenue_net", "day", "2026-12-01", "12000.50").await;
    desk.set("revenue_net", "month", "2026-11-01", "250000").await;
    assert_eq!(desk.set("orders", "day", "2026-11-01", "40").await.currency, None);

    let screen = desk.service.targets(&viewer()).await.unwrap();
    let told: Vec<_> =
        screen.targets.iter().map(|t| (t.metric.as_str(), t.period, t.valid_from, t.until, t.value)).collect();
    assert_eq!(
        told,
        [
            ("sales.revenue_net", TargetPeriod::Day, day("2026-12-01"), None, dec("12000.5")),
            ("sales.revenue_net", TargetPeriod::Day, day("2026-11-01"), Some(day("2026-12-01")), dec("9000")),
            ("sales.revenue_net", TargetPeriod::Month, day("2026-11-01"), None, dec("250000")),
            ("sales.orders", TargetPeriod::Day, day("2026-11-01"), None, dec("40")),
        ]
    );

    // Once more is a conflict, unless one says what one has seen.
    let again = desk.service.set(&admin(), set("revenue_net", "day", "2026-11-01", "9500")).await.unwrap_err();
    assert_eq!((again.code, again.of_field("valid_from").is_some()), (ErrorCode::Conflict, true));
    desk.world.clock.advance(Duration::minutes(1));
    let change = |version| SetTarget { version: Some(version), ..set("revenue_net", "day", "2026-11-01", "9500") };
    let changed = desk.service.set(&admin(), change(1)).await.unwrap();
    assert_eq!((changed.id, changed.version, changed.value), (first.id, 2, dec("9500")));
    let late = desk.service.set(&admin(), change(1)).await.unwrap_err();
    assert_eq!((late.code, late.of_field("version")), (ErrorCode::Conflict, Some("2")));

    desk.world.clock.advance(Duration::minutes(1));
    desk.service.delete(&admin(), first.id).await.unwrap();
    assert_eq!(desk.service.delete(&admin(), first.id).await.unwrap_err().code, ErrorCode::NotFound);
    let gone = desk.service.set(&admin(), change(2)).await.unwrap_err();
    assert_eq!((gone.code, gone.of_field("version")), (ErrorCode::Conflict, Some("deleted")));

    let acts: Vec<(String, Option<String>, Option<String>)> = sqlx::query_as(
        "select action, before ->> 'value', after ->> 'value' from ops.audit_log where entity_id = $1 order by at, id",
    )
    .bind(first.id.to_string())
    .fetch_all(&db)
    .await
    .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        acts,
        [
            ("overview.target_set".to_owned(), None, text("9000")),
            ("overview.target_set".to_owned(), text("9000"), text("9500")),
            ("overview.target_delete".to_owned(), text("9500"), None),
        ]
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn only_administrators_set_targets_and_faults_come_all_at_once(db: PgPool) {
    let desk = Desk::on(db);
    for who in [viewer(), planner()] {
        let command = set("orders", "day", "2026-11-01", "40");
        assert_eq!(desk.service.set(&who, command).await.unwrap_err().code, ErrorCode::Forbidden);
        let id = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        assert_eq!(desk.service.delete(&who, id).await.unwrap_err().code, ErrorCode::Forbidden);
        assert!(desk.service.targets(&who).await.unwrap().targets.is_empty());
    }
    let error = desk.service.set(&admin(), set("weather", "day", "soon", "0")).await.unwrap_err();
    let paths: Vec<_> = error.fields.iter().map(|f| f.path.as_str()).collect();
    assert_eq!((error.code, paths), (ErrorCode::Validation, vec!["metric", "valid_from", "value"]));
}

#[sqlx::test(migrations = "../migrations")]
async fn example_12_the_pace_of_a_day_comes_from_its_same_weekdays(db: PgPool) {
    let desk = Desk::on(db);
    desk.set("revenue_net", "day", "2026-11-01", "10000").await;
    let now = "2026-11-22T12:00:00Z";
    // Two fifths of each Sunday come in the morning. The third is a day without orders.
    for back in [7, 14, 28] {
        let morning = at("2026-11-22T10:00:00Z") - Duration::days(back);
        desk.sale(morning, "40").await;
        desk.sale(morning + Duration::hours(6), "60").await;
    }
    // Other days say nothing about Sundays.
    desk.sale(at("2026-11-20T01:00:00Z"), "5000").await;
    desk.summed_up().await;
    let three = desk.pace(MetricKey::RevenueNet, "4200", now).await.unwrap();
    assert_eq!((three.linear, three.expected), (true, dec("5000")), "three Sundays are no history");
    let linear = desk.pace(MetricKey::RevenueNet, "1", "2026-11-22T06:00:00Z").await.unwrap();
    assert_eq!((linear.linear, linear.expected, linear.projection), (true, dec("2500"), Some(dec("4"))));

    let older = at("2026-11-22T10:00:00Z") - Duration::days(35);
    desk.sale(older, "400").await;
    desk.sale(older + Duration::hours(6), "600").await;
    desk.summed_up().await;
    let pace = desk.pace(MetricKey::RevenueNet, "4200", now).await.unwrap();
    assert_eq!((pace.expected, pace.percent, pace.standing), (dec("4000"), Some(dec("105")), Standing::OnTrack));
    assert_eq!((pace.projection, pace.linear), (Some(dec("10500")), false));
    // Half way through the quarter in which the sale of 10:00 lies, half of it is expected.
    let pace = desk.pace(MetricKey::RevenueNet, "1000", "2026-11-22T10:07:30Z").await.unwrap();
    assert_eq!((pace.expected, pace.percent, pace.standing), (dec("2000"), Some(dec("50")), Standing::Behind));

    assert_eq!(desk.pace(MetricKey::Orders, "7", now).await, None, "no target, no pace");
    desk.set("orders", "day", "2026-11-22", "10").await;
    let orders = desk.pace(MetricKey::Orders, "4", now).await.unwrap();
    assert_eq!((orders.expected, orders.percent, orders.standing), (dec("5"), Some(dec("80")), Standing::Behind));
    desk.set("conversion", "day", "2026-11-22", "4").await;
    let rate = desk.pace(MetricKey::Conversion, "3.8", now).await.unwrap();
    assert_eq!((rate.percent, rate.standing, rate.projection), (Some(dec("95")), Standing::AtRisk, None));

    // An amount set in another currency than the books are in now is no target.
    desk.world.set("business.base_currency", "EUR").await;
    assert_eq!(desk.pace(MetricKey::RevenueNet, "4200", now).await, None);
    assert!(desk.pace(MetricKey::Orders, "4", now).await.is_some());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_counts_its_finished_days_and_todays_part(db: PgPool) {
    let desk = Desk::on(db);
    desk.set("revenue_net", "month", "2026-11-01", "3000").await;
    desk.sale(at("2026-11-01T00:00:00Z"), "1000").await;
    desk.sale(at("2026-11-21T23:59:59Z"), "1000").await;
    desk.sale(at("2026-10-31T23:59:59Z"), "9000").await;
    desk.summed_up().await;
    let month = desk.month_pace(MetricKey::RevenueNet, "150", "2026-11-22T12:00:00Z").await.unwrap();
    // 21 finished days and half of the 22nd, of 30.
    assert_eq!((month.period, month.expected, month.percent), (TargetPeriod::Month, dec("2150"), Some(dec("100"))));
    assert_eq!((month.standing, month.projection, month.linear), (Standing::OnTrack, Some(dec("3000")), true));
    assert_eq!(desk.pace(MetricKey::RevenueNet, "150", "2026-11-22T12:00:00Z").await, None, "no target of the day");
    let first = desk.month_pace(MetricKey::RevenueNet, "10", "2026-12-01T12:00:00Z").await.unwrap();
    assert_eq!(first.expected, dec("48.3871"), "half a day of 31");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_local_time_counts_across_the_end_of_summer_time(db: PgPool) {
    let desk = Desk::on(db);
    desk.world.zone("Europe/London").await;
    desk.set("orders", "day", "2026-10-01", "10").await;
    // Mondays before the 25th of October are in summer time: 09:30 London is 08:30 UTC then, 09:30 after.
    for back in [7, 14, 21, 28] {
        let local_nine = at("2026-10-26T08:00:00Z") - Duration::days(back);
        desk.sale(local_nine, "1").await;
        desk.sale(local_nine + Duration::hours(1), "1").await;
    }
    desk.world.clock.set(at("2026-10-26T09:30:00Z"));
    desk.summed_up().await;
    let pace = desk.pace(MetricKey::Orders, "5", "2026-10-26T09:30:00Z").await.unwrap();
    assert_eq!((pace.linear, pace.expected, pace.percent), (false, dec("5"), Some(dec("100"))));
}
