//! Prometheus on its own port, without sign-in (`MILLRACE_METRICS_LISTEN`).

use crate::{logs::Steps, metrics::render, process::Process, services::Services};
use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Content type of the text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The figures as an answer.
pub async fn answer(process: &Process, services: &Services) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], render(&process.metrics, &services.backend, &services.live).await)
        .into_response()
}

/// Starts it where it is wanted; a taken port is told and no reason to stop.
pub async fn start(process: &Process, services: Services, steps: Steps) -> Option<JoinHandle<()>> {
    let address = process.config.metrics_listen?;
    let step = steps.begin("metrics");
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            step.wait(format!("{address} cannot be listened on ({error}); no metrics from this process. Choose another with MILLRACE_METRICS_LISTEN, or off"));
            return None;
        }
    };
    step.ok(address.to_string());
    let stop = process.stop.clone();
    let process = process.clone();
    let router = Router::new().route("/metrics", get(move || async move { answer(&process, &services).await }));
    Some(tokio::spawn(async move {
        let _ = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    }))
}
