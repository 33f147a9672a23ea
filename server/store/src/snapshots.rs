//! Every value a figure had (`ops.kpi_snapshots`): what a receipt points to, and how a day went.

use crate::Result;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A value to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub id: Uuid,
    /// What it was asked by, as a JSON object in a fixed order of names.
    pub scope: String,
    /// `{"value": …, "currency": …}`.
    pub value: String,
    pub row_count: i64,
    pub data_until: DateTime<Utc>,
}

/// A value as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub id: Uuid,
    pub value: Option<Decimal>,
    pub row_count: i64,
    pub computed_at: DateTime<Utc>,
}

/// Adds a value.
///
/// # Errors
/// When the statement fails.
pub async fn add(
    connection: &mut PgConnection,
    metric: &str,
    computed_at: DateTime<Utc>,
    snapshot: &Snapshot,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.kpi_snapshots (id, metric_key, scope_hash, scope, value, row_count, data_until, computed_at)
         values ($1, $2, sha256(convert_to($3::text, 'UTF8')), $3::text::jsonb, $4::text::jsonb, $5, $6, $7)",
        snapshot.id,
        metric,
        snapshot.scope,
        snapshot.value,
        snapshot.row_count,
        snapshot.data_until,
        computed_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The value with that number, if it is one of `metric` whose scope has what the JSON object `scope` says.
///
/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, metric: &str, scope: &str, id: Uuid) -> Result<Option<Past>> {
    Ok(sqlx::query_as!(
        Past,
        r#"select id, (value->>'value')::numeric as "value?", row_count, computed_at
           from ops.kpi_snapshots where id = $1 and metric_key = $2 and scope @> $3::text::jsonb"#,
        id,
        metric,
        scope
    )
    .fetch_optional(connection)
    .await?)
}

/// Which past is asked for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub metric: &'a str,
    /// Names and values that the scope must have, as a JSON object.
    pub scope: &'a str,
    /// The day the figure is of; `None`: of each day's own moment the figure of that day so far.
    pub day: Option<NaiveDate>,
    /// A figure of days; else one of its moment, of no day.
    pub of_days: bool,
    pub zone: &'a str,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// `minute`, `hour` or `day`.
    pub step: &'a str,
}

/// The last value of each step of local time, oldest first, with the beginning of its step.
///
/// # Errors
/// When the statement fails.
pub async fn history(connection: &mut PgConnection, asked: &Asked<'_>) -> Result<Vec<(DateTime<Utc>, Past)>> {
    let rows = sqlx::query!(
        r#"select distinct on (1) date_trunc($6, computed_at, $7) as "step!",
                  id, (value->>'value')::numeric as "value?", row_count, computed_at
           from ops.kpi_snapshots
           where metric_key = $1 and computed_at >= $4 and computed_at < $5 and scope @> $2::text::jsonb
             and (not $8::boolean
                  or (scope->>'from' = scope->>'to'
                      and scope->>'from' = coalesce($3::date::text, ((computed_at at time zone $7)::date)::text)))
           order by 1, computed_at desc"#,
        asked.metric,
        asked.scope,
        asked.day,
        asked.from,
        asked.to,
        asked.step,
        asked.zone,
        asked.of_days
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| (r.step, Past { id: r.id, value: r.value, row_count: r.row_count, computed_at: r.computed_at }))
        .collect())
}

/// Rows that thinning removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Thinned {
    /// All but the last of each minute, older than a day.
    pub minutes: u64,
    /// All but the last of each hour, older than a week.
    pub hours: u64,
    /// Older than two years.
    pub expired: u64,
}

/// Days back that thinning looks: nights without it are made up for.
const MADE_UP: i64 = 40;

/// Keeps the last value of each minute after a day and of each hour after a week, and nothing after two years.
///
/// # Errors
/// When a statement fails.
pub async fn thin(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Thinned> {
    let mut thinned = Thinned::default();
    for (days, step, removed) in [(1, 60_i64, &mut thinned.minutes), (7, 3_600, &mut thinned.hours)] {
        let until = now - Duration::days(days);
        let done = sqlx::query!(
            "with ranked as (
                select id, computed_at, row_number() over (
                    partition by metric_key, scope_hash, date_bin(make_interval(secs => $3::bigint), computed_at, timestamptz 'epoch')
                    order by computed_at desc, id desc) as place
                from ops.kpi_snapshots where computed_at >= $1 and computed_at < $2)
             delete from ops.kpi_snapshots s using ranked r
             where r.place > 1 and s.id = r.id and s.computed_at = r.computed_at
               and s.computed_at >= $1 and s.computed_at < $2",
            until - Duration::days(MADE_UP),
            until,
            step
        );
        *removed = done.execute(&mut *connection).await?.rows_affected();
    }
    let oldest = now - Duration::days(730);
    let done = sqlx::query!("delete from ops.kpi_snapshots where computed_at < $1", oldest);
    thinned.expired = done.execute(&mut *connection).await?.rows_affected();
    sqlx::query_scalar!("select ops.drop_month_partitions('ops.kpi_snapshots', $1)", oldest)
        .fetch_one(connection)
        .await?;
    Ok(thinned)
}
