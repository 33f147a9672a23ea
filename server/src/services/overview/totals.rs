//! Sums of all time: finished days as they are kept, the rest from its rows.

use super::{finished::Kept, measure::Context};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::AppError;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use store::overview::{self as sums, Window};

/// Stretches of days that are summed from their rows; with more gaps one reading of everything is cheaper.
const STRETCHES: usize = 40;

/// What everything came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub net: Decimal,
    pub orders: i64,
    pub rows_without_rate: i64,
}

impl Totals {
    fn add(&mut self, figures: &sums::Figures) {
        self.net += figures.net();
        self.orders += figures.orders;
        self.rows_without_rate += figures.sales_without_rate + figures.refunds_without_rate;
    }
}

/// Everything from `first`, the moment of the first fact, to `now`.
///
/// # Errors
/// When a statement fails.
pub async fn totals(
    connection: &mut PgConnection,
    context: &Context,
    first: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Totals, AppError> {
    let (from, today) = (context.zone.day_of(first), context.zone.day_of(now));
    let kept = Kept::read(connection, context, &[from, today]).await?;
    let mut totals = Totals::default();
    let mut known = BTreeSet::new();
    for row in kept.standing_days(now) {
        totals.net += row.figures.revenue_net;
        totals.orders += row.figures.orders;
        totals.rows_without_rate += row.figures.rows_without_rate;
        known.insert(row.day);
    }
    let mut windows = gaps(from, today, &known)
        .into_iter()
        .map(|(from, to)| context.zone.days_range(from, to))
        .map(|window| window.start..window.end.min(now))
        .collect::<Vec<Window>>();
    if windows.len() > STRETCHES {
        totals = Totals::default();
        windows = vec![first..now];
    }
    for figures in sums::figures_with_customers(connection, context.books(), &windows, |_| false).await? {
        totals.add(&figures);
    }
    Ok(totals)
}

/// The days of [`from`, `to`] that are not `known`, as stretches of days that follow one another.
fn gaps(from: NaiveDate, to: NaiveDate, known: &BTreeSet<NaiveDate>) -> Vec<(NaiveDate, NaiveDate)> {
    let mut gaps: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for day in from.iter_days().take_while(|day| *day <= to).filter(|day| !known.contains(day)) {
        match gaps.last_mut() {
            Some((_, last)) if *last + Days::new(1) == day => *last = day,
            _ => gaps.push((day, day)),
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    #[test]
    fn days_that_follow_one_another_are_one_stretch() {
        assert_eq!(gaps(d(1), d(4), &BTreeSet::new()), [(d(1), d(4))]);
        assert_eq!(gaps(d(1), d(6), &BTreeSet::from([d(2), d(3), d(6)])), [(d(1), d(1)), (d(4), d(5))]);
        assert_eq!(gaps(d(1), d(1), &BTreeSet::from([d(1)])), []);
    }
}
