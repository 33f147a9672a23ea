//! The last answer of something that may hang or be away, kept in memory with its time.

use crate::freshness::Breaker;
use chrono::{DateTime, Utc};
use domain::{AppError, clock::Clock, freshness::ErrorClass};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// Longest wait for one answer (`overview.md` 3.9).
pub const DEADLINE: Duration = Duration::from_millis(300);

/// What is known at the end of a look.
#[derive(Debug)]
pub struct Seen<T> {
    /// The last answer and when it was asked for.
    pub last: Option<(Arc<T>, DateTime<Utc>)>,
    /// Why this look brought no new answer.
    pub missed: Option<ErrorClass>,
}

/// A computation under way; it goes on when nobody waits for it any more.
type Flight = Shared<BoxFuture<'static, ()>>;

struct Slot<T> {
    last: Option<(Arc<T>, DateTime<Utc>)>,
    error: Option<ErrorClass>,
    flight: Option<Flight>,
}

/// One thing to look at. Those who look at once share a computation; none begins while another hangs.
pub struct Kept<T> {
    slot: Arc<Mutex<Slot<T>>>,
    /// `None`: it does not ask the database.
    breaker: Option<Breaker>,
    clock: Arc<dyn Clock>,
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// Something that the database tells.
    #[must_use]
    pub fn new(breaker: Breaker, clock: Arc<dyn Clock>) -> Self {
        Self { breaker: Some(breaker), ..Self::apart(clock) }
    }

    /// Something that is known without the database: it goes on while that is away.
    #[must_use]
    pub fn apart(clock: Arc<dyn Clock>) -> Self {
        Self { slot: Arc::new(Mutex::new(Slot { last: None, error: None, flight: None })), breaker: None, clock }
    }

    fn slot(&self) -> MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer that was computed from now on, within [`DEADLINE`]; else the last one, with the reason.
    /// While the database is known to be away the last one comes at once.
    pub async fn look<F>(&self, compute: impl FnOnce() -> F + Send) -> Seen<T>
    where
        F: Future<Output = Result<T, AppError>> + Send + 'static,
    {
        if self.breaker.as_ref().is_some_and(Breaker::is_open) {
            return Seen { last: self.slot().last.clone(), missed: Some(ErrorClass::Connection) };
        }
        let deadline = Instant::now() + DEADLINE;
        let earlier = self.slot().flight.clone();
        let looked = async {
            // It may have read what was before the change that made somebody look.
            if let Some(earlier) = earlier {
                earlier.await;
            }
            let flight = self.join(compute);
            flight.await;
        };
        let late = timeout_at(deadline, looked).await.is_err();
        let slot = self.slot();
        Seen { last: slot.last.clone(), missed: if late { Some(ErrorClass::Timeout) } else { slot.error } }
    }

    /// The computation under way, or a new one.
    fn join<F>(&self, compute: impl FnOnce() -> F) -> Flight
    where
        F: Future<Output = Result<T, AppError>> + Send + 'static,
    {
        let mut slot = self.slot();
        if let Some(flight) = &slot.flight {
            return flight.clone();
        }
        let (at, work) = (self.clock.now(), compute());
        let (shelf, breaker, clock) = (Arc::clone(&self.slot), self.breaker.clone(), Arc::clone(&self.clock));
        // The statement limit of its connection ends it, whoever waits.
        let task = tokio::spawn(async move {
            let result = work.await;
            let reached = result.as_ref().err().is_none_or(|e| ErrorClass::of(e) != ErrorClass::Connection);
            if let Some(breaker) = breaker {
                breaker.record(reached, clock.now());
            }
            let mut slot = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            slot.flight = None;
            match result {
                Ok(value) => (slot.last, slot.error) = (Some((Arc::new(value), at)), None),
                Err(error) => slot.error = Some(ErrorClass::of(&error)),
            }
        });
        let shelf = Arc::clone(&self.slot);
        let ended = async move {
            if task.await.is_err() {
                // It broke off before it could say so.
                let mut slot = shelf.lock().unwrap_or_else(PoisonError::into_inner);
                (slot.flight, slot.error) = (None, Some(ErrorClass::Query));
            }
        };
        let flight = ended.boxed().shared();
        slot.flight = Some(flight.clone());
        flight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::oneshot;

    struct Desk {
        clock: Arc<FixedClock>,
        breaker: Breaker,
        kept: Kept<usize>,
        runs: Arc<AtomicUsize>,
    }

    impl Desk {
        fn new() -> Self {
            let (clock, breaker) = (Arc::new(FixedClock::at(DateTime::UNIX_EPOCH)), Breaker::default());
            Self { kept: Kept::new(breaker.clone(), clock.clone()), clock, breaker, runs: Arc::default() }
        }

        async fn count(&self) -> Seen<usize> {
            let runs = Arc::clone(&self.runs);
            let work = move || async move {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(runs.fetch_add(1, Ordering::SeqCst) + 1)
            };
            self.kept.look(work).await
        }
    }

    fn value(seen: &Seen<usize>) -> Option<usize> {
        seen.last.as_ref().map(|(value, _)| **value)
    }

    #[tokio::test]
    async fn many_who_look_at_once_share_a_computation_and_nobody_gets_one_from_before() {
        let desk = Desk::new();
        let all = futures::future::join_all((0..50).map(|_| desk.count())).await;
        assert!(all.iter().all(|seen| seen.missed.is_none()));
        assert!(desk.runs.load(Ordering::SeqCst) <= 2);
        let (early, late) = tokio::join!(desk.count(), async {
            tokio::time::sleep(Duration::from_millis(3)).await;
            desk.count().await
        });
        assert!(value(&late) > value(&early), "who looks later does not take what was begun before");
    }

    #[tokio::test]
    async fn one_that_hangs_is_late_with_the_last_answer_and_lands_all_the_same() {
        let desk = Desk::new();
        desk.count().await;
        let (finish, finished) = oneshot::channel::<()>();
        let hanging = || async move {
            let _ = finished.await;
            Ok(7)
        };
        let since = std::time::Instant::now();
        let seen = desk.kept.look(hanging).await;
        assert_eq!((value(&seen), seen.missed), (Some(1), Some(ErrorClass::Timeout)));
        let again = desk.count().await;
        assert_eq!((value(&again), again.missed), (Some(1), Some(ErrorClass::Timeout)), "no second one beside it");
        assert!(since.elapsed() < 3 * DEADLINE);
        finish.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let seen = desk.count().await;
        assert_eq!((value(&seen), seen.missed), (Some(2), None));
    }

    #[tokio::test]
    async fn a_failure_keeps_the_last_answer_with_its_time_and_an_open_breaker_asks_nothing() {
        let desk = Desk::new();
        desk.count().await;
        desk.clock.advance(chrono::Duration::seconds(90));
        let mut broken = AppError::internal();
        broken.cause = Some(ErrorClass::Query);
        let seen = desk.kept.look(|| async { Err(broken) }).await;
        assert_eq!((value(&seen), seen.missed), (Some(1), Some(ErrorClass::Query)));
        assert_eq!(seen.last.map(|(_, at)| at), Some(DateTime::UNIX_EPOCH));
        desk.breaker.open(desk.clock.now());
        let seen = desk.count().await;
        assert_eq!((value(&seen), seen.missed), (Some(1), Some(ErrorClass::Connection)));
        assert_eq!(desk.runs.load(Ordering::SeqCst), 1);
        desk.breaker.close();
        assert_eq!(value(&desk.count().await), Some(2));
    }

    #[tokio::test]
    async fn what_the_database_does_not_tell_goes_on_and_says_nothing_about_it() {
        let desk = Desk::new();
        let disk = Kept::<usize>::apart(desk.clock.clone());
        desk.breaker.open(desk.clock.now());
        let seen = disk.look(|| async { Ok(3) }).await;
        assert_eq!((value(&seen), seen.missed), (Some(3), None));
        assert!(desk.breaker.is_open());
    }

    #[tokio::test]
    async fn a_computation_that_breaks_off_does_not_stop_the_next() {
        let desk = Desk::new();
        let seen = desk.kept.look(|| async { panic!("a fault of the program") }).await;
        assert_eq!((value(&seen), seen.missed), (None, Some(ErrorClass::Query)));
        assert_eq!(value(&desk.count().await), Some(1));
    }
}
