//! What a run does: its document to a child, the child's course to the database, its answer to plan rows. The answer is
//! written with one commit.

use super::{
    batching::{account, lock_of},
    checks::{self, Asked},
    child::{self, Ended, Limits, Line, Stop},
    overlay::Overlay,
};
use crate::{
    access::secret::unhex,
    backend::Backend,
    jobs::{JobContext, JobFailure, JobOutcome},
};
use domain::{
    AppError, ErrorCode,
    clock::Clock,
    ids::PlanRunId,
    live::Topic,
    planning::{ProgressPoint, RunOutcome, RunState},
};
use engine::planning::result::{Answer, Relaxation};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use store::planning::{
    plans::{self, NewPlan},
    runs::{self, Ending, Task},
};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often the course is written.
const TELL: Duration = Duration::from_secs(1);
/// How often a cancel is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// An answer that finds no database waits this long for one.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);
/// Until the worker has heard of a cancel that the run has heard of.
const HEARD: Duration = Duration::from_secs(10);
/// Beyond this a double says nothing of money.
const LARGEST: f64 = 1e28;

/// What the child told last, and what of it was written.
#[derive(Debug)]
struct Course {
    begun: Instant,
    seq: i32,
    phase: &'static str,
    told: child::Progress,
    changed: bool,
}

impl Course {
    fn take(&mut self, line: Line) {
        match line {
            Line::Phase(phase) => self.phase = phase.as_str(),
            Line::Progress(told) => self.told = told,
            Line::Incumbent { objective } => {
                self.told.incumbent = Some(objective);
                self.told.gap = self.told.bound.map(|bound| engine::planning::run::gap(objective, bound));
            }
        }
        self.changed = true;
    }

    /// The next step to be written, if there is news.
    fn news(&mut self) -> Option<ProgressPoint> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.seq += 1;
        let told = self.told;
        Some(ProgressPoint {
            seq: self.seq,
            elapsed_seconds: self.begun.elapsed().as_secs_f64(),
            phase: self.phase.to_owned(),
            incumbent: finite(told.incumbent),
            bound: finite(told.bound),
            gap: finite(told.gap),
            nodes: told.nodes,
            lp_iterations: told.lp_iterations,
        })
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.abs() < LARGEST)
}

/// Solves the run and stores what came of it, once; a run that is over is left alone.
pub(crate) async fn run(context: &JobContext, run: PlanRunId) -> Result<JobOutcome, JobFailure> {
    let backend = &context.backend;
    let over = || Ok(JobOutcome::Skipped(json!({ "reason": "It is over already." })));
    context.step("Checking the input");
    let Some(task) = take_up(backend, run).await? else { return over() };
    let (name, by, limit) = (task.name.clone(), task.by.clone(), task.time_limit_seconds);
    let ended = match document(task).await? {
        Ok(text) => follow(context, run, &text, limit).await,
        Err(message) => Ended::Failed { code: "input_refused", message },
    };
    // Lost is not what the input is to blame for.
    if let Ended::Failed { code: "solver_lost", message } = &ended
        && context.attempt < context.max_attempts()
        && !context.cancelled()
    {
        return Err(JobFailure::retry("solver_lost", message.clone()));
    }
    let was_cancelled = context.cancelled() || cancel_asked(backend, run).await.is_some();
    context.step("Storing the result");
    let kept = Kept { run, name, by, ended, was_cancelled };
    let stopping = context.services.live.stopping().clone();
    // A task of its own: the answer outlives the time limit of the job while it waits for the database.
    let (writer, verdict) = (backend.clone(), kept.verdict());
    let stored = tokio::spawn(async move { kept.keep(&writer, &stopping).await });
    if !stored.await.map_err(|_| AppError::internal())?? {
        return over();
    }
    match verdict {
        Verdict::Done(outcome) => {
            Ok(JobOutcome::Succeeded(json!({ "run_id": run.to_string(), "outcome": outcome.as_str() })))
        }
        Verdict::Failed(code, message) => Err(JobFailure::fail(code, message)),
        Verdict::Cancelled => {
            // Otherwise the worker would take it for a run to be given back.
            let _ = timeout(HEARD, context.stopping().cancelled()).await;
            Err(JobFailure::Cancelled)
        }
    }
}

async fn take_up(backend: &Backend, run: PlanRunId) -> Result<Option<Task>, AppError> {
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let task = runs::take_up(&mut tx, run.0, backend.clock.now()).await?;
    store::live::emit(&mut tx, Topic::Optimize, &run.to_string()).await?;
    store::commit(tx).await?;
    Ok(task)
}

/// The text for the child.
async fn document(task: Task) -> Result<Result<String, String>, AppError> {
    let asked: Asked = serde_json::from_value(task.options).map_err(|_| AppError::internal())?;
    let overlay = Overlay::of(&task.scenario, None, task.ops.as_deref(), task.seed).map(|of| of.drawn(None, task.draw));
    let resolved = tokio::task::spawn_blocking(move || checks::stored(&task.document, overlay, &asked));
    resolved.await.map_err(|_| AppError::internal())
}

/// Solves, and writes the course meanwhile.
async fn follow(context: &JobContext, run: PlanRunId, text: &str, limit_seconds: f64) -> Ended {
    let host = &context.services.solver;
    let limits = Limits { time: Duration::from_secs_f64(limit_seconds), memory_mib: host.memory_mib };
    let course = Mutex::new(Course {
        begun: Instant::now(),
        seq: 0,
        phase: RunState::ValidatingData.as_str(),
        told: child::Progress::default(),
        changed: true,
    });
    let each = |line| course.lock().unwrap_or_else(PoisonError::into_inner).take(line);
    let solving = child::solve(&host.program, text.as_bytes(), run.0, limits, stopped(context, run), each);
    let ended = tokio::select! {
        ended = solving => ended,
        never = keep_telling(context, run, &course, limit_seconds) => match never {},
    };
    tell(context, run, &course, limit_seconds).await;
    ended
}

async fn cancel_asked(backend: &Backend, run: PlanRunId) -> Option<bool> {
    let asked = async {
        let mut connection = store::acquire(&backend.pools.jobs).await?;
        runs::cancel_asked(&mut connection, run.0).await
    };
    asked.await.ok().flatten()
}

/// Resolves when somebody asks for the end, of the run or of its job.
async fn stopped(context: &JobContext, run: PlanRunId) -> Stop {
    loop {
        let job = timeout(LOOK, context.stopping().cancelled()).await.is_ok();
        match cancel_asked(&context.backend, run).await {
            Some(keep_incumbent) => return Stop { keep_incumbent },
            None if job => return Stop { keep_incumbent: true },
            None => {}
        }
    }
}

async fn keep_telling(context: &JobContext, run: PlanRunId, course: &Mutex<Course>, limit_seconds: f64) -> Infallible {
    loop {
        tell(context, run, course, limit_seconds).await;
        sleep(TELL).await;
    }
}

/// Writes what is new. What cannot be written is not missed: the next step tells more.
async fn tell(context: &JobContext, run: PlanRunId, course: &Mutex<Course>, limit_seconds: f64) {
    let news = course.lock().unwrap_or_else(PoisonError::into_inner).news();
    let Some(point) = news else { return };
    let state = RunState::parse(&point.phase).unwrap_or(RunState::Solving);
    context.progress(state.progress(point.elapsed_seconds, limit_seconds).into(), Some(100));
    context.step(state.label());
    let backend = &context.backend;
    let written = async {
        let mut tx = store::begin(&backend.pools.jobs).await?;
        runs::set_state(&mut tx, run.0, state.as_str()).await?;
        runs::add_progress(&mut tx, run.0, backend.clock.now(), &point).await?;
        store::live::emit(&mut tx, Topic::Optimize, &run.to_string()).await?;
        store::commit(tx).await
    };
    if let Err(error) = written.await {
        tracing::warn!(run = %run, error = %error, "step of a solve not written");
    }
}

/// How the job of a run ends.
enum Verdict {
    Done(RunOutcome),
    Failed(String, String),
    Cancelled,
}

/// What came of a solve, until it is stored.
struct Kept {
    run: PlanRunId,
    name: String,
    by: String,
    ended: Ended,
    was_cancelled: bool,
}

impl Kept {
    fn outcome(&self) -> RunOutcome {
        match &self.ended {
            Ended::Answer(answer) => answer.outcome,
            Ended::Failed { .. } if self.was_cancelled => RunOutcome::Cancelled,
            Ended::Failed { .. } => RunOutcome::Error,
        }
    }

    fn fault(&self) -> Option<(&str, &str)> {
        match &self.ended {
            Ended::Answer(answer) => answer.error.as_ref().map(|error| (error.code.as_ref(), error.message.as_str())),
            Ended::Failed { code, message } => Some((code, message)),
        }
    }

    fn verdict(&self) -> Verdict {
        let outcome = self.outcome();
        match outcome.state() {
            RunState::Cancelled => Verdict::Cancelled,
            RunState::Failed => {
                let (code, message) = self.fault().unwrap_or(("solver_error", "The solve failed."));
                Verdict::Failed(code.to_owned(), message.to_owned())
            }
            _ => Verdict::Done(outcome),
        }
    }

    /// Stores it; tries again while there is no database. False when the run is over already. What can never be stored
    /// ends the run as failed.
    async fn keep(self, backend: &Backend, stopping: &CancellationToken) -> Result<bool, AppError> {
        let begun = Instant::now();
        loop {
            match self.store(backend).await {
                Err(error) if error.code == ErrorCode::Unavailable && begun.elapsed() < PATIENCE => {
                    tracing::warn!(run = %self.run, error = %error, "result of a solve not stored; trying again");
                    if timeout(PAUSE, stopping.cancelled()).await.is_ok() {
                        return Err(error);
                    }
                }
                Err(error) if error.code != ErrorCode::Unavailable => {
                    tracing::error!(run = %self.run, error = %error, "result of a solve cannot be stored");
                    self.give_up(backend).await?;
                    return Err(error);
                }
                other => return other,
            }
        }
    }

    async fn give_up(&self, backend: &Backend) -> Result<(), AppError> {
        let end = Ending {
            state: RunState::Failed.as_str(),
            outcome: RunOutcome::Error.as_str(),
            error_code: Some("internal"),
            error_message: Some("The result could not be stored."),
            ..Ending::default()
        };
        let mut tx = store::begin(&backend.pools.jobs).await?;
        let batch = lock_of(&mut tx, self.run).await?;
        runs::finish(&mut tx, self.run.0, backend.clock.now(), &end).await?;
        account(&mut tx, batch).await?;
        store::live::emit(&mut tx, Topic::Optimize, &self.run.to_string()).await?;
        Ok(store::commit(tx).await?)
    }

    async fn store(&self, backend: &Backend) -> Result<bool, AppError> {
        let clock: &dyn Clock = backend.clock.as_ref();
        let now = clock.now();
        let outcome = self.outcome();
        let fault = self.fault();
        let mut end = match &self.ended {
            Ended::Answer(answer) => ending(answer),
            Ended::Failed { .. } => Ending::default(),
        };
        (end.state, end.outcome) = (outcome.state().as_str(), outcome.as_str());
        (end.error_code, end.error_message) = fault.unzip();
        let mut tx = store::begin(&backend.pools.jobs).await?;
        let batch = lock_of(&mut tx, self.run).await?;
        if !runs::finish(&mut tx, self.run.0, now, &end).await? {
            return Ok(false);
        }
        if let Ended::Answer(answer) = &self.ended
            && let Some(plan) = self.plan(answer, clock)?
        {
            plans::insert(&mut tx, &plan).await?;
        }
        account(&mut tx, batch).await?;
        store::live::emit(&mut tx, Topic::Optimize, &self.run.to_string()).await?;
        store::commit(tx).await?;
        Ok(true)
    }

    /// The plan of an answer: one that passed the checker, or the relaxed one of the way out.
    fn plan<'a>(&'a self, answer: &Answer, clock: &dyn Clock) -> Result<Option<NewPlan<'a>>, AppError> {
        let passed = answer.checker.as_ref().is_some_and(|report| report.passed);
        let mut plan = NewPlan {
            id: clock.new_id(),
            run_id: self.run.0,
            name: &self.name,
            objective: answer.objective.unwrap_or_default(),
            operating_cost: answer.operating_cost.unwrap_or_default(),
            relaxation_cost: None,
            at: clock.now(),
            by: &self.by,
            production: Value::Null,
            shipments: Value::Null,
            inventory: Value::Null,
            unmet_demand: Value::Null,
            slacks: json!([]),
            costs: Value::Null,
            bindings: value(&answer.bindings)?,
            kpis: value(&answer.kpis)?,
            sites: Value::Null,
            contracts: Value::Null,
        };
        match &answer.relaxation {
            _ if passed && answer.objective.is_some() => {
                (plan.production, plan.shipments) = (value(&answer.production)?, value(&answer.shipments)?);
                (plan.inventory, plan.unmet_demand) = (value(&answer.inventory)?, value(&answer.unmet_demand)?);
                (plan.sites, plan.contracts) = (value(&answer.sites)?, value(&answer.contracts)?);
                plan.costs = value(&answer.costs)?;
            }
            Some(Relaxation { objective, operating_cost, total, slacks, plan: relaxed }) => {
                (plan.objective, plan.operating_cost) = (*objective, *operating_cost);
                (plan.relaxation_cost, plan.slacks) = (Some(*total), value(slacks)?);
                (plan.production, plan.shipments) = (value(&relaxed.production)?, value(&relaxed.shipments)?);
                (plan.inventory, plan.unmet_demand) = (value(&relaxed.inventory)?, value(&relaxed.unmet_demand)?);
                (plan.sites, plan.contracts) = (value(&relaxed.sites)?, value(&relaxed.contracts)?);
                plan.costs = value(&relaxed.costs)?;
            }
            None => return Ok(None),
        }
        Ok(Some(plan))
    }
}

fn value(rows: &impl Serialize) -> Result<Value, AppError> {
    serde_json::to_value(rows).map_err(|_| AppError::internal())
}

fn ending(answer: &Answer) -> Ending<'_> {
    let size = &answer.statistics;
    let count = |n: usize| Some(i64::try_from(n).unwrap_or(i64::MAX));
    Ending {
        objective: finite(answer.objective),
        operating_cost: finite(answer.operating_cost),
        bound: finite(answer.bound),
        gap: finite(answer.gap),
        nodes: Some(size.nodes),
        lp_iterations: Some(size.lp_iterations),
        rows: count(size.rows),
        cols: count(size.columns),
        integer_cols: count(size.integer),
        binary_cols: count(size.binary),
        nonzeros: count(size.nonzeros),
        coef_min: size.coefficient_min,
        coef_max: size.coefficient_max,
        solve_seconds: Some(size.solve_seconds),
        solver_used: Some(answer.solver.solver_used.as_ref()),
        solver_version: Some(&answer.solver.solver_version),
        checker_passed: answer.checker.as_ref().map(|report| report.passed),
        checker_sha256: answer.checker.as_ref().and_then(|report| unhex(&report.sha256)),
        checker_faults: answer.checker.as_ref().map(|report| report.faults.clone()).unwrap_or_default(),
        endless: answer.endless.clone(),
        ..Ending::default()
    }
}
