//! Figures for health and metrics: what waits, what runs, what is late.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

/// The job side of the program at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// Due and not yet taken, in queues that are not paused.
    pub waiting: i64,
    pub oldest_wait_seconds: Option<f64>,
    pub running: i64,
    /// Workers heard of in the last minute and a half.
    pub workers: i64,
    /// Running, but silent for more than five minutes: their worker is gone.
    pub silent: i64,
    /// Seconds by which the latest enabled schedule is overdue.
    pub schedule_lag_seconds: Option<f64>,
}

/// # Errors
/// When the statement fails.
pub async fn work(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Work> {
    let row: (i64, Option<f64>, i64, i64, Option<f64>, i64) = sqlx::query_as(
        "select count(*) filter (where due), max(extract(epoch from $1 - r.run_at)::float8) filter (where due),
                count(*) filter (where r.state = 'running'),
                count(*) filter (where r.state = 'running' and r.heartbeat_at < $1 - interval '5 minutes'),
                (select max(extract(epoch from $1 - s.next_due_at))::float8 from ops.schedules s
                 where s.enabled and s.next_due_at < $1),
                (select count(*) from ops.workers w where w.heartbeat_at > $1 - interval '90 seconds')
         from (select r.*, r.state = 'queued' and r.run_at <= $1 and q.paused_at is null as due
               from ops.job_runs r join ops.queues q on q.name = r.queue
               where r.state in ('queued', 'running')) r",
    )
    .bind(now)
    .fetch_one(connection)
    .await?;
    Ok(Work {
        workers: row.5,
        waiting: row.0,
        oldest_wait_seconds: row.1,
        running: row.2,
        silent: row.3,
        schedule_lag_seconds: row.4,
    })
}

/// When a worker said last that it lives; `None`: none is registered.
///
/// # Errors
/// When the statement fails.
pub async fn last_heartbeat(connection: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar("select max(heartbeat_at) from ops.workers").fetch_one(connection).await?)
}

/// How far this database is behind the one that is written to; `None`: it is that one. One that received nothing
/// yet knows no lag and says 0.
///
/// # Errors
/// When the statement fails.
pub async fn replica_lag_seconds(connection: &mut PgConnection) -> Result<Option<f64>> {
    Ok(sqlx::query_scalar(
        "select case when pg_is_in_recovery() then case
                when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
                else coalesce(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()), 0) end end::float8",
    )
    .fetch_one(connection)
    .await?)
}

/// Open runs by queue and state.
///
/// # Errors
/// When the statement fails.
pub async fn open_runs(connection: &mut PgConnection) -> Result<Vec<(String, String, i64)>> {
    Ok(sqlx::query_as(
        "select q.name, s.state, (select count(*) from ops.job_runs r where r.queue = q.name and r.state = s.state)
         from ops.queues q cross join (values ('queued'), ('running')) s(state) order by 1, 2",
    )
    .fetch_all(connection)
    .await?)
}

/// How full the notification queue of the database is, 0 to 1.
///
/// # Errors
/// When the statement fails.
pub async fn notify_queue_usage(connection: &mut PgConnection) -> Result<f64> {
    Ok(sqlx::query_scalar("select pg_notification_queue_usage()").fetch_one(connection).await?)
}

/// Tables of the program without which it cannot run, indexes that are not usable, and the time of
/// the database's machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    pub version: String,
    pub missing_tables: Vec<String>,
    pub invalid_indexes: Vec<String>,
    pub trigram: bool,
    /// Statements that make the indexes which migrations made and somebody dropped.
    pub missing_indexes: Vec<String>,
    /// Rows in the default partition of the audit log: a month's partition was missing.
    pub strayed_audit_rows: bool,
    /// Of this month and the next: those whose audit rows have no partition yet, as `2026_03`.
    pub missing_months: Vec<String>,
    /// The latest act in the audit log.
    pub last_act: Option<DateTime<Utc>>,
    pub machine_time: DateTime<Utc>,
}

/// # Errors
/// When a statement fails.
pub async fn inspect(connection: &mut PgConnection, required: &[&str], today: NaiveDate) -> Result<Inspection> {
    let required: Vec<String> = required.iter().map(|t| (*t).to_owned()).collect();
    let row: (String, Vec<String>, Vec<String>, bool, DateTime<Utc>) = sqlx::query_as(
        "select current_setting('server_version'),
                coalesce((select array_agg(t order by t) from unnest($1::text[]) t where to_regclass(t) is null), '{}'),
                coalesce((select array_agg(i.indexrelid::regclass::text order by 1) from pg_index i
                          join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
                          where not i.indisvalid and n.nspname not like 'pg_%'), '{}'),
                exists (select from pg_extension where extname = 'pg_trgm'),
                clock_timestamp()",
    )
    .bind(&required)
    .fetch_one(&mut *connection)
    .await?;
    let present: Vec<String> =
        sqlx::query_scalar(include_str!("health/indexes.sql")).fetch_all(&mut *connection).await?;
    let has_audit = !row.1.iter().any(|t| t == "ops.audit_log_default");
    let strayed = has_audit
        && sqlx::query_scalar("select exists (select from ops.audit_log_default)").fetch_one(&mut *connection).await?;
    let missing_months = sqlx::query_scalar(
        "select m from (select to_char(date_trunc('month', $1::date) + make_interval(months => n), 'YYYY_MM') as m
                        from generate_series(0, 1) n) months
         where to_regclass('ops.audit_log_' || m) is null order by m",
    )
    .bind(today)
    .fetch_all(&mut *connection)
    .await?;
    let last_act = if has_audit {
        sqlx::query_scalar("select max(at) from ops.audit_log").fetch_one(connection).await?
    } else {
        None
    };
    Ok(Inspection {
        version: row.0,
        missing_tables: row.1,
        invalid_indexes: row.2,
        trigram: row.3,
        missing_indexes: missing_indexes(&present),
        strayed_audit_rows: strayed,
        missing_months,
        last_act,
        machine_time: row.4,
    })
}

/// Statements of a fresh database whose index is not among `present`; by name, since releases of
/// Postgres write the same index in different words.
fn missing_indexes(present: &[String]) -> Vec<String> {
    let present: Vec<_> = present.iter().filter_map(|line| index_name(line)).collect();
    let expected = include_str!("health/expected_indexes.sql").lines();
    expected.filter(|line| index_name(line).is_some_and(|name| !present.contains(&name))).map(str::to_owned).collect()
}

/// Schema and name of the index that a `create index` statement makes.
fn index_name(statement: &str) -> Option<(&str, &str)> {
    let (head, rest) = statement.split_once(" ON ")?;
    Some((rest.split('.').next()?, head.rsplit(' ').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_known_by_its_schema_and_name() {
        let all: Vec<String> = include_str!("health/expected_indexes.sql").lines().map(str::to_owned).collect();
        assert!(all.len() > 40 && missing_indexes(&all).is_empty());
        assert_eq!(missing_indexes(&all[1..]), all[..1]);
        assert_eq!(index_name("CREATE UNIQUE INDEX a_key ON access.a USING btree (b);"), Some(("access", "a_key")));
    }
}
