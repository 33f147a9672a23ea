//! Local hours of a day: a finished day's from its kept quarters of an hour, the running day's and whatever is not
//! kept from the rows.

use super::{finished::Kept, measure::Context, series::Counted};
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use domain::{AppError, overview::Basis};
use engine::calendar::HourBucket;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use store::overview::{self as sums, QuarterHour, SummaryRow, Window};

/// Length of a kept quarter of an hour.
const QUARTER_SECONDS: i64 = 15 * 60;

/// What came in within a local hour, by the counting rule asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    pub bucket: HourBucket,
    pub revenue: Decimal,
    pub revenue_net: Decimal,
    pub orders: i64,
}

/// The local hours of a day in order; none where the zone skipped the date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    pub hours: Vec<Hour>,
    pub rows_without_rate: i64,
}

/// One entry a day, in the order given.
///
/// # Errors
/// When a statement fails.
pub async fn hours(
    connection: &mut PgConnection,
    context: &Context,
    basis: Basis,
    days: &[NaiveDate],
    now: DateTime<Utc>,
) -> Result<Vec<Hours>, AppError> {
    let kept = Kept::read(connection, context, days).await?;
    let mut all = Vec::with_capacity(days.len());
    for day in days {
        let buckets = context.zone.hours_of(*day);
        // Orders of whatever status are not kept by quarters; the rest is by those of UTC.
        let row = kept.standing(*day, now).filter(|_| basis != Basis::All && buckets.iter().all(begins_with_a_quarter));
        all.push(match row {
            Some(row) => from_quarters(connection, context, basis, buckets, row).await?,
            None => from_rows(connection, context, basis, buckets).await?,
        });
    }
    Ok(all)
}

fn begins_with_a_quarter(hour: &HourBucket) -> bool {
    [hour.start, hour.end].iter().all(|at| at.timestamp() % QUARTER_SECONDS == 0)
}

async fn from_quarters(
    connection: &mut PgConnection,
    context: &Context,
    basis: Basis,
    buckets: Vec<HourBucket>,
    row: &SummaryRow,
) -> Result<Hours, AppError> {
    let quarters = sums::quarter_hours(connection, context.books(), &row.window).await?;
    let hour = |bucket: HourBucket| {
        let within = || quarters.iter().filter(|q| bucket.start <= q.start && q.start < bucket.end);
        let sum = |of: fn(&QuarterHour) -> Decimal| within().map(of).sum::<Decimal>().normalize();
        let revenue_net = sum(|q| q.revenue_net);
        let revenue = if basis == Basis::Gross { sum(|q| q.revenue_gross) } else { revenue_net };
        Hour { revenue, revenue_net, orders: within().map(|q| q.orders).sum(), bucket }
    };
    let rows_without_rate = match basis {
        Basis::Gross => row.figures.sales_without_rate,
        Basis::Net | Basis::All => row.figures.rows_without_rate,
    };
    Ok(Hours { hours: buckets.into_iter().map(hour).collect(), rows_without_rate })
}

async fn from_rows(
    connection: &mut PgConnection,
    context: &Context,
    basis: Basis,
    buckets: Vec<HourBucket>,
) -> Result<Hours, AppError> {
    let windows: Vec<Window> = buckets.iter().map(|hour| hour.start..hour.end).collect();
    let counted = Counted::read(connection, context, basis, &windows, 0).await?;
    let rows_without_rate = (0..windows.len()).map(|at| counted.without_rate(at, basis)).sum();
    let hours = buckets.into_iter().enumerate().map(|(at, bucket)| Hour {
        bucket,
        revenue: counted.revenue(at, basis),
        revenue_net: counted.figures(at).net().normalize(),
        orders: counted.orders(at, basis),
    });
    Ok(Hours { hours: hours.collect(), rows_without_rate })
}

/// What stood at each of `hours` on an earlier day: the same local hour, of a doubled one the same pass. What has
/// no such hour here goes to the hour before it, so that nothing of the earlier day is lost.
#[must_use]
pub fn counterparts(hours: &[Hour], earlier: &[Hour]) -> Vec<Option<(Decimal, i64)>> {
    let of = |hour: &Hour| hour.bucket.start.with_timezone(&hour.bucket.offset).hour();
    let mut found: Vec<Option<(Decimal, i64)>> = vec![None; hours.len()];
    for (at, hour) in earlier.iter().enumerate() {
        let pass = earlier.iter().take(at).filter(|other| of(other) == of(hour)).count();
        let same: Vec<usize> = places(hours, |other| of(other) == of(hour));
        let before = || places(hours, |other| of(other) < of(hour)).last().copied().unwrap_or(0);
        let place = same.get(pass).or(same.last()).copied().unwrap_or_else(before);
        if let Some(slot) = found.get_mut(place) {
            let (revenue, orders) = slot.unwrap_or_default();
            *slot = Some((revenue + hour.revenue, orders + hour.orders));
        }
    }
    found
}

fn places(hours: &[Hour], wanted: impl Fn(&Hour) -> bool) -> Vec<usize> {
    hours.iter().enumerate().filter(|(_, hour)| wanted(hour)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::calendar::BusinessZone;

    /// The hours of a day, the n-th with a revenue of n + 1.
    fn day(zone: &str, day: &str) -> Vec<Hour> {
        let buckets = BusinessZone::parse(zone).unwrap().hours_of(day.parse().unwrap());
        let hour =
            |(bucket, n): (HourBucket, i64)| Hour { bucket, revenue: n.into(), revenue_net: n.into(), orders: n };
        buckets.into_iter().zip(1..).map(hour).collect()
    }

    fn orders(zone: &str, of: &str, before: &str) -> Vec<Option<i64>> {
        counterparts(&day(zone, of), &day(zone, before)).into_iter().map(|found| found.map(|(_, n)| n)).collect()
    }

    #[test]
    fn an_hour_stands_beside_the_same_local_hour() {
        let plain = orders("Europe/London", "2026-11-22", "2026-11-15");
        assert_eq!(plain, (1..=24).map(Some).collect::<Vec<_>>());
        // A long day beside one of 24 hours: the second pass has nothing to stand beside.
        let long = orders("America/New_York", "2026-11-01", "2026-10-25");
        assert_eq!(long[..4], [Some(1), Some(2), None, Some(3)]);
        // The week after: both passes stand at the one hour.
        let after = orders("America/New_York", "2026-11-08", "2026-11-01");
        assert_eq!((after.len(), &after[..3]), (24, [Some(1), Some(2 + 3), Some(4)].as_slice()));
        // A day without 02:00 beside one that has it, and the other way round.
        let short = orders("America/New_York", "2026-03-08", "2026-03-01");
        assert_eq!((short.len(), &short[..3]), (23, [Some(1), Some(2 + 3), Some(4)].as_slice()));
        assert_eq!(orders("America/New_York", "2026-03-15", "2026-03-08")[..4], [Some(1), Some(2), None, Some(3)]);
        assert!(orders("Pacific/Apia", "2011-12-30", "2011-12-23").is_empty());
    }

    #[test]
    fn nothing_of_the_earlier_day_is_lost() {
        for (zone, of) in [
            ("Australia/Lord_Howe", "2026-10-04"),
            ("Australia/Lord_Howe", "2026-10-11"),
            ("Australia/Lord_Howe", "2026-04-05"),
            ("Africa/Cairo", "2026-04-24"),
            ("Africa/Cairo", "2026-05-01"),
            ("America/New_York", "2026-03-08"),
            ("America/St_Johns", "2006-10-29"),
            ("Asia/Kathmandu", "2026-11-22"),
        ] {
            let (hours, earlier) = (day(zone, of), day(zone, &week_before(of)));
            let sum: i64 = counterparts(&hours, &earlier).into_iter().flatten().map(|(_, n)| n).sum();
            assert_eq!(sum, earlier.iter().map(|hour| hour.orders).sum::<i64>(), "{zone} {of}");
        }
    }

    fn week_before(of: &str) -> String {
        (of.parse::<NaiveDate>().unwrap() - chrono::Days::new(7)).to_string()
    }
}
