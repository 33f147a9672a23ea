//! `/api/v1/dashboard`, `/api/v1/kpis`, `/api/v1/visits`.
//!
//! utoipa reads a schema out of every extractor called `Json`; ours have none in `domain`, hence the other name.

use crate::{
    http::{
        body::{Json as Body, Path, Query},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    access::{Access, Permission},
    overview::{Bars, Drill, DrillQuery, DrillRows, Realtime, RecordVisit, ScopeQuery, Tile, Trend, TrendQuery},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::OverviewView);
    Routes::new()
        .get("/api/v1/dashboard/overview", view, dashboard)
        .get("/api/v1/dashboard/metrics/realtime", view, realtime)
        .get("/api/v1/kpis", view, tiles)
        .get("/api/v1/kpis/trend", view, trend)
        .get("/api/v1/kpis/hours", view, hours)
        .get("/api/v1/kpis/{metric}", view, tile)
        .get("/api/v1/kpis/{metric}/rows", view, rows)
        .post("/api/v1/visits", Access::Needs(Permission::TransactionsCreate), record_visit)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PeriodQuery {
    period: String,
}

/// The overview of a sliding window ending now.
#[utoipa::path(get, path = "/api/v1/dashboard/overview", tag = "overview", security(("bearer" = [])),
    params(("period" = Option<String>, Query, description = "24h (default), 7d, 30d, all")),
    responses((status = 200, description = "{success, data, error, metadata{cached, badge, age_seconds, unavailable}}; a field that is null is named in unavailable."),
        (status = 422, description = "Unknown period.")))]
pub async fn dashboard(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<PeriodQuery>,
) -> ApiResult<Body<Value>> {
    let answer = services.overview.dashboard(&who, query.period.trim()).await?;
    Ok(Body(json!({"success": true, "data": answer.data, "error": null, "metadata": answer.metadata})))
}

/// Recognised sales of the last 60 seconds.
#[utoipa::path(get, path = "/api/v1/dashboard/metrics/realtime", tag = "overview", security(("bearer" = [])),
    responses((status = 200, description = "{transactions_last_minute, sales_last_minute, currency, timestamp}")))]
pub async fn realtime(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Body<Realtime>> {
    Ok(Body(services.overview.realtime(&who).await?))
}

/// Every figure of business days, with its receipt.
#[utoipa::path(get, path = "/api/v1/kpis", tag = "overview", security(("bearer" = [])),
    params(("day" = Option<String>, Query, description = "One business day, 2010-12-01; today when nothing is given"),
        ("from" = Option<String>, Query, description = "First day"), ("to" = Option<String>, Query, description = "Last day, included; at most 400 days"),
        ("period" = Option<String>, Query, description = "today, 7d, 30d"), ("basis" = Option<String>, Query, description = "net (default), gross, all")),
    responses((status = 200, description = "[{key, value, unit, currency, interval, row_count, change, badge, age_seconds, computed_at, formula, range}]; an unknown value is null and reason says why."),
        (status = 422, description = "Every fault with its path.")))]
pub async fn tiles(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<ScopeQuery>,
) -> ApiResult<Body<Vec<Tile>>> {
    Ok(Body(services.overview.tiles(&who, &query).await?))
}

/// One row per business day; days without orders are 0.
#[utoipa::path(get, path = "/api/v1/kpis/trend", tag = "overview", security(("bearer" = [])),
    params(("days" = Option<String>, Query, description = "1 to 400; 30 when not given"), ("to" = Option<String>, Query, description = "Last day; today when not given"),
        ("order" = Option<String>, Query, description = "desc (newest first, default) or asc"), ("basis" = Option<String>, Query, description = "net (default), gross, all")),
    responses((status = 200, description = "{items[{day, hours, revenue, revenue_net, revenue_gross, refunds, orders, active_customers, visitors, conversion, partial}], totals, before}"),
        (status = 422, description = "Every fault with its path.")))]
pub async fn trend(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<TrendQuery>,
) -> ApiResult<Body<Trend>> {
    Ok(Body(services.overview.trend(&who, &query).await?))
}

/// One business day by local hour: 24 as a rule, 23 or 25 where the clock changes.
#[utoipa::path(get, path = "/api/v1/kpis/hours", tag = "overview", security(("bearer" = [])),
    params(("day" = Option<String>, Query, description = "2010-12-01; today when not given"), ("basis" = Option<String>, Query, description = "net (default), gross, all")),
    responses((status = 200, description = "{items[{label, start, end, revenue, revenue_net, orders, progress}]}"), (status = 422, description = "Every fault with its path.")))]
pub async fn hours(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<ScopeQuery>,
) -> ApiResult<Body<Bars>> {
    Ok(Body(services.overview.hours(&who, &query).await?))
}

/// One figure.
#[utoipa::path(get, path = "/api/v1/kpis/{metric}", tag = "overview", security(("bearer" = [])),
    params(("metric" = String, Path, description = "sales.revenue_net, or its last part")),
    responses((status = 200, description = "As an item of /api/v1/kpis."), (status = 404, description = "Unknown figure."), (status = 422, description = "Every fault with its path.")))]
pub async fn tile(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(metric): Path<String>,
    Query(query): Query<ScopeQuery>,
) -> ApiResult<Body<Tile>> {
    Ok(Body(services.overview.tile(&who, &metric, &query).await?))
}

/// The rows behind a figure, and the figure itself, of one state of the database.
#[utoipa::path(get, path = "/api/v1/kpis/{metric}/rows", tag = "overview", security(("bearer" = [])),
    params(("metric" = String, Path, description = "sales.revenue_net, or its last part"), ("q" = Option<String>, Query, description = "Search"),
        ("sort" = Option<String>, Query, description = "-at, at, -amount, amount; customers: -orders, orders"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"), ("limit" = Option<String>, Query, description = "1 to 100; 20 when not given")),
    responses((status = 200, description = "{number, kind, total, items, next_cursor, as_of}"), (status = 404, description = "Unknown figure."), (status = 422, description = "Every fault with its path.")))]
pub async fn rows(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(metric): Path<String>,
    Query(query): Query<DrillQuery>,
) -> ApiResult<Body<Value>> {
    let Drill { number, rows, as_of, .. } = services.overview.rows(&who, &metric, &query).await?;
    let (kind, items) = match &rows {
        DrillRows::Facts(page) => ("facts", json!(page.items)),
        DrillRows::Buyers(page) => ("buyers", json!(page.items)),
        DrillRows::Visitors(page) => ("visitors", json!(page.items)),
    };
    Ok(Body(json!({
        "number": number, "kind": kind, "total": rows.total(), "items": items, "next_cursor": rows.next_cursor(), "as_of": as_of,
    })))
}

/// The shop's beacon. Repeats of one visitor and session within 30 minutes are one visit.
#[utoipa::path(post, path = "/api/v1/visits", tag = "overview", security(("bearer" = [])),
    responses((status = 204, description = "Recorded, or the same visit as before."), (status = 422, description = "Every fault with its path.")))]
pub async fn record_visit(
    State(services): State<Services>,
    Signed(who): Signed,
    Body(visit): Body<RecordVisit>,
) -> ApiResult<StatusCode> {
    services.overview.record_visit(&who, &visit).await?;
    Ok(StatusCode::NO_CONTENT)
}
