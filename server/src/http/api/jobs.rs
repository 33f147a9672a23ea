//! `/api/v1/jobs`, `/api/v1/queues`, `/api/v1/schedules`.

use crate::{
    http::{
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
        idempotency::{SentKey, answer},
        routes::Routes,
    },
    services::Services,
};
use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    access::{Access, Permission},
    ids::JobId,
    jobs::{
        Backfill, BulkJobs, BulkResult, DueTimes, Enqueued, JobDetail, JobEvent, JobFilter, JobKind, JobRow, JobStats,
        PauseQueue, QueueView, ScheduleDraft, ScheduleEdit, ScheduleView, StartJob,
    },
    paging::Page,
};
use serde::{Deserialize, Serialize};

/// Answer of lists that are never long enough for pages.
#[derive(Debug, Serialize)]
pub struct Items<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
    total: i64,
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Self {
        Self { total: i64::try_from(items.len()).unwrap_or(i64::MAX), items, next_cursor: None }
    }
}

type Accepted<T> = ApiResult<(StatusCode, Json<T>)>;

fn accepted<T>(work: T) -> (StatusCode, Json<T>) {
    (StatusCode::ACCEPTED, Json(work))
}

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::JobsView);
    let run = Access::Needs(Permission::JobsRun);
    let manage = Access::Needs(Permission::JobsManage);
    Routes::new()
        .get("/api/v1/jobs", view, list)
        .post("/api/v1/jobs", run, start)
        .get("/api/v1/jobs/stats", view, stats)
        .get("/api/v1/jobs/kinds", view, kinds)
        .post("/api/v1/jobs/bulk", manage, bulk)
        .get("/api/v1/jobs/{id}", view, detail)
        .get("/api/v1/jobs/{id}/events", view, events)
        .post("/api/v1/jobs/{id}/cancel", run, cancel)
        .post("/api/v1/jobs/{id}/retry", run, retry)
        .get("/api/v1/queues", view, queues)
        .post("/api/v1/queues/{name}/pause", manage, pause)
        .post("/api/v1/queues/{name}/resume", manage, resume)
        .get("/api/v1/schedules", view, schedules)
        .get("/api/v1/schedules/preview", view, preview)
        .patch("/api/v1/schedules/{id}", manage, edit_schedule)
        .post("/api/v1/schedules/{id}/run", run, run_schedule)
        .post("/api/v1/schedules/{id}/backfill", manage, backfill)
        .get("/api/v1/schedules/{id}/next", view, next_due)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    after: Option<i32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Count {
    n: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Draft {
    cron: Option<String>,
    every_seconds: Option<i32>,
    zone: Option<String>,
    n: Option<u32>,
}

async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(filter): Query<JobFilter>,
) -> ApiResult<Json<Page<JobRow>>> {
    Ok(Json(services.jobs.list(&who, filter).await?))
}

async fn start(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(command): Json<StartJob>,
) -> Response {
    answer(services.jobs.start(&who, command, key.as_ref()).await, accepted)
}

async fn stats(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<JobStats>> {
    Ok(Json(services.jobs.stats(&who).await?))
}

async fn kinds(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Items<JobKind>>> {
    Ok(Json(services.jobs.kinds(&who).await?.into()))
}

async fn bulk(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<BulkJobs>,
) -> ApiResult<Json<BulkResult>> {
    Ok(Json(services.jobs.bulk(&who, command).await?))
}

async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<JobId>,
) -> ApiResult<Json<JobDetail>> {
    Ok(Json(services.jobs.detail(&who, id).await?))
}

async fn events(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<JobId>,
    Query(After { after }): Query<After>,
) -> ApiResult<Json<Items<JobEvent>>> {
    Ok(Json(services.jobs.events(&who, id, after).await?.into()))
}

async fn cancel(State(services): State<Services>, Signed(who): Signed, Path(id): Path<JobId>) -> Accepted<JobDetail> {
    services.jobs.cancel(&who, id).await?;
    Ok(accepted(services.jobs.detail(&who, id).await?))
}

async fn retry(State(services): State<Services>, Signed(who): Signed, Path(id): Path<JobId>) -> Accepted<Enqueued> {
    Ok(accepted(services.jobs.retry(&who, id).await?))
}

async fn queues(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Items<QueueView>>> {
    Ok(Json(services.jobs.queues(&who).await?.into()))
}

async fn pause(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(name): Path<String>,
    Json(command): Json<PauseQueue>,
) -> ApiResult<Json<QueueView>> {
    Ok(Json(services.jobs.pause(&who, &name, command).await?))
}

async fn resume(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(name): Path<String>,
) -> ApiResult<Json<QueueView>> {
    Ok(Json(services.jobs.resume(&who, &name).await?))
}

async fn schedules(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Items<ScheduleView>>> {
    Ok(Json(services.jobs.schedules(&who).await?.into()))
}

async fn preview(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(draft): Query<Draft>,
) -> ApiResult<Json<DueTimes>> {
    let rhythm = ScheduleDraft { cron: draft.cron, every_seconds: draft.every_seconds, zone: draft.zone };
    Ok(Json(services.jobs.preview(&who, rhythm, draft.n.unwrap_or(5)).await?))
}

async fn edit_schedule(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    Json(edit): Json<ScheduleEdit>,
) -> ApiResult<Json<ScheduleView>> {
    Ok(Json(services.jobs.edit_schedule(&who, &id, edit).await?))
}

async fn run_schedule(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(id): Path<String>,
) -> Response {
    answer(services.jobs.run_schedule(&who, &id, key.as_ref()).await, accepted)
}

async fn backfill(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(id): Path<String>,
    Json(range): Json<Backfill>,
) -> Response {
    answer(services.jobs.backfill(&who, &id, range, key.as_ref()).await, accepted)
}

async fn next_due(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    Query(Count { n }): Query<Count>,
) -> ApiResult<Json<DueTimes>> {
    Ok(Json(services.jobs.next_due(&who, &id, n.unwrap_or(5)).await?))
}
