//! Health, metrics and the description of the API (`platform.md` 3.14).

mod docs;

use crate::{
    health::{Health, Status},
    http::{caller::Caller, error::ApiResult, metrics_listener, openapi::Description, routes::Routes},
    process::Process,
    services::Services,
};
use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Access, Permission, Principal},
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub fn routes() -> Routes<Services> {
    Routes::new()
        .get("/health", Access::Public, health)
        .get("/health/live", Access::Public, live)
        .get("/health/ready", Access::Public, ready)
        .get("/_stcore/health", Access::Public, face)
        .get("/metrics", Access::Needs(Permission::SystemView), metrics)
        .get("/api/v1/openapi.json", Access::Public, openapi)
        .get("/docs", Access::Public, docs)
}

/// One part of the process; figures of its own beside these only with the right `system.view`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentHealth {
    /// ok, degraded, failed or off.
    status: &'static str,
    checked_at: DateTime<Utc>,
    age_seconds: f64,
    #[serde(flatten)]
    detail: Map<String, Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HealthReport {
    /// healthy, degraded or outage.
    status: &'static str,
    service: &'static str,
    version: &'static str,
    environment: &'static str,
    components: BTreeMap<&'static str, ComponentHealth>,
}

/// `live` or `ready`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    status: &'static str,
}

/// State of every part of the process. Numbers only with the right `system.view`.
pub async fn health(
    State(services): State<Services>,
    Extension(process): Extension<Process>,
    request: Request,
) -> Json<HealthReport> {
    let detailed = request
        .extensions()
        .get::<Caller>()
        .and_then(|c| c.0.as_ref())
        .is_some_and(|p: &Principal| p.may(Permission::SystemView));
    let report = Health::look(&services.backend, &services.live, &process).await;
    let now = services.backend.clock.now();
    let age_seconds = (now - report.checked_at).num_milliseconds().max(0) as f64 / 1e3;
    let status = report.overall();
    let components = report.components.into_iter().map(|component| {
        let detail = match component.detail {
            Value::Object(detail) if detailed => detail,
            _ => Map::new(),
        };
        let status = component.status.as_str();
        (component.name, ComponentHealth { status, checked_at: report.checked_at, age_seconds, detail })
    });
    Json(HealthReport {
        status,
        service: "millrace",
        version: env!("CARGO_PKG_VERSION"),
        environment: process.config.environment.as_str(),
        components: components.collect(),
    })
}

/// 200 while the process runs.
pub async fn live() -> Json<Alive> {
    Json(Alive { status: "live" })
}

/// 200 when requests can be served.
pub async fn ready(State(services): State<Services>, Extension(process): Extension<Process>) -> ApiResult<Json<Alive>> {
    let unready = |why: &str| -> ApiResult<Json<Alive>> {
        let mut error = AppError::unavailable(why);
        error.retry_after_seconds = Some(5);
        Err(error.into())
    };
    if process.stop.is_cancelled() {
        return unready("The process is stopping.");
    }
    let report = Health::look(&services.backend, &services.live, &process).await;
    if report.status_of("database") != Status::Ok {
        return unready("The database cannot be reached.");
    }
    if report.status_of("schema") != Status::Ok {
        return unready("The database's schema is behind the program.");
    }
    Ok(Json(Alive { status: "ready" }))
}

/// `ok`, for monitors of the program before.
async fn face(State(services): State<Services>, Extension(process): Extension<Process>) -> Response {
    match ready(State(services), Extension(process)).await {
        Ok(_) => "ok".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable").into_response(),
    }
}

async fn metrics(State(services): State<Services>, Extension(process): Extension<Process>) -> Response {
    metrics_listener::answer(&process, &services).await
}

async fn openapi(Extension(description): Extension<Description>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], description.json.to_string()).into_response()
}

async fn docs(Extension(description): Extension<Description>) -> ApiResult<Html<String>> {
    Ok(Html(docs::page(&description.json).ok_or_else(AppError::internal)?))
}
