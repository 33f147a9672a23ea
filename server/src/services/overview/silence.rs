//! Days of which nothing arrived (`overview.md` 3.4): what they show is unknown, not 0.

use super::measure::Context;
use chrono::NaiveDate;
use domain::{AppError, ingest::Target};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use store::{ingest::arrivals, overview::Window};

/// Those of `days` for which files of `target` were expected and nothing of it arrived by whatever way.
///
/// # Errors
/// When a statement fails.
pub async fn silent_days(
    connection: &mut PgConnection,
    context: &Context,
    target: Target,
    days: &[NaiveDate],
) -> Result<BTreeSet<NaiveDate>, AppError> {
    if days.is_empty() {
        return Ok(BTreeSet::new());
    }
    let Some(interval) = arrivals::interval(connection, target).await? else { return Ok(BTreeSet::new()) };
    // Before the first file nothing was expected; a date that the zone skipped has no time to arrive in.
    let windows: Vec<(NaiveDate, Window)> = days
        .iter()
        .map(|day| (*day, context.zone.day_range(*day)))
        .filter(|(_, window)| window.end > interval.since && window.start < window.end)
        .collect();
    let asked: Vec<Window> = windows.iter().map(|(_, window)| window.clone()).collect();
    let arrived = arrivals::arrived(connection, target, &asked).await?;
    Ok(windows.into_iter().zip(arrived).filter(|(_, arrived)| !arrived).map(|((day, _), _)| day).collect())
}
