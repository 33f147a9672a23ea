//! Runs: asked for, taken up, followed, ended.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::planning::ProgressPoint;
use sqlx::PgConnection;
use uuid::Uuid;

/// A run to be.
#[derive(Debug)]
pub struct NewRun<'a> {
    pub id: Uuid,
    /// The run of the queue that solves it.
    pub job_run_id: Uuid,
    pub input_id: Uuid,
    pub name: &'a str,
    pub currency: &'a str,
    pub scenario: &'a str,
    /// Of an own one: its version.
    pub scenario_id: Option<Uuid>,
    /// In place of the scenario's own.
    pub seed: Option<i64>,
    pub draw: i32,
    pub batch_id: Option<Uuid>,
    /// The plan that another figure is forced on.
    pub forced_from: Option<Uuid>,
    pub resolved_sha256: &'a [u8],
    pub solver_requested: &'a str,
    pub options: &'a serde_json::Value,
    pub time_limit_seconds: f64,
    pub validation: &'a str,
    pub at: DateTime<Utc>,
    pub by: &'a str,
    pub by_id: Option<Uuid>,
}

/// Adds it to the list; its number.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewRun<'_>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "insert into plan.runs (id, job_run_id, input_id, name, currency, scenario, resolved_sha256, solver_requested, options,
                                time_limit_seconds, validation, created_at, created_by, created_by_id, scenario_id, seed, draw,
                                batch_id, forced_from, origin)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                 (select origin from plan.inputs where id = $3))
         returning run_no",
        new.id,
        new.job_run_id,
        new.input_id,
        new.name,
        new.currency,
        new.scenario,
        new.resolved_sha256,
        new.solver_requested,
        new.options,
        new.time_limit_seconds,
        new.validation,
        new.at,
        new.by,
        new.by_id,
        new.scenario_id,
        new.seed,
        new.draw,
        new.batch_id,
        new.forced_from
    )
    .fetch_one(connection)
    .await?)
}

/// A run as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    pub id: Uuid,
    pub run_no: i64,
    pub job_run_id: Uuid,
    pub name: String,
    pub currency: String,
    pub scenario: String,
    pub scenario_id: Option<Uuid>,
    pub scenario_version: Option<i32>,
    pub draw: i32,
    pub batch_id: Option<Uuid>,
    pub solver_requested: String,
    pub solver_used: Option<String>,
    pub solver_version: Option<String>,
    pub time_limit_seconds: f64,
    pub state: String,
    pub outcome: Option<String>,
    pub objective: Option<f64>,
    pub operating_cost: Option<f64>,
    pub bound: Option<f64>,
    pub gap: Option<f64>,
    pub nodes: Option<i64>,
    pub rows: Option<i64>,
    pub cols: Option<i64>,
    pub integer_cols: Option<i64>,
    pub binary_cols: Option<i64>,
    pub nonzeros: Option<i64>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub checker_passed: Option<bool>,
    pub checker_sha256: Option<Vec<u8>>,
    pub checker_faults: Vec<String>,
    pub endless: Vec<String>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub created_by_id: Option<Uuid>,
    /// Of the last step of its course.
    pub phase: Option<String>,
    pub last_incumbent: Option<f64>,
    pub last_bound: Option<f64>,
    pub last_gap: Option<f64>,
    pub last_nodes: Option<i64>,
    /// While it waits; 1 is the next.
    pub queue_position: Option<i64>,
}

macro_rules! shown {
    ($rest:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            StoredRun,
            r#"select r.id, r.run_no, r.job_run_id, r.name, r.currency::text as "currency!", r.scenario, r.scenario_id,
                      o.version as "scenario_version?", r.draw, r.batch_id, r.solver_requested, r.solver_used, r.solver_version, r.time_limit_seconds, s.state as "state!", r.outcome,
                      r.objective::float8 as objective, r.operating_cost::float8 as operating_cost, r.bound::float8 as bound,
                      r.gap, r.nodes, r.rows, r.cols, r.integer_cols, r.binary_cols, r.nonzeros, r.started_at, r.finished_at,
                      r.checker_passed, r.checker_sha256, r.checker_faults, r.endless, s.error_message, r.created_at,
                      r.created_by, r.created_by_id, p.phase as "phase?", p.incumbent::float8 as last_incumbent,
                      p.bound::float8 as last_bound, p.gap as "last_gap?", p.nodes as "last_nodes?",
                      case when s.state = 'queued' then (
                          select count(*) from ops.job_runs mine join ops.job_runs q on q.queue = mine.queue
                          where mine.id = r.job_run_id and q.state = 'queued'
                                and (q.created_at, q.id) <= (mine.created_at, mine.id)) end as queue_position
               from plan.runs r join plan.run_states s on s.id = r.id left join plan.scenarios o on o.id = r.scenario_id
               left join lateral (
                   select phase, incumbent, bound, gap, nodes from plan.run_progress where run_id = r.id
                   order by seq desc limit 1) p on true "# + $rest,
            $($argument),+
        )
    };
}

/// One that was not deleted.
///
/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, id: Uuid) -> Result<Option<StoredRun>> {
    Ok(shown!("where r.id = $1 and r.deleted_at is null", id).fetch_optional(connection).await?)
}

/// The plan that a run forces another figure on, and the number of its run; None where that was deleted.
///
/// # Errors
/// When the statement fails.
pub async fn forced_from(connection: &mut PgConnection, id: Uuid) -> Result<Option<(Uuid, i64)>> {
    let found = sqlx::query!(
        "select p.id, o.run_no from plan.runs r join plan.plans p on p.id = r.forced_from join plan.runs o on o.id = p.run_id
         where r.id = $1 and o.deleted_at is null",
        id
    );
    Ok(found.fetch_optional(connection).await?.map(|row| (row.id, row.run_no)))
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub state: Option<String>,
    pub scenario: Option<String>,
    pub outcome: Option<String>,
    /// In the name of who asked for it.
    pub person: Option<String>,
}

/// The newest first, after a place.
///
/// # Errors
/// When the statement fails.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<StoredRun>> {
    let (at, id) = after.unzip();
    Ok(shown!(
        "where r.deleted_at is null and ($1::text is null or s.state = $1) and ($2::text is null or r.scenario = $2)
               and ($3::text is null or r.outcome = $3)
               and ($4::text is null or position(lower($4) in lower(r.created_by)) > 0)
               and ($5::timestamptz is null or (r.created_at, r.id) < ($5, $6::uuid))
         order by r.created_at desc, r.id desc limit $7",
        filter.state.as_deref(),
        filter.scenario.as_deref(),
        filter.outcome.as_deref(),
        filter.person.as_deref(),
        at,
        id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// How many the filter holds.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from plan.runs r join plan.run_states s on s.id = r.id
           where r.deleted_at is null and ($1::text is null or s.state = $1) and ($2::text is null or r.scenario = $2)
               and ($3::text is null or r.outcome = $3)
               and ($4::text is null or position(lower($4) in lower(r.created_by)) > 0)"#,
        filter.state.as_deref(),
        filter.scenario.as_deref(),
        filter.outcome.as_deref(),
        filter.person.as_deref()
    )
    .fetch_one(connection)
    .await?)
}

/// Median seconds of the last 20 runs that came to their end.
///
/// # Errors
/// When the statement fails.
pub async fn typical_seconds(connection: &mut PgConnection) -> Result<Option<f64>> {
    Ok(sqlx::query_scalar!(
        "select percentile_cont(0.5) within group (order by seconds) from (
             select extract(epoch from finished_at - started_at)::float8 as seconds from plan.runs
             where state = 'completed' and finished_at >= started_at order by created_at desc limit 20) as late"
    )
    .fetch_one(connection)
    .await?)
}

/// What a worker solves.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub document: String,
    pub scenario: String,
    /// Of an own scenario: its operations, and the seed it has or was given.
    pub ops: Option<String>,
    pub seed: i64,
    pub draw: i32,
    pub options: serde_json::Value,
    pub time_limit_seconds: f64,
    pub name: String,
    pub by: String,
}

/// Takes a run up that is not over; the course of an attempt before is taken back.
///
/// # Errors
/// When the statement fails.
pub async fn take_up(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<Option<Task>> {
    Ok(sqlx::query_as!(
        Task,
        r#"with taken as (
               update plan.runs set state = 'initializing', started_at = $2
               where id = $1 and state not in ('completed', 'failed', 'cancelled') returning *
           ), cleared as (
               delete from plan.run_progress p using taken where p.run_id = taken.id
           )
           select i.document::text as "document!", r.scenario as "scenario!", s.ops::text as ops,
                  coalesce(r.seed, s.seed, 0) as "seed!", r.draw as "draw!", r.options as "options!",
                  r.time_limit_seconds as "time_limit_seconds!", r.name as "name!", r.created_by as "by!"
           from taken r join plan.inputs i on i.id = r.input_id left join plan.scenarios s on s.id = r.scenario_id"#,
        id,
        at
    )
    .fetch_optional(connection)
    .await?)
}

/// False when the run is over.
///
/// # Errors
/// When the statement fails.
pub async fn set_state(connection: &mut PgConnection, id: Uuid, state: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.runs set state = $2 where id = $1 and state not in ('completed', 'failed', 'cancelled')",
        id,
        state
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// # Errors
/// When the statement fails.
pub async fn add_progress(
    connection: &mut PgConnection,
    run: Uuid,
    at: DateTime<Utc>,
    point: &ProgressPoint,
) -> Result<()> {
    #[allow(clippy::cast_possible_truncation, reason = "at most some hours")]
    let elapsed_ms = (point.elapsed_seconds * 1_000.0) as i64;
    sqlx::query!(
        "insert into plan.run_progress (run_id, seq, at, elapsed_ms, phase, incumbent, bound, gap, nodes, lp_iterations)
         values ($1, $2, $3, $4, $5, $6::float8, $7::float8, $8, $9, $10) on conflict (run_id, seq) do nothing",
        run,
        point.seq,
        at,
        elapsed_ms,
        point.phase,
        point.incumbent,
        point.bound,
        point.gap,
        point.nodes,
        point.lp_iterations
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest step first.
///
/// # Errors
/// When the statement fails.
pub async fn progress(connection: &mut PgConnection, run: Uuid) -> Result<Vec<ProgressPoint>> {
    Ok(sqlx::query_as!(
        ProgressPoint,
        r#"select seq, (elapsed_ms / 1000.0)::float8 as "elapsed_seconds!", phase, incumbent::float8 as incumbent,
                  bound::float8 as bound, gap, nodes, lp_iterations
           from plan.run_progress where run_id = $1 order by seq"#,
        run
    )
    .fetch_all(connection)
    .await?)
}

/// Of a run that somebody wants to end: whether its best plan is kept.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_asked(connection: &mut PgConnection, id: Uuid) -> Result<Option<bool>> {
    Ok(sqlx::query_scalar!("select cancel_keeps from plan.runs where id = $1 and cancel_requested_at is not null", id)
        .fetch_optional(connection)
        .await?)
}

/// False when it is over, or was asked for already.
///
/// # Errors
/// When the statement fails.
pub async fn request_cancel(
    connection: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    by: &str,
    keep: bool,
) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.runs set cancel_requested_at = $2, cancel_requested_by = $3, cancel_keeps = $4
         where id = $1 and cancel_requested_at is null and state not in ('completed', 'failed', 'cancelled')",
        id,
        at,
        by,
        keep
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Ends a run whose job was cancelled before it began.
///
/// # Errors
/// When the statement fails.
pub async fn end_unbegun(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update plan.runs r set state = 'cancelled', outcome = 'cancelled', finished_at = $2
         from ops.job_runs j
         where r.id = $1 and j.id = r.job_run_id and j.state = 'cancelled'
               and r.state not in ('completed', 'failed', 'cancelled')",
        id,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How a run ended. Money and bounds are finite.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ending<'a> {
    pub state: &'a str,
    pub outcome: &'a str,
    pub objective: Option<f64>,
    pub operating_cost: Option<f64>,
    pub bound: Option<f64>,
    pub gap: Option<f64>,
    pub nodes: Option<i64>,
    pub lp_iterations: Option<i64>,
    pub rows: Option<i64>,
    pub cols: Option<i64>,
    pub integer_cols: Option<i64>,
    pub binary_cols: Option<i64>,
    pub nonzeros: Option<i64>,
    pub coef_min: Option<f64>,
    pub coef_max: Option<f64>,
    pub solve_seconds: Option<f64>,
    pub solver_used: Option<&'a str>,
    pub solver_version: Option<&'a str>,
    pub checker_passed: Option<bool>,
    pub checker_sha256: Option<Vec<u8>>,
    pub checker_faults: Vec<String>,
    pub endless: Vec<String>,
    pub error_code: Option<&'a str>,
    pub error_message: Option<&'a str>,
}

/// False when the run is over already: somebody else was quicker, and what came of it there stands.
///
/// # Errors
/// When the statement fails.
pub async fn finish(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>, end: &Ending<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.runs set state = $2, outcome = $3, finished_at = $4, objective = $5::float8, operating_cost = $6::float8,
                bound = $7::float8, gap = $8, nodes = $9, lp_iterations = $10, rows = $11, cols = $12, integer_cols = $13,
                binary_cols = $14, nonzeros = $15, coef_min = $16, coef_max = $17, solve_seconds = $18, solver_used = $19,
                solver_version = $20, checker_passed = $21, checker_sha256 = $22, checker_faults = $23, endless = $24,
                error_code = $25, error_message = $26
         where id = $1 and state not in ('completed', 'failed', 'cancelled')",
        id,
        end.state,
        end.outcome,
        at,
        end.objective,
        end.operating_cost,
        end.bound,
        end.gap,
        end.nodes,
        end.lp_iterations,
        end.rows,
        end.cols,
        end.integer_cols,
        end.binary_cols,
        end.nonzeros,
        end.coef_min,
        end.coef_max,
        end.solve_seconds,
        end.solver_used,
        end.solver_version,
        end.checker_passed,
        end.checker_sha256.as_deref(),
        &end.checker_faults,
        &end.endless,
        end.error_code,
        end.error_message
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Takes a run off the list; false when it is not there.
///
/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!("update plan.runs set deleted_at = $2 where id = $1 and deleted_at is null", id, at);
    Ok(done.execute(connection).await?.rows_affected() == 1)
}
