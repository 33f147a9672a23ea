//! At most one update an alert a second: what comes sooner waits, and the latest of it is told then.

use super::CALM;
use domain::live::Changed;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};
use tokio::time::Instant;

/// Alerts that may wait at once; the place of a frame names them all.
const MOST: usize = 50;

/// What one connection was told of alerts within the last second, and what waits for its second to be over.
#[derive(Debug, Default)]
pub(super) struct Calm {
    told: BTreeMap<String, Instant>,
    waiting: BTreeMap<String, Arc<Changed>>,
}

impl Calm {
    /// Keeps an event that comes too soon after the last update of its alert. `None`: too many wait.
    pub(super) fn holds(&mut self, event: &Arc<Changed>, now: Instant) -> Option<bool> {
        self.told.retain(|_, told| *told + CALM > now);
        let (full, soon) = (self.waiting.len() >= MOST, self.told.contains_key(&event.key));
        match self.waiting.entry(event.key.clone()) {
            Entry::Occupied(mut older) => drop(older.insert(Arc::clone(event))),
            Entry::Vacant(_) if !soon => return Some(false),
            Entry::Vacant(_) if full => return None,
            Entry::Vacant(free) => drop(free.insert(Arc::clone(event))),
        }
        Some(true)
    }

    /// Lets an event wait that a client had not heard when it left.
    pub(super) fn take_up(&mut self, event: Arc<Changed>) {
        self.waiting.insert(event.key.clone(), event);
    }

    pub(super) fn told(&mut self, key: &str, now: Instant) {
        self.told.insert(key.to_owned(), now);
    }

    /// When the next that waits may be told.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.keys().map(|key| self.told.get(key).map_or_else(Instant::now, |told| *told + CALM)).min()
    }

    /// One that may be told now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Arc<Changed>> {
        let free = |key: &&String| self.told.get(*key).is_none_or(|told| *told + CALM <= now);
        let key = self.waiting.keys().find(free)?.clone();
        self.waiting.remove(&key)
    }

    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// The place of a frame: `place`, and the events before it that were not told yet, as `120~117.119`.
    pub(super) fn place(&self, place: &str) -> String {
        let waiting: Vec<String> = self.waiting.values().map(|event| event.id.to_string()).collect();
        if waiting.is_empty() { place.to_owned() } else { format!("{place}~{}", waiting.join(".")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::live::Topic;

    fn event(id: i64, key: &str) -> Arc<Changed> {
        let at = chrono::DateTime::UNIX_EPOCH;
        Arc::new(Changed { id, topic: Topic::Alerts, key: key.to_owned(), at, transaction: 0 })
    }

    #[test]
    fn what_comes_too_soon_waits_and_the_latest_of_it_is_told() {
        let (mut calm, now) = (Calm::default(), Instant::now());
        assert_eq!(calm.holds(&event(1, "a"), now), Some(false));
        calm.told("a", now);
        assert_eq!(calm.holds(&event(2, "a"), now), Some(true));
        assert_eq!(calm.holds(&event(3, "b"), now), Some(false), "another alert");
        assert_eq!(calm.holds(&event(4, "a"), now), Some(true));
        assert_eq!((calm.place("9").as_str(), calm.due()), ("9~4", Some(now + CALM)));
        assert!(calm.next(now).is_none());
        assert_eq!(calm.next(now + CALM).map(|event| event.id), Some(4));
        assert_eq!((calm.place("9").as_str(), calm.due()), ("9", None));
        assert_eq!(calm.holds(&event(5, "a"), now + CALM), Some(false), "its second is over");
    }

    #[test]
    fn when_too_many_wait_nobody_is_kept_waiting() {
        let (mut calm, now) = (Calm::default(), Instant::now());
        let of = |n: usize| event(i64::try_from(n).unwrap(), &n.to_string());
        for n in 0..=MOST {
            calm.told(&n.to_string(), now);
        }
        assert!((0..MOST).all(|n| calm.holds(&of(n), now) == Some(true)));
        assert_eq!(calm.holds(&of(MOST), now), None);
        calm.forget();
        assert_eq!(calm.place("7"), "7");
    }
}
