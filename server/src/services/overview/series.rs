//! Figures in a row: by local hour, by day, and the trend.

use super::measure::Context;
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
use store::overview::{self as sums, AllOrders, Figures, Visits, Window};

/// Sums of some windows under a counting rule.
struct Counted {
    figures: Vec<Figures>,
    /// Empty unless the rule is "all orders".
    all: Vec<AllOrders>,
}

impl Counted {
    /// Customers are told apart in the first `with_customers` windows.
    async fn read(
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

    fn figures(&self, at: usize) -> Figures {
        self.figures.get(at).copied().unwrap_or_default()
    }

    fn all(&self, at: usize) -> AllOrders {
        self.all.get(at).copied().unwrap_or_default()
    }

    fn revenue(&self, at: usize, basis: Basis) -> Decimal {
        match basis {
            Basis::Net => self.figures(at).net(),
            Basis::Gross => self.figures(at).gross,
            Basis::All => self.all(at).amount,
        }
        .normalize()
    }

    fn orders(&self, at: usize, basis: Basis) -> i64 {
        if basis == Basis::All { self.all(at).orders } else { self.figures(at).orders }
    }

    fn customers(&self, at: usize, basis: Basis) -> i64 {
        if basis == Basis::All { self.all(at).customers } else { self.figures(at).customers }
    }

    fn without_rate(&self, at: usize, basis: Basis) -> i64 {
        let f = self.figures(at);
        match basis {
            Basis::Net => f.sales_without_rate + f.refunds_without_rate,
            Basis::Gross => f.sales_without_rate,
            Basis::All => self.all(at).without_rate,
        }
    }

    fn totals(&self, at: usize, basis: Basis) -> TrendTotals {
        let f = self.figures(at);
        TrendTotals {
            revenue: self.revenue(at, basis),
            revenue_net: f.net().normalize(),
            revenue_gross: f.gross.normalize(),
            orders: self.orders(at, basis),
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
    let days: Vec<NaiveDate> = asked.days.iter().collect();
    let n = days.len();
    let whole = |range: DayRange| context.zone.days_range(range.from, range.to);
    let mut windows: Vec<Window> = days.iter().map(|day| context.zone.day_range(*day)).collect();
    windows.extend([whole(asked.days), whole(asked.days.before())]);
    let counted = Counted::read(connection, context, asked.basis, &windows, n).await?;
    // A shop without a beacon pays nothing for visitors.
    let visits = if sums::any_visits(connection, &whole(asked.days)).await? {
        sums::visits(connection, context.zone.name(), asked.basis.order_set(), windows.get(..n).unwrap_or_default())
            .await?
    } else {
        vec![Visits::default(); n]
    };
    let badge = if sums::demo_rows(connection, &whole(asked.days)).await? { Badge::Demo } else { Badge::Live };
    let mut items: Vec<TrendDay> = days
        .iter()
        .zip(&windows)
        .zip(visits)
        .enumerate()
        .map(|(at, ((day, window), visits))| {
            let figures = counted.figures(at);
            TrendDay {
                day: *day,
                hours: (Decimal::from((window.end - window.start).num_seconds()) / Decimal::from(3_600))
                    .round_dp(2)
                    .normalize(),
                revenue: counted.revenue(at, asked.basis),
                revenue_net: figures.net().normalize(),
                revenue_gross: figures.gross.normalize(),
                refunds: figures.refunds.normalize(),
                orders: counted.orders(at, asked.basis),
                active_customers: counted.customers(at, asked.basis),
                visitors: visits.visitors,
                conversion: rate_percent(visits.buyers, visits.visitors),
                partial: progress(window, now) == Progress::Running,
            }
        })
        .collect();
    if asked.newest_first {
        items.reverse();
    }
    Ok(Trend {
        items,
        totals: counted.totals(n, asked.basis),
        before: counted.totals(n + 1, asked.basis),
        basis: asked.basis,
        currency: context.business.base_currency,
        zone: context.zone.name().to_owned(),
        rows_without_rate: counted.without_rate(n, asked.basis),
        computed_at: context.zone.local(now),
        age_seconds: 0,
        freshness: Freshness::default(),
        badge,
    })
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
