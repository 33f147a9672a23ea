//! The world of a simulated dealer: its records follow from seed, dealer, feed and day alone (`dealers.md` 3.10). No real
//! person has a national id that begins `00` or a phone that begins `0800`.

mod deals;
mod deliveries;
mod draws;
mod leads;
mod parts;
mod stock;
mod workshop;

use super::window::{self, Window};
use crate::demo::chance::Chance;
use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use domain::dealers::Feed;
use serde_json::Value;
use std::fmt::Display;

/// One dealer's world at a moment.
#[derive(Debug, Clone, Copy)]
struct World<'a> {
    seed: u64,
    dealer_id: &'a str,
    zone: Tz,
    now: DateTime<Utc>,
}

/// A record as it is now.
#[derive(Debug)]
struct Made {
    created: DateTime<Utc>,
    modified: DateTime<Utc>,
    record: Value,
}

/// The records that begin on a day.
type OfDay = fn(World<'_>, NaiveDate) -> Vec<Made>;

/// How the records of a feed come about, and the days after which one does not change any more.
const fn course(feed: Feed) -> (u64, OfDay) {
    match feed {
        Feed::Prospect => (leads::SETTLED_AFTER, leads::of_day),
        Feed::SpkRead => (deals::ORDERED_AFTER, deals::orders),
        Feed::Leasing => (deals::ORDERED_AFTER, deals::finance_requests),
        Feed::Inv1Read => (deals::PAID_AFTER, deals::invoices),
        Feed::BastRead => (deals::PAID_AFTER, deliveries::deliveries),
        Feed::DochRead => (deliveries::REGISTERED_AFTER, deliveries::papers),
        Feed::UinbRead => (stock::READY_AFTER, stock::receipts),
        Feed::Mdinvh1Read => (0, stock::invoices),
        Feed::Pkb => (0, workshop::work_orders),
        Feed::Inv2Read => (0, workshop::invoices),
        Feed::UnpaidhloRead => (workshop::PAID_AFTER, workshop::hotline_orders),
        Feed::DphloRead => (workshop::PAID_AFTER, workshop::deposits),
        Feed::PartsInbound => (0, parts::receipts),
        Feed::PrslRead => (0, parts::sales),
        Feed::Mdinvh3Read => (0, parts::invoices),
    }
}

/// The records that were made or changed in the window, as they are at `now`.
#[must_use]
pub fn touched_of(feed: Feed, seed: u64, dealer_id: &str, asked: Window, now: DateTime<Utc>, zone: Tz) -> Vec<Value> {
    let world = World { seed, dealer_id, zone, now };
    let (settled_after, of_day) = course(feed);
    let first = world.day(asked.from).checked_sub_days(Days::new(settled_after)).unwrap_or(NaiveDate::MIN);
    let last = world.day(asked.to.min(now));
    let within = |at: DateTime<Utc>| asked.from <= at && at <= asked.to;
    let all = first.iter_days().take_while(|day| *day <= last).flat_map(|day| of_day(world, day));
    let touched = all.filter(|made| made.created <= now && (within(made.created) || within(made.modified)));
    touched.map(|made| made.record).collect()
}

impl World<'_> {
    /// Draws that follow from the dealer and what they are for.
    fn chance(self, of: &str, what: impl Display) -> Chance {
        Chance::new(self.seed, draws::stream(of, self.dealer_id, what))
    }

    fn day(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn at(self, day: NaiveDate, second: i64) -> DateTime<Utc> {
        window::local(day.and_time(NaiveTime::MIN), self.zone) + Duration::seconds(second)
    }

    fn date(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%d/%m/%Y").to_string()
    }

    fn moment(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%d/%m/%Y %H:%M:%S").to_string()
    }

    /// A text that stands there from a moment on.
    fn since(self, at: Option<DateTime<Utc>>, text: impl Into<String>) -> String {
        if at.is_some_and(|at| at <= self.now) { text.into() } else { String::new() }
    }

    /// The date of what has happened.
    fn date_since(self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(String::new, |day| self.since(at, self.date(day)))
    }

    /// The number of a document: its kind, the dealer, the day and its place there.
    fn number(self, kind: &str, day: NaiveDate, place: usize) -> String {
        format!("{kind}/{}/{}/{place:04}", self.dealer_id, day.format("%y%m%d"))
    }

    /// A record with its dealer and times, which its children have too. It was changed at each of `changes` that is over.
    fn made(self, created: DateTime<Utc>, changes: impl IntoIterator<Item = DateTime<Utc>>, mut record: Value) -> Made {
        let over = changes.into_iter().filter(|at| *at <= self.now);
        let modified = over.max().unwrap_or(created);
        let stamp = |one: &mut Value| {
            one["createdTime"] = self.moment(created).into();
            one["modifiedTime"] = self.moment(modified).into();
        };
        let fields = record.as_object_mut().into_iter().flat_map(|fields| fields.values_mut());
        fields.filter_map(Value::as_array_mut).flatten().for_each(stamp);
        stamp(&mut record);
        record["dealerId"] = self.dealer_id.into();
        Made { created, modified, record }
    }
}

/// Codes of a status, each from its moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stages(Vec<(DateTime<Utc>, &'static str)>);

impl Stages {
    fn at(&self, now: DateTime<Utc>) -> &'static str {
        self.0.iter().rev().find(|(at, _)| *at <= now).map_or("", |(_, code)| code)
    }

    fn since(&self, code: &str) -> Option<DateTime<Utc>> {
        self.0.iter().find(|(_, one)| *one == code).map(|(at, _)| *at)
    }

    fn moments(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.0.iter().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests;
