//! Sums of quarters of an hour: `ops.kpi_quarter_hours`, the ground of local hours and of pace.

use super::figures::{Books, Window};
use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// One quarter of an hour that has a fact; amounts in base currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarterHour {
    pub start: DateTime<Utc>,
    pub revenue_net: Decimal,
    pub revenue_gross: Decimal,
    pub refunds: Decimal,
    pub orders: i64,
}

/// Sums up the quarters of `window`, which begins and ends with one; answers how many changed.
///
/// # Errors
/// When the statement fails.
pub async fn sum_up_quarter_hours(
    connection: &mut PgConnection,
    books: Books<'_>,
    window: &Window,
    at: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_file_scalar!(
        "src/overview/quarter_hours.sql",
        window.start,
        window.end,
        books.currency.as_str(),
        books.zone,
        at
    )
    .fetch_one(connection)
    .await?)
}

/// The kept quarters of `window` in order.
///
/// # Errors
/// When the statement fails.
pub async fn quarter_hours(
    connection: &mut PgConnection,
    books: Books<'_>,
    window: &Window,
) -> Result<Vec<QuarterHour>> {
    Ok(sqlx::query_as!(
        QuarterHour,
        "select bucket_start as start, revenue_net, revenue_gross, refunds, orders from ops.kpi_quarter_hours
         where bucket_start >= $1 and bucket_start < $2 and currency = $3 order by bucket_start",
        window.start,
        window.end,
        books.currency.as_str()
    )
    .fetch_all(connection)
    .await?)
}

/// A quarter of an hour of an earlier day; a day without one has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierQuarter {
    pub day: NaiveDate,
    pub day_start: DateTime<Utc>,
    pub quarter: QuarterHour,
}

/// The quarters of the latest `limit` of `days` that are summed up and have orders, the latest day first.
///
/// # Errors
/// When the statement fails.
pub async fn earlier_quarters(
    connection: &mut PgConnection,
    books: Books<'_>,
    days: &[NaiveDate],
    limit: i64,
) -> Result<Vec<EarlierQuarter>> {
    let rows = sqlx::query!(
        "select d.day, d.day_start, q.bucket_start, q.revenue_net, q.revenue_gross, q.refunds, q.orders
         from (select day, day_start, day_end from ops.kpi_summary
               where day = any($1) and zone = $2 and currency = $3 and is_final and orders > 0
               order by day desc limit $4) d
         join ops.kpi_quarter_hours q on q.bucket_start >= d.day_start and q.bucket_start < d.day_end and q.currency = $3
         order by d.day desc, q.bucket_start",
        days,
        books.zone,
        books.currency.as_str(),
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| EarlierQuarter {
            day: r.day,
            day_start: r.day_start,
            quarter: QuarterHour {
                start: r.bucket_start,
                revenue_net: r.revenue_net,
                revenue_gross: r.revenue_gross,
                refunds: r.refunds,
                orders: r.orders,
            },
        })
        .collect())
}
