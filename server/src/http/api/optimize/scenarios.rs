//! `/api/v1/optimize/scenarios`: built-in ones by name, own ones by code or, a version, by id.

use super::sent::{self, Text};
use crate::{
    http::{
        body::{Json, Path},
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
    planning::{CopyScenario, ScenarioDetail, ScenarioDifference, ScenarioList, ScenarioRef},
};

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::PlanView);
    let edit = Access::Needs(Permission::PlanEditScenario);
    Routes::new()
        .post("/api/v1/optimize/scenarios", edit, create)
        .get("/api/v1/optimize/scenarios/{id}", view, one)
        .put("/api/v1/optimize/scenarios/{id}", edit, change)
        .delete("/api/v1/optimize/scenarios/{id}", edit, archive)
        .post("/api/v1/optimize/scenarios/{id}/copy", edit, copy)
        .post("/api/v1/optimize/scenarios/{id}/resolve", view, resolve)
}

fn named(id: &str) -> ScenarioRef {
    let Ok(named) = id.parse();
    named
}

pub async fn list(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<ScenarioList>> {
    Ok(Json(services.scenarios.list(&who).await?))
}

async fn one(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
) -> ApiResult<Json<ScenarioDetail>> {
    Ok(Json(services.scenarios.detail(&who, named(&id)).await?))
}

async fn create(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Text(text): Text,
) -> ApiResult<Response> {
    let answered = services.scenarios.create(&who, sent::scenario(&text)?, key.as_ref()).await;
    Ok(answer(answered, |made| (StatusCode::CREATED, Json(made))))
}

async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    Text(text): Text,
) -> ApiResult<Json<ScenarioDetail>> {
    Ok(Json(services.scenarios.change(&who, named(&id), sent::scenario(&text)?).await?))
}

async fn copy(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    Json(asked): Json<CopyScenario>,
) -> ApiResult<(StatusCode, Json<ScenarioDetail>)> {
    Ok((StatusCode::CREATED, Json(services.scenarios.copy(&who, named(&id), asked).await?)))
}

async fn archive(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    services.scenarios.archive(&who, named(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn resolve(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    Text(text): Text,
) -> ApiResult<Json<ScenarioDifference>> {
    Ok(Json(services.scenarios.resolve(&who, named(&id), sent::resolve(&text)?).await?))
}
