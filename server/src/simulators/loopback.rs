//! The simulator that a process starts for its own simulated dealers, on a port of this machine, when it is first needed.

use super::dgi::{BASE, Simulator};
use crate::http::listener;
use domain::clock::Clock;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::OnceCell};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Seed of the records that demo dealers have.
const SEED: u64 = 42;

/// Cheap to clone; clones are one server, which ends with the last of them.
#[derive(Clone)]
pub struct Loopback {
    simulator: Simulator,
    started: Arc<OnceCell<(String, DropGuard)>>,
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loopback").finish_non_exhaustive()
    }
}

impl Loopback {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { simulator: Simulator::new(SEED, chrono_tz::Asia::Jakarta, clock), started: Arc::default() }
    }

    /// What answers, to make it misbehave.
    #[must_use]
    pub const fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// `None`: no port of this machine can be listened on.
    pub async fn base_url(&self) -> Option<String> {
        let started = self.started.get_or_try_init(async || self.start().await).await;
        started.map(|(base_url, _)| base_url.clone()).ok()
    }

    async fn start(&self) -> std::io::Result<(String, DropGuard)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}{BASE}", listener.local_addr()?);
        let stop = CancellationToken::new();
        tokio::spawn(listener::serve(listener, self.simulator.clone().router(), stop.clone(), Duration::from_secs(1)));
        Ok((base_url, stop.drop_guard()))
    }
}
