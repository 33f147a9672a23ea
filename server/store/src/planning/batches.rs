//! Batches: what they are to solve, the runs that do, and what these cost.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A batch to be.
#[derive(Debug)]
pub struct NewBatch<'a> {
    pub id: Uuid,
    /// The run of the queue that queues its runs.
    pub job_run_id: Uuid,
    pub kind: &'a str,
    pub input_id: Uuid,
    pub name: &'a str,
    pub currency: &'a str,
    pub seed: Option<i64>,
    pub draws: Option<i32>,
    pub options: &'a serde_json::Value,
    pub at: DateTime<Utc>,
    pub by: &'a str,
    pub by_id: Option<Uuid>,
}

/// A run to be; they are numbered from 1 in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRow {
    pub scenario: String,
    pub scenario_id: Option<Uuid>,
    pub draw: i32,
    pub weight: f64,
}

/// Adds it with its rows; its number.
///
/// # Errors
/// When a statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewBatch<'_>, rows: &[NewRow]) -> Result<i64> {
    let number = sqlx::query_scalar!(
        "insert into plan.batches (id, job_run_id, kind, base_input_id, name, currency, seed, draws, options, created_at,
                                   created_by, created_by_id, origin)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, (select origin from plan.inputs where id = $4))
         returning batch_no",
        new.id,
        new.job_run_id,
        new.kind,
        new.input_id,
        new.name,
        new.currency,
        new.seed,
        new.draws,
        new.options,
        new.at,
        new.by,
        new.by_id
    )
    .fetch_one(&mut *connection)
    .await?;
    let scenarios: Vec<_> = rows.iter().map(|row| row.scenario.clone()).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.scenario_id).collect();
    let draws: Vec<_> = rows.iter().map(|row| row.draw).collect();
    let weights: Vec<_> = rows.iter().map(|row| row.weight).collect();
    sqlx::query!(
        "insert into plan.batch_runs (batch_id, n, scenario, scenario_id, draw, weight)
         select $1, r.n, r.scenario, r.scenario_id, r.draw, r.weight
         from unnest($2::text[], $3::uuid[], $4::int[], $5::float8[])
              with ordinality as r (scenario, scenario_id, draw, weight, n)",
        new.id,
        &scenarios,
        &ids as &[Option<Uuid>],
        &draws,
        &weights
    )
    .execute(connection)
    .await?;
    Ok(number)
}

/// A batch as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBatch {
    pub id: Uuid,
    pub batch_no: i64,
    pub job_run_id: Uuid,
    pub kind: String,
    pub name: String,
    pub currency: String,
    pub seed: Option<i64>,
    pub draws: Option<i32>,
    pub totals: Option<serde_json::Value>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    /// Of draws.
    pub scenario: Option<String>,
    pub runs: i64,
    /// Rows whose run is in the queue or behind it.
    pub begun: i64,
    /// Rows that cannot have one.
    pub refused: i64,
    pub ended: i64,
    pub failed: i64,
    /// Of the job that queues its runs.
    pub job_state: Option<String>,
    pub job_error: Option<String>,
}

macro_rules! shown {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            StoredBatch,
            r#"select b.id, b.batch_no, b.job_run_id, b.kind, b.name, b.currency::text as "currency!", b.seed, b.draws,
                      b.totals, b.cancelled_at, b.created_at, b.created_by, r.scenario as "scenario?", r.runs as "runs!",
                      r.begun as "begun!", r.refused as "refused!", r.ended as "ended!", r.failed as "failed!", j.state as "job_state?",
                      j.error_message as "job_error?"
               from plan.batches b left join ops.job_runs j on j.id = b.job_run_id
               join lateral (
                   select count(*) as runs, count(o.run_id) as begun, count(o.error) as refused,
                          count(*) filter (where o.error is not null or s.state in ('completed', 'failed', 'cancelled')) as ended,
                          count(*) filter (where o.error is not null or s.state = 'failed') as failed,
                          case when b.kind = 'draws' then min(o.scenario) end as scenario
                   from plan.batch_runs o left join plan.run_states s on s.id = o.run_id
                   where o.batch_id = b.id) as r on true "# + $rest
            $(, $argument)*
        )
    };
}

/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, id: Uuid) -> Result<Option<StoredBatch>> {
    Ok(shown!("where b.id = $1", id).fetch_optional(connection).await?)
}

/// The newest first, after a place.
///
/// # Errors
/// When the statement fails.
pub async fn list(
    connection: &mut PgConnection,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<StoredBatch>> {
    let (at, id) = after.unzip();
    Ok(shown!(
        "where $1::timestamptz is null or (b.created_at, b.id) < ($1, $2::uuid)
         order by b.created_at desc, b.id desc limit $3",
        at,
        id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// A row of a batch with what came of its run.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRow {
    pub n: i32,
    pub scenario: String,
    pub scenario_id: Option<Uuid>,
    pub draw: i32,
    pub weight: f64,
    pub run_id: Option<Uuid>,
    pub run_no: Option<i64>,
    /// The run was deleted.
    pub run_removed: bool,
    /// The scenario holds a plan fast.
    pub holds_plan: bool,
    pub job_run_id: Option<Uuid>,
    pub state: Option<String>,
    pub outcome: Option<String>,
    pub resolved_sha256: Option<Vec<u8>>,
    /// Of a plan that keeps all hard limits.
    pub cost: Option<f64>,
    /// Per cent.
    pub service_level: Option<f64>,
    pub shortage_tonnes: Option<f64>,
    pub error: Option<String>,
}

/// In their order.
///
/// # Errors
/// When the statement fails.
pub async fn rows(connection: &mut PgConnection, batch: Uuid) -> Result<Vec<StoredRow>> {
    Ok(sqlx::query_as!(
        StoredRow,
        r#"select o.n, o.scenario, o.scenario_id, o.draw, o.weight, o.run_id, r.run_no as "run_no?",
                  r.deleted_at is not null as "run_removed!", coalesce(h.holds, false) as "holds_plan!",
                  r.job_run_id as "job_run_id?", s.state as "state?", r.outcome, r.resolved_sha256 as "resolved_sha256?",
                  case when s.state = 'completed' and p.id is not null then r.objective::float8 end as cost,
                  k.value as "service_level?",
                  case when p.id is not null then coalesce(p.shortage_tonnes, (
                      select sum(m.tonnes) from plan.plan_shortages m where m.plan_id = p.id), 0)::float8
                  end as shortage_tonnes,
                  coalesce(o.error, s.error_message) as error
           from plan.batch_runs o
           left join plan.runs r on r.id = o.run_id
           left join plan.run_states s on s.id = o.run_id
           left join plan.plans p on p.run_id = o.run_id and not p.is_relaxed
           left join plan.plan_kpis k on k.plan_id = p.id and k.kpi = 'service_level' and k.scope is null
           -- Draws share a scenario: it is looked into once.
           left join (select c.id, c.ops @? '$[*] ? (@.op == "pin" && @.whole == true)' as holds from plan.scenarios c
                      where c.id in (select w.scenario_id from plan.batch_runs w where w.batch_id = $1)) h
                     on h.id = o.scenario_id
           where o.batch_id = $1 order by o.n"#,
        batch
    )
    .fetch_all(connection)
    .await?)
}

/// The batch's own row, for whoever changes what belongs to it.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<Option<Locked>> {
    Ok(sqlx::query_as!(
        Locked,
        "select base_input_id as input_id, seed, options, cancelled_at from plan.batches where id = $1 for update",
        id
    )
    .fetch_optional(connection)
    .await?)
}

#[derive(Debug, Clone, PartialEq)]
pub struct Locked {
    pub input_id: Uuid,
    pub seed: Option<i64>,
    pub options: serde_json::Value,
    pub cancelled_at: Option<DateTime<Utc>>,
}

/// The text of its input.
///
/// # Errors
/// When the statement fails.
pub async fn document(connection: &mut PgConnection, id: Uuid) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        r#"select i.document::text as "document!" from plan.batches b join plan.inputs i on i.id = b.base_input_id
           where b.id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// A row of a batch that has no run yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub n: i32,
    pub scenario: String,
    pub scenario_id: Option<Uuid>,
    /// In the first row of each scenario: they may be long, and draws share them.
    pub ops: Option<String>,
    pub own_seed: Option<i64>,
    pub draw: i32,
}

/// # Errors
/// When the statement fails.
pub async fn due(connection: &mut PgConnection, batch: Uuid) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"select o.n, o.scenario, o.scenario_id,
                  case when row_number() over (partition by o.scenario_id order by o.n) = 1 then s.ops::text end as ops,
                  s.seed as "own_seed?", o.draw
           from plan.batch_runs o left join plan.scenarios s on s.id = o.scenario_id
           where o.batch_id = $1 and o.run_id is null and o.error is null order by o.n"#,
        batch
    )
    .fetch_all(connection)
    .await?)
}

/// What became of a row: its run, or why it has none. False when it has one already.
///
/// # Errors
/// When the statement fails.
pub async fn set_run(
    connection: &mut PgConnection,
    batch: Uuid,
    n: i32,
    run: Option<Uuid>,
    error: Option<&str>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.batch_runs set run_id = $3, error = $4 where batch_id = $1 and n = $2 and run_id is null",
        batch,
        n,
        run,
        error
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Lets go of what failed, so that it is due again; how many rows.
///
/// # Errors
/// When the statement fails.
pub async fn forget_failed(connection: &mut PgConnection, batch: Uuid) -> Result<u64> {
    let done = sqlx::query!(
        "update plan.batch_runs o set run_id = null, error = null
         where o.batch_id = $1 and (o.error is not null
               or exists (select from plan.run_states s where s.id = o.run_id and s.state = 'failed'))",
        batch
    );
    Ok(done.execute(connection).await?.rows_affected())
}

/// # Errors
/// When the statement fails.
pub async fn set_job(connection: &mut PgConnection, batch: Uuid, job_run: Uuid) -> Result<()> {
    sqlx::query!("update plan.batches set job_run_id = $2 where id = $1", batch, job_run).execute(connection).await?;
    Ok(())
}

/// False when it was cancelled before.
///
/// # Errors
/// When the statement fails.
pub async fn cancel(connection: &mut PgConnection, batch: Uuid, at: DateTime<Utc>, by: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update plan.batches set cancelled_at = $2, cancelled_by = $3 where id = $1 and cancelled_at is null",
        batch,
        at,
        by
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// # Errors
/// When the statement fails.
pub async fn set_totals(connection: &mut PgConnection, batch: Uuid, totals: Option<&serde_json::Value>) -> Result<()> {
    sqlx::query!("update plan.batches set totals = $2 where id = $1", batch, totals).execute(connection).await?;
    Ok(())
}

/// The batch that a run belongs to.
///
/// # Errors
/// When the statement fails.
pub async fn of_run(connection: &mut PgConnection, run: Uuid) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!("select batch_id from plan.runs where id = $1", run)
        .fetch_optional(connection)
        .await?
        .flatten())
}
