//! Usual amounts: what a large line of a category and a large first order are.

use crate::{
    Result,
    overview::{Books, Window},
};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

/// Days of lines and of first orders that are looked at.
pub const LINE_DAYS: u64 = 90;
pub const FIRST_ORDER_DAYS: u64 = 365;

/// Sums up what was usual before `day`: lines of `lines`, first orders of `first`, which end together; answers the
/// scopes written. A second run of the same day writes it anew.
///
/// # Errors
/// When the statement fails.
pub async fn sum_up(
    connection: &mut PgConnection,
    books: Books<'_>,
    day: NaiveDate,
    lines: &Window,
    first: &Window,
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query_file!(
        "src/fraud/amounts.sql",
        day,
        lines.start,
        first.start,
        lines.end,
        books.currency.as_str(),
        books.zone,
        now
    );
    Ok(done.execute(connection).await?.rows_affected())
}
