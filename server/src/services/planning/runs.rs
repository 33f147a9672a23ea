//! What people ask for: runs begun, followed, ended, removed. What a run does is `solving`.

use super::{
    PlanningService,
    checks::{self, Prepared},
    reading::{self, Pace},
};
use crate::{
    jobs::{JobRequest, PlanningSolve, RunToSolve, enqueue},
    services::{
        cursor,
        idempotency::{Request, once},
        jobs::cancel_open,
        transactions::zone_of,
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::PlanRunId,
    live::Topic,
    paging,
    planning::{
        CancelAnswer, CancelRun, Explanation, Handed, ModelTemplate, NewRun, PlanningPort, ProgressSeries, Results,
        RunDetail, RunFilter, RunList, RunRemoved, RunStarted, RunState, RunStatus, ScenarioItem, ScenarioList,
        SolverItem, SolverList, Validation, label, thinned,
    },
};
use engine::planning::{
    document::{
        hex,
        json_schema::{json_schema, required_fields},
        schema::SOLVERS,
    },
    sample,
    scenario::BUILT_IN,
    solve::{SOLVER, version},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    planning::{
        inputs::{self, NewInput},
        plans,
        runs::{self, StoredRun},
    },
};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// Steps of a course that a page draws.
const MOST_STEPS: usize = 300;
/// A job may take this longer than its solve.
const BEYOND_LIMIT_SECONDS: i32 = 120;

fn missing() -> AppError {
    AppError::not_found("Run")
}

pub(super) async fn found(connection: &mut PgConnection, run: PlanRunId) -> Result<StoredRun, AppError> {
    runs::one(connection, run.0).await?.ok_or_else(missing)
}

fn place(run: &StoredRun) -> String {
    cursor::write(format!("{}/{}", run.created_at.timestamp_micros(), run.id))
}

fn placed(text: &str) -> Result<(DateTime<Utc>, Uuid), AppError> {
    cursor::read(text, |plain| {
        let (at, id) = plain.split_once('/')?;
        Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
    })
}

/// Files looked into at the same time: each may need its unpacked size in work.
static ROOM: Semaphore = Semaphore::const_new(2);

/// Room for a file; what is no file needs none.
async fn room(is_file: bool) -> Result<Option<SemaphorePermit<'static>>, AppError> {
    if !is_file {
        return Ok(None);
    }
    ROOM.acquire().await.map(Some).map_err(|_| AppError::internal())
}

/// Off the async threads: documents may be large.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AppError::internal())?
}

impl PlanningService {
    async fn read_status(&self, connection: &mut PgConnection, run: PlanRunId) -> Result<RunStatus, AppError> {
        let found = found(connection, run).await?;
        let zone = zone_of(&store::settings::business(connection).await?);
        reading::status(&found, zone, self.backend.clock.now(), Pace::read(connection).await?)
    }

    /// Everything of a new run, in the caller's transaction.
    async fn begin(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        new: &Prepared,
    ) -> Result<RunStarted, AppError> {
        let clock = self.backend.clock.as_ref();
        let now = clock.now();
        let input = NewInput {
            id: clock.new_id(),
            sha256: &new.sha256,
            document: &new.document,
            row_counts: &new.row_counts,
            at: now,
            by: who.label(),
        };
        let input_id = inputs::keep(connection, &input).await?;
        let run = PlanRunId(clock.new_id());
        let mut wanted = JobRequest::of::<PlanningSolve>(&RunToSolve { run_id: run })?;
        #[allow(clippy::cast_possible_truncation, reason = "at most an hour")]
        let limit = new.time_limit.ceil() as i32;
        wanted.timeout_seconds = limit + BEYOND_LIMIT_SECONDS;
        let job = enqueue(connection, clock, who, wanted).await?;
        let options = serde_json::to_value(&new.asked).map_err(|_| AppError::internal())?;
        let row = runs::NewRun {
            id: run.0,
            job_run_id: job.job_id.0,
            input_id,
            name: &new.name,
            currency: &new.currency,
            scenario: &new.scenario,
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
        let about =
            json!({"label": label, "name": new.name, "scenario": new.scenario, "input": input_id, "options": options});
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
}

#[async_trait]
impl PlanningPort for PlanningService {
    async fn start(
        &self,
        who: &Principal,
        new: NewRun,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RunStarted, AppError>> {
        let started = async {
            who.require(Permission::PlanRun)?;
            new.validate().map_err(AppError::validation)?;
            let asked = new.clone();
            let room = room(new.input_file.is_some()).await?;
            let prepared = aside(move || checks::prepare(&asked)).await;
            drop(room);
            let file = new.input_file.as_ref().map(|file| hex(&Sha256::digest(file.as_slice())));
            let body = (&new, file);
            let request = Request { who, key, route: "POST /api/v1/optimize/optimize", status: 202, body: &body };
            once(&self.backend.pools.analytics, self.backend.clock.now(), request, async |connection| {
                self.begin(connection, who, &prepared?).await
            })
            .await
        };
        Answered::of(started.await)
    }

    async fn list(&self, who: &Principal, filter: RunFilter) -> Result<RunList, AppError> {
        who.require(Permission::PlanView)?;
        filter.validate()?;
        let after = filter.cursor.as_deref().map(placed).transpose()?;
        let limit = i64::from(filter.limit.unwrap_or(paging::DEFAULT_LIMIT));
        let narrowed = runs::Filter { state: filter.status_filter, scenario: filter.scenario };
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let total_count = runs::count(&mut connection, &narrowed).await?;
        let mut rows = runs::list(&mut connection, &narrowed, after, limit + 1).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|rows| rows > limit);
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        let next_cursor = rows.last().filter(|_| more).map(place);
        let runs = rows.into_iter().map(|run| reading::item(run, zone)).collect::<Result<_, _>>()?;
        Ok(RunList { runs, total_count, next_cursor })
    }

    async fn detail(&self, who: &Principal, run: PlanRunId) -> Result<RunDetail, AppError> {
        who.require(Permission::PlanView)?;
        // One state of the database, so that status, course and results are of one moment.
        let mut connection = store::snapshot(&self.backend.pools.analytics).await?;
        let row = found(&mut connection, run).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let now = reading::status(&row, zone, self.backend.clock.now(), Pace::read(&mut connection).await?)?;
        let course = thinned(runs::progress(&mut connection, run.0).await?, MOST_STEPS);
        let time_limit_seconds = row.time_limit_seconds;
        let item = reading::item(row.clone(), zone)?;
        let (results, bindings) = if now.status.is_over() {
            let bindings = reading::explanation(&mut connection, &row).await?.bindings;
            (Some(reading::results(&mut connection, row, zone).await?), bindings)
        } else {
            (None, Vec::new())
        };
        Ok(RunDetail { run: item, time_limit_seconds, now, course, results, bindings })
    }

    async fn status(&self, who: &Principal, run: PlanRunId) -> Result<RunStatus, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        self.read_status(&mut connection, run).await
    }

    async fn results(&self, who: &Principal, run: PlanRunId) -> Result<Results, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let row = found(&mut connection, run).await?;
        if !reading::state_of(&row)?.is_over() {
            return Ok(Results::Waiting(self.read_status(&mut connection, run).await?));
        }
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        Ok(Results::Ready(Box::new(reading::results(&mut connection, row, zone).await?)))
    }

    async fn explanation(&self, who: &Principal, run: PlanRunId) -> Result<Explanation, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let row = found(&mut connection, run).await?;
        if !reading::state_of(&row)?.is_over() {
            return Err(AppError::conflict("The run is not over; its explanation comes with its results."));
        }
        reading::explanation(&mut connection, &row).await
    }

    async fn progress(&self, who: &Principal, run: PlanRunId) -> Result<ProgressSeries, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        found(&mut connection, run).await?;
        Ok(ProgressSeries { run_id: run, progress: runs::progress(&mut connection, run.0).await? })
    }

    async fn cancel(&self, who: &Principal, run: PlanRunId, how: CancelRun) -> Result<CancelAnswer, AppError> {
        who.require(Permission::PlanRun)?;
        let clock = self.backend.clock.as_ref();
        let now = clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let row = found(&mut tx, run).await?;
        let over = reading::state_of(&row)?.is_over();
        let asked = !over && runs::request_cancel(&mut tx, run.0, now, who.label(), how.keep_incumbent).await?;
        if asked {
            cancel_open(&mut tx, clock, who, row.job_run_id).await?;
            runs::end_unbegun(&mut tx, run.0, now).await?;
            let act = Act::done("plan.run_cancelled", "plan_run", run)
                .after(json!({"label": label(row.run_no), "keep_incumbent": how.keep_incumbent}));
            audit::record(&mut tx, clock.new_id(), now, who, act).await?;
            store::live::emit(&mut tx, Topic::Optimize, &run.to_string()).await?;
        }
        let status = self.read_status(&mut tx, run).await?;
        store::commit(tx).await?;
        Ok(CancelAnswer { status, asked })
    }

    async fn remove(&self, who: &Principal, run: PlanRunId) -> Result<RunRemoved, AppError> {
        who.require(Permission::PlanRun)?;
        let clock = self.backend.clock.as_ref();
        let now = clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let row = found(&mut tx, run).await?;
        let own = row.created_by_id.is_some() && row.created_by_id == who.user_id().map(|user| user.0);
        if !own && !who.may(Permission::PlanSettings) {
            return Err(AppError::forbidden());
        }
        if !reading::state_of(&row)?.is_over() {
            return Err(AppError::conflict("The run is not over. Cancel it first."));
        }
        if plans::of_run(&mut tx, run.0).await?.is_some_and(|plan| plan.state == "promoted") {
            return Err(AppError::conflict("The plan of this run is promoted; it stays."));
        }
        if !runs::delete(&mut tx, run.0, now).await? {
            return Err(missing());
        }
        let label = label(row.run_no);
        let act = Act::done("plan.run_deleted", "plan_run", run).before(json!({"label": label, "name": row.name}));
        audit::record(&mut tx, clock.new_id(), now, who, act).await?;
        store::live::emit(&mut tx, Topic::Optimize, &run.to_string()).await?;
        store::commit(tx).await?;
        Ok(RunRemoved { run_id: run, message: format!("{label} was deleted.") })
    }

    async fn validate(&self, who: &Principal, document: Handed) -> Result<Validation, AppError> {
        who.require(Permission::PlanView)?;
        let _room = room(matches!(document, Handed::File(_))).await?;
        aside(move || checks::validation(&document)).await
    }

    fn scenarios(&self, who: &Principal) -> Result<ScenarioList, AppError> {
        who.require(Permission::PlanView)?;
        let item = |(name, does): &(&str, &str)| ScenarioItem {
            name: (*name).to_owned(),
            description: format!("Built in: {does}."),
            modifications: if *name == "base" { Vec::new() } else { vec![(*does).to_owned()] },
        };
        Ok(ScenarioList { scenarios: BUILT_IN.iter().map(item).collect() })
    }

    fn solvers(&self, who: &Principal) -> Result<SolverList, AppError> {
        who.require(Permission::PlanView)?;
        let aliases = SOLVERS.iter().filter(|name| **name != SOLVER).map(|name| (*name).to_owned()).collect();
        let highs = SolverItem { name: SOLVER.to_owned(), version: version(), kind: "MILP".to_owned(), aliases };
        Ok(SolverList { solvers: vec![highs], default_solver: SOLVER.to_owned() })
    }

    fn template(&self, who: &Principal) -> Result<ModelTemplate, AppError> {
        who.require(Permission::PlanView)?;
        Ok(ModelTemplate {
            template: serde_json::from_str(sample::DOCUMENT).map_err(|_| AppError::internal())?,
            description:
                "Two plants, two customers and two periods; the cheapest plan costs 3,379. Send it as input_data, \
                          changed to your network. Rows without a period hold in every period."
                    .to_owned(),
            required_fields: required_fields(),
            json_schema: json_schema(),
        })
    }
}
