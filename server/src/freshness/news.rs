//! Counts, topic by topic, how often the data changed that figures eat.

use crate::live::{Ear, Heard};
use domain::live::Topic;
use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use store::figures::Heard as Horizon;
use tokio::sync::broadcast::error::TryRecvError;

/// The changes heard. What was computed before one of them, or is being computed since before, is not taken
/// for fresh.
pub struct News {
    /// In the order of [`Topic::ALL`].
    heard: Vec<OfTopic>,
    ear: Mutex<Option<Ear>>,
}

#[derive(Default)]
struct OfTopic {
    changes: AtomicU64,
    /// Of the change heard last; 0 before the first.
    transaction: AtomicU64,
}

impl Default for News {
    fn default() -> Self {
        Self { heard: Topic::ALL.iter().map(|_| OfTopic::default()).collect(), ear: Mutex::default() }
    }
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("News").finish_non_exhaustive()
    }
}

impl News {
    /// Hears `ear` out before every look, so a page that heard of a change never takes what was before it for fresh.
    pub fn listen(&self, ear: Ear) {
        *self.ear.lock().unwrap_or_else(PoisonError::into_inner) = Some(ear);
    }

    /// Everything may have changed.
    pub fn forget(&self) {
        for topic in &self.heard {
            topic.changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn of(&self, topic: Topic) -> Option<&OfTopic> {
        self.heard.get(Topic::ALL.iter().position(|t| *t == topic)?)
    }

    /// How often one of `topics` changed by now: rises with every change, never falls.
    pub fn count(&self, topics: &[Topic]) -> u64 {
        self.hear();
        topics.iter().filter_map(|topic| self.of(*topic)).map(|heard| heard.changes.load(Ordering::SeqCst)).sum()
    }

    /// What a value computed elsewhere must have seen to be as good as one computed now; `None`: nothing is.
    pub fn horizon(&self, topics: &[Topic]) -> Option<Horizon> {
        let floor = self.ear.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Ear::floor)?;
        let heard = topics.iter().filter_map(|topic| self.of(*topic));
        let transactions = heard.map(|heard| heard.transaction.load(Ordering::SeqCst)).filter(|t| *t > 0).collect();
        Some(Horizon { floor, transactions })
    }

    fn hear(&self) {
        let mut ear = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ear) = ear.as_mut() else { return };
        // Deaf, it trusts nothing: a figure that missed a change would stand for a minute.
        let mut gap = !ear.connected();
        loop {
            match ear.receiver.try_recv() {
                Ok(Heard::Changed(event)) => {
                    if let Some(heard) = self.of(event.topic) {
                        heard.changes.fetch_add(1, Ordering::SeqCst);
                        heard.transaction.store(event.transaction, Ordering::SeqCst);
                    }
                }
                Ok(Heard::Resync) | Err(TryRecvError::Lagged(_)) => gap = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if gap {
            self.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_makes_every_topic_newer() {
        let news = News::default();
        let before = news.count(&[Topic::Transactions, Topic::Settings]);
        news.forget();
        assert_eq!(news.count(&[Topic::Transactions, Topic::Settings]), before + 2);
        assert_eq!(news.count(&[]), 0);
        assert!(news.horizon(&[Topic::Settings]).is_none(), "without an ear nothing is known");
    }
}
