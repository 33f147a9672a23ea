//! The outermost layer: request id, limits, time, the log line, and panics turned into answers.

use super::{
    client::ClientAddr,
    error::{ApiError, Carried, envelope},
};
use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{AppError, clock::Clock};
use futures::FutureExt;
use http_body_util::Limited;
use ipnet::IpNet;
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tracing::Instrument;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time");
const BODY_LIMIT: usize = 1 << 20;
const UPLOAD_LIMIT: usize = 64 << 20;
const HEADER_LIMIT: usize = 16 << 10;
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Extension of every request: its id, also in the answer's `X-Request-Id`, the log and the audit row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Extension of every request: whoever finds out who calls says so here, for the log line.
#[derive(Debug, Clone, Default)]
pub struct CallerNote(Arc<OnceLock<Uuid>>);

impl CallerNote {
    pub fn set(&self, user: Uuid) {
        let _ = self.0.set(user);
    }
}

/// What the layer needs.
#[derive(Clone)]
pub struct Observer {
    pub clock: Arc<dyn Clock>,
    pub trusted_proxies: Arc<[IpNet]>,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

pub async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let since = Instant::now();
    let id = observer.clock.new_id().to_string();
    let method = request.method().clone();
    // The pattern, never the path: a path may carry names and ids.
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "unmatched".to_owned(), |m| m.as_str().to_owned());
    let note = CallerNote::default();
    let client = ClientAddr::of(&request, &observer.trusted_proxies);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(note.clone());
    request.extensions_mut().insert(client);

    let span = tracing::info_span!("request", request_id = %id, route = %route);
    let mut response = answer(request, next, &route).instrument(span.clone()).await;

    finish_error(&mut response, &id);
    let took = since.elapsed();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("{:.1}", took.as_secs_f64() * 1e3)) {
        response.headers_mut().insert(PROCESS_TIME, value);
    }
    let status = response.status().as_u16();
    let labels = [("route", route), ("method", method.as_str().to_owned()), ("status", status.to_string())];
    metrics::histogram!("millrace_http_request_seconds", &labels).record(took.as_secs_f64());
    let error_code = response.extensions().get::<domain::ErrorCode>().map(|c| c.as_str());
    let user_id = note.0.get().map(ToString::to_string);
    let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
    span.in_scope(|| tracing::info!(method = %method, status, duration_ms, user_id, error_code, "request"));
    response
}

/// Runs the request within its limits.
async fn answer(request: Request, next: Next, route: &str) -> Response {
    let header_bytes: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if header_bytes > HEADER_LIMIT {
        return ApiError(AppError::field("headers", "The request's headers are larger than 16 KiB."))
            .with_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let upload = request.method() == Method::POST && takes_files(route);
    let limit = if upload { UPLOAD_LIMIT } else { BODY_LIMIT };
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limit) {
        return too_large(limit);
    }
    let request = request.map(|body| Body::new(Limited::new(body, limit)));
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    let result = if upload || is_long(route) { Ok(run.await) } else { tokio::time::timeout(TIME_LIMIT, run).await };
    match result {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => ApiError(AppError::internal()).into_response(),
        Err(_elapsed) => {
            ApiError(AppError::unavailable("This took longer than 30 seconds and was stopped.")).into_response()
        }
    }
}

/// The answer to a body that is too large.
#[must_use]
pub fn too_large(limit: usize) -> Response {
    let message = format!("The request is larger than {} MiB.", limit >> 20);
    ApiError(AppError::field("body", message)).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

/// Routes whose POST takes a file or a plan's document (`…/imports`, `…/upload`, `…/datasets`, `…/optimize`, and the
/// forms of datasets and plans).
fn takes_files(route: &str) -> bool {
    const LAST: [&str; 10] = [
        "import",
        "imports",
        "upload",
        "uploads",
        "datasets",
        "optimize",
        "validate-input",
        "resolve",
        "batches",
        "networks",
    ];
    [super::import_page::DATASET, super::plan_page::PATH, super::network_page::PATH].contains(&route)
        || route.rsplit('/').next().is_some_and(|last| LAST.contains(&last))
}

/// Streams and exports have no time limit.
fn is_long(route: &str) -> bool {
    route == "/live"
        || route.split('/').any(|part| part.starts_with("export") || matches!(part, "stream" | "ws" | "scores"))
}

/// Error bodies get the request id.
fn finish_error(response: &mut Response, id: &str) {
    let Some(Carried(mut error)) = response.extensions_mut().remove::<Carried>() else { return };
    error.request_id = Some(id.to_owned());
    *response.body_mut() = Body::from(envelope(&error).to_string());
    response.headers_mut().remove(header::CONTENT_LENGTH);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_streams_have_their_own_limits() {
        assert!(takes_files("/api/v1/ingest/imports") && takes_files("/data/import"));
        assert!(takes_files("/api/v1/optimize") && takes_files("/planning/solve"));
        assert!(!takes_files("/api/v1/optimize/{run_id}/cancel"));
        assert!(!takes_files("/api/v1/ingest/imports/{id}/commit") && !takes_files("/api/v1/transactions"));
        assert!(is_long("/live") && is_long("/api/v1/exports/{file}") && !is_long("/api/v1/kpis"));
    }
}
