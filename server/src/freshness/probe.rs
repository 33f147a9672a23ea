//! Asks a lost database whether it is back; apart from the pools, whose connections may all be waiting.

use crate::{backend::Backend, live::LiveBus};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Between two questions.
const PERIOD: Duration = Duration::from_secs(2);
/// For one answer.
const LIMIT: Duration = Duration::from_secs(1);

/// Opens the breaker when the bus lost its connection and the database does not answer, closes it after
/// one answer; pages are told both times. Runs until `stop`.
pub async fn watch(backend: Backend, bus: LiveBus, stop: CancellationToken) {
    // Whether it was looked already after computations began to fail.
    let mut suspicious = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(PERIOD) => {}
            () = bus.lost() => {}
            () = backend.computing.opened(), if !suspicious => suspicious = true,
        }
        let breaker = &backend.breaker;
        if bus.connected() && !breaker.is_open() && !backend.computing.is_open() {
            continue;
        }
        let asked = timeout(LIMIT, store::pool::is_reachable(&backend.pools.auth)).await.unwrap_or(false);
        let reachable = asked && !backend.faults.is_db_down();
        let changed = if reachable {
            suspicious = false;
            backend.computing.close() | breaker.close()
        } else {
            breaker.open(backend.clock.now())
        };
        if changed {
            if reachable {
                tracing::info!("the database answers again");
            } else {
                tracing::error!(error_code = "unavailable", "the database is away: last known figures are shown");
            }
            bus.resync();
        }
    }
}
