//! How often figures were asked for, and what came of it.

use std::sync::atomic::{AtomicU64, Ordering};

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The value was as the data is.
    Hit,
    /// The last value stood in.
    StaleHit,
    /// It was computed for this look.
    Miss,
    /// It was being computed for another look already.
    Coalesced,
    /// There was no value to answer with.
    Failure,
}

const KINDS: usize = 5;

/// Counters of one area; looks never wait for one another.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; KINDS]);

impl Counters {
    pub fn count(&self, look: Look) {
        if let Some(counter) = self.0.get(look as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[must_use]
    pub fn read(&self) -> Looks {
        let at = |look: Look| self.0.get(look as usize).map_or(0, |counter| counter.load(Ordering::Relaxed));
        Looks {
            hits: at(Look::Hit),
            stale_hits: at(Look::StaleHit),
            misses: at(Look::Miss),
            coalesced: at(Look::Coalesced),
            failures: at(Look::Failure),
        }
    }
}

/// Looks since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looks {
    pub hits: u64,
    pub stale_hits: u64,
    pub misses: u64,
    pub coalesced: u64,
    pub failures: u64,
}

impl Looks {
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.hits + self.stale_hits + self.misses + self.coalesced + self.failures
    }
}

/// One area: its figures in memory and their looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaStatistics {
    pub area: &'static str,
    pub keys: u64,
    pub bytes: u64,
    pub looks: Looks,
}
