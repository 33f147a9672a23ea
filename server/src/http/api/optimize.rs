//! `/api/v1/optimize`: runs of the solver. Every address answers in a second spelling, `/api/v1/optimize/optimize/…`.

mod batches;
mod course;
mod files;
mod plans;
mod scenarios;
pub(in crate::http) mod sent;

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
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    access::{Access, Permission},
    ids::PlanRunId,
    planning::{
        Explanation, Handed, ProgressSeries, Results, RunFilter, RunList, RunRemoved, RunStatus, SolverList, Validation,
    },
};
use sent::{Sent, Text};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::PlanView);
    let run = Access::Needs(Permission::PlanRun);
    let begun = Routes::new().post("/api/v1/optimize", run, start).post("/api/v1/optimize/optimize", run, start);
    let begun = begun.merge(plans::routes()).merge(scenarios::routes()).merge(batches::routes());
    ["", "/optimize"].into_iter().fold(begun, |routes, again| {
        let at = |path: &str| format!("/api/v1/optimize{again}{path}");
        routes
            .get(&at("/runs"), view, list)
            .get(&at("/scenarios"), view, scenarios::list)
            .get(&at("/solvers"), view, solvers)
            .get(&at("/model-template"), view, files::template)
            .post(&at("/validate-input"), view, validate)
            .get(&at("/{run_id}/status"), view, status)
            .get(&at("/{run_id}/results"), view, results)
            .get(&at("/{run_id}/explanation"), view, explanation)
            .get(&at("/{run_id}/progress"), view, progress)
            .get(&at("/{run_id}/events"), view, course::events)
            .get(&at("/{run_id}/export"), view, files::export)
            .post(&at("/{run_id}/cancel"), run, cancel)
            .delete(&at("/{run_id}"), run, remove)
    })
}

/// Queues the solve of a document.
async fn start(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    RawQuery(query): RawQuery,
    sent: Sent,
) -> ApiResult<Response> {
    let new = match sent {
        Sent::Text(text) => sent::new_run(&text)?,
        Sent::File(file) => sent::new_run_of(file, query.as_deref().unwrap_or_default())?,
    };
    let answered = services.planning.start(&who, new, key.as_ref()).await;
    Ok(answer(answered, |started| (StatusCode::ACCEPTED, Json(started))))
}

async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(filter): Query<RunFilter>,
) -> ApiResult<Json<RunList>> {
    Ok(Json(services.planning.list(&who, filter).await?))
}

async fn solvers(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<SolverList>> {
    Ok(Json(services.planning.solvers(&who)?))
}

/// Checks a document without solving it.
async fn validate(State(services): State<Services>, Signed(who): Signed, sent: Sent) -> ApiResult<Json<Validation>> {
    let document = match sent {
        Sent::Text(text) => Handed::Text(sent::document(&text)?),
        Sent::File(file) => Handed::File(file),
    };
    Ok(Json(services.planning.validate(&who, document).await?))
}

async fn status(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
) -> ApiResult<Json<RunStatus>> {
    Ok(Json(services.planning.status(&who, run).await?))
}

/// 202 with the status while the run is not over.
async fn results(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
) -> ApiResult<Response> {
    Ok(match services.planning.results(&who, run).await? {
        Results::Ready(results) => Json(results).into_response(),
        Results::Waiting(status) => (StatusCode::ACCEPTED, Json(status)).into_response(),
    })
}

async fn explanation(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
) -> ApiResult<Json<Explanation>> {
    Ok(Json(services.planning.explanation(&who, run).await?))
}

async fn progress(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
) -> ApiResult<Json<ProgressSeries>> {
    Ok(Json(services.planning.progress(&who, run).await?))
}

/// 202; 200 where the run was over already.
async fn cancel(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
    Text(text): Text,
) -> ApiResult<(StatusCode, Json<RunStatus>)> {
    let answer = services.planning.cancel(&who, run, sent::cancel(&text)?).await?;
    let unchanged = !answer.asked && answer.status.status.is_over();
    Ok((if unchanged { StatusCode::OK } else { StatusCode::ACCEPTED }, Json(answer.status)))
}

async fn remove(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
) -> ApiResult<Json<RunRemoved>> {
    Ok(Json(services.planning.remove(&who, run).await?))
}
