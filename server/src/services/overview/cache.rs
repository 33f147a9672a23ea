//! Figures kept for a moment: computed once however many ask, dropped when what they ate changed.

use chrono::{DateTime, Utc};
use domain::AppError;
use moka::future::Cache;
use std::{
    fmt,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Time to live of the class `kpi`.
pub const TTL_SECONDS: i64 = 60;

/// A value and the moment its computation began.
#[derive(Debug, Clone)]
pub struct Stamped<V> {
    pub value: V,
    pub computed_at: DateTime<Utc>,
}

/// What was answered: the value, and whether it had been there before.
#[derive(Debug)]
pub struct Answer<V> {
    pub stamped: Arc<Stamped<V>>,
    pub cached: bool,
}

/// Tells whether anything the figures eat changed since it was last asked.
type Ear = Box<dyn FnMut() -> bool + Send>;

/// Counts the changes heard. Every key carries the count, so what was computed from an older state, or
/// is still being computed from one, is never found again.
#[derive(Default)]
pub struct Generation {
    count: AtomicU64,
    ear: Mutex<Option<Ear>>,
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Generation {
    /// Asks `ear` before every look, so a page that heard of a change never reads what was before it.
    pub fn listen(&self, ear: impl FnMut() -> bool + Send + 'static) {
        *self.ear.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(ear));
    }

    pub fn forget(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    pub fn now(&self) -> u64 {
        let mut ear = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
        if ear.as_mut().is_some_and(|changed| changed()) {
            self.forget();
        }
        self.count.load(Ordering::SeqCst)
    }
}

/// Values of one kind.
pub struct Kept<K, V> {
    cache: Cache<(u64, i64, K), Arc<Stamped<V>>>,
}

impl<K, V> fmt::Debug for Kept<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Send + Sync + 'static> Kept<K, V> {
    #[must_use]
    pub fn holding(entries: u64) -> Self {
        // The key's minute bounds the age by the program's clock; this only frees the memory.
        Self { cache: Cache::builder().max_capacity(entries).time_to_live(Duration::from_secs(120)).build() }
    }

    /// The value of `key` as of generation and minute; those who ask at once wait for one computation.
    ///
    /// # Errors
    /// That of the computation; a failure is not kept.
    pub async fn get(
        &self,
        generation: u64,
        now: DateTime<Utc>,
        key: K,
        compute: impl Future<Output = Result<V, AppError>>,
    ) -> Result<Answer<V>, AppError> {
        let mut cached = true;
        let slot = now.timestamp().div_euclid(TTL_SECONDS);
        let stamped = self
            .cache
            .try_get_with((generation, slot, key), async {
                cached = false;
                compute.await.map(|value| Arc::new(Stamped { value, computed_at: now }))
            })
            .await
            .map_err(|error| (*error).clone())?;
        Ok(Answer { stamped, cached })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test]
    async fn many_who_ask_at_once_cost_one_computation() {
        let kept = Arc::new(Kept::<u8, usize>::holding(10));
        let runs = Arc::new(AtomicUsize::new(0));
        let ask = |generation: u64, at: DateTime<Utc>| {
            let (kept, runs) = (Arc::clone(&kept), Arc::clone(&runs));
            async move {
                kept.get(generation, at, 1, async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok(runs.fetch_add(1, Ordering::SeqCst) + 1)
                })
                .await
                .map(|a| a.stamped.value)
            }
        };
        let at = DateTime::UNIX_EPOCH;
        let answers = futures::future::join_all((0..50).map(|_| ask(0, at))).await;
        assert!(answers.into_iter().all(|a| a == Ok(1)));
        assert_eq!(ask(1, at).await, Ok(2), "a change drops it");
        assert_eq!(ask(1, at + chrono::Duration::seconds(60)).await, Ok(3), "a minute drops it");
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let kept = Kept::<u8, u8>::holding(10);
        let failed = kept.get(0, DateTime::UNIX_EPOCH, 1, async { Err(AppError::unavailable("away")) }).await;
        assert_eq!(failed.map(|a| a.cached), Err(AppError::unavailable("away")));
        let answer = kept.get(0, DateTime::UNIX_EPOCH, 1, async { Ok(7) }).await;
        assert!(answer.is_ok_and(|a| a.stamped.value == 7 && !a.cached));
    }

    #[test]
    fn what_is_heard_counts_once() {
        let generation = Generation::default();
        let news = Arc::new(AtomicUsize::new(2));
        let heard = Arc::clone(&news);
        generation.listen(move || heard.swap(0, Ordering::SeqCst) > 0);
        assert_eq!((generation.now(), generation.now()), (1, 1));
        news.store(1, Ordering::SeqCst);
        assert_eq!(generation.now(), 2);
    }
}
