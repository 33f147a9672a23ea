//! `/api/v1/optimize/batches`: one input under many scenarios, or under many draws of one.

use super::sent::{self, Text};
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
    ids::PlanBatchId,
    planning::{BatchDetail, BatchFilter, BatchList},
};

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::PlanView);
    let run = Access::Needs(Permission::PlanRun);
    Routes::new()
        .post("/api/v1/optimize/batches", run, start)
        .get("/api/v1/optimize/batches", view, list)
        .get("/api/v1/optimize/batches/{id}", view, one)
        .post("/api/v1/optimize/batches/{id}/cancel", run, cancel)
        .post("/api/v1/optimize/batches/{id}/retry", run, retry)
}

async fn start(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Text(text): Text,
) -> ApiResult<Response> {
    let answered = services.batches.start(&who, sent::new_batch(&text)?, key.as_ref()).await;
    Ok(answer(answered, |started| (StatusCode::ACCEPTED, Json(started))))
}

async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(filter): Query<BatchFilter>,
) -> ApiResult<Json<BatchList>> {
    Ok(Json(services.batches.list(&who, filter).await?))
}

async fn one(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<PlanBatchId>,
) -> ApiResult<Json<BatchDetail>> {
    Ok(Json(services.batches.detail(&who, id).await?))
}

async fn cancel(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<PlanBatchId>,
) -> ApiResult<(StatusCode, Json<BatchDetail>)> {
    Ok((StatusCode::ACCEPTED, Json(services.batches.cancel(&who, id).await?)))
}

async fn retry(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<PlanBatchId>,
) -> ApiResult<(StatusCode, Json<BatchDetail>)> {
    Ok((StatusCode::ACCEPTED, Json(services.batches.retry(&who, id).await?)))
}
