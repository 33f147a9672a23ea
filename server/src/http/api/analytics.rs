//! `/api/v1/analytics`: what sold when, of what, of which kind.

use crate::{
    http::{body::Json, caller::Signed, error::ApiResult, routes::Routes},
    services::Services,
};
use axum::extract::{RawQuery, State};
use domain::{
    access::{Access, Permission},
    analytics::{AnalyticsAnswer, AnalyticsQuery},
    query,
};
use serde::Serialize;
use serde_json::{Value, json};

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::OverviewView);
    Routes::new()
        .get("/api/v1/analytics/hourly-sales", view, hourly)
        .get("/api/v1/analytics/top-products", view, products)
        .get("/api/v1/analytics/category-performance", view, categories)
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
