//! Kept figures over REST: statistics, clearing, refreshing.

use crate::{
    http::{caller::Signed, error::ApiResult, routes::Routes},
    services::Services,
};
use axum::{Json, extract::State, http::StatusCode};
use domain::{
    access::{Access, Permission},
    overview::cache::{CacheStatistics, InvalidateFigures, Invalidated, RefreshFigures, Refreshed},
};

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::OverviewView);
    Routes::new()
        .get("/api/v1/cache/stats", view, statistics)
        .post("/api/v1/cache/invalidate", Access::Needs(Permission::OverviewCacheClear), invalidate)
        .post("/api/v1/kpis/refresh", view, refresh)
}

/// What is kept, and how often it served.
pub async fn statistics(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<CacheStatistics>> {
    Ok(Json(services.cache.statistics(&who).await?))
}

/// Marks the figures of a pattern for a new computation.
pub async fn invalidate(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<InvalidateFigures>,
) -> ApiResult<Json<Invalidated>> {
    Ok(Json(services.cache.invalidate(&who, &command).await?))
}

/// Marks the figures in sight.
pub async fn refresh(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<RefreshFigures>,
) -> ApiResult<(StatusCode, Json<Refreshed>)> {
    Ok((StatusCode::ACCEPTED, Json(services.cache.refresh(&who, &command).await?)))
}
