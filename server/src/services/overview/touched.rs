//! Late facts: a writer names the closed days it touches, so that the next run of `kpi_summary` computes them anew.

use super::measure::Context;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::AppError;
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashSet};
use store::overview as sums;
use uuid::Uuid;

/// Every zone's day begins with a quarter of an hour, so the moments of one quarter are of one day.
const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// Names the closed days of `moments`, in the caller's transaction. Today is never named: it is computed
/// every minute, and sales would meet on its row.
///
/// # Errors
/// When a statement fails.
pub async fn name_closed_days(
    connection: &mut PgConnection,
    moments: impl IntoIterator<Item = DateTime<Utc>> + Send,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let quarters: HashSet<i64> =
        moments.into_iter().map(|at| at.timestamp().div_euclid(QUARTER.num_seconds())).collect();
    if quarters.is_empty() {
        return Ok(());
    }
    let context = Context::read(connection).await?;
    let today = context.zone.day_of(now);
    let days: BTreeSet<NaiveDate> = quarters
        .into_iter()
        .filter_map(|quarter| DateTime::from_timestamp(quarter * QUARTER.num_seconds(), 0))
        .map(|at| context.zone.day_of(at))
        .filter(|day| *day < today)
        .collect();
    if !days.is_empty() {
        let days: Vec<NaiveDate> = days.into_iter().collect();
        sums::name_days(connection, &days, context.zone.name(), now).await?;
    }
    Ok(())
}

/// As [`name_closed_days`], for the days on which `sales` stand; to be asked before and after a change that moves them.
///
/// # Errors
/// When a statement fails.
pub async fn name_days_of_sales(
    connection: &mut PgConnection,
    sales: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    if sales.is_empty() {
        return Ok(());
    }
    let moments = sums::moments_of_sales(connection, sales).await?;
    name_closed_days(connection, moments, now).await
}
