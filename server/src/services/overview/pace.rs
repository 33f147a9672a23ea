//! Figures of the running day and month against their targets.

use super::{finished, measure::Context};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use domain::{
    AppError,
    overview::{Aim, Basis, EARLIER_DAYS, EarlierDay, MetricKey, Pace, Quarter, Share, TargetPeriod},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use store::overview::{self as sums, EarlierQuarter, QuarterHour};

/// Weeks that are searched for earlier same weekdays with orders: as far back as days are summed up at once.
const WEEKS: u64 = 57;

/// Today's `value` of a figure against its target of the day; `None` without a target or a value.
///
/// # Errors
/// When a statement fails.
pub async fn pace(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    value: Option<Decimal>,
    now: DateTime<Utc>,
) -> Result<Option<Pace>, AppError> {
    let today = context.zone.day_of(now);
    let Some((aim, value)) = metric.aim().zip(value) else { return Ok(None) };
    let Some(target) = target(connection, context, metric, TargetPeriod::Day, today).await? else { return Ok(None) };
    Ok(Some(match aim {
        Aim::Direct => Pace::of_rate(target, value),
        Aim::Pace => {
            let share = share_of_today(connection, context, metric, now).await?;
            Pace::of(TargetPeriod::Day, target, value, share)
        }
    }))
}

/// A figure of the running month against its target of the month; `today_value` is that of today alone.
///
/// # Errors
/// When a statement fails.
pub async fn month_pace(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    today_value: Option<Decimal>,
    now: DateTime<Utc>,
) -> Result<Option<Pace>, AppError> {
    let today = context.zone.day_of(now);
    let Some(today_value) = today_value.filter(|_| metric.aim() == Some(Aim::Pace)) else { return Ok(None) };
    let Some(target) = target(connection, context, metric, TargetPeriod::Month, today).await? else { return Ok(None) };
    let days = month_of(context, today);
    let finished: Vec<NaiveDate> = days.iter().copied().filter(|day| *day < today).collect();
    let basis = if metric == MetricKey::RevenueGross { Basis::Gross } else { Basis::Net };
    let before = finished::measures(connection, context, basis, &finished, 0, now).await?;
    let value: Decimal = before
        .iter()
        .map(|day| match metric {
            MetricKey::Orders => day.orders.into(),
            _ => day.revenue,
        })
        .sum();
    let share = share_of_today(connection, context, metric, now).await?;
    let count = |days: &[NaiveDate]| u32::try_from(days.len()).unwrap_or(u32::MAX);
    let share = Share::of_month(count(&finished), share, count(&days));
    Ok(Some(Pace::of(TargetPeriod::Month, target, value + today_value, share)))
}

/// The target that counts on `day`; an amount in another currency than now is none.
async fn target(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    period: TargetPeriod,
    day: NaiveDate,
) -> Result<Option<Decimal>, AppError> {
    let found = sums::target_on(connection, metric, period, day).await?;
    let base = context.business.base_currency;
    Ok(found
        .filter(|(_, currency)| currency.as_deref().is_none_or(|code| code == base.as_str()))
        .map(|(value, _)| value))
}

/// s(t) of the running day, from the earlier same weekdays up to the same local time.
async fn share_of_today(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    now: DateTime<Utc>,
) -> Result<Share, AppError> {
    let today = context.zone.day_of(now);
    let window = context.zone.day_range(today);
    let days: Vec<NaiveDate> = (1..=WEEKS).map(|weeks| today - Days::new(7 * weeks)).collect();
    let limit = i64::try_from(EARLIER_DAYS).unwrap_or(i64::MAX);
    let quarters = sums::earlier_quarters(connection, context.books(), &days, limit).await?;
    let earlier: Vec<EarlierDay> = quarters
        .chunk_by(|a, b| a.day == b.day)
        .filter_map(|day| earlier_day(context, metric, today, day, now))
        .collect();
    let (elapsed, length) = ((now - window.start).num_seconds(), (window.end - window.start).num_seconds());
    Ok(Share::of_day(&earlier, elapsed, length))
}

fn earlier_day(
    context: &Context,
    metric: MetricKey,
    today: NaiveDate,
    quarters: &[EarlierQuarter],
    now: DateTime<Utc>,
) -> Option<EarlierDay> {
    let first = quarters.first()?;
    let back = Days::new((today - first.day).num_days().unsigned_abs());
    let same_time = context.zone.earliest_instant(context.zone.local(now).naive_local() - back);
    let since = |at: DateTime<Utc>| (at - first.day_start).num_seconds();
    Some(EarlierDay {
        quarters: quarters
            .iter()
            .map(|q| Quarter { starts_at_seconds: since(q.quarter.start), value: value(&q.quarter, metric) })
            .collect(),
        until_seconds: since(same_time),
    })
}

fn value(quarter: &QuarterHour, metric: MetricKey) -> Decimal {
    match metric {
        MetricKey::Orders => quarter.orders.into(),
        MetricKey::RevenueGross => quarter.revenue_gross,
        _ => quarter.revenue_net,
    }
}

/// The days of the month of `day` that the zone has.
fn month_of(context: &Context, day: NaiveDate) -> Vec<NaiveDate> {
    let first = day - Days::new(u64::from(day.day0()));
    let next = first + Months::new(1);
    first.iter_days().take_while(|day| *day < next).filter(|day| !context.zone.day_range(*day).is_empty()).collect()
}
