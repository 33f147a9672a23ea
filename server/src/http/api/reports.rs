//! `/api/v1/reports`: the report of a day, its revisions and its file, and who gets it by mail.

use super::exports;
use crate::{
    http::{
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use chrono::NaiveDate;
use domain::{
    AppError,
    access::{Access, Permission},
    analytics::{ReportRevision, ReportScreen, ReportSubscription, ReportsPort, SubscribeReport},
    query,
};
use serde::Deserialize;

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::OverviewView);
    Routes::new()
        .get("/api/v1/reports/subscription", view, subscription)
        .put("/api/v1/reports/subscription", view, subscribe)
        .get("/api/v1/reports/daily", view, list)
        .get("/api/v1/reports/daily/{date}", view, report)
        .get("/api/v1/reports/daily/{date}/file", Access::Needs(Permission::AccessExport), file)
        .post("/api/v1/reports/daily/{date}/rebuild", Access::Needs(Permission::JobsRun), rebuild)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WhichRevision {
    revision: Option<i32>,
}

fn missing() -> AppError {
    AppError::not_found("Report")
}

/// The newest revision of each of the last 100 days.
pub async fn list(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<ReportRevision>>> {
    Ok(Json(services.reports.list(&who).await?))
}

/// The report of a day with its revisions.
pub async fn report(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(date): Path<NaiveDate>,
    Query(which): Query<WhichRevision>,
) -> ApiResult<Json<ReportScreen>> {
    Ok(Json(services.reports.report(&who, date, which.revision).await?.ok_or_else(missing)?))
}

/// The report as a file.
pub async fn file(
    state: State<Services>,
    who: Signed,
    Path(date): Path<NaiveDate>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let pairs = query::pairs(raw.as_deref().unwrap_or_default());
    let of = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.trim().to_owned());
    let format = of("format").filter(|format| !format.is_empty()).unwrap_or_else(|| "xlsx".to_owned());
    let day = date.to_string();
    let revision = of("revision").unwrap_or_default();
    let asked = query::write([("date", day.as_str()), ("revision", revision.as_str())]);
    match format.as_str() {
        "pdf" => return exports::printed(&state.0, &who.0, &query::pairs(&asked)).await,
        "csv" | "xlsx" => {}
        _ => return Err(AppError::field("format", "Use csv, pdf or xlsx.").into()),
    }
    exports::export(state, who, Path(format!("daily-report.{format}")), RawQuery(Some(asked)), headers).await
}

/// Whether the caller gets the report of each day by mail.
pub async fn subscription(
    State(services): State<Services>,
    Signed(who): Signed,
) -> ApiResult<Json<ReportSubscription>> {
    Ok(Json(services.reports.subscription(&who).await?))
}

/// Begins or stops it.
pub async fn subscribe(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<SubscribeReport>,
) -> ApiResult<Json<ReportSubscription>> {
    Ok(Json(services.reports.subscribe(&who, command).await?))
}

/// Builds the report of a day anew; without a change its newest revision stands.
pub async fn rebuild(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(date): Path<NaiveDate>,
) -> ApiResult<Json<ReportScreen>> {
    Ok(Json(services.reports.rebuild(&who, date).await?))
}
