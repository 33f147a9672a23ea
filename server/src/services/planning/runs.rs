//! What people ask for: runs begun, followed, ended, removed. What a run does is `solving`.

use super::{
    PlanningService,
    batching::{account, lock_of},
    checks::{self, Base, Prepared},
    overlay::{self, Overlay},
    queueing::{LIVE, aside, document_of, keep_input, queue_run},
    reading::{self, Pace},
};
use crate::services::{
    cursor,
    idempotency::{Request, once},
    jobs::cancel_open,
    transactions::zone_of,
};
use async_trait::async_trait;
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::{PlanId, PlanRunId},
    live::Topic,
    paging,
    planning::{
        CancelAnswer, CancelRun, Explanation, ForcedFrom, Handed, InputCheck, ModelTemplate, NewRun, PlanningPort,
        ProgressPoint, ProgressSeries, Results, RunDetail, RunFilter, RunList, RunRemoved, RunStarted, RunStatus,
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
    solve::{SOLVER, version},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use std::sync::Arc;
use store::{
    audit::{self, Act},
    planning::{
        inputs, plans,
        runs::{self, StoredRun},
    },
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Steps of a course that a page draws.
const MOST_STEPS: usize = 300;

fn missing() -> AppError {
    AppError::not_found("Run")
}

pub(super) async fn found(connection: &mut PgConnection, run: PlanRunId) -> Result<StoredRun, AppError> {
    runs::one(connection, run.0).await?.ok_or_else(missing)
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

/// What a run came to, as the last step of its course: a quick one ends before it has told much.
fn end_of(now: &RunStatus, last: Option<&ProgressPoint>) -> Option<ProgressPoint> {
    let last = last.filter(|_| now.status.is_over() && now.incumbent.is_some())?;
    let told = (now.incumbent, now.bound, now.gap);
    (told != (last.incumbent, last.bound, last.gap)).then(|| ProgressPoint {
        seq: last.seq + 1,
        elapsed_seconds: now.elapsed_seconds.unwrap_or(last.elapsed_seconds).max(last.elapsed_seconds),
        incumbent: told.0,
        bound: told.1,
        gap: told.2,
        ..last.clone()
    })
}

impl PlanningService {
    /// The document that a run names, and what is to be laid over it.
    async fn meant(&self, new: &NewRun) -> Result<(Handed, Option<Overlay>), AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let handed = match &new.input_file {
            Some(file) => Handed::File(Arc::clone(file)),
            None => document_of(&mut connection, &new.input()).await?,
        };
        let scenario = new.scenario_name.as_deref().unwrap_or(checks::BASE);
        Ok((handed, overlay::named(&mut connection, scenario).await?))
    }

    async fn prepare(&self, new: &NewRun) -> Result<(Base, Prepared), AppError> {
        let (handed, overlay) = self.meant(new).await?;
        let new = NewRun { input_data: None, input_file: None, ..new.clone() };
        let _room = room(matches!(handed, Handed::File(_))).await?;
        aside(move || checks::prepare(&new, &handed, overlay)).await
    }

    async fn read_status(&self, connection: &mut PgConnection, run: PlanRunId) -> Result<RunStatus, AppError> {
        let found = found(connection, run).await?;
        let zone = zone_of(&store::settings::business(connection).await?);
        reading::status(&found, zone, self.backend.clock.now(), Pace::read(connection).await?)
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
            let prepared = self.prepare(&new).await;
            let file = new.input_file.as_ref().map(|file| hex(&Sha256::digest(file.as_slice())));
            let body = (&new, file);
            let request = Request { who, key, route: "POST /api/v1/optimize/optimize", status: 202, body: &body };
            once(&self.backend.pools.analytics, self.backend.clock.now(), request, async |connection| {
                let (base, prepared) = prepared?;
                let input = keep_input(&self.backend, connection, who, &base, LIVE).await?;
                queue_run(&self.backend, connection, who, input, &prepared, None).await
            })
            .await
        };
        Answered::of(started.await)
    }

    async fn again(&self, who: &Principal, run: PlanRunId) -> Result<RunStarted, AppError> {
        who.require(Permission::PlanRun)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let row = found(&mut connection, run).await?;
        let given = inputs::of_run(&mut connection, run.0).await?.ok_or_else(missing)?;
        drop(connection);
        let asked = serde_json::from_value(given.options).map_err(|_| AppError::internal())?;
        let overlay = Overlay::of(&given.scenario, row.scenario_id, given.ops.as_deref(), given.seed);
        let overlay = overlay.map_err(|faults| checks::refused(&faults))?.drawn(Some(given.seed), given.draw);
        let (base, prepared) = aside(move || {
            let base = checks::base(&Handed::Text(given.document))?;
            let prepared = base.under(overlay, &asked)?;
            Ok((base, prepared))
        })
        .await?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let input = keep_input(&self.backend, &mut tx, who, &base, LIVE).await?;
        let started = queue_run(&self.backend, &mut tx, who, input, &prepared, None).await?;
        store::commit(tx).await?;
        Ok(started)
    }

    async fn list(&self, who: &Principal, filter: RunFilter) -> Result<RunList, AppError> {
        who.require(Permission::PlanView)?;
        filter.validate()?;
        let after = filter.cursor.as_deref().map(cursor::moment).transpose()?;
        let limit = i64::from(filter.limit.unwrap_or(paging::DEFAULT_LIMIT));
        let narrowed = runs::Filter {
            state: filter.status_filter,
            scenario: filter.scenario,
            outcome: filter.outcome,
            person: filter.person,
        };
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let total_count = runs::count(&mut connection, &narrowed).await?;
        let mut rows = runs::list(&mut connection, &narrowed, after, limit + 1).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|rows| rows > limit);
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        let next_cursor = rows.last().filter(|_| more).map(|run| cursor::of_moment(run.created_at, run.id));
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
        let mut course = thinned(runs::progress(&mut connection, run.0).await?, MOST_STEPS);
        course.extend(end_of(&now, course.last()));
        let time_limit_seconds = row.time_limit_seconds;
        let item = reading::item(row.clone(), zone)?;
        let plan = if now.status.is_over() { Some(reading::page(&mut connection, row, zone).await?) } else { None };
        let forced_from = match runs::forced_from(&mut connection, run.0).await? {
            Some((plan, run_no)) => {
                let costs = plans::costs(&mut connection, plan).await?;
                Some(ForcedFrom { plan_id: PlanId(plan), label: label(run_no), costs })
            }
            None => None,
        };
        Ok(RunDetail { run: item, time_limit_seconds, now, course, plan, forced_from })
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
        let batch = lock_of(&mut tx, run).await?;
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
            account(&mut tx, batch).await?;
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

    async fn check(&self, who: &Principal, new: NewRun) -> Result<InputCheck, AppError> {
        who.require(Permission::PlanRun)?;
        new.validate().map_err(AppError::validation)?;
        let (handed, overlay) = self.meant(&new).await?;
        let new = NewRun { input_data: None, input_file: None, ..new };
        let _room = room(matches!(handed, Handed::File(_))).await?;
        aside(move || checks::check(&new, &handed, overlay)).await
    }

    async fn validate(&self, who: &Principal, document: Handed) -> Result<Validation, AppError> {
        who.require(Permission::PlanView)?;
        let _room = room(matches!(document, Handed::File(_))).await?;
        aside(move || checks::validation(&document)).await
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
