//! What a batch does: its runs into the queue, and what they cost together as each ends.

use super::{
    checks::{self, Asked, Base, Prepared},
    overlay::Overlay,
    queueing::{aside, queue_run},
};
use crate::jobs::{JobContext, JobFailure, JobOutcome};
use domain::{
    AppError,
    ids::{PlanBatchId, PlanRunId},
    live::Topic,
    planning::{ALPHAS, BatchTotals, Handed, MIXED, Tail, UNDER_CHANCE, WAIT_AND_SEE},
};
use engine::planning::risk::{Weighted, spread, tail};
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::HashMap, sync::Arc};
use store::planning::batches::{self, Due, StoredRow};
use uuid::Uuid;

/// The batch of a run, locked before the run itself is: whoever ends runs takes both in this order.
pub(super) async fn lock_of(connection: &mut PgConnection, run: PlanRunId) -> Result<Option<PlanBatchId>, AppError> {
    let Some(batch) = batches::of_run(connection, run.0).await? else { return Ok(None) };
    batches::lock(connection, batch).await?;
    Ok(Some(PlanBatchId(batch)))
}

/// Writes what the runs of a batch cost together, the one that ended among them.
pub(super) async fn account(connection: &mut PgConnection, batch: Option<PlanBatchId>) -> Result<(), AppError> {
    let Some(batch) = batch else { return Ok(()) };
    let totals = totals(&batches::rows(connection, batch.0).await?);
    let totals = totals.map(|totals| serde_json::to_value(totals).map_err(|_| AppError::internal())).transpose()?;
    batches::set_totals(connection, batch.0, totals.as_ref()).await?;
    Ok(store::live::emit(connection, Topic::Planning, &batch.to_string()).await?)
}

/// What the cost of a row means.
pub(super) const fn basis(row: &StoredRow) -> &'static str {
    if row.holds_plan { UNDER_CHANCE } else { WAIT_AND_SEE }
}

/// None while no run has a plan.
pub(super) fn totals(rows: &[StoredRow]) -> Option<BatchTotals> {
    let counted: Vec<_> = rows.iter().filter(|row| row.cost.is_some()).collect();
    let costs: Vec<_> =
        counted.iter().filter_map(|row| Some(Weighted { cost: row.cost?, weight: row.weight })).collect();
    let spread = spread(&costs)?;
    let tails = ALPHAS.into_iter().filter_map(|alpha| tail(&costs, alpha)).map(|tail| Tail {
        alpha: tail.alpha,
        value_at_risk: tail.value_at_risk,
        conditional_value_at_risk: tail.conditional,
    });
    Some(BatchTotals {
        basis: if counted.iter().all(|row| row.holds_plan) {
            UNDER_CHANCE
        } else if counted.iter().any(|row| row.holds_plan) {
            MIXED
        } else {
            WAIT_AND_SEE
        }
        .to_owned(),
        runs: i64::try_from(costs.len()).unwrap_or(i64::MAX),
        mean: spread.mean,
        sd: spread.sd,
        min: spread.min,
        max: spread.max,
        tails: tails.collect(),
    })
}

/// Queues every run that is due; what cannot be solved is told in its row, and the others go on.
pub(crate) async fn queue_runs(context: &JobContext, batch: PlanBatchId) -> Result<JobOutcome, JobFailure> {
    let pool = &context.backend.pools.jobs;
    let mut connection = store::acquire(pool).await?;
    let text = batches::document(&mut connection, batch.0).await?;
    let (Some(text), Some(of)) = (text, batches::lock(&mut connection, batch.0).await?) else {
        return Ok(JobOutcome::Skipped(json!({"reason": "The batch is gone."})));
    };
    let due = batches::due(&mut connection, batch.0).await?;
    let asked: Asked = serde_json::from_value(of.options).map_err(|_| AppError::internal())?;
    drop(connection);
    context.step("Reading the input");
    let base = Arc::new(aside(move || checks::base(&Handed::Text(text))).await?);
    context.step("Queueing the runs");
    let total = i64::try_from(due.len()).ok();
    let mut refused = 0_i64;
    let mut ops: HashMap<Uuid, String> = HashMap::new();
    for (done, mut row) in (0_i64..).zip(due) {
        if let Some(scenario) = row.scenario_id {
            match row.ops.take() {
                Some(own) => row.ops = Some(ops.entry(scenario).or_insert(own).clone()),
                None => row.ops = ops.get(&scenario).cloned(),
            }
        }
        context.check()?;
        context.progress(done, total);
        let n = row.n;
        let (base, asked) = (Arc::clone(&base), asked.clone());
        let prepared = aside(move || prepare(&base, row, of.seed, &asked)).await;
        match queue_one(context, batch, n, prepared).await? {
            Queued::Yes => {}
            Queued::Refused => refused += 1,
            Queued::Cancelled => return Ok(JobOutcome::Skipped(json!({"reason": "The batch was cancelled."}))),
        }
    }
    context.progress(total.unwrap_or_default(), total);
    Ok(JobOutcome::Succeeded(json!({"batch_id": batch.to_string(), "runs": total, "refused": refused})))
}

enum Queued {
    Yes,
    Refused,
    Cancelled,
}

/// What a row is to solve.
fn prepare(base: &Base, row: Due, seed: Option<i64>, asked: &Asked) -> Result<Prepared, AppError> {
    let own = Overlay::of(&row.scenario, row.scenario_id, row.ops.as_deref(), row.own_seed.unwrap_or_default());
    base.under(own.map_err(|faults| checks::refused(&faults))?.drawn(seed, row.draw), asked)
}

async fn queue_one(
    context: &JobContext,
    batch: PlanBatchId,
    n: i32,
    prepared: Result<Prepared, AppError>,
) -> Result<Queued, AppError> {
    let backend = &context.backend;
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let Some(of) = batches::lock(&mut tx, batch.0).await?.filter(|of| of.cancelled_at.is_none()) else {
        return Ok(Queued::Cancelled);
    };
    let queued = match prepared {
        Ok(prepared) => {
            let run = queue_run(backend, &mut tx, context.principal(), of.input_id, &prepared, Some(batch)).await?;
            if !batches::set_run(&mut tx, batch.0, n, Some(run.run_id.0), None).await? {
                // Another attempt of this job was quicker.
                store::rollback(tx).await?;
                return Ok(Queued::Yes);
            }
            Queued::Yes
        }
        Err(error) => {
            let message = error.fields.first().map_or(error.message.as_str(), |field| field.message.as_str());
            batches::set_run(&mut tx, batch.0, n, None, Some(message)).await?;
            Queued::Refused
        }
    };
    store::live::emit(&mut tx, Topic::Planning, &batch.to_string()).await?;
    store::commit(tx).await?;
    Ok(queued)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: i32, cost: Option<f64>) -> StoredRow {
        StoredRow {
            n,
            scenario: "wet".into(),
            scenario_id: None,
            draw: n - 1,
            weight: 1.0,
            run_id: None,
            run_no: None,
            run_removed: false,
            holds_plan: false,
            job_run_id: None,
            state: None,
            outcome: None,
            resolved_sha256: None,
            cost,
            service_level: None,
            shortage_tonnes: None,
            error: None,
        }
    }

    #[test]
    fn costs_from_1_to_20_have_the_tail_of_the_specification_and_what_has_no_plan_is_not_counted() {
        let mut rows: Vec<_> = (1..=20).map(|n| row(n, Some(f64::from(n)))).collect();
        rows.push(row(21, None));
        let totals = totals(&rows).unwrap();
        assert_eq!((totals.runs, totals.mean, totals.min, totals.max), (20, 10.5, 1.0, 20.0));
        assert!((totals.sd.unwrap() - 35.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(totals.tails.len(), 3);
        assert!((totals.tails[0].value_at_risk - 18.0).abs() < 1e-9, "{totals:?}");
        assert!((totals.tails[0].conditional_value_at_risk - 19.5).abs() < 1e-9, "{totals:?}");
        assert_eq!(super::totals(&rows[20..]), None);
        let basis = |rows: &[StoredRow]| super::totals(rows).unwrap().basis;
        assert_eq!(basis(&rows), WAIT_AND_SEE);
        rows[0].holds_plan = true;
        assert_eq!(basis(&rows), MIXED);
        assert_eq!((basis(&rows[..1]), super::basis(&rows[0])), (UNDER_CHANCE.to_owned(), UNDER_CHANCE));
    }
}
