//! From sums to tiles: one scope, one state of the database.

use super::{
    pace::{month_pace, pace},
    standing,
};
use chrono::{DateTime, Datelike, Days, Utc};
use domain::{
    AppError,
    freshness::Freshness,
    overview::{
        Badge, Basis, Change, Compare, MetricKey, OrderSet, Scope, Span, Tile, Unit, change_percent, rate_percent,
        wilson_95,
    },
    settings::Business,
};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use store::overview::{self as sums, AllOrders, Books, Figures, Origins, Visits, Window};

/// Visitors below which a rate is called a small sample.
const SMALL_SAMPLE: i64 = 30;

/// The settings every answer depends on.
#[derive(Debug, Clone)]
pub struct Context {
    pub business: Business,
    pub zone: BusinessZone,
    /// Sales labelled confirmed fraud are left out. Days and quarters of an hour are kept with them, so nothing
    /// kept is taken then.
    pub without_fraud: bool,
}

impl Context {
    pub async fn read(connection: &mut PgConnection) -> Result<Self, AppError> {
        Self::of(store::settings::business(connection).await?)
    }

    /// # Errors
    /// When its zone is none the program knows.
    pub fn of(business: Business) -> Result<Self, AppError> {
        let zone = BusinessZone::parse(&business.zone).map_err(|fault| {
            tracing::error!(zone = %business.zone, %fault, "business zone is not usable");
            AppError::internal()
        })?;
        Ok(Self { business, zone, without_fraud: false })
    }

    /// What figures depend on besides what they are asked by; part of their scope, so that one computed under
    /// other settings is another figure.
    pub fn scope(&self) -> String {
        format!("{} {} {}", self.zone.name(), self.business.base_currency, self.fraud())
    }

    /// `with` or `without`.
    pub const fn fraud(&self) -> &'static str {
        if self.without_fraud { "without" } else { "with" }
    }

    /// The days of a scope, or the one hour of its day.
    pub fn window(&self, scope: Scope) -> Window {
        let Some(start) = scope.hour else { return self.zone.days_range(scope.days.from, scope.days.to) };
        let hours = self.zone.hours_of(scope.days.from);
        hours.into_iter().find(|hour| hour.start == start).map_or(start..start, |hour| hour.start..hour.end)
    }

    /// # Errors
    /// `validation` when the hour of a scope is none of its day.
    pub fn check_hour(&self, scope: Scope) -> Result<(), AppError> {
        if scope.hour.is_some() && self.window(scope).is_empty() {
            return Err(AppError::field("hour", "No hour of this day begins then in the business's time zone."));
        }
        Ok(())
    }

    pub fn books(&self) -> Books<'_> {
        Books { currency: self.business.base_currency, zone: self.zone.name(), without_fraud: self.without_fraud }
    }

    pub fn span(&self, window: &Window) -> Span {
        Span { from: self.zone.local(window.start), to: self.zone.local(window.end), zone: self.zone.name().to_owned() }
    }
}

/// Everything a tile of one window may need.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    figures: Figures,
    all: AllOrders,
    visits: Visits,
}

/// How many days before a scope the period stands that it is compared with, and what that is called: a single
/// day's is the same weekday of last week, the day before or the same weekday of last year; that of n days the n
/// days before or those of last year.
pub(super) fn days_back(scope: Scope, against: Compare) -> (u64, String) {
    let n = scope.days.days().unsigned_abs();
    match against {
        Compare::Year => (364, "last year".to_owned()),
        _ if n > 1 => (n, format!("the {n} days before")),
        Compare::Yesterday => (1, "the day before".to_owned()),
        _ => (7, format!("last {}", scope.days.from.weekday())),
    }
}

/// The earlier windows a scope is compared with, each with its name; while the scope runs, only its same part.
fn compared(context: &Context, scope: Scope, now: DateTime<Utc>) -> Vec<(Window, String)> {
    let n = scope.days.days().unsigned_abs();
    let before = |against| days_back(scope, against);
    let wanted = match scope.compare {
        Compare::None => Vec::new(),
        Compare::All if n > 1 => vec![before(Compare::Week), before(Compare::Year)],
        Compare::All => vec![before(Compare::Week), before(Compare::Yesterday), before(Compare::Year)],
        one => vec![before(one)],
    };
    let window = context.window(scope);
    let earlier = |back: u64| {
        let same_time = |at| context.zone.earliest_instant(context.zone.local(at).naive_local() - Days::new(back));
        let earlier = match scope.hour {
            None => context.zone.days_range(scope.days.from - Days::new(back), scope.days.to - Days::new(back)),
            // As long from the same local time on; the clock may have been changed in between.
            Some(start) => same_time(start)..same_time(start) + (window.end - window.start),
        };
        let end = if window.contains(&now) { same_time(now).clamp(earlier.start, earlier.end) } else { earlier.end };
        earlier.start..end
    };
    wanted.into_iter().map(|(back, against)| (earlier(back), against)).collect()
}

/// The window of a figure.
pub fn range(context: &Context, metric: MetricKey, scope: Scope, now: DateTime<Utc>) -> Span {
    context.span(&if metric.is_of_now() { standing::range(metric, now) } else { context.window(scope) })
}

/// Whether rows are those of the real business; what is simulated matters more than what is demo.
pub(super) const fn badge_of(origins: Origins) -> Badge {
    match origins {
        Origins { simulated: true, .. } => Badge::Simulated,
        Origins { demo: true, .. } => Badge::Demo,
        Origins { .. } => Badge::Live,
    }
}

/// That of the sales and refunds of a window.
pub(crate) async fn badge(connection: &mut PgConnection, window: &Window) -> Result<Badge, AppError> {
    Ok(badge_of(sums::origins(connection, window).await?))
}

/// The figure of a scope, computed from its rows.
///
/// # Errors
/// When a statement fails.
pub async fn tile(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    scope: Scope,
    now: DateTime<Utc>,
) -> Result<Tile, AppError> {
    if metric.is_of_now() {
        return standing::tile(connection, context, metric, now).await;
    }
    let window = context.window(scope);
    let earlier = compared(context, scope, now);
    let windows: Vec<Window> = std::iter::once(&window).chain(earlier.iter().map(|(w, _)| w)).cloned().collect();
    let measured = measured(connection, context, metric, scope.basis, &windows).await?;
    let badge = badge(connection, &window).await?;
    let current = measured.first().copied().unwrap_or_default();
    let mut tile = of(context, metric, scope.basis, &current, context.span(&window), badge, now);
    let mut changes: Vec<_> = earlier
        .iter()
        .zip(measured.iter().skip(1))
        .map(|((window, against), before)| {
            let previous = value(metric, scope.basis, before);
            let both = tile.value.zip(previous);
            let (percent, points) = if tile.unit == Unit::Percent {
                (None, both.map(|(now, before)| (now - before).round_dp(1)))
            } else {
                (both.and_then(|(now, before)| change_percent(now, before)), None)
            };
            Change { against: against.clone(), previous, percent, points, range: context.span(window) }
        })
        .collect();
    // Targets are of all sales, and so are the shares of the day.
    let is_today = context.zone.day_of(now) == scope.days.from && scope.days.days() == 1 && scope.hour.is_none();
    if is_today && !context.without_fraud {
        let day = pace(connection, context, metric, tile.value, now).await?;
        let month = month_pace(connection, context, metric, tile.value, now).await?;
        tile.pace = day.into_iter().chain(month).collect();
    }
    tile.more_changes = changes.split_off(changes.len().min(1));
    tile.change = changes.pop();
    Ok(tile)
}

/// The figure of each of any windows, without what a tile says besides; `None`: unknown.
///
/// # Errors
/// When a statement fails.
pub(crate) async fn of_windows(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    windows: &[Window],
) -> Result<Vec<Option<Decimal>>, AppError> {
    let basis = Basis::default();
    let measured = measured(connection, context, metric, basis, windows).await?;
    Ok(measured.iter().map(|of| value(metric, basis, of)).collect())
}

/// What `metric` needs to know of each window, and no more.
async fn measured(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    basis: Basis,
    windows: &[Window],
) -> Result<Vec<Measured>, AppError> {
    let books = context.books();
    let mut measured = vec![Measured::default(); windows.len()];
    let of_visits = matches!(metric, MetricKey::Conversion | MetricKey::Visitors | MetricKey::OrdersPerHundred);
    if of_visits {
        let visits = sums::visits(connection, context.books(), basis.order_set(), windows).await?;
        for (slot, visits) in measured.iter_mut().zip(visits) {
            slot.visits = visits;
        }
    }
    let set = metric.order_set(basis);
    if set == OrderSet::All && (!of_visits || metric == MetricKey::OrdersPerHundred) {
        for (slot, all) in measured.iter_mut().zip(sums::all_orders(connection, books, windows).await?) {
            slot.all = all;
        }
    } else if !of_visits {
        let counts_customers = metric == MetricKey::ActiveCustomers;
        let figures = sums::figures_with_customers(connection, books, windows, |_| counts_customers).await?;
        for (slot, figures) in measured.iter_mut().zip(figures) {
            slot.figures = figures;
        }
    }
    Ok(measured)
}

/// `None` when the figure is unknown.
fn value(metric: MetricKey, basis: Basis, m: &Measured) -> Option<Decimal> {
    match metric {
        MetricKey::RevenueNet => Some(m.figures.net()),
        MetricKey::RevenueGross => Some(m.figures.gross),
        MetricKey::AmountAll => Some(m.all.amount),
        MetricKey::Orders => Some(m.figures.orders.into()),
        MetricKey::OrdersAll => Some(m.all.orders.into()),
        MetricKey::ActiveCustomers => Some(customers(basis, m).into()),
        MetricKey::Visitors => Some(m.visits.visitors.into()),
        MetricKey::Conversion => rate_percent(m.visits.buyers, m.visits.visitors),
        MetricKey::OrdersPerHundred => rate_percent(m.all.orders, m.visits.visitors),
        MetricKey::AverageOrder => {
            let orders = m.figures.orders - m.figures.sales_without_rate;
            (orders > 0).then(|| (m.figures.gross / Decimal::from(orders)).round_dp(4))
        }
        MetricKey::Held | MetricKey::LowStock | MetricKey::LastMinute => None,
    }
    .map(|value| value.normalize())
}

const fn customers(basis: Basis, m: &Measured) -> i64 {
    match basis.order_set() {
        OrderSet::Recognised => m.figures.customers,
        OrderSet::All => m.all.customers,
    }
}

fn of(
    context: &Context,
    metric: MetricKey,
    basis: Basis,
    m: &Measured,
    range: Span,
    badge: Badge,
    now: DateTime<Utc>,
) -> Tile {
    let f = &m.figures;
    let value = value(metric, basis, m);
    let reason = value.is_none().then(|| match metric {
        MetricKey::AverageOrder => "no orders yet".to_owned(),
        _ => "no visits recorded".to_owned(),
    });
    let rows_without_rate = match metric {
        MetricKey::RevenueNet => f.sales_without_rate + f.refunds_without_rate,
        MetricKey::RevenueGross | MetricKey::AverageOrder => f.sales_without_rate,
        MetricKey::AmountAll => m.all.without_rate,
        _ => 0,
    };
    let rows = match metric {
        MetricKey::RevenueNet => f.orders + f.refund_rows,
        MetricKey::RevenueGross | MetricKey::Orders | MetricKey::AverageOrder => f.orders,
        MetricKey::AmountAll | MetricKey::OrdersAll => m.all.orders,
        MetricKey::ActiveCustomers => customers(basis, m),
        MetricKey::Visitors | MetricKey::Conversion | MetricKey::OrdersPerHundred => m.visits.visitors,
        MetricKey::Held | MetricKey::LowStock | MetricKey::LastMinute => 0,
    };
    let conversion = metric == MetricKey::Conversion;
    let guests = match basis.order_set() {
        OrderSet::Recognised => f.guests,
        OrderSet::All => m.all.guests,
    };
    Tile {
        key: metric,
        value,
        reason,
        unit: metric.unit(),
        currency: (metric.unit() == Unit::Money).then_some(context.business.base_currency),
        interval: if conversion { wilson_95(m.visits.buyers, m.visits.visitors) } else { None },
        row_count: rows - rows_without_rate,
        held: (metric == MetricKey::Orders).then_some(f.held),
        guest_orders: (metric == MetricKey::ActiveCustomers).then_some(guests),
        buyers_not_visited: conversion.then_some(m.visits.not_visited),
        amount: None,
        oldest_at: None,
        critical: None,
        small_sample: conversion && (1..SMALL_SAMPLE).contains(&m.visits.visitors),
        rows_without_rate,
        change: None,
        more_changes: Vec::new(),
        pace: Vec::new(),
        freshness: Freshness::default(),
        badge,
        computed_at: Some(context.zone.local(now)),
        age_seconds: Some(0),
        formula: metric.formula().to_owned(),
        range,
        snapshot_id: None,
        error: None,
        fallback_value: None,
        late_sources: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::overview::ScopeQuery;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    fn context(zone: &str) -> Context {
        Context::of(Business { zone: zone.to_owned(), ..Business::default() }).unwrap()
    }

    #[track_caller]
    fn assert_compared(zone: &str, query: &ScopeQuery, now: &str, from: &str, to: &str, against: &str) {
        let context = context(zone);
        let scope = query.resolve(context.zone.day_of(at(now))).unwrap();
        assert_eq!(compared(&context, scope, at(now)), [(at(from)..at(to), against.to_owned())]);
    }

    #[test]
    fn a_running_day_is_compared_with_the_same_part_of_last_week() {
        let today = ScopeQuery::default();
        // 10:00 in London, on both sides of the end of summer time.
        assert_compared(
            "Europe/London",
            &today,
            "2026-10-26T10:00:00",
            "2026-10-18T23:00:00",
            "2026-10-19T09:00:00",
            "last Mon",
        );
        assert_compared(
            "Asia/Kolkata",
            &today,
            "2026-11-22T18:30:00",
            "2026-11-15T18:30:00",
            "2026-11-15T18:30:00",
            "last Mon",
        );
        let week = ScopeQuery { period: Some("7d".into()), ..ScopeQuery::default() };
        assert_compared(
            "UTC",
            &week,
            "2026-11-22T12:00:00",
            "2026-11-09T00:00:00",
            "2026-11-15T12:00:00",
            "the 7 days before",
        );
    }

    #[test]
    fn a_running_day_is_compared_with_the_day_and_the_year_before_where_asked() {
        let today = |compare: &str| ScopeQuery { compare: Some(compare.into()), ..ScopeQuery::default() };
        let now = "2026-11-22T12:00:00";
        let (from, to) = ("2026-11-21T00:00:00", "2026-11-21T12:00:00");
        assert_compared("UTC", &today("yesterday"), now, from, to, "the day before");
        // 364 days: a Sunday again.
        assert_compared("UTC", &today("year"), now, "2025-11-23T00:00:00", "2025-11-23T12:00:00", "last year");
        let context = context("UTC");
        let names = |query: &ScopeQuery| -> Vec<String> {
            let scope = query.resolve(context.zone.day_of(at(now))).unwrap();
            compared(&context, scope, at(now)).into_iter().map(|(_, against)| against).collect()
        };
        assert_eq!(names(&today("all")), ["last Sun", "the day before", "last year"]);
        assert_eq!(names(&today("none")), Vec::<String>::new());
        let month = ScopeQuery { period: Some("30d".into()), ..today("all") };
        assert_eq!(names(&month), ["the 30 days before", "last year"]);
    }

    #[test]
    fn a_finished_range_is_compared_whole() {
        let day = ScopeQuery { day: Some("2011-05-12".into()), ..ScopeQuery::default() };
        assert_compared(
            "Europe/London",
            &day,
            "2026-11-22T12:00:00",
            "2011-05-04T23:00:00",
            "2011-05-05T23:00:00",
            "last Thu",
        );
        let range =
            ScopeQuery { from: Some("2011-05-02".into()), to: Some("2011-05-31".into()), ..ScopeQuery::default() };
        assert_compared(
            "Europe/London",
            &range,
            "2026-11-22T12:00:00",
            "2011-04-01T23:00:00",
            "2011-05-01T23:00:00",
            "the 30 days before",
        );
    }
}
