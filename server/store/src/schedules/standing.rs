//! How schedules stand: what their last runs came to and how long they take.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// What the runs of a schedule say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub schedule: String,
    /// Its first due time that was fired or missed, as far as history goes.
    pub first_due_at: Option<DateTime<Utc>>,
    /// 95th percentile of its last twenty runs.
    pub p95_seconds: Option<f64>,
    /// Items of the last run that succeeded.
    pub rows: Option<i64>,
    /// The latest run, if it failed.
    pub failed_run: Option<Uuid>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    /// When it failed first after its last success.
    pub failed_since: Option<DateTime<Utc>>,
}

/// One entry a schedule, by id. Reads the newest and the oldest few runs of each, never its whole history.
///
/// # Errors
/// When the statement fails.
pub async fn standings(connection: &mut PgConnection) -> Result<Vec<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        r#"select s.id as schedule, first.due_at as "first_due_at?", took.p95_seconds as "p95_seconds?", good.rows as "rows?",
                  bad.id as "failed_run?", bad.error_code as "error_code?", bad.error_message as "error_message?",
                  began.at as "failed_since?"
           from ops.schedules s
           left join lateral (
               select f.due_at from ops.schedule_fires f where f.schedule_id = s.id order by f.due_at limit 1
           ) first on true
           left join lateral (
               select percentile_cont(0.95) within group (order by t.seconds) as p95_seconds
               from (select extract(epoch from r.finished_at - r.started_at)::float8 as seconds from ops.job_runs r
                     where r.schedule_id = s.id and r.started_at is not null and r.finished_at is not null
                     order by r.created_at desc limit 20) t
           ) took on true
           left join lateral (
               select nullif(r.progress_done, 0) as rows from ops.job_runs r
               where r.schedule_id = s.id and s.last_success_at is not null and r.state in ('succeeded', 'partial')
               order by r.created_at desc limit 1
           ) good on true
           left join lateral (
               select r.id, r.error_code, r.error_message from ops.job_runs r
               where r.schedule_id = s.id and s.last_state = 'failed' and r.state = 'failed'
               order by r.created_at desc limit 1
           ) bad on true
           left join lateral (
               select coalesce(r.finished_at, r.created_at) as at from ops.job_runs r
               where r.schedule_id = s.id and s.last_state = 'failed' and r.state = 'failed'
                 and r.created_at > coalesce(s.last_success_at, '-infinity')
               order by r.created_at limit 1
           ) began on true
           order by s.id"#
    )
    .fetch_all(connection)
    .await?)
}
