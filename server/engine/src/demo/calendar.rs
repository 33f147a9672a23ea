//! When people of the demo shop order: weekday, time of the month, season of the year, hour.

use super::chance::{Chance, Lottery};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

/// Days of sales, the last one included.
pub const SALES_DAYS: u64 = 60;
/// Days of visits of the shop, the last one included.
pub const VISIT_DAYS: u64 = 30;
const MINUTES_A_DAY: u64 = 24 * 60;

/// Weight of each local hour; quiet nights, a noon rise, an evening peak.
const HOURS: [u64; 24] = [5, 3, 2, 1, 1, 3, 9, 21, 38, 54, 66, 74, 77, 68, 61, 60, 64, 72, 86, 98, 100, 81, 45, 16];

/// Demand of a day in per mille of a plain Wednesday in a plain month.
#[must_use]
pub fn demand_permille(day: NaiveDate) -> u64 {
    let weekday = match day.weekday() {
        Weekday::Mon => 94,
        Weekday::Tue => 92,
        Weekday::Wed => 100,
        Weekday::Thu => 98,
        Weekday::Fri => 112,
        Weekday::Sat => 136,
        Weekday::Sun => 120,
    };
    // Salaries come at the turn of the month.
    let month_day = match day.day() {
        1..=6 => 114,
        24..=31 => 92,
        _ => 100,
    };
    let season = match day.month() {
        10 | 11 => 125,
        12 => 112,
        6 | 7 => 92,
        _ => 100,
    };
    weekday * month_day * season / 1_000
}

/// Draws local times within the last days up to a minute of the last one.
#[derive(Debug)]
pub struct Calendar {
    first: NaiveDate,
    as_of: NaiveDate,
    /// Minutes of the last day that have passed, 0..=1440.
    until_minute: u64,
    cells: Lottery,
}

impl Calendar {
    #[must_use]
    pub fn new(as_of: NaiveDate, until_minute: u16) -> Self {
        let until_minute = u64::from(until_minute).min(MINUTES_A_DAY);
        let first = as_of - Days::new(SALES_DAYS - 1);
        let days = || first.iter_days().take(SALES_DAYS as usize);
        let weights = days().flat_map(|day| {
            let open = if day == as_of { until_minute } else { MINUTES_A_DAY };
            (0..24).map(move |hour| demand_permille(day) * HOURS[hour] * minutes_open(hour as u64, open))
        });
        Self { first, as_of, until_minute, cells: Lottery::new(weights) }
    }

    #[must_use]
    pub const fn first(&self) -> NaiveDate {
        self.first
    }

    /// The days on which visits are recorded, oldest first.
    pub fn visit_days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        (self.as_of - Days::new(VISIT_DAYS - 1)).iter_days().take(VISIT_DAYS as usize)
    }

    /// A time of any day.
    pub fn time(&self, chance: &mut Chance) -> NaiveDateTime {
        let cell = self.cells.draw(chance) as u64;
        let day = self.first + Days::new(cell / 24);
        at(day, cell % 24, chance.below(minutes_open(cell % 24, self.minutes_of(day))), chance)
    }

    /// A time of `day`; none when nothing of it has passed.
    pub fn time_on(&self, day: NaiveDate, chance: &mut Chance) -> Option<NaiveDateTime> {
        let open = self.minutes_of(day);
        let hours = Lottery::new((0..24).map(|hour| HOURS[hour] * minutes_open(hour as u64, open)));
        (open > 0).then(|| {
            let hour = hours.draw(chance) as u64;
            at(day, hour, chance.below(minutes_open(hour, open)), chance)
        })
    }

    /// Orders of a plain day's worth that `day` may expect so far, in per mille.
    #[must_use]
    pub fn expected_permille(&self, day: NaiveDate) -> u64 {
        let open = self.minutes_of(day);
        let passed: u64 = (0..24).map(|hour| HOURS[hour] * minutes_open(hour as u64, open)).sum();
        demand_permille(day) * passed / (HOURS.iter().sum::<u64>() * 60)
    }

    fn minutes_of(&self, day: NaiveDate) -> u64 {
        if day == self.as_of { self.until_minute } else { MINUTES_A_DAY }
    }
}

/// How many of the 60 minutes of `hour` lie before minute `open` of the day.
fn minutes_open(hour: u64, open: u64) -> u64 {
    open.saturating_sub(hour * 60).min(60)
}

fn at(day: NaiveDate, hour: u64, minute: u64, chance: &mut Chance) -> NaiveDateTime {
    let second = chance.below(60);
    let seconds = u32::try_from(hour * 3_600 + minute * 60 + second).unwrap_or(0);
    day.and_time(NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Timelike;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).expect("a date")
    }

    #[test]
    fn no_time_lies_after_the_minute_that_the_last_day_has_reached() {
        let as_of = day(2026, 11, 22);
        let calendar = Calendar::new(as_of, 6 * 60 + 30);
        let end = as_of.and_hms_opt(6, 30, 0).expect("a time");
        let mut chance = Chance::new(1, 1);
        for _ in 0..20_000 {
            let time = calendar.time(&mut chance);
            assert!(time < end && time.date() >= day(2026, 9, 24), "{time}");
        }
        for _ in 0..2_000 {
            assert!(calendar.time_on(as_of, &mut chance).expect("open") < end);
        }
    }

    #[test]
    fn a_day_that_has_not_begun_has_no_times() {
        let as_of = day(2026, 11, 22);
        let calendar = Calendar::new(as_of, 0);
        let mut chance = Chance::new(1, 1);
        assert_eq!(calendar.time_on(as_of, &mut chance), None);
        assert!((0..5_000).all(|_| calendar.time(&mut chance).date() < as_of));
    }

    #[test]
    fn saturdays_outsell_tuesdays_and_evenings_outsell_nights() {
        let calendar = Calendar::new(day(2026, 8, 31), 1_440);
        let mut chance = Chance::new(3, 1);
        let times: Vec<_> = (0..20_000).map(|_| calendar.time(&mut chance)).collect();
        let on = |weekday| times.iter().filter(|t| t.weekday() == weekday).count();
        assert!(on(Weekday::Sat) * 10 > on(Weekday::Tue) * 12);
        let at = |hour| times.iter().filter(|t| t.hour() == hour).count();
        assert!(at(20) > 20 * at(3));
    }
}
