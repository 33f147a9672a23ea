//! Figures over runs.

use crate::Result;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// Runs by state: open ones of any age, closed ones finished since `since`.
///
/// # Errors
/// When the statement fails.
pub async fn states(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select state, count(*) as "runs!" from ops.job_runs
           where state in ('queued', 'running') or created_at >= $1 group by state order by state"#,
        since
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.state, row.runs)).collect())
}

#[derive(Debug, Clone, PartialEq)]
pub struct KindRow {
    pub kind: String,
    pub finished: i64,
    pub failed: i64,
    pub p50_seconds: Option<f64>,
    pub p95_seconds: Option<f64>,
    pub previous_p50_seconds: Option<f64>,
}

/// How runs of each kind went since `since`, and their median in the time from `before` to `since`.
///
/// # Errors
/// When the statement fails.
pub async fn kinds(connection: &mut PgConnection, before: DateTime<Utc>, since: DateTime<Utc>) -> Result<Vec<KindRow>> {
    Ok(sqlx::query_as!(
        KindRow,
        r#"select kind,
                count(*) filter (where created_at >= $2) as "finished!",
                count(*) filter (where created_at >= $2 and state = 'failed') as "failed!",
                percentile_cont(0.5) within group (order by seconds) filter (where created_at >= $2) as p50_seconds,
                percentile_cont(0.95) within group (order by seconds) filter (where created_at >= $2) as p95_seconds,
                percentile_cont(0.5) within group (order by seconds) filter (where created_at < $2) as previous_p50_seconds
         from (select kind, state, created_at, extract(epoch from finished_at - started_at)::float8 as seconds
               from ops.job_runs
               where created_at >= $1 and state in ('succeeded', 'partial', 'failed') and finished_at is not null) as run
         group by kind order by kind"#,
        before,
        since
    )
    .fetch_all(connection)
    .await?)
}

/// How the work goes at a glance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    pub running: i64,
    /// Failed after their last attempt since the first of the two times.
    pub failed_day: i64,
    /// Ended since the second.
    pub succeeded_week: i64,
    pub failed_week: i64,
}

/// Runs at work, and those asked for since `day` and since `week`.
///
/// # Errors
/// When the statement fails.
pub async fn pace(connection: &mut PgConnection, day: DateTime<Utc>, week: DateTime<Utc>) -> Result<Pace> {
    Ok(sqlx::query_as!(
        Pace,
        r#"select (select count(*) from ops.job_runs where state = 'running') as "running!",
                  count(*) filter (where state = 'failed' and created_at >= $1) as "failed_day!",
                  count(*) filter (where state in ('succeeded', 'partial')) as "succeeded_week!",
                  count(*) filter (where state = 'failed') as "failed_week!"
           from ops.job_runs where created_at >= $2"#,
        day,
        week
    )
    .fetch_one(connection)
    .await?)
}
