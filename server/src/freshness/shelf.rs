//! One kind of figures, by what was asked.

use super::Breaker;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    clock::Clock,
    freshness::{ErrorClass, Freshness},
};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use moka::future::Cache;
use std::{
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

/// Time to live of the class `kpi`.
pub const TTL_SECONDS: i64 = 60;
/// Longest wait for a first value.
const DEADLINE: Duration = Duration::from_millis(1_500);
/// Longest wait for a better value than the one at hand.
const PATIENCE: Duration = Duration::from_millis(300);

/// A value and the moment its computation began.
#[derive(Debug, Clone)]
pub struct Stamped<V> {
    pub value: V,
    pub computed_at: DateTime<Utc>,
}

/// What was answered: the value, how it stands, and whether it had been there before.
#[derive(Debug)]
pub struct Answer<V> {
    pub stamped: Arc<Stamped<V>>,
    pub freshness: Freshness,
    pub cached: bool,
}

/// A running computation; it goes on when nobody waits for it any more.
type Flight = Shared<BoxFuture<'static, Result<(), AppError>>>;

/// What is known under one key.
struct Kept<V> {
    last: Option<Arc<Stamped<V>>>,
    /// Of the data that `last` was computed from.
    generation: u64,
    missed: u32,
    error: Option<ErrorClass>,
    /// With the generation it reads.
    flight: Option<(u64, Flight)>,
}

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self { last: None, generation: 0, missed: 0, error: None, flight: None }
    }
}

impl<V> Kept<V> {
    fn is_good(&self, generation: u64, now: DateTime<Utc>) -> bool {
        let young = |last: &Arc<Stamped<V>>| (now - last.computed_at).num_seconds() < TTL_SECONDS;
        self.generation == generation && self.last.as_ref().is_some_and(young)
    }

    fn answer(&self, freshness: Freshness, cached: bool) -> Option<Answer<V>> {
        self.last.clone().map(|stamped| Answer { stamped, freshness, cached })
    }

    /// The last value, with the reason why there is no better one.
    fn last_good(&self, class: ErrorClass) -> Option<Answer<V>> {
        self.answer(Freshness::missed(self.missed.max(1), self.error.unwrap_or(class)), true)
    }

    fn land(&mut self, generation: u64, at: DateTime<Utc>, result: Result<V, AppError>) -> Result<(), AppError> {
        let ended = match result {
            // One that read older data may end later.
            Ok(_) if self.last.is_some() && generation < self.generation => Ok(()),
            Ok(value) => {
                self.last = Some(Arc::new(Stamped { value, computed_at: at }));
                (self.generation, self.missed, self.error) = (generation, 0, None);
                Ok(())
            }
            Err(error) => {
                self.missed = self.missed.saturating_add(1);
                self.error = Some(ErrorClass::of(&error));
                Err(error)
            }
        };
        if self.flight.as_ref().is_some_and(|(of, _)| *of == generation) {
            self.flight = None;
        }
        ended
    }
}

struct Slot<V>(Mutex<Kept<V>>);

impl<V> Slot<V> {
    fn kept(&self) -> MutexGuard<'_, Kept<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values of one kind by key. What was computed from older data, or a minute ago, is computed again;
/// until that is done, and when it fails, the last value stands.
pub struct Shelf<K, V> {
    slots: Cache<K, Arc<Slot<V>>>,
    breaker: Breaker,
    clock: Arc<dyn Clock>,
}

impl<K, V> fmt::Debug for Shelf<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Send + Sync + 'static> Shelf<K, V> {
    #[must_use]
    pub fn holding(entries: u64, breaker: Breaker, clock: Arc<dyn Clock>) -> Self {
        Self { slots: Cache::builder().max_capacity(entries).build(), breaker, clock }
    }

    /// The value of `key` as of `generation`; those who ask at once wait for one computation, and not long
    /// when there is an older value to show.
    ///
    /// # Errors
    /// That of the computation, and `unavailable` when it takes too long or the database is away; only
    /// where there is no last value.
    pub async fn get(
        &self,
        generation: u64,
        key: K,
        compute: impl Future<Output = Result<V, AppError>> + Send + 'static,
    ) -> Result<Answer<V>, AppError> {
        let now = self.clock.now();
        let slot = self.slots.get_with(key, async { Arc::new(Slot(Mutex::default())) }).await;
        let (flight, patience) = {
            let mut kept = slot.kept();
            if kept.is_good(generation, now)
                && let Some(answer) = kept.answer(Freshness::default(), true)
            {
                return Ok(answer);
            }
            if self.breaker.is_open() {
                return kept.last_good(ErrorClass::Connection).ok_or_else(away);
            }
            let flight = match &kept.flight {
                Some((of, flight)) if *of == generation => flight.clone(),
                _ => {
                    let flight = self.start(Arc::clone(&slot), generation, now, compute);
                    kept.flight = Some((generation, flight.clone()));
                    flight
                }
            };
            (flight, if kept.last.is_some() { PATIENCE } else { DEADLINE })
        };
        let ended = timeout(patience, flight).await;
        let kept = slot.kept();
        match ended {
            Ok(Ok(())) => kept.answer(Freshness::default(), false).ok_or_else(AppError::internal),
            Ok(Err(error)) => kept.last_good(ErrorClass::of(&error)).ok_or(error),
            Err(_) => kept.answer(Freshness::REFRESHING, true).ok_or_else(slow),
        }
    }

    fn start(
        &self,
        slot: Arc<Slot<V>>,
        generation: u64,
        at: DateTime<Utc>,
        compute: impl Future<Output = Result<V, AppError>> + Send + 'static,
    ) -> Flight {
        let (breaker, clock) = (self.breaker.clone(), Arc::clone(&self.clock));
        // The statement limit of its connection ends it, whoever waits.
        let task = tokio::spawn(async move {
            let result = compute.await;
            let reached = result.as_ref().err().is_none_or(|e| ErrorClass::of(e) != ErrorClass::Connection);
            breaker.record(reached, clock.now());
            slot.kept().land(generation, at, result)
        });
        async move { task.await.unwrap_or_else(|_| Err(AppError::internal())) }.boxed().shared()
    }
}

fn away() -> AppError {
    let text = "The database cannot be reached just now, and nobody looked at this lately: there is no last figure.";
    let mut error = AppError::unavailable(text);
    error.cause = Some(ErrorClass::Connection);
    error
}

fn slow() -> AppError {
    let mut error = AppError::unavailable("This takes longer than usual. It goes on; try again in a moment.");
    (error.cause, error.retry_after_seconds) = (Some(ErrorClass::Timeout), Some(1));
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use domain::freshness::State;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::oneshot;

    struct Desk {
        clock: Arc<FixedClock>,
        breaker: Breaker,
        shelf: Shelf<u8, usize>,
        runs: Arc<AtomicUsize>,
    }

    impl Desk {
        fn new() -> Self {
            let (clock, breaker) = (Arc::new(FixedClock::at(DateTime::UNIX_EPOCH)), Breaker::default());
            let shelf = Shelf::holding(10, breaker.clone(), clock.clone());
            Self { clock, breaker, shelf, runs: Arc::default() }
        }

        /// The how-many-eth computation this was, and how it stands.
        async fn ask(&self, generation: u64) -> Result<(usize, State, bool), AppError> {
            let runs = Arc::clone(&self.runs);
            let compute = async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(runs.fetch_add(1, Ordering::SeqCst) + 1)
            };
            self.told(generation, compute).await
        }

        async fn told(
            &self,
            generation: u64,
            compute: impl Future<Output = Result<usize, AppError>> + Send + 'static,
        ) -> Result<(usize, State, bool), AppError> {
            let answer = self.shelf.get(generation, 1, compute).await?;
            Ok((answer.stamped.value, answer.freshness.state, answer.cached))
        }
    }

    fn broken() -> AppError {
        let mut error = AppError::internal();
        error.cause = Some(ErrorClass::Query);
        error
    }

    #[tokio::test]
    async fn many_who_ask_at_once_cost_one_computation() {
        let desk = Desk::new();
        let answers = futures::future::join_all((0..50).map(|_| desk.ask(0))).await;
        assert!(answers.into_iter().all(|a| a.map(|(value, ..)| value) == Ok(1)));
        assert_eq!(desk.ask(0).await, Ok((1, State::Fresh, true)), "it is kept");
        assert_eq!(desk.ask(1).await, Ok((2, State::Fresh, false)), "a change drops it");
        desk.clock.advance(chrono::Duration::seconds(59));
        assert_eq!(desk.ask(1).await, Ok((2, State::Fresh, true)));
        desk.clock.advance(chrono::Duration::seconds(1));
        assert_eq!(desk.ask(1).await, Ok((3, State::Fresh, false)), "a minute drops it");
        assert_eq!(desk.runs.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept_and_the_last_value_stands_with_its_reason() {
        let desk = Desk::new();
        assert_eq!(desk.told(0, async { Err(broken()) }).await, Err(broken()), "there is nothing else to show");
        assert_eq!(desk.told(0, async { Ok(7) }).await, Ok((7, State::Fresh, false)));
        for state in [State::Stale, State::Stale, State::Failed] {
            assert_eq!(desk.told(1, async { Err(broken()) }).await, Ok((7, state, true)));
        }
        assert_eq!(desk.told(1, async { Ok(8) }).await, Ok((8, State::Fresh, false)));
        assert_eq!(desk.told(2, async { Err(broken()) }).await, Ok((8, State::Stale, true)), "misses count from anew");
    }

    #[tokio::test]
    async fn nobody_waits_long_for_a_better_value_and_it_comes_all_the_same() {
        let desk = Desk::new();
        desk.told(0, async { Ok(1) }).await.unwrap();
        let (finish, finished) = oneshot::channel::<()>();
        let slow = async move {
            let _ = finished.await;
            Ok(2)
        };
        assert_eq!(desk.told(1, slow).await, Ok((1, State::Refreshing, true)));
        finish.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(desk.told(1, async { Ok(3) }).await, Ok((2, State::Fresh, true)), "what went on has landed");
    }

    #[tokio::test]
    async fn a_value_of_older_data_does_not_replace_a_newer_one() {
        let desk = Desk::new();
        let (finish, finished) = oneshot::channel::<()>();
        let slow = async move {
            let _ = finished.await;
            Ok(1)
        };
        let (first, second) = tokio::join!(desk.told(0, slow), async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let second = desk.told(1, async { Ok(2) }).await;
            finish.send(()).unwrap();
            second
        });
        assert_eq!(second, Ok((2, State::Fresh, false)));
        assert_eq!(first.map(|(value, ..)| value), Ok(2), "who waited for the older one gets the newer");
        assert_eq!(desk.told(1, async { Ok(9) }).await, Ok((2, State::Fresh, true)));
    }

    #[tokio::test]
    async fn while_the_breaker_is_open_nothing_is_computed() {
        let desk = Desk::new();
        desk.ask(0).await.unwrap();
        desk.breaker.open(desk.clock.now());
        assert_eq!(desk.ask(1).await, Ok((1, State::Stale, true)));
        let other = desk.shelf.get(1, 2, async { Ok(5) }).await.map(|a| a.stamped.value);
        assert_eq!(other.map_err(|e| e.cause), Err(Some(ErrorClass::Connection)), "never computed, never made up");
        assert_eq!(desk.runs.load(Ordering::SeqCst), 1);
        desk.breaker.close();
        assert_eq!(desk.ask(1).await, Ok((2, State::Fresh, false)));
    }

    #[tokio::test]
    async fn five_lost_connections_open_the_breaker_and_failed_statements_do_not() {
        let desk = Desk::new();
        for n in 0..9 {
            desk.told(n, async { Err(broken()) }).await.unwrap_err();
        }
        assert!(!desk.breaker.is_open());
        for n in 10..15 {
            desk.told(n, async { Err(away()) }).await.unwrap_err();
        }
        assert!(desk.breaker.is_open());
    }
}
