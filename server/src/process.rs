//! What one running process knows of itself.

use crate::{config::Config, http::face::Served};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{fmt, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Shared by the web side, the worker and the listeners of one process.
#[derive(Clone)]
pub struct Process {
    pub config: Arc<Config>,
    /// Cancelled on TERM: ready answers 503, streams say `bye`, the worker takes no new job.
    pub stop: CancellationToken,
    pub metrics: PrometheusHandle,
    pub served: Served,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("stopping", &self.stop.is_cancelled()).finish_non_exhaustive()
    }
}

/// Time for requests in flight after TERM.
pub const DRAIN: Duration = Duration::from_secs(10);

impl Process {
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, stop: CancellationToken::new(), metrics: crate::metrics::install(), served: Served::All }
    }

    /// Serves one face alone.
    #[must_use]
    pub fn serving(mut self, served: Served) -> Self {
        self.served = served;
        self
    }

    /// Cancels `stop` on TERM or Ctrl-C.
    pub fn stop_on_signal(&self) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
                return;
            };
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
                () = stop.cancelled() => {}
            }
            stop.cancel();
        });
    }
}
