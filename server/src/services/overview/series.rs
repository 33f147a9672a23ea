//! Figures in a row: by local hour, by day, and the trend.

use super::{
    finished::{self, Measures},
    hours::{self, Hours, counterparts},
    measure::{Context, badge, days_back},
    silence::silent_days,
    summary,
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    AppError, format,
    freshness::Freshness,
    ingest::Target,
    overview::{
        Bar, Bars, Basis, Compare, Counterpart, DayRange, Progress, Scope, Trend, TrendDay, TrendRequest, TrendTotals,
        rate_percent,
    },
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use store::overview::{self as sums, AllOrders, Figures, Window};

/// Sums of some windows under a counting rule.
pub(super) struct Counted {
    figures: Vec<Figures>,
    /// Empty unless the rule is "all orders".
    all: Vec<AllOrders>,
}

impl Counted {
    /// Customers are told apart in the first `with_customers` windows.
    pub(super) async fn read(
        connection: &mut PgConnection,
        context: &Context,
        basis: Basis,
        windows: &[Window],
        with_customers: usize,
    ) -> Result<Self, AppError> {
        let figures =
            sums::figures_with_customers(connection, context.books(), windows, |place| place < with_customers).await?;
        let all = match basis {
            Basis::All => sums::all_orders(connection, context.books(), windows).await?,
            Basis::Net | Basis::Gross => Vec::new(),
        };
        Ok(Self { figures, all })
    }

    pub(super) fn figures(&self, at: usize) -> Figures {
        self.figures.get(at).copied().unwrap_or_default()
    }

    fn all(&self, at: usize) -> AllOrders {
        self.all.get(at).copied().unwrap_or_default()
    }

    pub(super) fn revenue(&self, at: usize, basis: Basis) -> Decimal {
        match basis {
            Basis::Net => self.figures(at).net(),
            Basis::Gross => self.figures(at).gross,
            Basis::All => self.all(at).amount,
        }
        .normalize()
    }

    pub(super) fn orders(&self, at: usize, basis: Basis) -> i64 {
        if basis == Basis::All { self.all(at).orders } else { self.figures(at).orders }
    }

    pub(super) fn customers(&self, at: usize, basis: Basis) -> i64 {
        if basis == Basis::All { self.all(at).customers } else { self.figures(at).customers }
    }

    pub(super) fn without_rate(&self, at: usize, basis: Basis) -> i64 {
        let f = self.figures(at);
        match basis {
            Basis::Net => f.sales_without_rate + f.refunds_without_rate,
            Basis::Gross => f.sales_without_rate,
            Basis::All => self.all(at).without_rate,
        }
    }
}

fn progress(window: &Window, now: DateTime<Utc>) -> Progress {
    if now >= window.end {
        Progress::Done
    } else if now >= window.start {
        Progress::Running
    } else {
        Progress::Ahead
    }
}

/// A bar's place, what came in there, and what the period compared with has at that place.
struct Slot {
    label: String,
    window: Window,
    revenue: Decimal,
    revenue_net: Decimal,
    orders: i64,
    before: Option<(Decimal, i64)>,
    no_data: bool,
}

/// Revenue of the scope: by local hour for one day, by day for more; beside it the whole period before.
///
/// # Errors
/// When a statement fails.
pub async fn bars(
    connection: &mut PgConnection,
    context: &Context,
    scope: Scope,
    now: DateTime<Utc>,
) -> Result<Bars, AppError> {
    let by_hour = scope.is_one_day();
    let compared = (scope.compare != Compare::None).then(|| days_back(scope, scope.compare));
    let back = compared.as_ref().map(|(days, _)| Days::new(*days));
    let (slots, rows_without_rate) = if by_hour {
        slots_by_hour(connection, context, scope, back, now).await?
    } else {
        slots_by_day(connection, context, scope, back, now).await?
    };
    let items = slots.into_iter().map(|slot| Bar {
        label: slot.label,
        start: context.zone.local(slot.window.start),
        end: context.zone.local(slot.window.end),
        revenue: slot.revenue.normalize(),
        revenue_net: slot.revenue_net.normalize(),
        orders: slot.orders,
        revenue_before: slot.before.map(|(revenue, _)| revenue.normalize()),
        orders_before: slot.before.map(|(_, orders)| orders),
        progress: progress(&slot.window, now),
        no_data: slot.no_data,
    });
    let before = |back| context.span(&context.zone.days_range(scope.days.from - back, scope.days.to - back));
    Ok(Bars {
        by_hour,
        items: items.collect(),
        range_before: back.map(before),
        against: compared.map(|(_, against)| against),
        basis: scope.basis,
        currency: context.business.base_currency,
        zone: context.zone.name().to_owned(),
        rows_without_rate,
        computed_at: context.zone.local(now),
        age_seconds: 0,
        freshness: Freshness::default(),
    })
}

async fn slots_by_hour(
    connection: &mut PgConnection,
    context: &Context,
    scope: Scope,
    back: Option<Days>,
    now: DateTime<Utc>,
) -> Result<(Vec<Slot>, i64), AppError> {
    let day = scope.days.from;
    let days: Vec<NaiveDate> = std::iter::once(day).chain(back.map(|back| day - back)).collect();
    let mut found = hours::hours(connection, context, scope.basis, &days, now).await?.into_iter();
    let Hours { hours, rows_without_rate } = found.next().unwrap_or_default();
    let earlier = found.next().map(|day| day.hours).unwrap_or_default();
    let before = counterparts(&hours, &earlier);
    let slots = hours.into_iter().zip(before).map(|(hour, before)| Slot {
        label: hour.bucket.label,
        window: hour.bucket.start..hour.bucket.end,
        revenue: hour.revenue,
        revenue_net: hour.revenue_net,
        orders: hour.orders,
        before,
        no_data: false,
    });
    Ok((slots.collect(), rows_without_rate))
}

async fn slots_by_day(
    connection: &mut PgConnection,
    context: &Context,
    scope: Scope,
    back: Option<Days>,
    now: DateTime<Utc>,
) -> Result<(Vec<Slot>, i64), AppError> {
    let days: Vec<NaiveDate> = scope.days.iter().collect();
    let earlier: Vec<NaiveDate> = back.into_iter().flat_map(|back| days.iter().map(move |day| *day - back)).collect();
    let asked: Vec<NaiveDate> = days.iter().chain(&earlier).copied().collect();
    let measures = finished::measures(connection, context, scope.basis, &asked, 0, now).await?;
    let (current, before) = measures.split_at_checked(days.len()).unwrap_or((&measures, &[]));
    let silent = silent_of(connection, context, Target::SalesTransactions, &days, current, now).await?;
    let slots = days.iter().zip(current).enumerate().map(|(at, (day, measures))| Slot {
        label: format::date(*day),
        window: context.zone.day_range(*day),
        revenue: measures.revenue,
        revenue_net: measures.revenue_net,
        orders: measures.orders,
        before: before.get(at).map(|before| (before.revenue, before.orders)),
        no_data: silent.contains(day),
    });
    Ok((slots.collect(), current.iter().map(|day| day.rows_without_rate).sum()))
}

/// Exactly the days asked for, each with its counterpart of as many days before, and the totals of both.
///
/// # Errors
/// When a statement fails.
pub async fn trend(
    connection: &mut PgConnection,
    context: &Context,
    asked: TrendRequest,
    now: DateTime<Utc>,
) -> Result<Trend, AppError> {
    let n = usize::try_from(asked.days.days()).unwrap_or(0);
    let days: Vec<NaiveDate> = asked.days.iter().chain(asked.days.before().iter()).collect();
    let measures = finished::measures(connection, context, asked.basis, &days, days.len(), now).await?;
    let whole = context.zone.days_range(asked.days.from, asked.days.to);
    let badge = badge(connection, &whole).await?;
    let (current, before) = measures.split_at_checked(n).unwrap_or((&measures, &[]));
    let sales = silent_of(connection, context, Target::SalesTransactions, &days, current, now).await?;
    let visits = silent_of(connection, context, Target::Visits, &days, current, now).await?;
    let earlier = asked.days.before().iter().zip(before).map(|(day, measures)| counterpart(day, measures));
    let mut items: Vec<TrendDay> = days
        .iter()
        .zip(current)
        .zip(earlier)
        .map(|((day, measures), before)| TrendDay {
            before: Some(before),
            no_sales_data: sales.contains(day),
            no_visits_data: visits.contains(day),
            ..trend_day(context, *day, measures, now)
        })
        .collect();
    if asked.newest_first {
        items.reverse();
    }
    Ok(Trend {
        items,
        totals: totals(current),
        before: totals(before),
        basis: asked.basis,
        currency: context.business.base_currency,
        zone: context.zone.name().to_owned(),
        rows_without_rate: current.iter().map(|day| day.rows_without_rate).sum(),
        computed_at: context.zone.local(now),
        age_seconds: 0,
        freshness: Freshness::default(),
        badge,
    })
}

fn trend_day(context: &Context, day: NaiveDate, measures: &Measures, now: DateTime<Utc>) -> TrendDay {
    let window = context.zone.day_range(day);
    TrendDay {
        day,
        hours: summary::hours(&window).normalize(),
        revenue: measures.revenue.normalize(),
        revenue_net: measures.revenue_net.normalize(),
        revenue_gross: measures.revenue_gross.normalize(),
        refunds: measures.refunds.normalize(),
        orders: measures.orders,
        active_customers: measures.customers,
        visitors: measures.visits.visitors,
        conversion: rate_percent(measures.visits.buyers, measures.visits.visitors),
        partial: progress(&window, now) == Progress::Running,
        no_sales_data: false,
        no_visits_data: false,
        revised: measures.revised.map(|at| context.zone.local(at)),
        before: None,
    }
}

/// Days of `measures` that are over and without a figure of `target`, and for which nothing of it arrived.
async fn silent_of(
    connection: &mut PgConnection,
    context: &Context,
    target: Target,
    days: &[NaiveDate],
    measures: &[Measures],
    now: DateTime<Utc>,
) -> Result<BTreeSet<NaiveDate>, AppError> {
    let is_empty = |of: &Measures| match target {
        Target::SalesTransactions => of.orders == 0 && of.revenue_gross.is_zero() && of.refunds.is_zero(),
        Target::Visits => of.visits.visitors == 0,
    };
    let over = |day: &NaiveDate| now >= context.zone.day_range(*day).end;
    let empty = days.iter().zip(measures).filter(|(day, of)| is_empty(of) && over(day)).map(|(day, _)| *day);
    silent_days(connection, context, target, &empty.collect::<Vec<_>>()).await
}

fn counterpart(day: NaiveDate, measures: &Measures) -> Counterpart {
    Counterpart {
        day,
        revenue: measures.revenue.normalize(),
        orders: measures.orders,
        active_customers: measures.customers,
        visitors: measures.visits.visitors,
    }
}

fn totals(days: &[Measures]) -> TrendTotals {
    let mut totals = TrendTotals::default();
    for day in days {
        day.add_to(&mut totals);
    }
    TrendTotals {
        revenue: totals.revenue.normalize(),
        revenue_net: totals.revenue_net.normalize(),
        revenue_gross: totals.revenue_gross.normalize(),
        orders: totals.orders,
    }
}

/// The trend under the charts of a page: the days chosen ending with the scope, oldest first.
#[must_use]
pub fn page_trend(scope: Scope) -> TrendRequest {
    TrendRequest {
        days: DayRange::ending(scope.days.to, scope.trend_days.into()),
        newest_first: false,
        basis: scope.basis,
        clean: scope.clean,
    }
}
