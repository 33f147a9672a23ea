//! Targets: what a figure shall reach in a day or a month (`overview.md` 3.3).

use super::{
    metric::{MetricKey, Unit},
    tile::written,
};
use crate::{AppError, FieldError, access::Principal, ids::TargetId, money::Currency};
use async_trait::async_trait;
use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Longest note.
const NOTE: usize = 500;
/// Above what any figure reaches, and below what the column holds.
const MOST: Decimal = Decimal::from_parts(276_447_232, 23_283, 0, false, 0);
/// Decimals that are kept.
const SCALE: u32 = 4;

/// What a target is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetPeriod {
    Day,
    Month,
}

impl TargetPeriod {
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }
}

/// How a figure is held against its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// It grows through the day: its part until now against the usual part until now.
    Pace,
    /// A rate: as it stands.
    Direct,
}

impl MetricKey {
    /// `None`: a figure without targets.
    #[must_use]
    pub const fn aim(self) -> Option<Aim> {
        match self {
            Self::RevenueNet | Self::RevenueGross | Self::Orders => Some(Aim::Pace),
            Self::Conversion | Self::AverageOrder => Some(Aim::Direct),
            // The literal rules and people are told, not aimed at.
            Self::AmountAll | Self::OrdersAll | Self::ActiveCustomers | Self::Visitors | Self::OrdersPerHundred => None,
            Self::Held | Self::LowStock | Self::LastMinute => None,
        }
    }

    /// Figures that may have targets.
    pub fn with_targets() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|metric| metric.aim().is_some())
    }
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
// Imports have targets too; names of the API's description are the whole API's.
#[schema(as = KpiTarget)]
pub struct Target {
    pub id: TargetId,
    pub metric: MetricKey,
    pub period: TargetPeriod,
    pub valid_from: NaiveDate,
    /// The first day that it no longer counts: there the next begins.
    pub until: Option<NaiveDate>,
    #[schema(format = "decimal")]
    pub value: Decimal,
    /// Of an amount.
    pub currency: Option<Currency>,
    pub note: String,
    pub created_by: String,
    pub version: i32,
}

impl Target {
    /// Whether it counts on `day`.
    #[must_use]
    pub fn counts_on(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.until.is_none_or(|until| day < until)
    }

    /// The value as a person reads it.
    #[must_use]
    pub fn text(&self, locale: &str) -> String {
        written(self.value, self.metric.unit(), self.currency, locale)
    }
}

/// `/overview/targets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetsScreen {
    /// By figure and period, the latest first.
    pub targets: Vec<Target>,
    pub today: NaiveDate,
    pub currency: Currency,
}

/// Sets a target. Everything is text as it was typed, so that all its faults are told at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SetTarget {
    /// Key of a figure, or its last part.
    pub metric: String,
    /// `day` or `month`.
    pub period: String,
    /// First day, `2026-11-01`; of a month target the first of a month.
    pub valid_from: String,
    /// Above 0; a number, or a number as text.
    #[serde(deserialize_with = "text_or_number")]
    #[schema(schema_with = crate::transactions::decimal_schema)]
    pub value: String,
    pub note: String,
    /// Of the target that is changed; not given: a new one.
    pub version: Option<i32>,
}

fn text_or_number<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    match Value::deserialize(d)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok(String::new()),
        _ => Err(serde::de::Error::custom("a decimal number, plain or as text")),
    }
}

/// [`SetTarget`], understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTarget {
    pub metric: MetricKey,
    pub period: TargetPeriod,
    pub valid_from: NaiveDate,
    pub value: Decimal,
    pub note: String,
    pub version: Option<i32>,
}

impl SetTarget {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<NewTarget, Vec<FieldError>> {
        let mut faults = Vec::new();
        let metric = MetricKey::parse(self.metric.trim()).filter(|metric| metric.aim().is_some());
        if metric.is_none() {
            let known: Vec<_> = MetricKey::with_targets().map(MetricKey::as_str).collect();
            faults.push(FieldError::new("metric", format!("Choose a figure that has targets: {}.", known.join(", "))));
        }
        let period = TargetPeriod::parse(self.period.trim());
        if period.is_none() {
            faults.push(FieldError::new("period", "Choose day or month."));
        }
        if period == Some(TargetPeriod::Month) && metric.is_some_and(|metric| metric.aim() != Some(Aim::Pace)) {
            faults.push(FieldError::new("period", "A rate has targets for days only."));
        }
        let valid_from = self.first_day(period, &mut faults);
        let value = self.amount(metric, &mut faults);
        let note = self.note.trim();
        if note.chars().count() > NOTE {
            faults.push(FieldError::new("note", format!("At most {NOTE} characters.")));
        } else if note.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
            faults.push(FieldError::new("note", "Control characters are not allowed."));
        }
        match (metric, period, valid_from, value) {
            (Some(metric), Some(period), Some(valid_from), Some(value)) if faults.is_empty() => {
                Ok(NewTarget { metric, period, valid_from, value, note: note.to_owned(), version: self.version })
            }
            _ => Err(faults),
        }
    }

    fn first_day(&self, period: Option<TargetPeriod>, faults: &mut Vec<FieldError>) -> Option<NaiveDate> {
        let day = NaiveDate::parse_from_str(self.valid_from.trim(), "%Y-%m-%d")
            .ok()
            .filter(|day| (1971..=2199).contains(&day.year()));
        match day {
            None => faults.push(FieldError::new("valid_from", "Enter the first day, written like 2026-11-01.")),
            Some(day) if period == Some(TargetPeriod::Month) && day.day() != 1 => {
                faults.push(FieldError::new("valid_from", "A month target begins on the first of a month."));
            }
            Some(_) => {}
        }
        day
    }

    fn amount(&self, metric: Option<MetricKey>, faults: &mut Vec<FieldError>) -> Option<Decimal> {
        let value = self.value.trim().parse::<Decimal>().ok().map(|value| value.normalize());
        let unit = metric.map(MetricKey::unit);
        let fault = match value {
            None => "Enter a number, like 10000.50.",
            Some(value) if value <= Decimal::ZERO => "A target is above 0.",
            Some(value) if value > MOST => "That is more than any figure reaches.",
            Some(value) if unit == Some(Unit::Orders) && value.scale() > 0 => "Orders are counted whole.",
            Some(value) if value.scale() > SCALE => "At most four decimals.",
            Some(value) if unit == Some(Unit::Percent) && value > Decimal::ONE_HUNDRED => "At most 100 %.",
            Some(_) => return value,
        };
        faults.push(FieldError::new("value", fault));
        None
    }
}

/// Targets. Reading needs `overview.view`, the rest `overview.targets_edit`.
#[async_trait]
pub trait TargetsPort: Send + Sync + 'static {
    async fn targets(&self, who: &Principal) -> Result<TargetsScreen, AppError>;
    /// Sets a new target, or with its version changes the one of the same figure, period and first day.
    /// `conflict` when that was changed, deleted or set by somebody else in the meantime.
    async fn set(&self, who: &Principal, command: SetTarget) -> Result<Target, AppError>;
    /// `not_found` when there is none.
    async fn delete(&self, who: &Principal, id: TargetId) -> Result<(), AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(metric: &str, period: &str, valid_from: &str, value: &str) -> SetTarget {
        SetTarget {
            metric: metric.into(),
            period: period.into(),
            valid_from: valid_from.into(),
            value: value.into(),
            ..SetTarget::default()
        }
    }

    #[track_caller]
    fn faults(command: &SetTarget) -> Vec<String> {
        command.validate().unwrap_err().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let mut worst = set("sales.visitors", "week", "yesterday", "-1");
        worst.note = "x".repeat(501);
        assert_eq!(faults(&worst), ["metric", "period", "valid_from", "value", "note"]);
        assert_eq!(faults(&SetTarget::default()), ["metric", "period", "valid_from", "value"]);
        assert_eq!(faults(&set("orders", "month", "2026-11-02", "1.5")), ["valid_from", "value"]);
        assert_eq!(faults(&set("conversion", "month", "2026-11-01", "101")), ["period", "value"]);
        for value in ["0", "1.00001", "100000000000001", "ten", "", "1e400"] {
            assert_eq!(faults(&set("revenue_net", "day", "2026-11-02", value)), ["value"], "{value}");
        }
    }

    #[test]
    fn what_is_right_is_understood() {
        let target = set(" sales.revenue_net ", "month", "2026-11-01", "10000.5000").validate().unwrap();
        assert_eq!((target.metric, target.period), (MetricKey::RevenueNet, TargetPeriod::Month));
        assert_eq!((target.value.to_string().as_str(), target.version), ("10000.5", None));
        assert!(set("conversion", "day", "2026-11-02", "100").validate().is_ok());
        assert!(set("average_order", "day", "2026-11-02", "100000000000000").validate().is_ok());
        for json in [r#"{"value": 12.5}"#, r#"{"value": "12.5"}"#] {
            assert_eq!(serde_json::from_str::<SetTarget>(json).unwrap().value, "12.5");
        }
        assert!(serde_json::from_str::<SetTarget>(r#"{"value": [1]}"#).is_err());
    }

    #[test]
    fn a_target_counts_until_the_next() {
        let day = |n: u32| NaiveDate::from_ymd_opt(2026, 11, n).unwrap();
        let target = Target {
            id: TargetId(uuid::Uuid::nil()),
            metric: MetricKey::Orders,
            period: TargetPeriod::Day,
            valid_from: day(2),
            until: Some(day(5)),
            value: 10.into(),
            currency: None,
            note: String::new(),
            created_by: "ann".into(),
            version: 1,
        };
        let counted: Vec<u32> = (1..7).filter(|n| target.counts_on(day(*n))).collect();
        assert_eq!(counted, [2, 3, 4]);
    }
}
