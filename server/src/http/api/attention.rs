//! `/api/v1/attention`, `/api/v1/freshness`.

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
    access::{Access, Permission},
    overview::{
        attention::{AttentionList, AttentionQuery, SnoozeItem},
        source::{SourceList, SourceQuery},
    },
};

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::OverviewView);
    Routes::new()
        .get("/api/v1/attention", view, list)
        .post("/api/v1/attention/{key}/snooze", view, snooze)
        .delete("/api/v1/attention/{key}/snooze", view, unsnooze)
        .get("/api/v1/freshness", view, sources)
}

/// What needs a hand, the most urgent first.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<AttentionQuery>,
) -> ApiResult<Json<AttentionList>> {
    Ok(Json(services.attention.attention(&who, &query).await?))
}

/// Puts an item off for the caller.
pub async fn snooze(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(key): Path<String>,
    Json(command): Json<SnoozeItem>,
) -> ApiResult<StatusCode> {
    services.attention.snooze(&who, &key, &command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the caller's snooze back.
pub async fn unsnooze(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(key): Path<String>,
) -> ApiResult<StatusCode> {
    services.attention.unsnooze(&who, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every source, the worst first.
pub async fn sources(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<SourceQuery>,
) -> ApiResult<Json<SourceList>> {
    Ok(Json(services.sources.sources(&who, &query).await?))
}
