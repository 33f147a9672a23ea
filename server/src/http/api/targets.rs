//! `/api/v1/kpis/targets`.

use crate::{
    http::{
        body::{Json, Path},
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
    overview::{SetTarget, Target},
};

pub fn routes() -> Routes<Services> {
    let edit = Access::Needs(Permission::OverviewTargetsEdit);
    Routes::new()
        .get("/api/v1/kpis/targets", Access::Needs(Permission::OverviewView), targets)
        .put("/api/v1/kpis/targets", edit, set)
        .delete("/api/v1/kpis/targets/{id}", edit, delete)
}

/// All targets, by figure and period, the latest first.
pub async fn targets(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<Target>>> {
    Ok(Json(services.targets.targets(&who).await?.targets))
}

/// Sets a target, or with its version changes the one of the same figure, period and first day.
pub async fn set(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<SetTarget>,
) -> ApiResult<Json<Target>> {
    Ok(Json(services.targets.set(&who, command).await?))
}

pub async fn delete(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let id = id.parse().map_err(|_| AppError::not_found("Target"))?;
    services.targets.delete(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
