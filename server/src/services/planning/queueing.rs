//! Runs put into the queue, in the caller's transaction.

use super::checks::{Base, Prepared};
use crate::{
    backend::Backend,
    jobs::{JobRequest, PlanningSolve, RunToSolve, enqueue},
    services::transactions::zone_of,
};
use domain::{
    AppError,
    access::Principal,
    ids::{PlanBatchId, PlanRunId},
    live::Topic,
    planning::{Handed, InputChoice, RunStarted, RunState, label},
};
use engine::planning::{sample, solve::SOLVER};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    planning::{
        inputs::{self, NewInput},
        networks, runs,
    },
};
use uuid::Uuid;

/// Of what was not generated.
pub(super) const LIVE: &str = "live";
/// A job may take this longer than its solve.
const BEYOND_LIMIT_SECONDS: i32 = 120;
/// What somebody waits for goes before the runs of a batch.
const PRIORITY_IN_BATCH: i16 = 6;

/// Off the async threads: documents may be large.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AppError::internal())?
}

/// The document that is meant.
///
/// # Errors
/// `validation` where there is no such run.
pub(super) async fn document_of(connection: &mut PgConnection, input: &InputChoice) -> Result<Handed, AppError> {
    Ok(Handed::Text(match (&input.input_data, input.input_of_run, input.use_sample_data) {
        (Some(text), _, _) => text.clone(),
        (None, Some(run), _) => {
            let given = inputs::of_run(connection, run.0).await?;
            given.ok_or_else(|| AppError::field("input_of_run", "There is no such run."))?.document
        }
        (None, None, true) => sample::DOCUMENT.to_owned(),
        (None, None, false) => of_network(connection, input.network.as_deref()).await?,
    }))
}

/// The document that a network was frozen into last; without a code the only network's.
async fn of_network(connection: &mut PgConnection, code: Option<&str>) -> Result<String, AppError> {
    if let Some(code) = code {
        let frozen = networks::newest_document(connection, code).await?;
        return frozen.ok_or_else(|| {
            AppError::field("network", format!("There is no network {code}, or it was never frozen into an input."))
        });
    }
    let all = networks::all(connection).await?;
    let mut frozen = all.iter().filter(|network| network.frozen_at.is_some());
    let none = || {
        let message = "Send a document, name a run with input_of_run or a frozen network with network, or take the \
                       sample with use_sample_data.";
        AppError::field("input_data", message)
    };
    let (Some(only), None) = (frozen.next(), frozen.next()) else { return Err(none()) };
    networks::newest_document(connection, &only.code).await?.ok_or_else(none)
}

/// The document's row: each stands once.
pub(super) async fn keep_input(
    backend: &Backend,
    connection: &mut PgConnection,
    who: &Principal,
    base: &Base,
    origin: &str,
) -> Result<Uuid, AppError> {
    let input = NewInput {
        id: backend.clock.new_id(),
        sha256: &base.sha256,
        document: &base.canonical,
        row_counts: &base.row_counts,
        at: backend.clock.now(),
        by: who.label(),
        origin,
    };
    Ok(inputs::keep(connection, &input).await?)
}

/// Everything of a new run.
pub(super) async fn queue_run(
    backend: &Backend,
    connection: &mut PgConnection,
    who: &Principal,
    input_id: Uuid,
    new: &Prepared,
    batch: Option<PlanBatchId>,
) -> Result<RunStarted, AppError> {
    let clock = backend.clock.as_ref();
    let now = clock.now();
    let run = PlanRunId(clock.new_id());
    let mut wanted = JobRequest::of::<PlanningSolve>(&RunToSolve { run_id: run })?;
    #[allow(clippy::cast_possible_truncation, reason = "at most an hour")]
    let limit = new.time_limit.ceil() as i32;
    wanted.timeout_seconds = limit + BEYOND_LIMIT_SECONDS;
    if batch.is_some() {
        wanted.priority = PRIORITY_IN_BATCH;
    }
    let job = enqueue(connection, clock, who, wanted).await?;
    let options = serde_json::to_value(&new.asked).map_err(|_| AppError::internal())?;
    let row = runs::NewRun {
        id: run.0,
        job_run_id: job.job_id.0,
        input_id,
        name: &new.name,
        currency: &new.currency,
        scenario: &new.overlay.name,
        scenario_id: new.overlay.id,
        seed: new.overlay.seed,
        draw: new.overlay.draw,
        batch_id: batch.map(|batch| batch.0),
        forced_from: new.forced_from,
        resolved_sha256: &new.resolved_sha256,
        solver_requested: &new.solver,
        options: &options,
        time_limit_seconds: new.time_limit,
        validation: new.verdict.as_str(),
        at: now,
        by: who.label(),
        by_id: who.user_id().map(|user| user.0),
    };
    let label = label(runs::insert(connection, &row).await?);
    let about = json!({"label": label, "name": new.name, "scenario": new.overlay.name, "scenario_id": new.overlay.id,
                       "draw": new.overlay.draw, "batch": batch, "input": input_id, "options": options});
    let act = Act::done("plan.run_started", "plan_run", run).after(about);
    audit::record(connection, clock.new_id(), now, who, act).await?;
    store::live::emit(connection, Topic::Optimize, &run.to_string()).await?;
    let zone = zone_of(&store::settings::business(connection).await?);
    let typical = runs::typical_seconds(connection).await?.unwrap_or(new.time_limit);
    Ok(RunStarted {
        run_id: run,
        message: format!("{label} waits for its solve."),
        label,
        status: RunState::Queued,
        estimated_runtime: typical.min(new.time_limit),
        timestamp: zone.local(now),
        validation_status: new.verdict,
        solver_used: SOLVER.to_owned(),
    })
}
