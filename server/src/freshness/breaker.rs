//! Knows whether the database is away, so that nobody waits for it in vain.

use chrono::{DateTime, Duration, Utc};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use store::pool::Gate;
use tokio::sync::watch;

/// Failures in a row after which it opens.
const IN_A_ROW: usize = 5;
/// Or half of at least so many calls within [`WINDOW`].
const CALLS: usize = 20;
const WINDOW: Duration = Duration::seconds(10);

/// Closed: statements are sent. Open: the last values are answered at once, until a probe gets through.
/// Cheap to clone.
#[derive(Clone)]
pub struct Breaker(Arc<Inner>);

/// The two that figures mind.
#[derive(Debug, Clone, Default)]
pub struct Breakers {
    /// Nobody reaches the database.
    pub database: Breaker,
    /// Computations fail: so many in a row may be their own fault, and the others go on.
    pub computing: Breaker,
}

impl Breakers {
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.database.is_open() || self.computing.is_open()
    }
}

struct Inner {
    /// Shut while it is open.
    gate: Gate,
    /// Since when it is open.
    open: watch::Sender<Option<DateTime<Utc>>>,
    /// Calls of the last [`WINDOW`], oldest first: when, and whether they got through.
    calls: Mutex<VecDeque<(DateTime<Utc>, bool)>>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::shutting(Gate::default())
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("open_since", &self.open_since()).finish_non_exhaustive()
    }
}

impl Breaker {
    /// One that shuts `gate` while it is open.
    #[must_use]
    pub fn shutting(gate: Gate) -> Self {
        Self(Arc::new(Inner { gate, open: watch::Sender::new(None), calls: Mutex::default() }))
    }

    /// Counts a call: whether it reached the database. Answers whether this opened the breaker.
    pub fn record(&self, reached: bool, at: DateTime<Utc>) -> bool {
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        while calls.front().is_some_and(|(then, _)| at - *then > WINDOW) {
            calls.pop_front();
        }
        calls.push_back((at, reached));
        if reached {
            return false;
        }
        let failed = calls.iter().filter(|(_, reached)| !reached).count();
        let in_a_row = calls.iter().rev().take_while(|(_, reached)| !reached).count();
        (in_a_row >= IN_A_ROW || (calls.len() >= CALLS && failed * 2 >= calls.len())) && self.open(at)
    }

    /// Opens it; `false` when it was open.
    pub fn open(&self, at: DateTime<Utc>) -> bool {
        self.0.gate.set_shut(true);
        self.0.open.send_if_modified(|since| {
            let opened = since.is_none();
            since.get_or_insert(at);
            opened
        })
    }

    /// Closes it; `false` when it was closed.
    pub fn close(&self) -> bool {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.gate.set_shut(false);
        self.0.open.send_if_modified(|since| since.take().is_some())
    }

    #[must_use]
    pub fn open_since(&self) -> Option<DateTime<Utc>> {
        *self.0.open.borrow()
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open_since().is_some()
    }

    /// Returns as soon as it is open.
    pub async fn opened(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.open.subscribe().wait_for(Option::is_some).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(second)
    }

    #[test]
    fn five_failures_in_a_row_open_it_once_and_a_success_between_does_not_let_them_add_up() {
        let breaker = Breaker::default();
        let calls = [false, false, false, false, true, false, false, false, false];
        assert!(calls.iter().all(|reached| !breaker.record(*reached, at(0))));
        assert!(breaker.record(false, at(1)), "the fifth in a row");
        assert!(!breaker.record(false, at(2)), "it was open");
        assert_eq!(breaker.open_since(), Some(at(1)));
        assert!(breaker.0.gate.is_shut(), "nobody waits for a connection");
        assert!(breaker.close() && !breaker.close());
        assert!(!breaker.0.gate.is_shut());
        assert!(!breaker.record(false, at(2)), "what was before it closed is forgotten");
    }

    #[test]
    fn half_of_twenty_calls_within_ten_seconds_open_it() {
        let breaker = Breaker::default();
        // Every second call fails, never five in a row; the first ten are too old when the last come.
        for n in 0..10 {
            breaker.record(n % 2 == 0, at(0));
        }
        for n in 0..19 {
            assert!(!breaker.record(n % 2 == 0, at(20)), "call {n}");
        }
        assert!(breaker.record(false, at(20)));
    }

    #[tokio::test]
    async fn who_waits_hears_that_it_opened() {
        let breaker = Breaker::default();
        let (other, waiting) = (breaker.clone(), breaker.clone());
        let waiting = tokio::spawn(async move { waiting.opened().await });
        assert!(other.open(at(3)));
        assert!(waiting.await.is_ok());
    }
}
