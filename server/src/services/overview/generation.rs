//! Counts how often the data changed that the figures eat.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Tells whether anything the figures eat changed since it was last asked.
type Ear = Box<dyn FnMut() -> bool + Send>;

/// The count of changes heard. What was computed from an older state, or is still being computed from one,
/// is not taken for fresh.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, atomic::AtomicUsize};

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
