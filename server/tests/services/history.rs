//! What figures were at earlier moments: snapshots, how a day went, and what changed since somebody looked.

use crate::figures::{Figures, Sale, at, dec, drill};
use crate::shop::viewer;
use chrono::Duration;
use domain::{
    ErrorCode,
    overview::{Drill, HistoryQuery, MetricKey, OverviewPort},
};
use server::services::overview::SummaryService;
use sqlx::PgPool;

async fn rows(figures: &Figures, query: &str) -> Drill {
    figures.service.rows(&viewer(), "revenue_net", &drill(query)).await.unwrap()
}

async fn history(figures: &Figures, query: &HistoryQuery) -> Vec<(String, Option<String>, i64)> {
    let history = figures.service.history(&viewer(), "revenue_net", query).await.unwrap();
    let text = |value: rust_decimal::Decimal| value.to_string();
    history.items.into_iter().map(|i| (i.start.to_rfc3339(), i.last.value.map(text), i.last.row_count)).collect()
}

fn asked(from: &str, step: &str) -> HistoryQuery {
    HistoryQuery { from: Some(from.into()), step: Some(step.into()), ..HistoryQuery::default() }
}

#[sqlx::test(migrations = "../migrations")]
async fn who_comes_from_an_older_number_is_told_both_and_what_changed(db: PgPool) {
    let figures = Figures::on(db);
    figures.sale(Sale { at: "2026-11-22T09:00:00Z", net: "100", ..Sale::default() }).await;
    let seen = figures.tile(MetricKey::RevenueNet, "").await;
    let id = seen.snapshot_id.expect("every value is written down");
    let link = format!("seen={id}");
    assert_eq!(rows(&figures, &link).await.earlier, None, "the number is still the same");

    figures.clock.advance(Duration::minutes(5));
    let late = figures.sale(Sale { at: "2026-11-22T12:04:00Z", net: "26.50", ..Sale::default() }).await;
    let told = rows(&figures, &link).await;
    let earlier = told.earlier.unwrap();
    assert_eq!((earlier.value.value, earlier.value.row_count), (Some(dec("100")), 1));
    assert_eq!(earlier.value.computed_at, at("2026-11-22T12:00:00Z"));
    assert_eq!((told.number.value, told.rows.total()), (Some(dec("126.5")), 2));
    let changed: Vec<_> = earlier.changed.iter().map(|row| row.transaction_id.unwrap().0).collect();
    assert_eq!(changed, [late]);

    // A refund changes the number, too; the sales stay as they were.
    let seen = figures.tile(MetricKey::RevenueNet, "").await.snapshot_id.unwrap();
    figures.clock.advance(Duration::minutes(5));
    figures.refund("2026-11-22T12:09:00Z", "USD", &["6.50"]).await;
    let told = rows(&figures, &format!("seen={seen}")).await.earlier.unwrap();
    let changed: Vec<_> = told.changed.iter().map(|row| row.base_amount.unwrap()).collect();
    assert_eq!((told.value.value, changed), (Some(dec("126.5")), vec![dec("-6.5")]));

    // Nor does one of another day or rule: the link to today's rows may be opened tomorrow.
    for other in ["day=2026-11-21", "basis=gross"] {
        assert_eq!(rows(&figures, &format!("{other}&seen={seen}")).await.earlier, None, "{other}");
    }
    // A value of another figure says nothing about this one, and what is no number of a value is refused.
    let orders = figures.tile(MetricKey::Orders, "").await.snapshot_id.unwrap();
    assert_eq!(rows(&figures, &format!("seen={orders}")).await.earlier, None);
    let error = figures.service.rows(&viewer(), "revenue_net", &drill("seen=126")).await.unwrap_err();
    assert_eq!((error.code, error.fields[0].path.as_str()), (ErrorCode::Validation, "seen"));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_day_is_told_by_the_hour_and_days_by_their_own_numbers(db: PgPool) {
    let figures = Figures::on(db);
    figures.zone("Asia/Kolkata").await;
    // 2026-11-22T12:00Z is 17:30 in Kolkata.
    for (minutes, net) in [(0, "10"), (20, "5"), (20, "5"), (60, "1")] {
        figures.clock.advance(Duration::minutes(minutes));
        let now = figures.clock_now().to_rfc3339();
        figures.sale(Sale { at: &now, net, ..Sale::default() }).await;
        for compare in ["", "compare=yesterday"] {
            // The same number, whatever it is compared with.
            figures.tile(MetricKey::RevenueNet, compare).await;
        }
    }
    let by_hour = history(&figures, &HistoryQuery::default()).await;
    let told = |hour: &str, value: &str, rows| (format!("2026-11-22T{hour}+05:30"), Some(value.to_owned()), rows);
    assert_eq!(by_hour, [told("17:00:00", "15", 2), told("18:00:00", "20", 3), told("19:00:00", "21", 4)]);
    let by_minute = history(&figures, &asked("2026-11-22", "minute")).await;
    assert_eq!(by_minute.len(), 4);
    let past = rows(&figures, "").await.past;
    assert_eq!(past.iter().map(|item| item.last.value.unwrap()).collect::<Vec<_>>(), [dec("15"), dec("20"), dec("21")]);

    // The next day has its own number; a day that is named has its one, whenever it was computed.
    figures.clock.set(at("2026-11-23T06:00:00Z"));
    figures.service.forget();
    figures.tile(MetricKey::RevenueNet, "").await;
    figures.tile(MetricKey::RevenueNet, "day=2026-11-22").await;
    let days = history(&figures, &asked("2026-11-22", "day")).await;
    let values: Vec<_> = days.iter().map(|(day, value, _)| (&day[..10], value.as_deref().unwrap())).collect();
    assert_eq!(values, [("2026-11-22", "21"), ("2026-11-23", "0")]);
    let named = HistoryQuery { day: Some("2026-11-22".into()), ..asked("2026-11-23", "hour") };
    assert_eq!(history(&figures, &named).await.len(), 1);
    // Another counting rule is another number.
    let gross = HistoryQuery { basis: Some("gross".into()), ..asked("2026-11-22", "day") };
    assert_eq!(history(&figures, &gross).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn snapshots_are_thinned_to_the_minute_then_to_the_hour_and_end_after_two_years(db: PgPool) {
    let figures = Figures::on(db);
    // Each ten seconds of an hour: yesterday's, that of ten days and that of three years ago.
    sqlx::query(
        "insert into ops.kpi_snapshots (id, metric_key, scope_hash, scope, value, row_count, data_until, computed_at)
         select gen_random_uuid(), m, '\\x00', '{}', '{}', n, t, t
         from unnest(array['sales.orders', 'sales.revenue_net']) m,
              unnest(array[timestamptz '2026-11-21T10:00Z', '2026-11-12T10:00Z', '2023-11-22T10:00Z', '2026-11-22T10:00Z']) day,
              generate_series(0, 359) n, lateral (select day + n * interval '10 s' as t) at",
    )
    .execute(&figures.db)
    .await
    .unwrap();
    let mut tx = figures.db.begin().await.unwrap();
    let thinned = store::snapshots::thin(&mut tx, figures.clock_now()).await.unwrap();
    tx.commit().await.unwrap();
    let left: Vec<(String, i64, i64)> = sqlx::query_as(
        "select to_char(computed_at, 'YYYY-MM-DD'), count(*), max(row_count) from ops.kpi_snapshots
         where metric_key = 'sales.orders' group by 1 order by 1",
    )
    .fetch_all(&figures.db)
    .await
    .unwrap();
    let left: Vec<_> = left.iter().map(|(day, n, last)| (day.as_str(), *n, *last)).collect();
    assert_eq!(left, [("2026-11-12", 1, 359), ("2026-11-21", 60, 359), ("2026-11-22", 360, 359)], "the last of each");
    assert_eq!((thinned.minutes, thinned.hours, thinned.expired), (2 * (300 + 300), 2 * 59, 2 * 360));
}

#[sqlx::test(migrations = "../migrations")]
async fn months_get_partitions_of_their_own_and_only_those_of_the_figures_can_be_dropped(db: PgPool) {
    let figures = Figures::on(db);
    figures.visit("2025-03-05T10:00:00Z", "v", None, None).await;
    figures.visit("2026-11-05T10:00:00Z", "v", None, None).await;
    let mut tx = figures.db.begin().await.unwrap();
    let made = store::schedules::ensure_other_partitions(&mut tx, "2026-11-22".parse().unwrap(), 4).await.unwrap();
    assert_eq!(made, 8, "four months of visits and of snapshots");
    assert_eq!(store::schedules::ensure_other_partitions(&mut tx, "2026-11-22".parse().unwrap(), 4).await.unwrap(), 0);
    let homes: Vec<String> =
        sqlx::query_scalar("select tableoid::regclass::text from sales.visits order by visited_at")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
    assert_eq!(homes, ["sales.visits_default", "sales.visits_2026_11"]);
    store::schedules::ensure_other_partitions(&mut tx, "2025-03-01".parse().unwrap(), 1).await.unwrap();
    let dropped: i32 = sqlx::query_scalar("select ops.drop_month_partitions('sales.visits', '2025-04-01T00:00Z')")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(dropped, 1);
    tx.commit().await.unwrap();
    let refused = sqlx::query("select ops.drop_month_partitions('ops.audit_log', '2027-01-01T00:00Z')")
        .execute(&figures.db)
        .await;
    assert!(refused.unwrap_err().to_string().contains("no months that the program drops"));
}

#[sqlx::test(migrations = "../migrations")]
async fn visits_go_after_400_days_and_their_counts_stay(db: PgPool) {
    let figures = Figures::on(db);
    let summary = SummaryService::new(figures.backend.clone());
    // 408 and 10 days ago.
    figures.visit("2025-10-10T10:00:00Z", "old", None, None).await;
    figures.visit("2026-11-12T10:00:00Z", "new", None, None).await;
    let days: Vec<chrono::NaiveDate> = ["2025-10-10", "2026-11-12"].iter().map(|day| day.parse().unwrap()).collect();
    summary.sum_up(&days).await.unwrap();
    let mut tx = figures.db.begin().await.unwrap();
    let removed = store::jobs::remove_expired(&mut tx, figures.clock_now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(removed.contains(&("visits", 1)), "{removed:?}");
    // A late sale of that day is counted; its visitors are still known.
    figures.sale(Sale { at: "2025-10-10T11:00:00Z", net: "20", ..Sale::default() }).await;
    summary.sum_up(&days).await.unwrap();
    let kept: Vec<(i64, i64)> = sqlx::query_as("select visitors, orders from ops.kpi_summary order by day")
        .fetch_all(&figures.db)
        .await
        .unwrap();
    assert_eq!(kept, [(1, 1), (1, 0)]);
}

/// The dashboard's totals of all time: finished days as they are kept, everything else from its rows.
#[sqlx::test(migrations = "../migrations")]
async fn totals_of_all_time_are_the_same_with_and_without_kept_days(db: PgPool) {
    let figures = Figures::on(db);
    let summary = SummaryService::new(figures.backend.clone());
    figures.rate("2026-11-18", "EUR", "1.5").await;
    for (when, net, currency) in [
        ("2026-10-01T09:00:00Z", "100", "USD"),
        ("2026-11-18T09:00:00Z", "10", "EUR"),
        ("2026-11-20T09:00:00Z", "7", "CHF"),
        ("2026-11-22T09:00:00Z", "1", "USD"),
    ] {
        figures.sale(Sale { at: when, net, currency, ..Sale::default() }).await;
    }
    figures.refund("2026-11-19T10:00:00Z", "USD", &["30"]).await;
    let told = || async {
        figures.service.forget();
        let answer = figures.service.dashboard(&viewer(), "all").await.unwrap();
        (answer.data.total_sales.to_string(), answer.data.total_transactions, answer.metadata.rows_without_rate)
    };
    assert_eq!(told().await, ("86".to_owned(), 4, 1), "100 + 10 at 1.5 - 30 + 1; francs have no rate");
    let days: Vec<chrono::NaiveDate> = ["2026-10-01", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"]
        .iter()
        .map(|d| d.parse().unwrap())
        .collect();
    summary.sum_up(&days).await.unwrap();
    assert_eq!(told().await, ("86".to_owned(), 4, 1));
    // A kept day is what is read: one that says otherwise is believed, until a late fact names it.
    sqlx::query("update ops.kpi_summary set revenue_gross = 1100, revenue_net = 1100 where day = '2026-10-01'")
        .execute(&figures.db)
        .await
        .unwrap();
    assert_eq!(told().await.0, "1086");
    sqlx::query(
        "insert into ops.kpi_dirty_days (day, zone, named_at) values ('2026-10-01', 'UTC', '2026-11-22T12:00Z')",
    )
    .execute(&figures.db)
    .await
    .unwrap();
    assert_eq!(told().await.0, "86");
}
