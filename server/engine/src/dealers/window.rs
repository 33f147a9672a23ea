//! A range in the pieces that one call may ask for.

use chrono::{DateTime, Days, Duration, NaiveDateTime, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;

/// How times are written in a request.
pub const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// Both ends are asked for, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// Why a range cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeFault {
    /// Its first second lies before the days the main dealer keeps; the bound is told.
    TooOld(DateTime<Utc>),
    Reversed,
    Future,
}

impl Window {
    /// The range somebody asks for: no end means now, neither means today in `zone`.
    ///
    /// # Errors
    /// Why it cannot be asked for.
    pub fn asked(
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        zone: Tz,
        lookback_days: u32,
    ) -> Result<Self, RangeFault> {
        let now = now.trunc_subsecs(0);
        let to = to.map_or(now, |to| to.trunc_subsecs(0));
        let from = from.map_or_else(|| day_start(now, zone, 0), |from| from.trunc_subsecs(0));
        let earliest = day_start(now, zone, lookback_days);
        if from > now {
            return Err(RangeFault::Future);
        }
        if to < from {
            return Err(RangeFault::Reversed);
        }
        if from < earliest {
            return Err(RangeFault::TooOld(earliest));
        }
        Ok(Self { from, to })
    }

    /// As a request writes it.
    #[must_use]
    pub fn written(self, zone: Tz) -> (String, String) {
        let text = |at: DateTime<Utc>| at.with_timezone(&zone).format(FORMAT).to_string();
        (text(self.from), text(self.to))
    }

    /// Pieces of at most `days` times 24 hours, the next from the second after the one before.
    #[must_use]
    pub fn pieces(self, days: u32) -> Vec<Self> {
        let longest = Duration::days(days.max(1).into()) - Duration::seconds(1);
        let mut pieces = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let to = (from + longest).min(self.to);
            pieces.push(Self { from, to });
            from = to + Duration::seconds(1);
        }
        pieces
    }
}

/// The first second of the day `back` days before that of `now` in `zone`.
#[must_use]
pub fn day_start(now: DateTime<Utc>, zone: Tz, back: u32) -> DateTime<Utc> {
    let day = now.with_timezone(&zone).date_naive();
    let day = day.checked_sub_days(Days::new(back.into())).unwrap_or(day);
    local(day.and_time(chrono::NaiveTime::MIN), zone)
}

/// A wall-clock time of `zone`; one that the clocks skip is the first second after the gap.
#[must_use]
pub fn local(at: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let found = (0..=180).find_map(|minutes| zone.from_local_datetime(&(at + Duration::minutes(minutes))).earliest());
    found.map_or_else(|| at.and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Jakarta;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        local(NaiveDateTime::parse_from_str(text, FORMAT).unwrap(), Jakarta)
    }

    #[test]
    fn twenty_days_are_three_calls_that_meet_in_whole_seconds() {
        let range = Window { from: at("2026-11-01 00:00:00"), to: at("2026-11-20 23:59:59") };
        let calls: Vec<_> = range.pieces(7).into_iter().map(|piece| piece.written(Jakarta)).collect();
        let call = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(
            calls,
            [
                call("2026-11-01 00:00:00", "2026-11-07 23:59:59"),
                call("2026-11-08 00:00:00", "2026-11-14 23:59:59"),
                call("2026-11-15 00:00:00", "2026-11-20 23:59:59"),
            ]
        );
    }

    #[test]
    fn thirty_days_back_is_the_first_second_that_may_be_asked_for() {
        let now = at("2026-11-20 09:30:00");
        let first = at("2026-10-21 00:00:00");
        let asked = |from: &str| Window::asked(Some(at(from)), None, now, Jakarta, 30);
        assert_eq!(asked("2026-10-20 00:00:00"), Err(RangeFault::TooOld(first)));
        assert_eq!(asked("2026-10-20 23:59:59"), Err(RangeFault::TooOld(first)));
        assert_eq!(asked("2026-10-21 00:00:00"), Ok(Window { from: first, to: now }));
    }

    #[test]
    fn a_range_without_ends_is_today_and_one_that_cannot_be_is_told() {
        // 00:30 in Jakarta is the day before in UTC.
        let now = at("2026-11-20 00:30:00");
        let asked = |from, to| Window::asked(from, to, now, Jakarta, 30);
        assert_eq!(asked(None, None), Ok(Window { from: at("2026-11-20 00:00:00"), to: now }));
        let yesterday = at("2026-11-19 00:00:00");
        assert_eq!(asked(Some(now), Some(yesterday)), Err(RangeFault::Reversed));
        assert_eq!(asked(Some(at("2026-11-20 00:30:01")), None), Err(RangeFault::Future));
    }

    proptest! {
        #[test]
        fn pieces_cover_every_second_once_and_none_is_too_long(from in 0_i64..2_000_000_000, length in 0_i64..40_000_000, days in 1_u32..31) {
            let second = |n| DateTime::from_timestamp(n, 0).unwrap();
            let range = Window { from: second(from), to: second(from + length) };
            let pieces = range.pieces(days);
            prop_assert_eq!(pieces[0].from, range.from);
            prop_assert_eq!(pieces[pieces.len() - 1].to, range.to);
            prop_assert!(pieces.windows(2).all(|two| two[0].to + Duration::seconds(1) == two[1].from));
            prop_assert!(pieces.iter().all(|p| p.from <= p.to && p.to - p.from < Duration::days(days.into())));
        }
    }
}
