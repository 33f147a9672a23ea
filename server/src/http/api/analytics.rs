//! `/api/v1/analytics`: what sold when, of what, of which kind.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::extract::{RawQuery, State};
use domain::{
    access::{Access, Permission},
    analytics::{AnalyticsAnswer, AnalyticsQuery, SegmentsPort, SetTier, Tier},
    ids::CustomerId,
    query,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::OverviewView);
    Routes::new()
        .get("/api/v1/analytics/hourly-sales", view, hourly)
        .get("/api/v1/analytics/top-products", view, products)
        .get("/api/v1/analytics/category-performance", view, categories)
        .get("/api/v1/analytics/customer-segments", view, segments)
        .put("/api/v1/customers/{id}/tier", Access::Needs(Permission::CustomersEdit), set_tier)
}

fn asked(raw: Option<&str>) -> AnalyticsQuery {
    AnalyticsQuery::parse(query::pairs(raw.unwrap_or_default()))
}

fn enveloped<T: Serialize>(answer: &AnalyticsAnswer<T>) -> Json<Value> {
    Json(json!({"success": true, "data": answer.items, "error": null, "metadata": answer.metadata}))
}

/// One row a clock hour; hours without a sale are 0.
pub async fn hourly(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    Ok(enveloped(&services.analytics.hourly(&who, &asked(raw.as_deref())).await?))
}

/// The products with most of a measure.
pub async fn products(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    Ok(enveloped(&services.analytics.products(&who, &asked(raw.as_deref())).await?))
}

/// Every category that sold or took something back.
pub async fn categories(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    Ok(enveloped(&services.analytics.categories(&who, &asked(raw.as_deref())).await?))
}

/// The tier in force from today on.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierNow {
    tier: Tier,
}

/// Segments or tiers of the latest nightly look, or of an earlier one.
pub async fn segments(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    let found = services.segments.segments(&who, &asked(raw.as_deref())).await?;
    Ok(Json(json!({"success": true, "data": found.items, "error": null, "metadata": found.metadata})))
}

/// Puts a customer into a tier by hand, or back under the rule.
pub async fn set_tier(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CustomerId>,
    Json(command): Json<SetTier>,
) -> ApiResult<Json<TierNow>> {
    Ok(Json(TierNow { tier: services.segments.set_tier(&who, id, &command).await? }))
}
