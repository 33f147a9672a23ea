//! Figures in a row: by local hour, by day, and the trend.

use super::{
    finished::{self, Measures},
    measure::Context,
    summary::hours,
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    AppError, format,
    freshness::Freshness,
    overview::{
        Badge, Bar, Bars, Basis, DayRange, Progress, Scope, Trend, TrendDay, TrendRequest, TrendTotals, rate_percent,
    },
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
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

/// Revenue of the scope: by local hour for one day, by day for more.
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
    let (windows, labels): (Vec<Window>, Vec<String>) = if by_hour {
        context.zone.hours_of(scope.days.from).into_iter().map(|h| (h.start..h.end, h.label)).unzip()
    } else {
        scope.days.iter().map(|day| (context.zone.day_range(day), format::date(day))).unzip()
    };
    let counted = Counted::read(connection, context, scope.basis, &windows, 0).await?;
    let items = windows
        .iter()
        .zip(labels)
        .enumerate()
        .map(|(at, (window, label))| Bar {
            label,
            start: context.zone.local(window.start),
            end: context.zone.local(window.end),
            revenue: counted.revenue(at, scope.basis),
            revenue_net: counted.figures(at).net().normalize(),
            orders: counted.orders(at, scope.basis),
            progress: progress(window, now),
        })
        .collect();
    Ok(Bars {
        by_hour,
        items,
        basis: scope.basis,
        currency: context.business.base_currency,
        zone: context.zone.name().to_owned(),
        rows_without_rate: (0..windows.len()).map(|at| counted.without_rate(at, scope.basis)).sum(),
        computed_at: context.zone.local(now),
        age_seconds: 0,
        freshness: Freshness::default(),
    })
}

/// Exactly the days asked for, and the totals of as many days before.
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
    let measures = finished::measures(connection, context, asked.basis, &days, n, now).await?;
    let whole = context.zone.days_range(asked.days.from, asked.days.to);
    let badge = if sums::demo_rows(connection, &whole).await? { Badge::Demo } else { Badge::Live };
    let (current, before) = measures.split_at_checked(n).unwrap_or((&measures, &[]));
    let mut items: Vec<TrendDay> =
        days.iter().zip(current).map(|(day, measures)| trend_day(context, *day, measures, now)).collect();
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
        hours: hours(&window).normalize(),
        revenue: measures.revenue.normalize(),
        revenue_net: measures.revenue_net.normalize(),
        revenue_gross: measures.revenue_gross.normalize(),
        refunds: measures.refunds.normalize(),
        orders: measures.orders,
        active_customers: measures.customers,
        visitors: measures.visits.visitors,
        conversion: rate_percent(measures.visits.buyers, measures.visits.visitors),
        partial: progress(&window, now) == Progress::Running,
        revised: measures.revised.map(|at| context.zone.local(at)),
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

/// The trend under the charts of a page: 30 days ending with the scope, oldest first.
#[must_use]
pub fn page_trend(scope: Scope) -> TrendRequest {
    TrendRequest {
        days: DayRange { from: scope.days.to - Days::new(29), to: scope.days.to },
        newest_first: false,
        basis: scope.basis,
    }
}
