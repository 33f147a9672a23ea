//! `ops.kpi_targets`.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::TargetId,
    overview::{MetricKey, NewTarget, Target, TargetPeriod},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// Name of the rule that a figure has one target a period and first day.
pub const ONE_A_DAY: &str = "kpi_targets_one_a_day";

struct Row {
    id: Uuid,
    metric_key: String,
    period: String,
    valid_from: NaiveDate,
    until: Option<NaiveDate>,
    value: Decimal,
    currency: Option<String>,
    note: String,
    created_by: String,
    version: i32,
}

impl Row {
    /// `None` for a figure that this release does not know.
    fn read(self) -> Option<Target> {
        Some(Target {
            id: TargetId(self.id),
            metric: MetricKey::parse(&self.metric_key)?,
            period: TargetPeriod::parse(&self.period)?,
            valid_from: self.valid_from,
            until: self.until,
            value: self.value.normalize(),
            currency: self.currency.and_then(|code| code.parse().ok()),
            note: self.note,
            created_by: self.created_by,
            version: self.version,
        })
    }
}

/// Every target, by figure and period, the latest first.
///
/// # Errors
/// When the statement fails.
pub async fn targets(connection: &mut PgConnection) -> Result<Vec<Target>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, metric_key, period, valid_from,
                  lead(valid_from) over (partition by metric_key, period order by valid_from) as until,
                  value, currency::text as currency, note, created_by, version
           from ops.kpi_targets order by metric_key, period, valid_from desc"#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().filter_map(Row::read).collect())
}

/// The target that counts on `day`: value, and currency of an amount.
///
/// # Errors
/// When the statement fails.
pub async fn target_on(
    connection: &mut PgConnection,
    metric: MetricKey,
    period: TargetPeriod,
    day: NaiveDate,
) -> Result<Option<(Decimal, Option<String>)>> {
    let row = sqlx::query!(
        "select value, currency::text as currency from ops.kpi_targets
         where metric_key = $1 and period = $2 and valid_from <= $3 order by valid_from desc limit 1",
        metric.as_str(),
        period.as_str(),
        day
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.value, row.currency)))
}

/// Writes a new target.
///
/// # Errors
/// When the statement fails; a violation of [`ONE_A_DAY`] when there is one already.
pub async fn insert_target(
    connection: &mut PgConnection,
    id: Uuid,
    target: &NewTarget,
    currency: Option<&str>,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.kpi_targets (id, metric_key, period, valid_from, value, currency, note, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        id,
        target.metric.as_str(),
        target.period.as_str(),
        target.valid_from,
        target.value,
        currency,
        target.note,
        by,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Changes the target of the same figure, period and first day if it still has `version`.
///
/// # Errors
/// When the statement fails.
pub async fn change_target(
    connection: &mut PgConnection,
    target: &NewTarget,
    version: i32,
    currency: Option<&str>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update ops.kpi_targets set value = $5, currency = $6, note = $7, version = version + 1, updated_at = $8
         where metric_key = $1 and period = $2 and valid_from = $3 and version = $4",
        target.metric.as_str(),
        target.period.as_str(),
        target.valid_from,
        version,
        target.value,
        currency,
        target.note,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether there was one.
///
/// # Errors
/// When the statement fails.
pub async fn delete_target(connection: &mut PgConnection, id: TargetId) -> Result<bool> {
    let done = sqlx::query!("delete from ops.kpi_targets where id = $1", id.0).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}
