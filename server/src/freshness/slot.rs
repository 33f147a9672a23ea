//! What is known of one figure under one scope.

use super::statistics::Counters;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    AppError,
    freshness::{Class, Declaration, ErrorClass, Freshness},
};
use engine::calendar::BusinessZone;
use futures::future::{BoxFuture, Shared};
use serde::de::DeserializeOwned;
use std::{
    any::Any,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

/// A value with the moment its computation began.
pub struct Held {
    pub json: Box<str>,
    pub computed_at: DateTime<Utc>,
    /// `json`, read; only once one asks, when it came from a file.
    typed: OnceLock<Option<Arc<dyn Any + Send + Sync>>>,
}

impl Held {
    pub fn of<V: Send + Sync + 'static>(value: V, json: Box<str>, computed_at: DateTime<Utc>) -> Self {
        Self { json, computed_at, typed: OnceLock::from(Some(Arc::new(value) as Arc<dyn Any + Send + Sync>)) }
    }

    pub const fn written(json: Box<str>, computed_at: DateTime<Utc>) -> Self {
        Self { json, computed_at, typed: OnceLock::new() }
    }

    /// `None` when the text is of another release's shape.
    pub fn typed<V: DeserializeOwned + Send + Sync + 'static>(&self) -> Option<Arc<V>> {
        let read = || Some(Arc::new(serde_json::from_str::<V>(&self.json).ok()?) as Arc<dyn Any + Send + Sync>);
        Arc::clone(self.typed.get_or_init(read).as_ref()?).downcast().ok()
    }
}

/// What was answered: the value, how it stands, and whether it had been there before.
#[derive(Debug, Clone)]
pub struct Answer<V> {
    pub value: Arc<V>,
    pub computed_at: DateTime<Utc>,
    pub freshness: Freshness,
    pub cached: bool,
}

/// A computation that runs, or waits to begin; it goes on when nobody waits for it any more.
#[derive(Clone)]
pub struct Flight {
    /// How often the data had changed when it began; empty while it waits.
    pub begun: Arc<OnceLock<u64>>,
    pub ended: Shared<BoxFuture<'static, Result<(), AppError>>>,
}

impl Flight {
    /// Whether its value will be of the data as of `generation`.
    pub fn serves(&self, generation: u64) -> bool {
        self.begun.get().is_none_or(|begun| *begun >= generation)
    }
}

/// How what is known stands to what the data is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Fresh,
    /// Only older than its time to live.
    Old,
    /// The data changed since.
    Changed,
    Missing,
}

#[derive(Default)]
pub struct Known {
    pub last: Option<Arc<Held>>,
    /// Of the data that `last` was computed from; `None`: trust it no longer.
    pub generation: Option<u64>,
    pub missed: u32,
    pub error: Option<ErrorClass>,
    pub flight: Option<Flight>,
    /// When the latest computation began.
    pub began: Option<Instant>,
    /// Somebody was answered with an older value and waits to hear of the next.
    pub owed: bool,
}

impl Known {
    pub fn standing(&self, generation: u64, now: DateTime<Utc>, ttl_seconds: i64) -> Standing {
        match &self.last {
            None => Standing::Missing,
            Some(_) if self.generation != Some(generation) => Standing::Changed,
            Some(last) if (now - last.computed_at).num_seconds() >= ttl_seconds => Standing::Old,
            Some(_) => Standing::Fresh,
        }
    }

    /// How the last value stands while a better one is awaited.
    pub fn waiting(&self, deadline_ms: u64) -> Freshness {
        let begun = self.flight.as_ref().is_some_and(|flight| flight.begun.get().is_some());
        let slow = begun && self.began.is_some_and(|at| at.elapsed() >= Duration::from_millis(deadline_ms));
        match self.error {
            Some(class) => Freshness::missed(self.missed, class),
            // It may come yet; but whoever waits for it should know.
            None if slow => Freshness::missed(1, ErrorClass::Timeout),
            None => Freshness::REFRESHING,
        }
    }

    /// How the last value stands when there is no better one, because of `class`.
    pub fn failed(&self, class: ErrorClass) -> Freshness {
        Freshness::missed(self.missed.max(1), self.error.unwrap_or(class))
    }

    /// Time that must pass before the next computation may begin.
    pub fn pause(&self, least: Duration) -> Duration {
        self.began.map_or(Duration::ZERO, |began| least.saturating_sub(began.elapsed()))
    }

    /// Takes what a computation came to.
    pub fn land(&mut self, generation: u64, result: Result<Held, AppError>) -> Result<(), AppError> {
        let ended = match result {
            // One that read older data may end later.
            Ok(_) if self.last.is_some() && self.generation.is_some_and(|newer| generation < newer) => Ok(()),
            Ok(held) => {
                self.last = Some(Arc::new(held));
                (self.generation, self.missed, self.error) = (Some(generation), 0, None);
                Ok(())
            }
            Err(error) => {
                self.missed = self.missed.saturating_add(1);
                self.error = Some(ErrorClass::of(&error));
                Err(error)
            }
        };
        if self.flight.as_ref().is_some_and(|flight| flight.begun.get() == Some(&generation)) {
            self.flight = None;
        }
        ended
    }
}

fn ttl(class: Class) -> TimeDelta {
    TimeDelta::seconds(class.ttl_seconds())
}

/// When the last of the days is over that a scope names.
fn ends_at(declared: &Declaration, scope: &str) -> Option<DateTime<Utc>> {
    let asked = |wanted| declared.scope.iter().zip(scope.split(' ')).find(|(name, _)| **name == wanted);
    let ((_, last), (_, zone)) = (asked("to")?, asked("zone")?);
    Some(BusinessZone::parse(zone).ok()?.day_range(last.parse().ok()?).end)
}

/// A figure under a scope.
pub struct Slot {
    pub declared: &'static Declaration,
    /// `key scope`.
    name: String,
    /// The last day it was asked for is over then; `None`: it is asked for by no days.
    ends_at: Option<DateTime<Utc>>,
    pub counters: Arc<Counters>,
    /// Seconds since 1970 of the last look.
    looked_at: AtomicI64,
    known: Mutex<Known>,
}

impl Slot {
    pub fn new(declared: &'static Declaration, name: String, counters: Arc<Counters>, known: Known) -> Self {
        let scope = name.get(declared.key.len() + 1..).unwrap_or_default();
        let ends_at = ends_at(declared, scope);
        Self { declared, name, ends_at, counters, looked_at: AtomicI64::new(0), known: Mutex::new(known) }
    }

    /// The class of a value: one computed when its days were over is of a closed period.
    pub fn class(&self, computed_at: DateTime<Utc>) -> Class {
        match self.ends_at {
            Some(end) if computed_at >= end => Class::History,
            _ => self.declared.class,
        }
    }

    /// A value computed from then on does for one asked for `now`.
    pub fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let young = now - ttl(self.declared.class);
        self.ends_at.map_or(young, |end| young.min(end.max(now - ttl(Class::History))))
    }

    pub fn standing(&self, known: &Known, generation: u64, now: DateTime<Utc>) -> Standing {
        let class = known.last.as_ref().map_or(self.declared.class, |last| self.class(last.computed_at));
        known.standing(generation, now, class.ttl_seconds())
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn scope(&self) -> &str {
        self.name.get(self.declared.key.len() + 1..).unwrap_or_default()
    }

    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn looked(&self, at: DateTime<Utc>) {
        self.looked_at.store(at.timestamp(), Ordering::Relaxed);
    }

    pub fn looked_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.looked_at.load(Ordering::Relaxed), 0).filter(|at| at.timestamp() > 0)
    }

    /// Bytes it takes, roughly: its value is kept as text and read.
    pub fn bytes(&self) -> u32 {
        let value = self.known().last.as_ref().map_or(0, |held| held.json.len());
        u32::try_from(200 + self.name.len() * 2 + value * 3).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::overview::{MetricKey, RECENT, TREND};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn slot(declared: &'static Declaration, scope: &str) -> Slot {
        Slot::new(declared, format!("{} {scope}", declared.key), Arc::default(), Known::default())
    }

    #[test]
    fn a_value_is_of_a_closed_period_when_its_days_were_over_as_it_was_computed() {
        // That day ends at 18:30 in UTC.
        let kolkata = slot(MetricKey::Orders.declaration(), "2026-11-20 2026-11-22 net week Asia/Kolkata INR");
        let classes = ["2026-11-22T18:29:59Z", "2026-11-22T18:30:00Z"].map(|text| kolkata.class(at(text)));
        assert_eq!(classes, [Class::Kpi, Class::History]);
        let trend = slot(&TREND, "2026-10-24 2026-11-22 net desc UTC USD");
        assert_eq!(trend.class(at("2026-11-23T00:00:00Z")), Class::History);
        assert_eq!(slot(&RECENT, "UTC USD").class(at("2026-11-23T00:00:00Z")), Class::Live, "asked for by no days");
        assert_eq!(slot(&TREND, "of another release").class(at("2026-11-23T00:00:00Z")), Class::Kpi);
    }

    #[test]
    fn what_another_server_computed_while_the_day_ran_does_for_a_minute_only() {
        let day = slot(MetricKey::Orders.declaration(), "2026-11-22 2026-11-22 net week UTC USD");
        for (now, since) in [
            ("2026-11-22T12:00:00Z", "2026-11-22T11:59:00Z"),
            ("2026-11-23T00:00:10Z", "2026-11-22T23:59:10Z"),
            ("2026-11-23T00:30:00Z", "2026-11-23T00:00:00Z"),
            ("2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z"),
        ] {
            assert_eq!(day.since(at(now)), at(since), "{now}");
        }
    }
}
