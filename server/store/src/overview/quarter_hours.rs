//! Sums of quarters of an hour: `ops.kpi_quarter_hours`, the ground of local hours and of pace.

use super::figures::{Books, Window};
use crate::Result;
use chrono::{DateTime, Utc};
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
