//! What people ask for of batches: begun, followed, ended, failed runs tried again. What a batch does is `batching`.

use super::{
    batching::{account, basis, totals},
    checks::{self, Asked},
    overlay::{self, Overlay},
    queueing::{LIVE, aside, document_of, keep_input},
};
use crate::{
    backend::Backend,
    jobs::{BatchToQueue, JobRequest, PlanningBatch, enqueue},
    services::{
        cursor,
        idempotency::{Request, once},
        jobs::cancel_open,
        transactions::zone_of,
    },
};
use async_trait::async_trait;
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::{PlanBatchId, PlanRunId, PlanScenarioId},
    live::Topic,
    paging,
    planning::{
        BatchDetail, BatchFilter, BatchItem, BatchKind, BatchList, BatchRun, BatchStarted, BatchState, BatchesPort,
        NewBatch, RunOutcome, RunState, batch_label, label,
    },
};
use engine::{calendar::BusinessZone, planning::document::hex};
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    audit::{self, Act},
    planning::{
        batches::{self, NewRow, StoredBatch, StoredRow},
        runs,
    },
};
use uuid::Uuid;

/// The service behind [`BatchesPort`].
#[derive(Clone)]
pub struct BatchesService {
    backend: Backend,
}

impl fmt::Debug for BatchesService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchesService").finish_non_exhaustive()
    }
}

fn missing() -> AppError {
    AppError::not_found("Batch")
}

/// Whether the job that queues the runs may still do so.
fn is_queueing(batch: &StoredBatch) -> bool {
    matches!(batch.job_state.as_deref(), Some("queued" | "running"))
}

/// Rows that nobody will queue any more.
fn has_lost(batch: &StoredBatch) -> bool {
    batch.begun + batch.refused < batch.runs && !is_queueing(batch)
}

fn state_of(batch: &StoredBatch) -> BatchState {
    match batch {
        StoredBatch { cancelled_at: Some(_), .. } => BatchState::Cancelled,
        StoredBatch { ended, runs, failed, .. } if ended == runs && failed == runs => BatchState::Failed,
        StoredBatch { ended, runs, .. } if ended == runs => BatchState::Completed,
        StoredBatch { ended, begun, refused, .. } if has_lost(batch) && *ended == begun + refused => BatchState::Failed,
        StoredBatch { ended: 0, begun: 0, .. } => BatchState::Queued,
        _ => BatchState::Running,
    }
}

fn item(batch: StoredBatch, zone: BusinessZone) -> Result<BatchItem, AppError> {
    let status = state_of(&batch);
    Ok(BatchItem {
        batch_id: PlanBatchId(batch.id),
        label: batch_label(batch.batch_no),
        name: batch.name,
        kind: BatchKind::parse(&batch.kind).ok_or_else(AppError::internal)?,
        status,
        currency: batch.currency,
        scenario_name: batch.scenario,
        seed: batch.seed,
        draws: batch.draws,
        runs: batch.runs,
        ended: batch.ended,
        failed: batch.failed,
        totals: batch
            .totals
            .map(|totals| serde_json::from_value(totals).map_err(|_| AppError::internal()))
            .transpose()?,
        created_at: zone.local(batch.created_at),
        created_by: batch.created_by,
    })
}

fn row(of: StoredRow, all: f64, cancelled: bool) -> Result<BatchRun, AppError> {
    let status = match (&of.state, &of.error) {
        (Some(state), _) => RunState::parse(state).ok_or_else(AppError::internal)?,
        (None, Some(_)) => RunState::Failed,
        (None, None) if cancelled => RunState::Cancelled,
        (None, None) => RunState::Queued,
    };
    let basis = basis(&of).to_owned();
    Ok(BatchRun {
        n: of.n,
        scenario_name: of.scenario,
        scenario_id: of.scenario_id.map(PlanScenarioId),
        draw: of.draw,
        probability: of.weight / all,
        basis,
        run_removed: of.run_removed,
        run_id: of.run_id.map(PlanRunId),
        label: of.run_no.map(label),
        status,
        outcome: of.outcome.as_deref().and_then(RunOutcome::parse),
        resolved_sha256: of.resolved_sha256.as_deref().map(hex),
        total_cost: of.cost,
        fill_rate: of.service_level.map(|percent| percent / 100.0),
        shortage_tonnes: of.shortage_tonnes,
        error_message: of.error,
    })
}

async fn read(connection: &mut PgConnection, id: PlanBatchId) -> Result<BatchDetail, AppError> {
    let batch = batches::one(connection, id.0).await?.ok_or_else(missing)?;
    let zone = zone_of(&store::settings::business(connection).await?);
    let error_message = batch.job_error.clone().filter(|_| has_lost(&batch));
    let cancelled = batch.cancelled_at.is_some();
    let rows = batches::rows(connection, id.0).await?;
    let all: f64 = rows.iter().map(|row| row.weight).sum();
    let mut batch = item(batch, zone)?;
    batch.totals = totals(&rows);
    let table = rows.into_iter().map(|of| row(of, all, cancelled)).collect::<Result<_, _>>()?;
    Ok(BatchDetail { batch, table, error_message })
}

/// What a batch is to solve: its rows and the seed of its draws, or every fault of what was asked for.
async fn rows_of(connection: &mut PgConnection, new: &NewBatch) -> Result<(Vec<NewRow>, Option<i64>), AppError> {
    let mut faults: Vec<_> = checks::fault_of_solver(new.solver.as_deref()).into_iter().collect();
    let row = |of: &Overlay, draw, weight| NewRow { scenario: of.name.clone(), scenario_id: of.id, draw, weight };
    let (mut rows, mut seed) = (Vec::new(), None);
    if let Some(name) = &new.scenario {
        match overlay::named(connection, name).await? {
            None => faults.push(checks::fault_of_scenario("scenario", name)),
            Some(of) if !of.scenario.has_chance() => {
                let message = format!("{name} has no random operation: every draw of it would be the same.");
                faults.push(FieldError::new("scenario", message));
            }
            Some(of) => {
                seed = new.seed.or_else(|| i64::try_from(of.scenario.seed).ok());
                rows.extend((0..new.draws.unwrap_or(1)).map(|draw| row(&of, draw, 1.0)));
            }
        }
    } else {
        let mut found = Vec::new();
        for (i, asked) in new.scenarios.iter().enumerate() {
            match overlay::named(connection, &asked.name).await? {
                None => faults.push(checks::fault_of_scenario(&format!("scenarios[{i}]"), &asked.name)),
                Some(of) => {
                    let weight = asked.probability.or(of.probability);
                    found.push((of, weight));
                }
            }
        }
        let all = found.iter().all(|(_, weight)| weight.is_some());
        rows.extend(found.iter().map(|(of, weight)| row(of, 0, weight.filter(|_| all).unwrap_or(1.0))));
    }
    if faults.is_empty() { Ok((rows, seed)) } else { Err(AppError::validation(faults)) }
}

impl BatchesService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn prepare(&self, new: &NewBatch) -> Result<(checks::Base, Vec<NewRow>, Option<i64>), AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let (rows, seed) = rows_of(&mut connection, new).await?;
        let handed = document_of(&mut connection, &new.input).await?;
        drop(connection);
        let asked = asked(new);
        let base = aside(move || {
            let base = checks::base(&handed)?;
            let plain = Overlay::built_in(checks::BASE).ok_or_else(AppError::internal)?;
            base.under(plain, &asked)?;
            Ok(base)
        })
        .await?;
        Ok((base, rows, seed))
    }

    /// The job that queues what is due.
    async fn ask(&self, connection: &mut PgConnection, who: &Principal, batch: PlanBatchId) -> Result<Uuid, AppError> {
        let wanted = JobRequest::of::<PlanningBatch>(&BatchToQueue { batch_id: batch })?;
        Ok(enqueue(connection, self.backend.clock.as_ref(), who, wanted).await?.job_id.0)
    }

    async fn tell(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        batch: PlanBatchId,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        audit::record(connection, clock.new_id(), clock.now(), who, act).await?;
        Ok(store::live::emit(connection, Topic::Planning, &batch.to_string()).await?)
    }
}

fn asked(new: &NewBatch) -> Asked {
    Asked { solver: new.solver.clone(), time_limit: new.time_limit, mip_gap: new.mip_gap }
}

#[async_trait]
impl BatchesPort for BatchesService {
    async fn start(
        &self,
        who: &Principal,
        new: NewBatch,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<BatchStarted, AppError>> {
        let started = async {
            who.require(Permission::PlanRun)?;
            new.validate().map_err(AppError::validation)?;
            let prepared = self.prepare(&new).await;
            let request = Request { who, key, route: "POST /api/v1/optimize/batches", status: 202, body: &new };
            let now = self.backend.clock.now();
            once(&self.backend.pools.analytics, now, request, async |connection| {
                let (base, rows, seed) = prepared?;
                let batch = PlanBatchId(self.backend.clock.new_id());
                let input_id = keep_input(&self.backend, connection, who, &base, LIVE).await?;
                let kind = if new.scenario.is_some() { BatchKind::Draws } else { BatchKind::Scenarios };
                let options = serde_json::to_value(asked(&new)).map_err(|_| AppError::internal())?;
                let row = batches::NewBatch {
                    id: batch.0,
                    job_run_id: self.ask(connection, who, batch).await?,
                    kind: kind.as_str(),
                    input_id,
                    name: &base.name,
                    currency: &base.currency,
                    seed,
                    draws: new.draws.filter(|_| kind == BatchKind::Draws),
                    options: &options,
                    at: now,
                    by: who.label(),
                    by_id: who.user_id().map(|user| user.0),
                };
                let label = batch_label(batches::insert(connection, &row, &rows).await?);
                let scenarios: Vec<_> = new.scenarios.iter().map(|one| one.name.as_str()).collect();
                let about = json!({"label": label, "name": base.name, "kind": kind.as_str(), "input": input_id,
                                   "scenario": new.scenario, "scenarios": scenarios, "draws": row.draws, "seed": seed,
                                   "options": options});
                let act = Act::done("plan.batch_started", "plan_batch", batch).after(about);
                self.tell(connection, who, batch, act).await?;
                let zone = zone_of(&store::settings::business(connection).await?);
                Ok(BatchStarted {
                    batch_id: batch,
                    message: format!("{label} waits for its {} runs.", rows.len()),
                    label,
                    status: BatchState::Queued,
                    runs: i64::try_from(rows.len()).unwrap_or(i64::MAX),
                    timestamp: zone.local(now),
                })
            })
            .await
        };
        Answered::of(started.await)
    }

    async fn list(&self, who: &Principal, filter: BatchFilter) -> Result<BatchList, AppError> {
        who.require(Permission::PlanView)?;
        if filter.limit.is_some_and(|limit| !(1..=paging::MAX_LIMIT).contains(&limit)) {
            return Err(AppError::field("limit", "A page has 1 to 100 rows."));
        }
        let after = filter.cursor.as_deref().map(cursor::moment).transpose()?;
        let limit = i64::from(filter.limit.unwrap_or(paging::DEFAULT_LIMIT));
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let mut rows = batches::list(&mut connection, after, limit + 1).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|rows| rows > limit);
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        let next_cursor = rows.last().filter(|_| more).map(|batch| cursor::of_moment(batch.created_at, batch.id));
        let batches = rows.into_iter().map(|row| item(row, zone)).collect::<Result<_, _>>()?;
        Ok(BatchList { batches, next_cursor })
    }

    async fn detail(&self, who: &Principal, batch: PlanBatchId) -> Result<BatchDetail, AppError> {
        who.require(Permission::PlanView)?;
        // One state of the database, so that counts and table are of one moment.
        let mut connection = store::snapshot(&self.backend.pools.analytics).await?;
        read(&mut connection, batch).await
    }

    async fn cancel(&self, who: &Principal, batch: PlanBatchId) -> Result<BatchDetail, AppError> {
        who.require(Permission::PlanRun)?;
        let clock = self.backend.clock.as_ref();
        let now = clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        batches::lock(&mut tx, batch.0).await?.ok_or_else(missing)?;
        let stored = batches::one(&mut tx, batch.0).await?.ok_or_else(missing)?;
        if state_of(&stored).is_over() || !batches::cancel(&mut tx, batch.0, now, who.label()).await? {
            return read(&mut tx, batch).await;
        }
        cancel_open(&mut tx, clock, who, stored.job_run_id).await?;
        for row in batches::rows(&mut tx, batch.0).await? {
            let over = row.state.as_deref().and_then(RunState::parse).is_none_or(RunState::is_over);
            let (Some(run), Some(job), false) = (row.run_id, row.job_run_id, over) else { continue };
            if runs::request_cancel(&mut tx, run, now, who.label(), false).await? {
                cancel_open(&mut tx, clock, who, job).await?;
                runs::end_unbegun(&mut tx, run, now).await?;
                store::live::emit(&mut tx, Topic::Optimize, &run.to_string()).await?;
            }
        }
        account(&mut tx, Some(batch)).await?;
        let about = json!({"label": batch_label(stored.batch_no), "ended": stored.ended, "runs": stored.runs});
        let act = Act::done("plan.batch_cancelled", "plan_batch", batch).after(about);
        self.tell(&mut tx, who, batch, act).await?;
        let detail = read(&mut tx, batch).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    async fn retry(&self, who: &Principal, batch: PlanBatchId) -> Result<BatchDetail, AppError> {
        who.require(Permission::PlanRun)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        batches::lock(&mut tx, batch.0).await?.ok_or_else(missing)?;
        let stored = batches::one(&mut tx, batch.0).await?.ok_or_else(missing)?;
        if stored.cancelled_at.is_some() {
            return Err(AppError::conflict("The batch was cancelled. Begin another one."));
        }
        if is_queueing(&stored) {
            return Err(AppError::conflict("Its runs are still being queued."));
        }
        batches::forget_failed(&mut tx, batch.0).await?;
        let due = batches::due(&mut tx, batch.0).await?.len();
        if due == 0 {
            return Err(AppError::conflict("No run of this batch failed."));
        }
        let job = self.ask(&mut tx, who, batch).await?;
        batches::set_job(&mut tx, batch.0, job).await?;
        account(&mut tx, Some(batch)).await?;
        let act = Act::done("plan.batch_retried", "plan_batch", batch)
            .after(json!({"label": batch_label(stored.batch_no), "runs": due}));
        self.tell(&mut tx, who, batch, act).await?;
        let detail = read(&mut tx, batch).await?;
        store::commit(tx).await?;
        Ok(detail)
    }
}
