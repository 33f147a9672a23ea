//! Announcing without making commits wait for one another.
//!
//! Postgres lets transactions that notify commit one at a time. Where many commit at once, recorded sales,
//! that would halve their number, so they say here after their commit what changed, and one notification
//! follows within 50 ms with everything gathered (`platform.md` 3.8). What is gathered when the process is
//! killed is lost; the page's own refresh heals that.

use domain::live::Topic;
use sqlx::PgPool;
use std::{
    collections::{HashMap, HashSet},
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::task::TaskTracker;

/// How long an announcement may wait for others.
const GATHER: Duration = Duration::from_millis(50);
/// Keys of one topic in one gathering; more become one event of the whole topic. With [`GATHER`] this keeps
/// a process under 200 events a second and topic.
const KEYS: usize = 10;

type Gathered = HashMap<Topic, HashSet<String>>;

/// Cheap to clone.
#[derive(Clone)]
pub struct Gatherer(Arc<Inner>);

struct Inner {
    pool: PgPool,
    waiting: Mutex<Gathered>,
    tasks: TaskTracker,
}

impl fmt::Debug for Gatherer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gatherer").finish_non_exhaustive()
    }
}

impl Gatherer {
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self(Arc::new(Inner { pool, waiting: Mutex::default(), tasks: TaskTracker::new() }))
    }

    /// `key` of `topic` has changed, and is committed.
    pub fn announce(&self, topic: Topic, key: impl Into<String>) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let first = waiting.is_empty();
        waiting.entry(topic).or_default().insert(key.into());
        if first {
            self.0.tasks.spawn(self.clone().send_soon());
        }
    }

    /// Returns when everything announced so far is sent.
    pub(super) async fn finish(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn send_soon(self) {
        tokio::time::sleep(GATHER).await;
        let gathered = mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let events = events(gathered);
        if let Err(error) = self.send(&events).await {
            tracing::warn!(error = %error, events = events.len(), "changes were not announced");
        }
    }

    async fn send(&self, events: &[(Topic, String)]) -> store::Result<()> {
        let mut connection = store::acquire(&self.0.pool).await?;
        store::live::emit_all(&mut connection, events).await
    }
}

fn events(gathered: Gathered) -> Vec<(Topic, String)> {
    let mut events = Vec::new();
    for (topic, keys) in gathered {
        if keys.len() > KEYS {
            events.push((topic, String::new()));
        } else {
            events.extend(keys.into_iter().map(|key| (topic, key)));
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(topic: Topic, keys: usize) -> Gathered {
        HashMap::from([(topic, (0..keys).map(|n| n.to_string()).collect())])
    }

    #[test]
    fn few_keys_are_told_one_by_one() {
        let mut told = events(gathered(Topic::Transactions, 2));
        told.sort_by(|a, b| a.1.cmp(&b.1));
        assert_eq!(told, [(Topic::Transactions, "0".to_owned()), (Topic::Transactions, "1".to_owned())]);
    }

    #[test]
    fn many_keys_are_told_as_the_whole_topic() {
        assert_eq!(events(gathered(Topic::Transactions, KEYS + 1)), [(Topic::Transactions, String::new())]);
    }
}
