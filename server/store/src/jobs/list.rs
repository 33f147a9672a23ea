//! Reading runs: the list with its filters, one run, its log.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// Conditions of the list; they all must hold. `states` empty: any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub states: Vec<&'static str>,
    pub kind: Option<String>,
    pub queue: Option<String>,
    pub schedule: Option<String>,
    pub dealer: Option<String>,
    /// Part of the requester's name.
    pub requester: Option<String>,
    /// Part of kind, payload, step or error.
    pub text: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub ids: Vec<Uuid>,
    /// Runs of these dealers and of none; `None`: of all.
    pub scope: Option<Vec<String>>,
}

/// Place of a run in the list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub created_at: DateTime<Utc>,
    pub id: Uuid,
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct JobRecord {
    pub id: Uuid,
    pub kind: String,
    pub queue: String,
    pub state: String,
    pub priority: i16,
    pub payload: serde_json::Value,
    pub schedule_id: Option<String>,
    pub parent_id: Option<Uuid>,
    pub requested_by: Option<Uuid>,
    pub requested_label: String,
    pub dealer_id: Option<String>,
    pub unique_key: Option<String>,
    pub attempt: i32,
    pub max_attempts: i32,
    pub run_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub heartbeat_at: Option<DateTime<Utc>>,
    pub worker_id: Option<String>,
    pub progress_done: i64,
    pub progress_total: Option<i64>,
    pub progress_rate: Option<f64>,
    pub step: Option<String>,
    pub counters: serde_json::Value,
    pub result: Option<serde_json::Value>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub cancel_requested_at: Option<DateTime<Utc>>,
    pub cancel_requested_by: Option<String>,
    pub timeout_seconds: i32,
    pub created_at: DateTime<Utc>,
    pub origin: String,
}

const COLUMNS: &str = "id, kind, queue, state, priority, payload, schedule_id, parent_id, requested_by, requested_label, \
    dealer_id, unique_key, attempt, max_attempts, run_at, started_at, finished_at, heartbeat_at, worker_id, progress_done, \
    progress_total, progress_rate, step, counters, result, error_code, error_message, cancel_requested_at, \
    cancel_requested_by, timeout_seconds, created_at, origin";

/// `%` and `_` in what people type mean themselves.
fn pattern(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

fn push_conditions(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    query.push(" where true");
    if !filter.states.is_empty() {
        query.push(" and state = any(").push_bind(filter.states.clone()).push(")");
    }
    for (column, value) in [
        ("kind", &filter.kind),
        ("queue", &filter.queue),
        ("schedule_id", &filter.schedule),
        ("dealer_id", &filter.dealer),
    ] {
        if let Some(value) = value {
            query.push(" and ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    if let Some(name) = &filter.requester {
        query.push(" and requested_label ilike ").push_bind(pattern(name));
    }
    if let Some(text) = &filter.text {
        query
            .push(" and (kind || ' ' || payload::text || ' ' || coalesce(step, '') || ' ' || coalesce(error_message, '')) ilike ")
            .push_bind(pattern(text));
    }
    if let Some(from) = filter.from {
        query.push(" and created_at >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" and created_at < ").push_bind(to);
    }
    if let Some(dealers) = &filter.scope {
        query.push(" and (dealer_id is null or dealer_id = any(").push_bind(dealers.clone()).push("))");
    }
    if !filter.ids.is_empty() {
        query.push(" and id = any(").push_bind(filter.ids.clone()).push(")");
    }
}

/// One page of the list, newest first, after `after`.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<JobRecord>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from ops.job_runs");
    push_conditions(&mut query, filter);
    if let Some(after) = after {
        query.push(" and (created_at, id) < (").push_bind(after.created_at).push(", ").push_bind(after.id).push(")");
    }
    query.push(" order by created_at desc, id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(connection).await?)
}

/// Runs of the whole filter.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64> {
    let mut query = QueryBuilder::new("select count(*) from ops.job_runs");
    push_conditions(&mut query, filter);
    Ok(query.build_query_scalar().fetch_one(connection).await?)
}

/// Ids of the whole filter, oldest first, at most `limit`.
///
/// # Errors
/// When the statement fails.
pub async fn matching_ids(connection: &mut PgConnection, filter: &Filter, limit: i64) -> Result<Vec<Uuid>> {
    let mut query = QueryBuilder::new("select id from ops.job_runs");
    push_conditions(&mut query, filter);
    query.push(" order by created_at, id limit ").push_bind(limit);
    Ok(query.build_query_scalar().fetch_all(connection).await?)
}

/// # Errors
/// When the statement fails.
pub async fn detail(connection: &mut PgConnection, id: Uuid) -> Result<Option<JobRecord>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from ops.job_runs where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Runs that repeat `id`, newest first, at most 20.
///
/// # Errors
/// When the statement fails.
pub async fn retries_of(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>> {
    // A retry is younger than its parent; the bound keeps the scan on the index of recent runs.
    Ok(sqlx::query_scalar!(
        "select r.id from ops.job_runs r join ops.job_runs p on p.id = $1
         where r.kind = p.kind and r.created_at >= p.created_at and r.parent_id = $1
         order by r.created_at desc limit 20",
        id
    )
    .fetch_all(connection)
    .await?)
}

#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    pub seq: i32,
    pub at: DateTime<Utc>,
    pub level: String,
    pub step: Option<String>,
    pub message: String,
    pub data: Option<serde_json::Value>,
}

/// Lines of the log after `after`, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn events(connection: &mut PgConnection, run: Uuid, after: i32, limit: i64) -> Result<Vec<EventRow>> {
    Ok(sqlx::query_as!(
        EventRow,
        "select seq, at, level, step, message, data from ops.job_run_events where job_id = $1 and seq > $2 order by seq limit $3",
        run,
        after,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// The newest lines of the log, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn last_events(connection: &mut PgConnection, run: Uuid, limit: i64) -> Result<Vec<EventRow>> {
    Ok(sqlx::query_as!(
        EventRow,
        r#"select seq as "seq!", at as "at!", level as "level!", step, message as "message!", data
         from (select seq, at, level, step, message, data from ops.job_run_events
                        where job_id = $1 order by seq desc limit $2) as newest order by seq"#,
        run,
        limit
    )
    .fetch_all(connection)
    .await?)
}
