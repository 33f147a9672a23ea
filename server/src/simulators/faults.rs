//! What a simulator does wrong on demand.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The knobs of the dealers' simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knob {
    /// The other knobs strike the dealer with this number as its code, and no other.
    OnlyDealer,
    /// Waits so many milliseconds.
    LatencyMs,
    /// Answers this HTTP status.
    Status,
    /// Says nothing for so many seconds.
    Timeout,
    /// Refuses the key.
    AuthFail,
    /// Answers 429.
    RateLimit,
    /// So many calls a day.
    Quota,
    MalformedJson,
    TruncatedBody,
    /// The data are an object.
    WrongType,
    Empty,
    /// So many of every record, each with a key of its own.
    Volume,
    /// Every record twice.
    DuplicateRows,
    OutOfOrder,
    /// Its clock is so many seconds ahead of ours.
    ClockSkewS,
    /// Percent of the records without a key.
    MissingKey,
    /// Percent of the records of the same key with an older time beside.
    ResendRate,
    /// Percent of the records with a date that is none.
    DirtyRate,
    /// Percent of the records that are another dealer's.
    ForeignDealer,
    /// Percent of the records whose coordinates are swapped.
    SwappedCoordinates,
    /// Messages are text; else objects.
    MessageAsText,
    /// Names in capitals.
    CapitalNames,
}

/// How one knob stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default = "one")]
    pub value: i64,
    /// Percent of the calls.
    #[serde(default = "always")]
    pub probability: u8,
    /// So many calls, then no more.
    #[serde(default)]
    pub count: Option<u32>,
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

const fn one() -> i64 {
    1
}

const fn always() -> u8 {
    100
}

impl Fault {
    #[must_use]
    pub const fn of(value: i64) -> Self {
        Self { value, probability: always(), count: None, until: None }
    }
}

/// All knobs of one simulator. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<BTreeMap<Knob, Fault>>>);

impl Faults {
    fn knobs(&self) -> MutexGuard<'_, BTreeMap<Knob, Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, all: BTreeMap<Knob, Fault>) {
        *self.knobs() = all;
    }

    #[must_use]
    pub fn all(&self) -> BTreeMap<Knob, Fault> {
        self.knobs().clone()
    }

    /// The value of a knob that strikes now, which counts; `ticket` in 0..100 is drawn for the call.
    #[must_use]
    pub fn strikes(&self, knob: Knob, now: DateTime<Utc>, ticket: u8) -> Option<i64> {
        let mut knobs = self.knobs();
        let fault = knobs.get_mut(&knob)?;
        if fault.until.is_some_and(|until| now >= until) || ticket >= fault.probability || fault.count == Some(0) {
            return None;
        }
        fault.count = fault.count.map(|left| left - 1);
        Some(fault.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knob_strikes_so_often_and_so_long_as_it_says() {
        let faults = Faults::default();
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let fault = Fault { count: Some(2), ..Fault::of(503) };
        let late = Fault { until: Some(now), ..Fault::of(1) };
        let rare = Fault { probability: 30, ..Fault::of(1) };
        faults.set([(Knob::Status, fault), (Knob::Empty, late), (Knob::AuthFail, rare)].into());
        let strikes = |knob, ticket| faults.strikes(knob, now, ticket);
        assert_eq!(
            [strikes(Knob::Status, 0), strikes(Knob::Status, 99), strikes(Knob::Status, 0)],
            [Some(503), Some(503), None]
        );
        assert_eq!(strikes(Knob::Empty, 0), None);
        assert_eq!((strikes(Knob::AuthFail, 29), strikes(Knob::AuthFail, 30)), (Some(1), None));
        assert_eq!(strikes(Knob::Quota, 0), None);
    }
}
