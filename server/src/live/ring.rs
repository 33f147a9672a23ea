//! The latest events in the order of their commits.
//!
//! Ids come from a sequence and are handed out before the commit, so they do *not* rise with the
//! position. Only the position counts: "after id 7" means after the place where 7 stands, which is
//! the same place in every process, because Postgres notifies all of them in commit order.

use chrono::{DateTime, Duration, Utc};
use domain::live::Changed;
use std::{collections::VecDeque, sync::Arc};
use uuid::Uuid;

const CAPACITY: usize = 10_000;
const KEPT: Duration = Duration::minutes(15);

/// Events since the listener last connected.
#[derive(Debug)]
pub(super) struct Ring {
    /// Names this listening; a new one starts when notifications may have been missed.
    epoch: Uuid,
    events: VecDeque<Arc<Changed>>,
    /// Nothing has been dropped since the epoch began.
    whole: bool,
}

/// What a stream gets before it goes live.
#[derive(Debug, Clone)]
pub struct Replay {
    pub epoch: Uuid,
    /// Position to come back with: an event's id, or the start of the epoch.
    pub position: String,
    /// Where the caller was is not known here any more: fetch everything again.
    pub resync: bool,
    pub events: Vec<Arc<Changed>>,
}

impl Ring {
    pub(super) const fn new(epoch: Uuid) -> Self {
        Self { epoch, events: VecDeque::new(), whole: true }
    }

    pub(super) fn push(&mut self, event: Arc<Changed>) {
        self.drop_older(event.at - KEPT);
        if self.events.len() == CAPACITY {
            self.events.pop_front();
            self.whole = false;
        }
        self.events.push_back(event);
    }

    pub(super) fn since(&mut self, last: Option<&str>, now: DateTime<Utc>) -> Replay {
        // The newest stays as the position of everybody who is up to date.
        self.drop_older(now - KEPT);
        let start = format!("start-{}", self.epoch.simple());
        let after = match last {
            None => Some(self.events.len()),
            Some(last) if last == start => self.whole.then_some(0),
            Some(last) => {
                last.parse().ok().and_then(|id: i64| self.events.iter().rposition(|e| e.id == id)).map(|n| n + 1)
            }
        };
        let events = after.map(|after| self.events.range(after..).cloned().collect()).unwrap_or_default();
        let position = self.events.back().map_or(start, |newest| newest.id.to_string());
        Replay { epoch: self.epoch, position, resync: after.is_none(), events }
    }

    pub(super) fn is_first(&self, event: &Changed) -> bool {
        let first = self.events.iter().find(|e| e.topic == event.topic && e.key == event.key);
        first.is_none_or(|first| first.id == event.id)
    }

    pub(super) fn at(&self, id: i64) -> Option<Arc<Changed>> {
        self.events.iter().rev().find(|e| e.id == id).cloned()
    }

    fn drop_older(&mut self, oldest: DateTime<Utc>) {
        while self.events.len() > 1 && self.events.front().is_some_and(|e| e.at < oldest) {
            self.events.pop_front();
            self.whole = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::live::Topic;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn event(id: i64, second: i64) -> Arc<Changed> {
        Arc::new(Changed { id, topic: Topic::Jobs, key: id.to_string(), at: at(second), transaction: 0 })
    }

    fn ids(replay: &Replay) -> Vec<i64> {
        replay.events.iter().map(|e| e.id).collect()
    }

    #[test]
    fn replay_follows_the_position_not_the_number() {
        let mut ring = Ring::new(Uuid::from_u128(1));
        // 3 was numbered before 2 but committed first.
        for id in [1, 3, 2, 4] {
            ring.push(event(id, 0));
        }
        assert_eq!(ids(&ring.since(Some("3"), at(1))), [2, 4]);
        assert_eq!(ids(&ring.since(Some("2"), at(1))), [4]);
        let newest = ring.since(Some("4"), at(1));
        assert!(newest.events.is_empty() && !newest.resync);
        assert_eq!(newest.position, "4");
    }

    #[test]
    fn unknown_positions_resync_and_newcomers_start_at_the_end() {
        let mut ring = Ring::new(Uuid::from_u128(1));
        let fresh = ring.since(None, at(0));
        assert!(fresh.events.is_empty() && !fresh.resync);
        ring.push(event(5, 0));
        assert_eq!(ids(&ring.since(Some(&fresh.position), at(1))), [5], "who saw the empty ring has missed nothing");
        assert!(ring.since(Some("4"), at(1)).resync);
        assert!(ring.since(Some("start-other"), at(1)).resync);
        assert!(ring.since(Some("nonsense"), at(1)).resync);
    }

    #[test]
    fn after_eleven_thousand_events_the_first_position_is_gone() {
        let mut ring = Ring::new(Uuid::from_u128(1));
        let fresh = ring.since(None, at(0));
        for id in 1..=11_000 {
            ring.push(event(id, 0));
        }
        assert!(ring.since(Some("1"), at(0)).resync);
        assert!(ring.since(Some("1000"), at(0)).resync);
        assert!(ring.since(Some(&fresh.position), at(0)).resync);
        assert_eq!(ring.since(Some("1001"), at(0)).events.len(), 9_999);
    }

    #[test]
    fn after_a_quarter_of_an_hour_events_are_forgotten_but_the_newest_position_stays() {
        let mut ring = Ring::new(Uuid::from_u128(1));
        ring.push(event(1, 0));
        ring.push(event(2, 10));
        assert!(ring.since(Some("1"), at(1_000)).resync);
        assert!(!ring.since(Some("2"), at(1_000)).resync);
    }
}
