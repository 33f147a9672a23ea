//! What a figure was at earlier moments.

use super::{
    metric::{Basis, MetricKey, Unit},
    scope::{DayRange, basis, check_range, clean, date, given, short},
};
use crate::{FieldError, ids::SnapshotId, money::Currency};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Of how much time one value is given: the last one in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Minute,
    #[default]
    Hour,
    Day,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Days that one question may cover.
    const fn most_days(self) -> i64 {
        match self {
            // Minutes are kept for a week.
            Self::Minute => 7,
            Self::Hour => 31,
            Self::Day => super::scope::MAX_DAYS,
        }
    }
}

/// Question for the past of a figure, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryQuery {
    /// First day that is looked at; the last one when not given.
    pub from: Option<String>,
    /// Last day; today when not given.
    pub to: Option<String>,
    /// The day whose figure is meant; each day's own when not given.
    pub day: Option<String>,
    /// `minute`, `hour` (the default) or `day`.
    pub step: Option<String>,
    pub basis: Option<String>,
    /// As in [`super::ScopeQuery::clean`].
    pub clean: Option<String>,
}

/// A question for the past, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRequest {
    pub days: DayRange,
    pub day: Option<NaiveDate>,
    pub step: Step,
    pub basis: Basis,
    pub clean: bool,
}

impl HistoryQuery {
    /// # Errors
    /// Every fault of the query with its path.
    pub fn resolve(&self, today: NaiveDate) -> Result<HistoryRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let basis = basis(self.basis.as_deref(), &mut faults);
        let clean = clean(self.clean.as_deref(), &mut faults);
        let day = date("day", self.day.as_deref(), &mut faults);
        let to = date("to", self.to.as_deref(), &mut faults).unwrap_or(today);
        let from = date("from", self.from.as_deref(), &mut faults).unwrap_or(to);
        let days = DayRange { from, to };
        let step = match given(self.step.as_deref()) {
            None => Step::default(),
            Some(text) => Step::ALL.into_iter().find(|step| step.as_str() == text).unwrap_or_else(|| {
                let message = format!("\"{}\" is not a step; use minute, hour or day.", short(text));
                faults.push(FieldError::new("step", message));
                Step::Day
            }),
        };
        check_range(days, &mut faults);
        if faults.is_empty() && days.days() > step.most_days() {
            let message = format!("At most {} days by the {}.", step.most_days(), step.as_str());
            faults.push(FieldError::new("from", message));
        }
        if faults.is_empty() { Ok(HistoryRequest { days, day, step, basis, clean }) } else { Err(faults) }
    }
}

/// A value as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PastValue {
    pub snapshot_id: SnapshotId,
    /// `None`: it was unknown.
    #[schema(format = "decimal")]
    pub value: Option<Decimal>,
    pub row_count: i64,
    pub computed_at: DateTime<FixedOffset>,
}

/// The last value of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryItem {
    /// When the step began.
    pub start: DateTime<FixedOffset>,
    #[serde(flatten)]
    pub last: PastValue,
}

/// What a figure was, oldest first; a step in which nobody computed it is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct History {
    pub key: MetricKey,
    pub unit: Unit,
    pub currency: Option<Currency>,
    pub zone: String,
    pub step: Step,
    pub items: Vec<HistoryItem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(query: &HistoryQuery) -> Result<HistoryRequest, Vec<String>> {
        let today = "2026-11-22".parse().unwrap();
        query.resolve(today).map_err(|faults| faults.into_iter().map(|fault| fault.path).collect())
    }

    #[test]
    fn today_by_the_hour_unless_told_otherwise() {
        let today = resolve(&HistoryQuery::default()).unwrap();
        assert_eq!((today.days.days(), today.step, today.day), (1, Step::Hour, None));
        let week = HistoryQuery { from: Some("2026-11-16".into()), step: Some("minute".into()), ..Default::default() };
        assert_eq!(resolve(&week).unwrap().days.days(), 7);
    }

    #[test]
    fn every_fault_is_told_with_its_path() {
        let bad = HistoryQuery {
            from: Some("?".into()),
            to: Some("x".into()),
            day: Some("y".into()),
            step: Some("year".into()),
            basis: Some("best".into()),
            clean: Some("very".into()),
        };
        assert_eq!(resolve(&bad).unwrap_err(), ["basis", "clean", "day", "to", "from", "step"]);
        let long = |step: &str| HistoryQuery {
            from: Some("2026-10-01".into()),
            step: Some(step.into()),
            ..HistoryQuery::default()
        };
        assert_eq!(resolve(&long("minute")).unwrap_err(), ["from"]);
        assert_eq!(resolve(&long("hour")).unwrap_err(), ["from"]);
        assert!(resolve(&long("day")).is_ok());
    }
}
