//! Pace: whether a figure that grows through the day is on its way to its target (`overview.md` 3.3).

use super::{metric::Unit, target::TargetPeriod, tile::written};
use crate::{format, money::Currency};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Earlier days that the usual course of a day is taken from.
pub const EARLIER_DAYS: usize = 8;
/// With fewer of them the day is taken to run evenly.
const FEWEST: usize = 4;
/// Length of a quarter of an hour.
const QUARTER_SECONDS: i64 = 900;

/// A quarter of an hour of an earlier day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarter {
    /// Seconds from the day's start.
    pub starts_at_seconds: i64,
    pub value: Decimal,
}

/// An earlier same weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierDay {
    /// Those without a value may be left out.
    pub quarters: Vec<Quarter>,
    /// The local time of now, in seconds from that day's start.
    pub until_seconds: i64,
}

impl EarlierDay {
    /// Part of the day's value that it had by then, linear within a quarter; `None` for a day that came to
    /// nothing or less, of which there are no parts.
    fn share(&self) -> Option<Decimal> {
        let whole: Decimal = self.quarters.iter().map(|q| q.value).sum();
        let until: Decimal = self
            .quarters
            .iter()
            .map(|q| {
                let seconds = (self.until_seconds - q.starts_at_seconds).clamp(0, QUARTER_SECONDS);
                q.value * Decimal::from(seconds) / Decimal::from(QUARTER_SECONDS)
            })
            .sum();
        (whole > Decimal::ZERO).then(|| until / whole)
    }
}

/// s(t): the part of a period that is usually reached by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// 0 to 1.
    pub part: Decimal,
    /// Taken to run evenly, for want of earlier days.
    pub linear: bool,
}

impl Share {
    /// The whole: of a finished period, or of a rate, which is held against its target as it stands.
    pub const WHOLE: Self = Self { part: Decimal::ONE, linear: false };

    /// Of a day: the mean of the `earlier` same weekdays (the latest [`EARLIER_DAYS`] with orders), or, with
    /// fewer than four of them, elapsed / length. Refunds may push a day's own part out of 0 to 1; the mean is
    /// held within.
    #[must_use]
    pub fn of_day(earlier: &[EarlierDay], elapsed_seconds: i64, length_seconds: i64) -> Self {
        let shares: Vec<Decimal> = earlier.iter().take(EARLIER_DAYS).filter_map(EarlierDay::share).collect();
        let linear = shares.len() < FEWEST;
        let part = if !linear {
            shares.iter().sum::<Decimal>() / Decimal::from(shares.len())
        } else if length_seconds > 0 {
            Decimal::from(elapsed_seconds) / Decimal::from(length_seconds)
        } else {
            Decimal::ONE
        };
        Self { part: part.clamp(Decimal::ZERO, Decimal::ONE), linear }
    }

    /// Of a month of `days` days: its finished days whole, and today's part.
    #[must_use]
    pub fn of_month(finished: u32, today: Self, days: u32) -> Self {
        let part = (Decimal::from(finished) + today.part) / Decimal::from(days.max(1));
        Self { part: part.clamp(Decimal::ZERO, Decimal::ONE), linear: today.linear }
    }
}

/// How a figure stands to its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 100 % or more.
    OnTrack,
    /// 90 to below 100 %.
    AtRisk,
    /// Below 90 %.
    Behind,
}

impl Standing {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OnTrack => "on track",
            Self::AtRisk => "at risk",
            Self::Behind => "behind",
        }
    }

    /// Class of a badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::OnTrack => "good",
            Self::AtRisk => "warn",
            Self::Behind => "bad",
        }
    }
}

/// A figure against its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pace {
    pub period: TargetPeriod,
    #[schema(format = "decimal")]
    pub target: Decimal,
    /// Target · s(t): what should be reached by now.
    #[schema(format = "decimal")]
    pub expected: Decimal,
    /// 100 · value / expected with one decimal; `None` while nothing is expected.
    #[schema(format = "decimal")]
    pub percent: Option<Decimal>,
    pub standing: Standing,
    /// Value / s(t), where the period will end if it goes on like this; `None` while s(t) is below 0.05, and of a rate.
    #[schema(format = "decimal")]
    pub projection: Option<Decimal>,
    /// s(t) is elapsed / length, for want of earlier days.
    pub linear: bool,
}

impl Pace {
    /// s(t) from which on a projection says something.
    const TELLING: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

    /// `value` of the running period against `target`.
    #[must_use]
    pub fn of(period: TargetPeriod, target: Decimal, value: Decimal, share: Share) -> Self {
        // A third of a month has no exact share; what it is off by shall not turn 100 % into less.
        let expected = round(target * share.part, 6);
        let percent = (expected > Decimal::ZERO).then(|| value * Decimal::ONE_HUNDRED / expected);
        Self {
            period,
            target: target.normalize(),
            expected: round(expected, 4),
            percent: percent.map(|percent| round(percent, 1)),
            standing: standing(value, expected),
            projection: (share.part >= Self::TELLING).then(|| round(value / share.part, 4)),
            linear: share.linear,
        }
    }

    /// A rate against its target: as it stands.
    #[must_use]
    pub fn of_rate(target: Decimal, value: Decimal) -> Self {
        Self { projection: None, ..Self::of(TargetPeriod::Day, target, value, Share::WHOLE) }
    }

    /// "105.0 % of the pace to ₹10,000.00, on track; projection ₹10,500.00".
    #[must_use]
    pub fn words(&self, unit: Unit, currency: Option<Currency>, locale: &str) -> String {
        let told = |value: Decimal| {
            let value = if unit == Unit::Orders { value.round() } else { value };
            written(value, unit, currency, locale)
        };
        let target = told(self.target);
        let of_month = if self.period == TargetPeriod::Month { " of the month" } else { "" };
        let standing = self.standing.label();
        // A rate, and a day that is over, are held against the target itself.
        let whole = self.projection.is_none() && self.expected == self.target;
        let stands = match self.percent.map(|percent| format::percent(percent / Decimal::ONE_HUNDRED, 1)) {
            Some(percent) if whole => format!("{percent} of the target{of_month} {target}, {standing}"),
            Some(percent) => format!("{percent} of the pace to {target}{of_month}, {standing}"),
            None => format!("Target{of_month} {target}"),
        };
        let projection = self.projection.map(|p| format!("; projection {}", told(p))).unwrap_or_default();
        let linear = if self.linear { " (linear)" } else { "" };
        format!("{stands}{projection}{linear}")
    }
}

fn standing(value: Decimal, expected: Decimal) -> Standing {
    if value >= expected {
        Standing::OnTrack
    } else if value * Decimal::TEN >= expected * Decimal::from(9) {
        Standing::AtRisk
    } else {
        Standing::Behind
    }
}

fn round(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn day(values: &[(i64, i64)], until_seconds: i64) -> EarlierDay {
        let quarters = values
            .iter()
            .map(|(quarter, value)| Quarter { starts_at_seconds: quarter * QUARTER_SECONDS, value: (*value).into() })
            .collect();
        EarlierDay { quarters, until_seconds }
    }

    const HOUR: i64 = 3_600;

    #[test]
    fn example_12_pace_and_projection() {
        let share = Share { part: d("0.40"), linear: false };
        let pace = Pace::of(TargetPeriod::Day, d("10000"), d("4200"), share);
        assert_eq!((pace.expected, pace.percent), (d("4000"), Some(d("105"))));
        assert_eq!((pace.standing, pace.projection), (Standing::OnTrack, Some(d("10500"))));
        assert_eq!(
            pace.words(Unit::Money, Some(Currency::USD), "en-US"),
            "105.0\u{a0}% of the pace to $10,000.00, on track; projection $10,500.00"
        );
        assert_eq!(Share::of_day(&[], 6 * HOUR, 24 * HOUR), Share { part: d("0.25"), linear: true });
    }

    #[test]
    fn four_earlier_days_make_a_course_three_do_not() {
        // Half of each day's value came in the first quarter after 08:00, half at noon.
        let earlier = |until: i64| vec![day(&[(32, 50), (48, 50)], until); 4];
        let part = |until: i64| Share::of_day(&earlier(until), until, 24 * HOUR).part;
        assert_eq!(part(8 * HOUR), d("0"));
        assert_eq!(part(8 * HOUR + 450), d("0.25"), "linear within the quarter");
        assert_eq!((part(9 * HOUR), part(13 * HOUR)), (d("0.5"), d("1")));
        let three = Share::of_day(&earlier(9 * HOUR)[..3], 9 * HOUR, 24 * HOUR);
        assert_eq!((three.part, three.linear), (d("0.375"), true));
        // Days that came to nothing have no parts; a ninth day does not count.
        let mut days = vec![day(&[(0, 10), (1, -10)], HOUR); 2];
        days.extend(earlier(9 * HOUR));
        assert_eq!(Share::of_day(&days, 9 * HOUR, 24 * HOUR), Share { part: d("0.5"), linear: false });
        let mut nine = vec![day(&[(0, 1)], HOUR); 8];
        nine.push(day(&[(90, 1)], HOUR));
        assert_eq!(Share::of_day(&nine, HOUR, 24 * HOUR).part, d("1"));
    }

    #[test]
    fn a_month_counts_its_finished_days_whole() {
        let today = Share { part: d("0.5"), linear: false };
        assert_eq!(Share::of_month(14, today, 29), Share { part: d("0.5"), linear: false });
        assert_eq!(
            Share::of_month(0, Share { part: d("0.31"), linear: true }, 31),
            Share { part: d("0.01"), linear: true }
        );
        let pace = Pace::of(TargetPeriod::Month, d("300"), d("10"), Share::of_month(1, today, 30));
        assert_eq!((pace.expected, pace.percent, pace.projection), (d("15"), Some(d("66.7")), Some(d("200"))));
        assert_eq!(pace.standing, Standing::Behind);
    }

    #[test]
    fn standings_change_at_90_and_100_and_early_there_is_no_projection() {
        let stands = |value: &str| {
            Pace::of(TargetPeriod::Day, d("100"), d(value), Share { part: d("1"), linear: false }).standing
        };
        assert_eq!((stands("100"), stands("99.9999")), (Standing::OnTrack, Standing::AtRisk));
        assert_eq!(
            (stands("90"), stands("89.9999"), stands("-5")),
            (Standing::AtRisk, Standing::Behind, Standing::Behind)
        );
        let early = |part: &str| Pace::of(TargetPeriod::Day, d("100"), d("1"), Share { part: d(part), linear: true });
        assert_eq!((early("0.0499").projection, early("0.05").projection), (None, Some(d("20"))));
        let nothing = early("0");
        assert_eq!((nothing.percent, nothing.standing), (None, Standing::OnTrack));
        assert_eq!(nothing.words(Unit::Orders, None, "en-US"), "Target 100 (linear)");
        let rate = Pace::of_rate(d("4"), d("3.4"));
        assert_eq!((rate.percent, rate.projection, rate.standing), (Some(d("85")), None, Standing::Behind));
        assert_eq!(rate.words(Unit::Percent, None, "en-US"), "85.0\u{a0}% of the target 4.0\u{a0}%, behind");
    }

    fn days() -> impl Strategy<Value = Vec<Vec<(i64, i64)>>> {
        prop::collection::vec(prop::collection::vec((0_i64..96, 0_i64..1_000_000), 0..20), 0..12)
    }

    proptest! {
        #[test]
        fn a_share_is_between_nothing_and_the_whole_and_never_falls(days in days(), a in 0_i64..86_400, b in 0_i64..86_400) {
            let share = |until: i64| {
                let earlier: Vec<_> = days.iter().map(|values| day(values, until)).collect();
                Share::of_day(&earlier, until, 86_400)
            };
            let (early, late) = (share(a.min(b)), share(a.max(b)));
            prop_assert!(early.part >= Decimal::ZERO && late.part <= Decimal::ONE);
            prop_assert!(early.part <= late.part && early.linear == late.linear);
            prop_assert!((share(86_400).part - Decimal::ONE).abs() < d("0.000000000000000001"));
        }

        #[test]
        fn the_pace_of_the_usual_course_is_100(part in 1_i64..=1_000, target in 1_i64..1_000_000) {
            let (part, target) = (Decimal::new(part, 3), Decimal::from(target));
            let pace = Pace::of(TargetPeriod::Day, target, target * part, Share { part, linear: false });
            prop_assert_eq!(pace.percent, Some(Decimal::ONE_HUNDRED));
            prop_assert_eq!(pace.standing, Standing::OnTrack);
            if let Some(projection) = pace.projection {
                prop_assert_eq!(projection, target);
            }
        }
    }
}
