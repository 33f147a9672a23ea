//! How far a main dealer's clock is from ours, and what is done about it.

use std::collections::VecDeque;

/// Answers that are remembered.
const KEPT: usize = 5;
/// Seconds from which on a difference is added to the time of a request.
const APPLIED_FROM: i64 = 2;
/// Seconds beyond which people are warned.
const WARNED_ABOVE: i64 = 5;
/// Seconds beyond which the difference is an error of somebody's clock and not followed.
const REFUSED_ABOVE: i64 = 300;

/// Differences of the last answers: the time they name less our own, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offsets(VecDeque<i64>);

/// What the difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    Small,
    Applied,
    Warned,
    /// Not followed: class `auth`, "clock".
    Refused,
}

impl Offsets {
    pub fn note(&mut self, seconds: i64) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(seconds);
    }

    /// The median; the lower one of the middle two.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        let mut all: Vec<i64> = self.0.iter().copied().collect();
        all.sort_unstable();
        all.get(all.len().saturating_sub(1) / 2).copied()
    }

    #[must_use]
    pub fn drift(&self) -> Drift {
        let apart = self.seconds().unwrap_or(0).abs();
        if apart > REFUSED_ABOVE {
            Drift::Refused
        } else if apart > WARNED_ABOVE {
            Drift::Warned
        } else if apart >= APPLIED_FROM {
            Drift::Applied
        } else {
            Drift::Small
        }
    }

    /// What the time of the next request names.
    #[must_use]
    pub fn applied(&self, unix_seconds: i64) -> i64 {
        match self.drift() {
            Drift::Applied | Drift::Warned => unix_seconds + self.seconds().unwrap_or(0),
            Drift::Small | Drift::Refused => unix_seconds,
        }
    }

    /// Whether a refusal may be the clock's fault: the difference is beyond what the main dealer bears.
    #[must_use]
    pub fn explains_refusal(&self, tolerance_seconds: i64) -> bool {
        self.seconds().is_some_and(|offset| offset.abs() > tolerance_seconds && offset.abs() <= REFUSED_ABOVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[i64]) -> Offsets {
        let mut offsets = Offsets::default();
        all.iter().for_each(|seconds| offsets.note(*seconds));
        offsets
    }

    #[test]
    fn the_median_of_the_last_five_is_followed_from_two_seconds_to_five_minutes() {
        assert_eq!(of(&[900, 1, 12, 13, 12, 300]).seconds(), Some(12));
        assert_eq!((of(&[1]).drift(), of(&[1]).applied(100)), (Drift::Small, 100));
        assert_eq!((of(&[-2]).drift(), of(&[-2]).applied(100)), (Drift::Applied, 98));
        assert_eq!((of(&[12]).drift(), of(&[12]).applied(100)), (Drift::Warned, 112));
        assert_eq!((of(&[301]).drift(), of(&[301]).applied(100)), (Drift::Refused, 100));
        assert_eq!(of(&[]).applied(100), 100);
    }

    #[test]
    fn a_refusal_is_the_clocks_fault_only_beyond_the_tolerance() {
        assert!(of(&[12]).explains_refusal(10));
        assert!(!of(&[10]).explains_refusal(10));
        assert!(!of(&[]).explains_refusal(10));
        assert!(!of(&[400]).explains_refusal(10));
    }
}
