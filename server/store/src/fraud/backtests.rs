//! Backtests: what was asked, what was found, and the scores of each sale.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A backtest to be run.
#[derive(Debug)]
pub struct NewBacktest<'a> {
    pub id: Uuid,
    pub rule_set_id: Uuid,
    pub content_hash: &'a str,
    pub dataset_id: Option<Uuid>,
    pub parameters: &'a serde_json::Value,
    /// The run that tries it.
    pub run_id: Uuid,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewBacktest<'_>) -> Result<()> {
    sqlx::query!(
        "insert into sales.fraud_backtests (id, rule_set_id, content_hash, dataset_id, parameters, by, created_at, run_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id,
        new.rule_set_id,
        new.content_hash,
        new.dataset_id,
        new.parameters,
        new.by,
        new.at,
        new.run_id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A backtest as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBacktest {
    pub id: Uuid,
    pub rule_set: i32,
    pub rule_set_name: String,
    pub content_hash: String,
    /// The set's now.
    pub content_now: String,
    pub dataset_id: Option<Uuid>,
    pub dataset: Option<String>,
    pub parameters: serde_json::Value,
    pub run_id: Option<Uuid>,
    pub state: String,
    pub fault: Option<String>,
    /// Only of the one that was asked for.
    pub report: Option<serde_json::Value>,
    pub by: String,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// The newest first, or the one named.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, id: Option<Uuid>, limit: i64) -> Result<Vec<StoredBacktest>> {
    Ok(sqlx::query_as!(
        StoredBacktest,
        r#"select b.id, s.number as rule_set, s.name as rule_set_name, b.content_hash, s.content_hash as content_now,
                  b.dataset_id, d.name as "dataset?", b.parameters, b.run_id,
                  case when o.over then 'failed' else b.state end as "state!",
                  case when o.over then 'Its job ended without a report: ' || r.state || '.' else b.fault end as fault,
                  case when $1::uuid is not null then b.report end as report, b.by, b.created_at, b.finished_at
           from sales.fraud_backtests b
           join sales.fraud_rule_sets s on s.id = b.rule_set_id
           left join sales.fraud_datasets d on d.id = b.dataset_id
           left join ops.job_runs r on r.id = b.run_id
           cross join lateral (select b.state in ('queued', 'running') and r.state not in ('queued', 'running') as over) o
           where $1 is null or b.id = $1
           order by b.created_at desc, b.id limit $2"#,
        id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// Takes a backtest up; what an earlier run of it wrote is taken back. Not of one that is over.
///
/// # Errors
/// When the statement fails.
pub async fn take_up(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    let taken = sqlx::query!(
        "with taken as (
             update sales.fraud_backtests set state = 'running' where id = $1 and state in ('queued', 'running') returning id
         ), cleared as (
             delete from sales.fraud_backtest_scores s using taken where s.backtest_id = taken.id
         )
         select id from taken",
        id
    );
    Ok(taken.fetch_optional(connection).await?.is_some())
}

/// # Errors
/// When the statement fails.
pub async fn finish(
    connection: &mut PgConnection,
    id: Uuid,
    report: &serde_json::Value,
    model: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update sales.fraud_backtests set state = 'finished', report = $2, model_id = $3, finished_at = $4
         where id = $1 and state = 'running'",
        id,
        report,
        model,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn fail(connection: &mut PgConnection, id: Uuid, fault: &str) -> Result<()> {
    sqlx::query!(
        "update sales.fraud_backtests set state = 'failed', fault = $2 where id = $1 and state in ('queued', 'running')",
        id,
        fault
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Scores of sales, column by column.
#[derive(Debug, Default)]
pub struct NewScores {
    pub n: Vec<i32>,
    pub references: Vec<String>,
    pub occurred_at: Vec<DateTime<Utc>>,
    pub customers: Vec<Option<String>>,
    pub amounts: Vec<Decimal>,
    pub points: Vec<Decimal>,
    /// Codes with a space between.
    pub hits: Vec<String>,
    pub outcomes: Vec<String>,
    pub learned: Vec<Option<f64>>,
    pub labels: Vec<Option<bool>>,
}

/// # Errors
/// When the statement fails.
pub async fn insert_scores(connection: &mut PgConnection, backtest: Uuid, new: &NewScores) -> Result<()> {
    sqlx::query!(
        "insert into sales.fraud_backtest_scores (backtest_id, n, ref, occurred_at, customer_ref, amount, points, hits, outcome,
                                                  learned, label)
         select $1, r.n, r.ref, r.occurred_at, r.customer_ref, r.amount, r.points,
                array_remove(string_to_array(r.hits, ' '), ''), r.outcome, r.learned, r.label
         from unnest($2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::numeric[], $7::numeric[], $8::text[], $9::text[],
                     $10::float8[], $11::bool[])
              as r (n, ref, occurred_at, customer_ref, amount, points, hits, outcome, learned, label)",
        backtest,
        &new.n,
        &new.references,
        &new.occurred_at,
        &new.customers as &[Option<String>],
        &new.amounts,
        &new.points,
        &new.hits,
        &new.outcomes,
        &new.learned as &[Option<f64>],
        &new.labels as &[Option<bool>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The score of one sale.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub n: i32,
    pub reference: String,
    pub occurred_at: DateTime<Utc>,
    pub customer: Option<String>,
    pub amount: Decimal,
    pub points: Decimal,
    pub hits: Vec<String>,
    pub outcome: String,
    pub learned: Option<f64>,
    pub label: Option<bool>,
}

/// Scores after number `after`.
///
/// # Errors
/// When the statement fails.
pub async fn scores(connection: &mut PgConnection, backtest: Uuid, after: i32, limit: i64) -> Result<Vec<Score>> {
    Ok(sqlx::query_as!(
        Score,
        "select n, ref as reference, occurred_at, customer_ref as customer, amount, points, hits, outcome, learned, label
         from sales.fraud_backtest_scores where backtest_id = $1 and n > $2 order by n limit $3",
        backtest,
        after,
        limit
    )
    .fetch_all(connection)
    .await?)
}
