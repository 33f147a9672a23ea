//! Fetches of dealers' records: `/jobs/run` and what belongs to it, at the root as documented and below `/api/v1`.

use crate::{
    http::{
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    AppError,
    access::{Access, Permission},
    dealers::{DealerFetches, DealersPort, FetchStarted, FetchStatus, StartFetch},
    ids::JobId,
    jobs::{JobDetail, JobFilter, JobRow},
    paging::Page,
};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::JobsView);
    let run = Access::Needs(Permission::JobsRun);
    let own =
        Routes::new().get("/api/v1/dealers/{dealer_id}/fetches", Access::Needs(Permission::DealersView), of_dealer);
    ["", "/api/v1"].into_iter().fold(own, |routes, below| {
        let at = |path: &str| format!("{below}/jobs/{path}");
        routes
            .post(&at("run"), run, start)
            .get(&at("active"), view, active)
            .get(&at("{id}/status"), view, status)
            .delete(&at("{id}/cancel"), run, cancel)
    })
}

/// Queues a fetch.
pub async fn start(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<StartFetch>,
) -> ApiResult<(StatusCode, Json<FetchStarted>)> {
    Ok((StatusCode::ACCEPTED, Json(services.dealers.fetch(&who, &command).await?)))
}

/// Open runs within the caller's scope.
pub async fn active(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(filter): Query<JobFilter>,
) -> ApiResult<Json<Page<JobRow>>> {
    let filter = JobFilter { state: Some("open".to_owned()), ..filter };
    Ok(Json(services.jobs.list(&who, filter).await?))
}

/// One fetch with its windows.
pub async fn status(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<JobId>,
) -> ApiResult<Json<FetchStatus>> {
    let status = services.dealers.fetch_status(&who, id).await?;
    Ok(Json(status.ok_or_else(|| AppError::not_found("Fetch"))?))
}

/// Cancels a run.
pub async fn cancel(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<JobId>,
) -> ApiResult<(StatusCode, Json<JobDetail>)> {
    services.jobs.cancel(&who, id).await?;
    Ok((StatusCode::ACCEPTED, Json(services.jobs.detail(&who, id).await?)))
}

/// What was fetched of a dealer.
pub async fn of_dealer(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(dealer_id): Path<String>,
) -> ApiResult<Json<DealerFetches>> {
    let fetches = services.dealers.fetches(&who, &dealer_id).await?;
    Ok(Json(fetches.ok_or_else(|| AppError::not_found("Dealer"))?))
}
