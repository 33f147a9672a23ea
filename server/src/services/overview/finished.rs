//! Days one by one: finished ones as they are kept, today and whatever is not kept from the rows.

use super::{
    measure::Context,
    series::Counted,
    summary::{dirty, is_closed},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    AppError,
    overview::{Basis, TrendTotals},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use store::overview::{self as sums, DayFigures, DayReader, SummaryRow, Visits, Window};

/// What a trend tells of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measures {
    /// By the counting rule asked for, as are the orders and the customers.
    pub revenue: Decimal,
    pub revenue_net: Decimal,
    pub revenue_gross: Decimal,
    pub refunds: Decimal,
    pub orders: i64,
    pub customers: i64,
    pub visits: Visits,
    pub rows_without_rate: i64,
    pub revised: Option<DateTime<Utc>>,
}

impl Measures {
    /// `None` when the kept figures do not have what the rule asks for.
    fn kept(figures: &DayFigures, basis: Basis) -> Option<Self> {
        let (revenue, rows_without_rate) = match basis {
            Basis::Net => (figures.revenue_net, figures.rows_without_rate),
            Basis::Gross => (figures.revenue_gross, figures.sales_without_rate),
            // Customers, visitors and missing rates of orders of whatever status are not kept.
            Basis::All => return None,
        };
        Some(Self {
            revenue,
            revenue_net: figures.revenue_net,
            revenue_gross: figures.revenue_gross,
            refunds: figures.refunds,
            orders: figures.orders,
            customers: figures.active_customers,
            visits: Visits {
                visitors: figures.visitors,
                buyers: figures.buyers_visited,
                not_visited: figures.buyers_not_visited,
            },
            rows_without_rate,
            revised: None,
        })
    }

    pub fn add_to(&self, totals: &mut TrendTotals) {
        totals.revenue += self.revenue;
        totals.revenue_net += self.revenue_net;
        totals.revenue_gross += self.revenue_gross;
        totals.orders += self.orders;
    }
}

/// One entry a day, in the order given. People (customers and visitors) are told apart in the first
/// `with_people` days.
///
/// # Errors
/// When a statement fails.
pub async fn measures(
    connection: &mut PgConnection,
    context: &Context,
    basis: Basis,
    days: &[NaiveDate],
    with_people: usize,
    now: DateTime<Utc>,
) -> Result<Vec<Measures>, AppError> {
    let kept = Kept::read(connection, context, days).await?;
    let mut all = vec![Measures::default(); days.len()];
    let mut direct: Vec<(usize, Window)> = Vec::new();
    for (place, (day, slot)) in days.iter().zip(&mut all).enumerate() {
        match kept.standing(*day, now).and_then(|row| Measures::kept(&row.figures, basis)) {
            Some(measures) => *slot = measures,
            None => direct.push((place, context.zone.day_range(*day))),
        }
    }
    from_rows(connection, context, basis, &direct, with_people, &mut all).await?;
    for (day, slot) in days.iter().zip(&mut all) {
        slot.revised = kept.rows.get(day).and_then(|row| row.revised_at);
    }
    Ok(all)
}

/// The days as they are kept.
pub(super) struct Kept {
    rows: BTreeMap<NaiveDate, SummaryRow>,
    /// Late facts touched them, and they are not summed up anew yet.
    named: BTreeSet<NaiveDate>,
}

impl Kept {
    /// Those from the first to the last of `days`.
    pub(super) async fn read(
        connection: &mut PgConnection,
        context: &Context,
        days: &[NaiveDate],
    ) -> Result<Self, AppError> {
        let rows = match days.iter().min().zip(days.iter().max()) {
            // Days are kept with the sales that turned out to be fraud.
            Some((first, last)) if !context.without_fraud => {
                sums::summary(connection, context.books(), *first, *last).await?
            }
            _ => Vec::new(),
        };
        let named = dirty(connection, context.zone.name(), DayReader::Summary).await?;
        Ok(Self { rows: rows.into_iter().map(|row| (row.day, row)).collect(), named })
    }

    /// The kept row of a day that is over and stands still, and its quarters of an hour with it. Nobody names the
    /// running day when a sale of its past hours comes late, so it is never taken from here.
    pub(super) fn standing(&self, day: NaiveDate, now: DateTime<Utc>) -> Option<&SummaryRow> {
        self.rows.get(&day).filter(|row| self.stands(row, now))
    }

    /// All of them.
    pub(super) fn standing_days(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SummaryRow> {
        self.rows.values().filter(move |row| self.stands(row, now))
    }

    fn stands(&self, row: &SummaryRow, now: DateTime<Utc>) -> bool {
        row.is_final && is_closed(&row.window, now) && !self.named.contains(&row.day)
    }
}

/// Fills the places of `all` that `windows` name.
async fn from_rows(
    connection: &mut PgConnection,
    context: &Context,
    basis: Basis,
    windows: &[(usize, Window)],
    with_people: usize,
    all: &mut [Measures],
) -> Result<(), AppError> {
    if windows.is_empty() {
        return Ok(());
    }
    // Those with people stand first.
    let (people, rest): (Vec<_>, Vec<_>) = windows.iter().cloned().partition(|(place, _)| *place < with_people);
    let met = people.len();
    let (places, windows): (Vec<usize>, Vec<Window>) = people.into_iter().chain(rest).unzip();
    let counted = Counted::read(connection, context, basis, &windows, met).await?;
    let crowded = windows.get(..met).unwrap_or_default();
    let span = crowded.iter().map(|w| w.start).min().zip(crowded.iter().map(|w| w.end).max());
    // A shop without a beacon pays nothing for visitors.
    let visits = match span {
        Some((start, end)) if sums::any_visits(connection, &(start..end)).await? => {
            sums::visits(connection, context.books(), basis.order_set(), crowded).await?
        }
        _ => Vec::new(),
    };
    for (at, place) in places.into_iter().enumerate() {
        let Some(slot) = all.get_mut(place) else { continue };
        let figures = counted.figures(at);
        *slot = Measures {
            revenue: counted.revenue(at, basis),
            revenue_net: figures.net(),
            revenue_gross: figures.gross,
            refunds: figures.refunds,
            orders: counted.orders(at, basis),
            customers: counted.customers(at, basis),
            visits: visits.get(at).copied().unwrap_or_default(),
            rows_without_rate: counted.without_rate(at, basis),
            revised: None,
        };
    }
    Ok(())
}
