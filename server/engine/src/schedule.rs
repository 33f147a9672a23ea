//! When a schedule is due: cron lines and fixed steps in a time zone (`platform.md` 3.10).
//!
//! Two clocks meet at a daylight-saving switch, so the hour field decides which one counts:
//! with fixed hours the *wall clock* counts (a missing local time runs at the first valid instant
//! after the gap, a doubled one in its first pass only, so a daily job never runs 0 or 2 times);
//! with `*` or a step in the hour field *elapsed time* counts (25 runs of an hourly job on the
//! long day, 23 on the short one).

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use domain::FieldError;

/// A rhythm in a zone. Cheap to clone; equal rhythms give equal due times.
#[derive(Debug, Clone)]
pub struct Timing {
    rhythm: Rhythm,
    zone: Tz,
}

#[derive(Debug, Clone)]
enum Rhythm {
    /// Multiples of the step since 1970-01-01T00:00:00Z, whatever the wall clock does.
    Every(i64),
    /// Cron line with `*` or a step in the hour field.
    Elapsed(Box<Cron>),
    /// Cron line with fixed hours.
    WallClock(Box<Cron>),
}

/// The zone of a name, or the fault with the field it stands in.
///
/// # Errors
/// When the name is not in the IANA table.
pub fn zone(name: &str) -> Result<Tz, FieldError> {
    name.parse().map_err(|_| {
        FieldError::new("zone", format!("\"{name}\" is not a time zone. Give an IANA name such as Europe/London."))
    })
}

impl Timing {
    /// Exactly one of `cron` and `every_seconds` must be given.
    ///
    /// # Errors
    /// Every field at fault: `cron`, `every_seconds`, `zone`.
    pub fn new(cron: Option<&str>, every_seconds: Option<i32>, zone_name: &str) -> Result<Self, Vec<FieldError>> {
        let mut faults = Vec::new();
        let zone = zone(zone_name).map_err(|fault| faults.push(fault)).ok();
        let rhythm = match (cron, every_seconds) {
            (Some(line), None) => parse(line).map_err(|fault| faults.push(fault)).ok(),
            (None, Some(step)) if step >= 1 => Some(Rhythm::Every(step.into())),
            (None, Some(_)) => {
                faults.push(FieldError::new("every_seconds", "Give a whole number of seconds from 1 on."));
                None
            }
            _ => {
                faults.push(FieldError::new("cron", "Give either a cron line or a number of seconds."));
                None
            }
        };
        match (rhythm, zone) {
            (Some(rhythm), Some(zone)) => Ok(Self { rhythm, zone }),
            _ => Err(faults),
        }
    }

    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The first due time strictly after `at`; `None` when there is none within croner's horizon.
    #[must_use]
    pub fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.rhythm {
            Rhythm::Every(step) => DateTime::from_timestamp((at.timestamp().div_euclid(*step) + 1) * step, 0),
            Rhythm::Elapsed(cron) => {
                cron.find_next_occurrence(&at.with_timezone(&self.zone), false).ok().map(|t| t.with_timezone(&Utc))
            }
            Rhythm::WallClock(cron) => {
                let mut wall = at.with_timezone(&self.zone).naive_local();
                loop {
                    wall = cron.find_next_occurrence(&wall.and_utc(), false).ok()?.naive_utc();
                    // In the second pass of a doubled hour the first pass of later minutes is already over.
                    if let Some(instant) = first_instant(self.zone, wall).filter(|instant| *instant > at) {
                        return Some(instant);
                    }
                }
            }
        }
    }

    /// Due times after `from` up to and including `to`, oldest first, at most `limit`.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>, limit: usize) -> Vec<DateTime<Utc>> {
        self.after(from).take_while(|due| *due <= to).take(limit).collect()
    }

    /// All due times after `from`.
    pub fn after(&self, from: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        std::iter::successors(self.next_after(from), |due| self.next_after(*due))
    }

    /// The time between two due times after `at`: how fast the schedule is.
    #[must_use]
    pub fn period_after(&self, at: DateTime<Utc>) -> Option<Duration> {
        let first = self.next_after(at)?;
        Some(self.next_after(first)? - first)
    }
}

fn parse(line: &str) -> Result<Rhythm, FieldError> {
    let fault = |why: &str| {
        FieldError::new(
            "cron",
            format!(
                "\"{line}\" is not a cron line{why}. Give five fields: minute, hour, day of month, month, day of week."
            ),
        )
    };
    let fields: Vec<_> = line.split_whitespace().collect();
    let [_, hour, ..] = fields.as_slice() else { return Err(fault("")) };
    if fields.len() != 5 {
        return Err(fault(&format!(": it has {} fields", fields.len())));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = Box::new(parser.parse(&fields.join(" ")).map_err(|_| fault(""))?);
    let epoch = DateTime::<Utc>::UNIX_EPOCH;
    if cron.find_next_occurrence(&epoch, true).is_err() {
        return Err(fault(" that is ever due"));
    }
    Ok(if hour.contains(['*', '/', '?']) { Rhythm::Elapsed(cron) } else { Rhythm::WallClock(cron) })
}

/// The instant at which a clock on the wall first shows `wall`, or jumps over it.
fn first_instant(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.with_timezone(&Utc)),
        LocalResult::None => {
            // Gaps start and end on whole minutes in the zone tables since 1972, and last a day at most.
            (1..=24 * 60)
                .find_map(|minutes| zone.from_local_datetime(&(wall + Duration::minutes(minutes))).earliest())
                .map(|time| time.with_timezone(&Utc))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    fn due(cron: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
        let timing = Timing::new(Some(cron), None, zone).unwrap();
        timing
            .between(at(from) - Duration::seconds(1), at(to) - Duration::seconds(1), 10_000)
            .into_iter()
            .map(|t| t.format("%dT%H:%M").to_string())
            .collect()
    }

    #[test]
    fn a_missing_local_time_runs_once_right_after_the_gap() {
        // Clocks in London go from 01:00 to 02:00 on 2026-03-29.
        let london = due("30 1 * * *", "Europe/London", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
        assert_eq!(london, ["28T01:30", "29T01:00", "30T00:30"]);
    }

    #[test]
    fn a_doubled_local_time_runs_in_its_first_pass_only() {
        let new_york = due("30 1 * * *", "America/New_York", "2026-10-31T04:00:00Z", "2026-11-03T05:00:00Z");
        assert_eq!(new_york, ["31T05:30", "01T05:30", "02T06:30"]);
    }

    #[test]
    fn an_hourly_line_runs_every_real_hour() {
        let long = due("30 * * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
        assert_eq!(long.len(), 25);
        let short = due("30 * * * *", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z");
        assert_eq!(short.len(), 23);
        assert!(long.windows(2).all(|w| w[0] != w[1]));
    }

    #[test]
    fn lists_and_minute_steps_under_a_fixed_hour_follow_the_wall_clock() {
        let gap = due("0,30 1,2 * * *", "Europe/London", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z");
        assert_eq!(gap, ["29T01:00", "29T01:30"], "three lines meet at the end of the gap and run once");
        let doubled = due("*/20 1 * * *", "Europe/London", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z");
        assert_eq!(doubled, ["25T00:00", "25T00:20", "25T00:40"]);
    }

    #[test]
    fn a_step_in_the_hour_field_counts_elapsed_hours() {
        let long = due("0 */2 * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
        assert_eq!(long.first().map(String::as_str), Some("01T04:00"));
        assert!((12..=13).contains(&long.len()), "{long:?}");
    }

    #[test]
    fn zones_with_half_hours_and_no_switch() {
        let india = due("0 1 * * *", "Asia/Kolkata", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z");
        assert_eq!(india, ["28T19:30", "29T19:30"]);
        // Lord Howe moves by 30 minutes: 02:00 to 02:30 on 2026-10-04.
        let howe = due("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-04T12:00:00Z");
        assert_eq!(howe, ["03T15:30"]);
    }

    #[test]
    fn names_ranges_and_the_end_of_the_month() {
        assert_eq!(
            due("0 2 * * SUN", "UTC", "2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z"),
            ["01T02:00", "08T02:00", "15T02:00"]
        );
        assert_eq!(due("0 9-11 28 FEB *", "UTC", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z").len(), 3);
    }

    #[test]
    fn seconds_are_counted_from_the_epoch_through_every_switch() {
        let minute = Timing::new(None, Some(60), "America/New_York").unwrap();
        assert_eq!(minute.next_after(at("2026-11-01T05:59:30Z")), Some(at("2026-11-01T06:00:00Z")));
        assert_eq!(minute.next_after(at("2026-11-01T06:00:00Z")), Some(at("2026-11-01T06:01:00Z")));
        assert_eq!(minute.between(at("2026-11-01T05:00:00Z"), at("2026-11-01T06:00:00Z"), 1_000).len(), 60);
        assert_eq!(minute.period_after(at("2026-11-01T05:59:30Z")), Some(Duration::seconds(60)));
    }

    #[test]
    fn every_day_of_ten_years_has_exactly_one_daily_run() {
        for zone in ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"] {
            for hour in 0..4 {
                let timing = Timing::new(Some(&format!("30 {hour} * * *")), None, zone).unwrap();
                let runs = timing.between(at("2024-12-31T12:00:00Z"), at("2034-12-31T12:00:00Z"), 10_000);
                let mut days: Vec<_> = runs.iter().map(|t| t.with_timezone(&timing.zone()).date_naive()).collect();
                let all = days.len();
                days.dedup();
                assert_eq!((all, days.len()), (3_652, 3_652), "{zone} {hour}:30");
            }
        }
    }

    #[test]
    fn faults_name_their_field() {
        let paths = |cron: Option<&str>, every: Option<i32>, zone: &str| -> Vec<String> {
            Timing::new(cron, every, zone).unwrap_err().into_iter().map(|f| f.path).collect()
        };
        assert_eq!(paths(Some("61 * * * *"), None, "Mars/Base"), ["zone", "cron"]);
        assert_eq!(paths(Some("* * * * * *"), None, "UTC"), ["cron"]);
        assert_eq!(paths(Some("0 0 31 2 *"), None, "UTC"), ["cron"]);
        assert_eq!(paths(None, Some(0), "UTC"), ["every_seconds"]);
        assert_eq!(paths(Some("* * * * *"), Some(5), "UTC"), ["cron"]);
        assert_eq!(paths(None, None, "UTC"), ["cron"]);
    }
}
