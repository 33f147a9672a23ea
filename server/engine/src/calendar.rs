//! The business day: which instants belong to which date of an IANA zone.
//!
//! A day is the half-open UTC range [s(d), s(d + 1)), where s(d) is the first instant whose local date
//! is d or later. Days last 23, 24 or 25 hours, other lengths in some zones, and none at all where a
//! zone skipped a date.

use chrono::{
    DateTime, Days, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike,
    Utc,
};
use chrono_tz::Tz;
use std::{fmt, ops::Range};

/// Steps of the search for a local time. Offsets in use are multiples of 15 minutes.
const GRID: TimeDelta = Duration::minutes(15);
/// No zone has ever been further than this from UTC.
const WIDEST_OFFSET: TimeDelta = Duration::hours(16);

/// The zone whose midnight begins a business day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BusinessZone(Tz);

/// One local hour of a day; the hour of a clock change is shorter or comes twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourBucket {
    pub start: DateTime<Utc>,
    /// Exclusive.
    pub end: DateTime<Utc>,
    /// Local time of the start, `13:00`; where the day has that hour twice, with its offset: `01:00 −04:00`.
    pub label: String,
    pub offset: FixedOffset,
}

impl BusinessZone {
    pub const UTC: Self = Self(Tz::UTC);

    /// # Errors
    /// In plain words, when `name` is not an IANA zone.
    pub fn parse(name: &str) -> Result<Self, String> {
        name.parse().map(Self).map_err(|_| {
            format!("\"{name}\" is not a time zone; use an IANA name such as Europe/London or Asia/Kolkata")
        })
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// [s(day), s(day + 1)) in UTC; empty when the zone skipped the date.
    #[must_use]
    pub fn day_range(self, day: NaiveDate) -> Range<DateTime<Utc>> {
        self.start_of(day)..self.start_of(day + Days::new(1))
    }

    /// From the start of `first` to the end of `last`.
    #[must_use]
    pub fn days_range(self, first: NaiveDate, last: NaiveDate) -> Range<DateTime<Utc>> {
        self.start_of(first)..self.start_of(last + Days::new(1))
    }

    /// The day whose range holds `at`. This is the local date, except in the minutes after a clock was
    /// set back across midnight: those still belong to the day that had begun.
    #[must_use]
    pub fn day_of(self, at: DateTime<Utc>) -> NaiveDate {
        let mut day = self.naive(at).date();
        while at >= self.start_of(day + Days::new(1)) {
            day = day + Days::new(1);
        }
        day
    }

    #[must_use]
    pub fn local(self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        at.with_timezone(&self.offset(at))
    }

    /// The instant of a local time; of a doubled one the first pass, of a skipped one the end of the gap.
    #[must_use]
    pub fn earliest_instant(self, local: NaiveDateTime) -> DateTime<Utc> {
        match self.0.from_local_datetime(&local).earliest() {
            Some(at) => at.with_timezone(&Utc),
            None => self.first_instant(local, |at| self.naive(at) >= local),
        }
    }

    /// The local hours of a day in order: 24 as a rule, 23 or 25 where the clock changes, none for a skipped date.
    #[must_use]
    pub fn hours_of(self, day: NaiveDate) -> Vec<HourBucket> {
        let Range { mut start, end } = self.day_range(day);
        let mut hours: Vec<HourBucket> = Vec::with_capacity(25);
        while start < end {
            let offset = self.offset(start);
            let local = start.with_timezone(&offset);
            let into_hour = Duration::seconds(i64::from(local.minute() * 60 + local.second()));
            let mut next = start + Duration::hours(1) - into_hour;
            if self.offset(next - Duration::seconds(1)) != offset {
                next = first_where(start, next, |at| self.offset(at) != offset);
            }
            next = next.min(end);
            hours.push(HourBucket { start, end: next, label: local.format("%H:%M").to_string(), offset });
            start = next;
        }
        let labels: Vec<String> = hours.iter().map(|h| h.label.clone()).collect();
        for hour in &mut hours {
            if labels.iter().filter(|l| **l == hour.label).count() > 1 {
                hour.label = format!("{} {}", hour.label, signed(hour.offset));
            }
        }
        hours
    }

    /// s(day).
    fn start_of(self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        match self.0.from_local_datetime(&midnight).earliest() {
            Some(at) => at.with_timezone(&Utc),
            // The clock was moved across this midnight: the day begins where the gap ends.
            None => self.first_instant(midnight, |at| self.naive(at).date() >= day),
        }
    }

    /// The first instant near `local` for which `reached` holds: grid steps, then halving to the second.
    fn first_instant(self, local: NaiveDateTime, reached: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
        let mut before = local.and_utc() - WIDEST_OFFSET;
        while !reached(before + GRID) {
            before += GRID;
        }
        first_where(before, before + GRID, reached)
    }

    fn offset(self, at: DateTime<Utc>) -> FixedOffset {
        self.0.offset_from_utc_datetime(&at.naive_utc()).fix()
    }

    fn naive(self, at: DateTime<Utc>) -> NaiveDateTime {
        self.local(at).naive_local()
    }
}

impl fmt::Debug for BusinessZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for BusinessZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// First whole second in (before, at_latest] for which `reached` holds; it does not at `before`, it does at `at_latest`.
fn first_where(
    mut before: DateTime<Utc>,
    mut at_latest: DateTime<Utc>,
    reached: impl Fn(DateTime<Utc>) -> bool,
) -> DateTime<Utc> {
    while (at_latest - before).num_seconds() > 1 {
        let middle = before + Duration::seconds((at_latest - before).num_seconds() / 2);
        if reached(middle) {
            at_latest = middle;
        } else {
            before = middle;
        }
    }
    at_latest
}

/// `−04:00` with a real minus.
fn signed(offset: FixedOffset) -> String {
    let seconds = offset.local_minus_utc();
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> BusinessZone {
        BusinessZone::parse(name).unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    #[track_caller]
    fn assert_day(name: &str, day: &str, start: &str, end: &str, hours: f64) {
        let range = zone(name).day_range(date(day));
        assert_eq!((range.start, range.end), (utc(start), utc(end)), "{name} {day}");
        assert_eq!((range.end - range.start).num_minutes(), (hours * 60.0) as i64, "{name} {day}");
    }

    #[test]
    fn days_begin_at_local_midnight_also_when_the_clock_changes() {
        assert_day("America/New_York", "2026-03-08", "2026-03-08T05:00:00", "2026-03-09T04:00:00", 23.0);
        assert_day("America/New_York", "2026-11-01", "2026-11-01T04:00:00", "2026-11-02T05:00:00", 25.0);
        assert_day("Europe/London", "2026-10-25", "2026-10-24T23:00:00", "2026-10-26T00:00:00", 25.0);
        assert_day("Europe/London", "2026-03-29", "2026-03-29T00:00:00", "2026-03-29T23:00:00", 23.0);
        assert_day("Asia/Kolkata", "2026-11-23", "2026-11-22T18:30:00", "2026-11-23T18:30:00", 24.0);
        assert_day("Asia/Kathmandu", "2026-11-23", "2026-11-22T18:15:00", "2026-11-23T18:15:00", 24.0);
        assert_day("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00", "2026-04-24T21:00:00", 23.0);
        assert_day("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00", "2026-10-04T13:00:00", 23.5);
        assert_day("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00", "2011-12-30T10:00:00", 0.0);
        assert_day("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00", "2011-12-31T10:00:00", 24.0);
        assert_day("UTC", "2026-11-22", "2026-11-22T00:00:00", "2026-11-23T00:00:00", 24.0);
    }

    #[test]
    fn an_instant_on_the_edge_belongs_to_one_day() {
        let (before, after) = (utc("2026-11-22T18:29:59"), utc("2026-11-22T18:30:00"));
        let kolkata = zone("Asia/Kolkata");
        assert_eq!((kolkata.day_of(before), kolkata.day_of(after)), (date("2026-11-22"), date("2026-11-23")));
        assert_eq!(
            (BusinessZone::UTC.day_of(before), BusinessZone::UTC.day_of(after)),
            (date("2026-11-22"), date("2026-11-22"))
        );
        assert_eq!(zone("Pacific/Apia").day_of(utc("2011-12-30T09:59:59")), date("2011-12-29"));
        assert_eq!(zone("Pacific/Apia").day_of(utc("2011-12-30T10:00:00")), date("2011-12-31"));
    }

    #[test]
    fn a_clock_set_back_across_midnight_does_not_reopen_the_day_before() {
        // St. John's went from 00:01 on the 29th back to 23:01 on the 28th.
        let zone = zone("America/St_Johns");
        assert_eq!(zone.local(utc("2006-10-29T02:40:00")).date_naive(), date("2006-10-28"));
        assert_eq!(zone.day_of(utc("2006-10-29T02:29:59")), date("2006-10-28"));
        assert_eq!(zone.day_of(utc("2006-10-29T02:40:00")), date("2006-10-29"));
        assert_eq!(zone.day_range(date("2006-10-29")).start, utc("2006-10-29T02:30:00"));
    }

    #[test]
    fn hours_of_a_long_day_show_the_doubled_hour_with_its_offsets() {
        let hours = zone("America/New_York").hours_of(date("2026-11-01"));
        let labels: Vec<&str> = hours.iter().map(|h| h.label.as_str()).collect();
        assert_eq!(hours.len(), 25);
        assert_eq!(labels[..4], ["00:00", "01:00 −04:00", "01:00 −05:00", "02:00"]);
        assert_eq!(hours[1].start, utc("2026-11-01T05:00:00"));
        assert_eq!(hours[2].start, utc("2026-11-01T06:00:00"));
        assert_eq!(hours[24].end, utc("2026-11-02T05:00:00"));
    }

    #[test]
    fn hours_of_a_short_day_leave_the_skipped_hour_out() {
        let hours = zone("America/New_York").hours_of(date("2026-03-08"));
        assert_eq!(hours.len(), 23);
        assert_eq!(hours[1].label, "01:00");
        assert_eq!(hours[2].label, "03:00");
        assert_eq!(zone("Pacific/Apia").hours_of(date("2011-12-30")), []);
    }

    #[test]
    fn hours_of_half_hour_zones_follow_the_local_clock() {
        let hours = zone("Asia/Kolkata").hours_of(date("2026-11-23"));
        assert_eq!((hours.len(), hours[0].start, hours[0].label.as_str()), (24, utc("2026-11-22T18:30:00"), "00:00"));
        // Lord Howe moves by half an hour: the hour of the change is half as long.
        let spring = zone("Australia/Lord_Howe").hours_of(date("2026-10-04"));
        assert_eq!(spring[2].label, "02:30");
        assert_eq!((spring[2].end - spring[2].start).num_minutes(), 30);
        let autumn = zone("Australia/Lord_Howe").hours_of(date("2026-04-05"));
        assert_eq!(autumn.iter().map(|h| (h.end - h.start).num_minutes()).sum::<i64>(), 24 * 60 + 30);
        assert_eq!((autumn[1].label.as_str(), autumn[2].label.as_str()), ("01:00", "01:30"));
    }

    #[test]
    fn imported_local_times_in_a_gap_or_an_overlap_have_one_meaning() {
        let zone = zone("Europe/London");
        assert_eq!(zone.earliest_instant("2026-10-25T01:30:00".parse().unwrap()), utc("2026-10-25T00:30:00"));
        assert_eq!(zone.earliest_instant("2026-03-29T01:30:00".parse().unwrap()), utc("2026-03-29T01:00:00"));
        assert_eq!(zone.earliest_instant("2011-05-31T12:00:00".parse().unwrap()), utc("2011-05-31T11:00:00"));
        let apia = BusinessZone::parse("Pacific/Apia").unwrap();
        assert_eq!(apia.earliest_instant("2011-12-30T12:00:00".parse().unwrap()), utc("2011-12-30T10:00:00"));
    }

    #[test]
    fn an_unknown_zone_is_refused_in_words() {
        assert!(BusinessZone::parse("Mars/Olympus").unwrap_err().contains("Mars/Olympus"));
        assert!(BusinessZone::parse("").is_err());
    }

    proptest! {
        /// Every zone, every day since 1971: days follow each other without gap or overlap, an instant lies
        /// in the range of its own day, and hours fill the day exactly.
        #[test]
        fn days_tile_the_time_line(zone_no in 0..chrono_tz::TZ_VARIANTS.len(), day_no in 0_u64..25_000, second in 0_i64..90_000) {
            let zone = BusinessZone(chrono_tz::TZ_VARIANTS[zone_no]);
            let day = date("1971-01-01") + Days::new(day_no);
            let range = zone.day_range(day);
            prop_assert!(range.start <= range.end);
            prop_assert_eq!(range.end, zone.day_range(day + Days::new(1)).start);
            // The definition, without the short cut through local midnight.
            let searched = zone.first_instant(day.and_time(NaiveTime::MIN), |at| zone.naive(at).date() >= day);
            prop_assert_eq!(range.start, searched);
            let at = range.start + Duration::seconds(second);
            let of = zone.day_range(zone.day_of(at));
            prop_assert!(of.contains(&at));
            let hours = zone.hours_of(day);
            prop_assert_eq!(hours.iter().fold(range.start, |at, h| if h.start == at { h.end } else { DateTime::UNIX_EPOCH }), range.end);
        }
    }
}
