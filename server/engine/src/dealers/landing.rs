//! What becomes of the records of an answer, by key, content and the moment they were modified (`dealers.md` 3.4).

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet, hash_map::Entry};

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Inserted,
    Updated,
    Unchanged,
    /// Older than the one that is kept.
    Stale,
    /// Another of the answer has the same key.
    Duplicate,
}

/// What tells one state of a record from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub hash: [u8; 32],
    pub modified: Option<DateTime<Utc>>,
}

impl Mark {
    fn is_older_than(self, other: Self) -> bool {
        matches!((self.modified, other.modified), (Some(mine), Some(theirs)) if mine < theirs)
    }
}

/// A record with what became of it, and whether it is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorted {
    pub fate: Fate,
    pub write: bool,
}

/// The keys of an answer so far: eight bytes of each, whatever the answer's length.
#[derive(Debug, Default)]
pub struct Seen(HashSet<[u8; 8]>);

impl Seen {
    /// Whether the key comes for the first time.
    fn add(&mut self, key: &str) -> bool {
        let hash = Sha256::digest(key.as_bytes());
        let mut short = [0; 8];
        short.copy_from_slice(&hash[..8]);
        self.0.insert(short)
    }

    /// Sorts a chunk of records, in their order. `known` is what is kept of them, earlier chunks included.
    #[must_use]
    pub fn sort(&mut self, chunk: &[(&str, Mark)], known: &HashMap<String, Mark>) -> Vec<Sorted> {
        // The latest of each key within the chunk stands for the others.
        let mut latest: HashMap<&str, usize> = HashMap::new();
        for (at, (key, mark)) in chunk.iter().enumerate() {
            match latest.entry(key) {
                Entry::Vacant(free) => drop(free.insert(at)),
                Entry::Occupied(mut taken) if chunk[*taken.get()].1.is_older_than(*mark) => drop(taken.insert(at)),
                Entry::Occupied(_) => {}
            }
        }
        let one = |(at, (key, mark)): (usize, &(&str, Mark))| {
            if latest.get(key) != Some(&at) {
                return Sorted { fate: Fate::Duplicate, write: false };
            }
            let kept = known.get(*key).copied();
            if !self.add(key) {
                // An earlier chunk counted it; a later state is kept all the same.
                let write = kept.is_some_and(|kept| kept.is_older_than(*mark) && kept.hash != mark.hash);
                return Sorted { fate: Fate::Duplicate, write };
            }
            match kept {
                None => Sorted { fate: Fate::Inserted, write: true },
                Some(kept) if kept.hash == mark.hash => Sorted { fate: Fate::Unchanged, write: false },
                Some(kept) if mark.is_older_than(kept) => Sorted { fate: Fate::Stale, write: false },
                Some(_) => Sorted { fate: Fate::Updated, write: true },
            }
        };
        chunk.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(hash: u8, second: i64) -> Mark {
        Mark { hash: [hash; 32], modified: DateTime::from_timestamp(second, 0) }
    }

    fn fates(sorted: &[Sorted]) -> Vec<(Fate, bool)> {
        sorted.iter().map(|one| (one.fate, one.write)).collect()
    }

    #[test]
    fn a_record_is_new_changed_the_same_or_older() {
        let known: HashMap<_, _> = ["same", "newer", "older"].map(|key| (key.to_owned(), mark(1, 100))).into();
        let chunk = [("new", mark(1, 50)), ("same", mark(1, 200)), ("newer", mark(2, 100)), ("older", mark(2, 99))];
        let sorted = Seen::default().sort(&chunk, &known);
        let wanted = [(Fate::Inserted, true), (Fate::Unchanged, false), (Fate::Updated, true), (Fate::Stale, false)];
        assert_eq!(fates(&sorted), wanted);
    }

    #[test]
    fn of_one_key_in_one_answer_the_latest_is_kept_and_each_is_counted_once() {
        let mut seen = Seen::default();
        let none = HashMap::new();
        let sorted = seen.sort(&[("a", mark(1, 10)), ("a", mark(2, 30)), ("a", mark(3, 20))], &none);
        let duplicate = (Fate::Duplicate, false);
        assert_eq!(fates(&sorted), [duplicate, (Fate::Inserted, true), duplicate]);
        // In a later chunk: an older state, then a newer one.
        let known: HashMap<_, _> = [("a".to_owned(), mark(2, 30))].into();
        assert_eq!(fates(&seen.sort(&[("a", mark(3, 20))], &known)), [duplicate]);
        assert_eq!(fates(&seen.sort(&[("a", mark(4, 40))], &known)), [(Fate::Duplicate, true)]);
    }

    #[test]
    fn a_record_that_does_not_say_when_it_was_modified_is_taken_as_newer() {
        let known: HashMap<_, _> = [("a".to_owned(), mark(1, 100))].into();
        let chunk = [("a", Mark { hash: [2; 32], modified: None })];
        assert_eq!(fates(&Seen::default().sort(&chunk, &known)), [(Fate::Updated, true)]);
    }
}
