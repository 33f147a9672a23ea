//! How fast alerts are seen and ended, by days.

use super::Severity;
use crate::{FieldError, overview::DayRange};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest range of days.
const MAX_DAYS: i64 = 400;
/// Days when none are chosen, today among them.
const USUAL_DAYS: u64 = 30;

/// Business days of a report, both included; empty: the last 30.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatsQuery {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl StatsQuery {
    /// # Errors
    /// What is no day.
    pub fn parse(pairs: Vec<(String, String)>) -> Result<Self, Vec<FieldError>> {
        let (mut query, mut faults) = (Self::default(), Vec::new());
        for (name, value) in pairs {
            let value = value.trim();
            let slot = match name.as_str() {
                "from" => &mut query.from,
                "to" => &mut query.to,
                _ => continue,
            };
            if value.is_empty() {
                continue;
            }
            match value.parse() {
                Ok(day) => *slot = Some(day),
                Err(_) => faults.push(FieldError::new(name, "Give a day as 2026-03-10.")),
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }

    /// # Errors
    /// When the last day lies before the first, or they are too far apart.
    pub fn days(self, today: NaiveDate) -> Result<DayRange, Vec<FieldError>> {
        let to = self.to.unwrap_or_else(|| self.from.map_or(today, |from| from.max(today)));
        let from = self.from.unwrap_or_else(|| to.checked_sub_days(Days::new(USUAL_DAYS - 1)).unwrap_or(to));
        let days = DayRange { from, to };
        if from > to {
            return Err(vec![FieldError::new("to", "The last day lies before the first.")]);
        }
        if days.days() > MAX_DAYS {
            return Err(vec![FieldError::new("from", "At most 400 days.")]);
        }
        Ok(days)
    }
}

/// How long something took, of `n` cases; nothing is known of none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertLasting)]
pub struct Lasting {
    pub n: i64,
    pub mean_seconds: Option<i64>,
    pub p50_seconds: Option<i64>,
    pub p90_seconds: Option<i64>,
}

/// What was opened, seen and ended in the days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertFigures)]
pub struct Figures {
    pub opened: i64,
    pub resolved: i64,
    /// From the opening to the acknowledgement (MTTA), of those acknowledged in the days.
    pub to_acknowledge: Lasting,
    /// From the opening to the end (MTTR), of those that ended in the days.
    pub to_resolve: Lasting,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertFiguresOfType)]
pub struct OfType {
    pub alert_type: String,
    #[serde(flatten)]
    pub figures: Figures,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertFiguresOfSeverity)]
pub struct OfSeverity {
    pub severity: Severity,
    #[serde(flatten)]
    pub figures: Figures,
}

/// What a person acknowledged, and ended by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertFiguresOfPerson)]
pub struct OfPerson {
    pub person: String,
    pub resolved: i64,
    pub to_acknowledge: Lasting,
    pub to_resolve: Lasting,
}

/// An entity with many alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NoisyEntity)]
pub struct Noisy {
    pub entity_type: Option<String>,
    pub entity_id: String,
    pub entity_label: Option<String>,
    pub alerts: i64,
    /// How often they were told of.
    pub occurrences: i64,
}

/// Of alerts that the caller may see; deleted ones are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertStats)]
pub struct Stats {
    pub from: NaiveDate,
    pub to: NaiveDate,
    #[serde(flatten)]
    pub all: Figures,
    /// The most opened first.
    pub by_type: Vec<OfType>,
    /// The gravest first.
    pub by_severity: Vec<OfSeverity>,
    /// By name.
    pub by_person: Vec<OfPerson>,
    /// The ten with the most alerts opened.
    pub noisiest: Vec<Noisy>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::pairs;

    #[test]
    fn days_are_the_last_thirty_unless_said_and_never_too_many() {
        let today: NaiveDate = "2026-03-10".parse().unwrap();
        let days = |text: &str| StatsQuery::parse(pairs(text)).unwrap().days(today);
        assert_eq!(days("from=&to="), Ok(DayRange { from: "2026-02-09".parse().unwrap(), to: today }));
        assert_eq!(days("from=2026-03-01").unwrap().days(), 10);
        let fault = |text: &str| days(text).unwrap_err()[0].path.clone();
        assert_eq!(fault("from=2026-03-10&to=2026-03-09"), "to");
        assert_eq!(fault("from=2020-01-01"), "from");
        assert_eq!(StatsQuery::parse(pairs("from=soon")).unwrap_err()[0].path, "from");
    }
}
