//! `/api/v1/dashboard`, `/api/v1/kpis`, `/api/v1/visits`.

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
use chrono::{DateTime, FixedOffset};
use domain::{
    access::{Access, Permission},
    overview::{
        Bars, BuyerRow, Drill, DrillKind, DrillQuery, DrillRows, Earlier, FactRow, History, HistoryQuery, ProductRow,
        Realtime, RecordVisit, ScopeQuery, SummaryDay, SummaryPort, SummaryQuery, Tile, Trend, TrendQuery, VisitorRow,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::OverviewView);
    Routes::new()
        .get("/api/v1/dashboard/overview", view, dashboard)
        .get("/api/v1/dashboard/metrics/realtime", view, realtime)
        .get("/api/v1/kpis", view, tiles)
        .get("/api/v1/kpis/trend", view, trend)
        .get("/api/v1/kpis/hours", view, hours)
        .get("/api/v1/kpis/summary", view, summary)
        .get("/api/v1/kpis/{metric}", view, tile)
        .get("/api/v1/kpis/{metric}/rows", view, rows)
        .get("/api/v1/kpis/{metric}/history", view, history)
        .post("/api/v1/visits", Access::Needs(Permission::TransactionsCreate), record_visit)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PeriodQuery {
    period: String,
}

/// A row of a figure's kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum FigureRow {
    Fact(FactRow),
    Buyer(BuyerRow),
    Visitor(VisitorRow),
    Product(ProductRow),
}

/// A figure and a page of the rows behind it, of one moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureRows {
    number: Tile,
    /// With `seen`, where that was another number.
    earlier: Option<Earlier>,
    kind: DrillKind,
    total: i64,
    items: Vec<FigureRow>,
    next_cursor: Option<String>,
    as_of: DateTime<FixedOffset>,
}

/// The overview of a sliding window ending now.
pub async fn dashboard(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<PeriodQuery>,
) -> ApiResult<Json<Value>> {
    let answer = services.overview.dashboard(&who, query.period.trim()).await?;
    Ok(Json(json!({"success": true, "data": answer.data, "error": null, "metadata": answer.metadata})))
}

/// Recognised sales of the last 60 seconds.
pub async fn realtime(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Realtime>> {
    Ok(Json(services.overview.realtime(&who).await?))
}

/// Every figure of business days, with its receipt.
pub async fn tiles(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<ScopeQuery>,
) -> ApiResult<Json<Vec<Tile>>> {
    Ok(Json(services.overview.tiles(&who, &query).await?))
}

/// One row per business day; days without orders are 0.
pub async fn trend(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<TrendQuery>,
) -> ApiResult<Json<Trend>> {
    Ok(Json(services.overview.trend(&who, &query).await?))
}

/// One business day by local hour: 24 as a rule, 23 or 25 where the clock changes.
pub async fn hours(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<ScopeQuery>,
) -> ApiResult<Json<Bars>> {
    Ok(Json(services.overview.hours(&who, &query).await?))
}

/// The days as they are kept, oldest first.
pub async fn summary(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<SummaryQuery>,
) -> ApiResult<Json<Vec<SummaryDay>>> {
    Ok(Json(services.summary.summary(&who, &query).await?))
}

/// One figure.
pub async fn tile(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(metric): Path<String>,
    Query(query): Query<ScopeQuery>,
) -> ApiResult<Json<Tile>> {
    Ok(Json(services.overview.tile(&who, &metric, &query).await?))
}

/// The rows behind a figure, and the figure itself, of one state of the database.
pub async fn rows(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(metric): Path<String>,
    Query(query): Query<DrillQuery>,
) -> ApiResult<Json<FigureRows>> {
    let Drill { number, earlier, rows, as_of, .. } = services.overview.rows(&who, &metric, &query).await?;
    let (total, next_cursor) = (rows.total(), rows.next_cursor().map(str::to_owned));
    let (kind, items) = match rows {
        DrillRows::Facts(page) => (DrillKind::Facts, page.items.into_iter().map(FigureRow::Fact).collect()),
        DrillRows::Buyers(page) => (DrillKind::Buyers, page.items.into_iter().map(FigureRow::Buyer).collect()),
        DrillRows::Visitors(page) => (DrillKind::Visitors, page.items.into_iter().map(FigureRow::Visitor).collect()),
        DrillRows::Products(page) => (DrillKind::Products, page.items.into_iter().map(FigureRow::Product).collect()),
    };
    Ok(Json(FigureRows { number, earlier, kind, total, items, next_cursor, as_of }))
}

/// What a figure was at earlier moments, oldest first.
pub async fn history(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(metric): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> ApiResult<Json<History>> {
    Ok(Json(services.overview.history(&who, &metric, &query).await?))
}

/// The shop's beacon. Repeats of one visitor and session within 30 minutes are one visit.
pub async fn record_visit(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(visit): Json<RecordVisit>,
) -> ApiResult<StatusCode> {
    services.overview.record_visit(&who, &visit).await?;
    Ok(StatusCode::NO_CONTENT)
}
