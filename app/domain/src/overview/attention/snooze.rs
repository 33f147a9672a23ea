//! Putting an item off: for how long, and when it stands again.

use super::item::Severity;
use crate::{FieldError, query};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A critical item stands again after so many hours at the latest.
pub const CRITICAL_LIMIT_HOURS: i64 = 24;

/// For how long an item is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnoozeFor {
    Hour,
    /// Until the end of the business day.
    Today,
    Week,
}

impl SnoozeFor {
    pub const ALL: [Self; 3] = [Self::Hour, Self::Today, Self::Week];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Today => "today",
            Self::Week => "7d",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::Today => "Today",
            Self::Week => "7 days",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }

    /// Whether an item of that severity may be put off for so long.
    #[must_use]
    pub const fn suits(self, severity: Severity) -> bool {
        !matches!((self, severity), (Self::Week, Severity::Critical))
    }

    /// When the item stands again; `day_end` is the end of the business day of `now`.
    #[must_use]
    pub fn until(self, severity: Severity, now: DateTime<Utc>, day_end: DateTime<Utc>) -> DateTime<Utc> {
        let until = match self {
            Self::Hour => now + Duration::hours(1),
            Self::Today => day_end,
            Self::Week => now + Duration::days(7),
        };
        match severity {
            // A day can have 25 hours.
            Severity::Critical => until.min(now + Duration::hours(CRITICAL_LIMIT_HOURS)),
            _ => until,
        }
    }
}

/// Puts an item off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SnoozeItem {
    /// `1h`, `today` or `7d`; a critical item not for 7 days.
    #[schema(required)]
    pub until: String,
}

impl SnoozeItem {
    /// # Errors
    /// When it is none of the three.
    pub fn validate(&self) -> Result<SnoozeFor, Vec<FieldError>> {
        SnoozeFor::parse(self.until.trim()).ok_or_else(|| vec![FieldError::new("until", "Choose 1h, today or 7d.")])
    }

    /// # Errors
    /// When it is none of the three, or too long for an item of that severity.
    pub fn validate_for(&self, severity: Severity) -> Result<SnoozeFor, Vec<FieldError>> {
        let choice = self.validate()?;
        if choice.suits(severity) {
            return Ok(choice);
        }
        let message =
            format!("A critical item can be put off for {CRITICAL_LIMIT_HOURS} hours at most. Choose 1h or today.");
        Err(vec![FieldError::new("until", message)])
    }
}

/// Name under which an address says what was put off last.
const SNOOZED: &str = "snoozed";

/// `page` with what was put off on it last.
#[must_use]
pub fn snoozed_link(page: &str, key: &str) -> String {
    let (path, rest) = page.split_once('?').unwrap_or((page, ""));
    let mut pairs = query::pairs(rest);
    pairs.retain(|(name, _)| name != SNOOZED);
    pairs.push((SNOOZED.to_owned(), key.to_owned()));
    format!("{path}?{}", query::write(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
}

/// What was put off last, as the query part of an address says.
#[must_use]
pub fn snoozed_in(search: &str) -> Option<String> {
    query::pairs(search).into_iter().find(|(name, _)| name == SNOOZED).map(|(_, key)| key)
}

/// An item as it was put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snooze {
    /// The item's severity then.
    pub severity: Severity,
    pub at: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

impl Snooze {
    /// Whether an item that is of `severity` now stays off the list.
    #[must_use]
    pub fn hides(&self, severity: Severity, now: DateTime<Utc>) -> bool {
        // The lesser severity is the greater value.
        let graver = severity < self.severity;
        let too_long = severity == Severity::Critical && now >= self.at + Duration::hours(CRITICAL_LIMIT_HOURS);
        now < self.until && !graver && !too_long
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, High, Low, Medium};
    use proptest::prelude::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::hours(hours)
    }

    #[test]
    fn one_hour_the_rest_of_the_day_or_a_week() {
        let until = |choice: SnoozeFor, severity| choice.until(severity, at(9), at(24));
        assert_eq!(SnoozeFor::ALL.map(|c| until(c, High)), [at(10), at(24), at(9 + 7 * 24)]);
        assert_eq!(SnoozeFor::ALL.map(|c| until(c, Critical)), [at(10), at(24), at(9 + 24)]);
        assert_eq!(SnoozeFor::Today.until(Critical, at(0), at(25)), at(24), "a day of 25 hours");
    }

    #[test]
    fn a_critical_item_is_not_put_off_for_a_week() {
        let week = SnoozeItem { until: "7d".to_owned() };
        assert_eq!(week.validate_for(High), Ok(SnoozeFor::Week));
        assert_eq!(week.validate_for(Critical).unwrap_err()[0].path, "until");
        assert!(SnoozeItem { until: "forever".to_owned() }.validate().is_err());
    }

    #[test]
    fn an_item_that_became_graver_stands_again_at_once() {
        let snooze = Snooze { severity: High, at: at(0), until: at(7 * 24) };
        assert!(snooze.hides(High, at(30)) && snooze.hides(Medium, at(30)) && !snooze.hides(Critical, at(1)));
        assert!(!snooze.hides(High, at(7 * 24)), "the end is the end");
    }

    #[test]
    fn a_page_says_in_its_address_what_was_put_off_last() {
        let link = snoozed_link("/overview/attention?feature=jobs&snoozed=old", "jobs.run.1&2");
        assert_eq!(link, "/overview/attention?feature=jobs&snoozed=jobs.run.1%262");
        assert_eq!(snoozed_in(link.split_once('?').unwrap().1).as_deref(), Some("jobs.run.1&2"));
        assert_eq!((snoozed_link("/", "a"), snoozed_in("?period=7d")), ("/?snoozed=a".to_owned(), None));
    }

    proptest! {
        #[test]
        fn no_critical_item_is_gone_for_longer_than_a_day(choice in 0_usize..3, was in 0_usize..4, later in 0_i64..400, day_end in 1_i64..26) {
            let was = [Critical, High, Medium, Low][was];
            let snooze = Snooze { severity: was, at: at(0), until: SnoozeFor::ALL[choice].until(was, at(0), at(day_end)) };
            prop_assert!(!(snooze.hides(Critical, at(later)) && later >= CRITICAL_LIMIT_HOURS));
            prop_assert!(!(snooze.hides(Low, at(later)) && later >= 7 * 24));
        }
    }
}
