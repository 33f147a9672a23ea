//! `/api/v1/dealers/{dealer_id}/records/{feed}` and which feeds are fetched.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use domain::{
    AppError,
    access::{Access, Permission},
    dealers::{DealersPort, Feed, RecordDetail, RecordItem, RecordQuery, SwitchFeed},
    paging::Page,
    query,
};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::ProspectsView);
    Routes::new()
        .get("/api/v1/dealers/{dealer_id}/records/{feed}", view, list)
        .get("/api/v1/dealers/{dealer_id}/records/{feed}/{record_key}", view, detail)
        .post(
            "/api/v1/dealers/{dealer_id}/records/{feed}/{record_key}/unmask",
            Access::Needs(Permission::ProspectsPii),
            unmask,
        )
        .put("/api/v1/dealers/{dealer_id}/feeds/{feed}", Access::Needs(Permission::DealersEdit), switch)
}

fn feed(name: &str) -> Result<Feed, AppError> {
    Feed::parse(name).ok_or_else(|| AppError::not_found("Feed"))
}

/// Records of a feed, the latest first.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((dealer_id, name)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Page<RecordItem>>> {
    let asked = RecordQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    let page = services.dealers.records(&who, &dealer_id, feed(&name)?, &asked).await?;
    Ok(Json(page.ok_or_else(|| AppError::not_found("Dealer"))?))
}

/// One record with its child records, masked.
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((dealer_id, name, key)): Path<(String, String, String)>,
) -> ApiResult<Json<RecordDetail>> {
    let record = services.dealers.record(&who, &dealer_id, feed(&name)?, &key).await?;
    Ok(Json(record.ok_or_else(|| AppError::not_found("Record"))?))
}

/// One record with what is personal in it, on record.
pub async fn unmask(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((dealer_id, name, key)): Path<(String, String, String)>,
) -> ApiResult<Json<RecordDetail>> {
    let record = services.dealers.unmask_record(&who, &dealer_id, feed(&name)?, &key).await?;
    Ok(Json(record.ok_or_else(|| AppError::not_found("Record"))?))
}

/// Fetches a feed from now on, or no more.
pub async fn switch(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((dealer_id, name)): Path<(String, String)>,
    Json(command): Json<SwitchFeed>,
) -> ApiResult<StatusCode> {
    services.dealers.switch_feed(&who, &dealer_id, feed(&name)?, command.is_enabled).await?;
    Ok(StatusCode::NO_CONTENT)
}
