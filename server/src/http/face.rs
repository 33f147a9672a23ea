//! Faces (`platform.md` 3.7): analytics and admin have pools of their own and a limit of their own on
//! requests in flight, and a process can serve one of them alone. What both need (sign-in, health,
//! the live stream, files) belongs to neither.

use super::error::ApiError;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use clap::ValueEnum;
use domain::{AppError, ErrorCode};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests in flight.
const ANALYTICS_AT_ONCE: usize = 256;
const ADMIN_AT_ONCE: usize = 128;

/// Whose pools and limits a request uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Analytics,
    Admin,
    /// Needed by both, served by every process.
    Common,
}

impl Face {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Admin => "admin",
            Self::Common => "common",
        }
    }

    /// The face of a path or route pattern; `None`: nobody has said yet, which a test forbids.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let below = ["/api/v1/", "/fn/", "/"].iter().find_map(|start| path.strip_prefix(start)).unwrap_or_default();
        let mut parts = below.split('/');
        Some(match parts.next().unwrap_or_default() {
            "access" => match parts.next() {
                Some("users" | "add_user" | "set_role" | "set_active") => Self::Admin,
                _ => Self::Common,
            },
            // What is kept of the figures is kept where they are computed.
            "settings" if parts.next() == Some("cache") => Self::Analytics,
            "" | "alerts" | "alert-rules" | "alert-metrics" | "analytics" | "attention" | "backtests" | "cache"
            | "categories" | "disputes" | "drill" | "freshness" | "overview" | "kpis" | "dashboard" | "visits"
            | "fraud" | "inbox" | "inventory" | "notifications" | "optimize" | "planning" | "reports" | "silences"
            | "transactions" | "products" | "customers" | "exports" | "files" | "search" | "ws" => Self::Analytics,
            "audit"
            | "notification-channels"
            | "notification-routes"
            | "data"
            | "dealers"
            | "demo"
            | "ingest"
            | "jobs"
            | "permissions"
            | "queues"
            | "schedules"
            | "settings"
            | "users" => Self::Admin,
            "account" | "auth" | "docs" | "health" | "live" | "login" | "metrics" | "openapi.json" | "setup"
            | "_stcore" => Self::Common,
            _ => return None,
        })
    }
}

/// What a process serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Served {
    #[default]
    All,
    Analytics,
    Admin,
}

impl Served {
    fn has(self, face: Face) -> bool {
        match self {
            Self::All => true,
            Self::Analytics => face != Face::Admin,
            Self::Admin => face != Face::Analytics,
        }
    }
}

/// The faces of one process and what each has in flight.
#[derive(Debug, Clone)]
pub struct Faces {
    served: Served,
    analytics: Arc<Semaphore>,
    admin: Arc<Semaphore>,
}

impl Faces {
    #[must_use]
    pub fn new(served: Served) -> Self {
        Self::with_limits(served, ANALYTICS_AT_ONCE, ADMIN_AT_ONCE)
    }

    fn with_limits(served: Served, analytics: usize, admin: usize) -> Self {
        Self { served, analytics: Arc::new(Semaphore::new(analytics)), admin: Arc::new(Semaphore::new(admin)) }
    }
}

/// Use with `from_fn_with_state(faces, admit)` around authentication: what is not served or too much
/// costs no query.
pub async fn admit(State(faces): State<Faces>, request: Request, next: Next) -> Response {
    let face = Face::of(request.uri().path()).unwrap_or(Face::Common);
    if !faces.served.has(face) {
        let message = format!("This process does not serve this address; it belongs to the face {}.", face.as_str());
        return ApiError(AppError::new(ErrorCode::NotFound, message)).into_response();
    }
    let places = match face {
        Face::Common => return next.run(request).await,
        Face::Analytics => &faces.analytics,
        Face::Admin => &faces.admin,
    };
    let Ok(_place) = Arc::clone(places).try_acquire_owned() else {
        metrics::counter!("millrace_rate_limited_total", "limit" => face.as_str()).increment(1);
        let mut error = AppError::unavailable("Too many requests are running just now. Try again in a second.");
        error.retry_after_seconds = Some(1);
        return ApiError(error).into_response();
    };
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Body, http::StatusCode, middleware::from_fn_with_state, routing::get};
    use tokio::sync::Notify;
    use tower::ServiceExt;

    async fn ask(web: &Router, path: &str) -> Response {
        web.clone().oneshot(Request::builder().uri(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_full_face_says_so_and_the_other_goes_on() {
        let (held, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (entered, leave) = (Arc::clone(&held), Arc::clone(&release));
        let slow = move || async move {
            entered.notify_one();
            leave.notified().await;
        };
        let web = Router::new()
            .route("/jobs", get(slow))
            .route("/search", get(|| async {}))
            .layer(from_fn_with_state(Faces::with_limits(Served::All, 1, 1), admit));
        let first = tokio::spawn({
            let web = web.clone();
            async move { ask(&web, "/jobs").await.status() }
        });
        held.notified().await;
        let full = ask(&web, "/jobs").await;
        assert_eq!(
            (full.status(), &full.headers()["retry-after"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
        );
        assert_eq!(ask(&web, "/search").await.status(), StatusCode::OK);
        release.notify_one();
        assert_eq!(first.await.unwrap(), StatusCode::OK);
    }

    #[tokio::test]
    async fn one_face_alone_serves_what_is_its_own_and_what_both_need() {
        let web = |served| {
            Router::new()
                .route("/jobs", get(|| async {}))
                .route("/transactions", get(|| async {}))
                .route("/login", get(|| async {}))
                .layer(from_fn_with_state(Faces::new(served), admit))
        };
        for (served, wanted) in
            [(Served::All, [200, 200, 200]), (Served::Analytics, [404, 200, 200]), (Served::Admin, [200, 404, 200])]
        {
            let mut got = Vec::new();
            for path in ["/jobs", "/transactions", "/login"] {
                got.push(ask(&web(served), path).await.status().as_u16());
            }
            assert_eq!(got, wanted, "{served:?}");
        }
    }
}
