//! The one connection of the process that listens.

use super::LiveBus;
use domain::live::{Changed, Topic};
use serde::Deserialize;
use sqlx::{Executor, postgres::PgListener};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::timeout;

/// What `ops.emit` sends.
#[derive(Deserialize)]
struct Notification {
    i: i64,
    t: String,
    k: String,
    /// The transaction. A server that migrated only just now may still hear one without.
    #[serde(default)]
    x: String,
}

/// Quiet time after which the connection is asked whether it is still there.
const ASK_AFTER: Duration = Duration::from_secs(15);

/// Listens until the bus stops; comes back by itself after the database was away.
pub(super) async fn listen(bus: LiveBus) {
    let mut pause = Duration::from_millis(250);
    while !bus.stopping().is_cancelled() {
        match connect(&bus).await {
            Ok((listener, floor)) => {
                pause = Duration::from_millis(250);
                // Whatever was sent before this moment may have been missed.
                bus.restart();
                bus.0.connection.0.store(floor.max(1), Ordering::SeqCst);
                hear(&bus, listener).await;
                bus.0.connection.0.store(0, Ordering::SeqCst);
                bus.0.lost.notify_one();
            }
            Err(error) => {
                tracing::warn!(error = %error, retry_in_ms = pause.as_millis(), "live bus cannot listen");
                let _ = timeout(pause, bus.stopping().cancelled()).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
        }
    }
}

/// A listening connection; what ended before it listened lies below the number.
async fn connect(bus: &LiveBus) -> Result<(PgListener, u64), store::StoreError> {
    let mut listener = PgListener::connect_with(&bus.0.backend.pools.live).await?;
    listener.listen("millrace_live").await?;
    let floor = store::figures::floor(&mut listener).await?;
    Ok((listener, floor))
}

/// Returns when the connection is lost or the bus stops.
async fn hear(bus: &LiveBus, mut listener: PgListener) {
    loop {
        let heard = tokio::select! {
            () = bus.stopping().cancelled() => return,
            heard = timeout(ASK_AFTER, listener.try_recv()) => heard,
        };
        match heard {
            Ok(Ok(Some(notification))) => {
                let Ok(Notification { i, t, k, x }) = serde_json::from_str(notification.payload()) else {
                    tracing::warn!("notification on the live channel is not ours");
                    continue;
                };
                // A topic of a newer release is nobody's business here.
                if let Some(topic) = Topic::parse(&t) {
                    let transaction = x.parse().unwrap_or_default();
                    bus.publish(Changed { id: i, topic, key: k, at: bus.0.backend.clock.now(), transaction });
                }
            }
            Ok(Ok(None)) => return tracing::warn!("live bus lost its connection"),
            Ok(Err(error)) => return tracing::warn!(error = %error, "live bus lost its connection"),
            // Silence: a connection that died without a word is found out by asking.
            Err(_) => match timeout(Duration::from_secs(5), listener.execute("select 1")).await {
                Ok(Ok(_)) => {}
                _ => return tracing::warn!("live bus got no answer on its connection"),
            },
        }
    }
}
