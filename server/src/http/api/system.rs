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
use domain::{
    AppError,
    access::{Access, Permission, Principal},
};
use serde_json::{Value, json};

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

/// State of every part of the process. Numbers only with the right `system.view`.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, description = "Always; the state is in `status`: healthy, degraded or outage.")))]
pub async fn health(
    State(services): State<Services>,
    Extension(process): Extension<Process>,
    request: Request,
) -> Json<Value> {
    let detailed = request
        .extensions()
        .get::<Caller>()
        .and_then(|c| c.0.as_ref())
        .is_some_and(|p: &Principal| p.may(Permission::SystemView));
    let report = Health::look(&services.backend, &services.live, &process).await;
    let now = services.backend.clock.now();
    let components: serde_json::Map<String, Value> = report
        .components
        .iter()
        .map(|component| {
            let age = (now - report.checked_at).num_milliseconds().max(0) as f64 / 1e3;
            let mut entry =
                json!({"status": component.status.as_str(), "checked_at": report.checked_at, "age_seconds": age});
            if detailed && let (Some(entry), Some(detail)) = (entry.as_object_mut(), component.detail.as_object()) {
                entry.extend(detail.clone());
            }
            (component.name.to_owned(), entry)
        })
        .collect();
    Json(json!({
        "status": report.overall(),
        "service": "millrace",
        "version": env!("CARGO_PKG_VERSION"),
        "environment": process.config.environment.as_str(),
        "components": components,
    }))
}

/// 200 while the process runs.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "The process runs.")))]
pub async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

/// 200 when requests can be served.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 200, description = "Ready."),
    (status = 503, description = "The database is unreachable, the schema is behind, or the process is stopping.")))]
pub async fn ready(State(services): State<Services>, Extension(process): Extension<Process>) -> ApiResult<Json<Value>> {
    let unready = |why: &str| -> ApiResult<Json<Value>> {
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
    Ok(Json(json!({"status": "ready"})))
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
