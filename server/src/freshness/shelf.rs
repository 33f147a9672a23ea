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
    let mut error =
        AppError::unavailable("The database cannot be reached just now, and this was not asked before it went away.");
    error.cause = Some(ErrorClass::Connection);
    error
}

fn slow() -> AppError {
    let mut error = AppError::unavailable("This takes longer than usual. It goes on; try again in a moment.");
    (error.cause, error.retry_after_seconds) = (Some(ErrorClass::Timeout), Some(1));
    error
}
