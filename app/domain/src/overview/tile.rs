//! One figure with all that is said of it.

use super::{
    metric::{MetricKey, Unit},
    pace::Pace,
    source::LateSource,
};
use crate::{
    format,
    freshness::{ErrorClass, Freshness, State},
    ids::SnapshotId,
    money::Currency,
};
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a figure is of now, and of the real business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Badge {
    Live,
    /// Older than its time to live.
    Cached,
    /// Some input row comes from the demo world.
    Demo,
    /// Some input row comes from a simulator that stands in for another system.
    Simulated,
}

impl Badge {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Cached => "Cached",
            Self::Demo => "Demo",
            Self::Simulated => "Simulated",
        }
    }

    /// Class of the badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Live => "good",
            Self::Cached => "warn",
            Self::Demo | Self::Simulated => "demo",
        }
    }
}

/// Half-open range of instants, written in its zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Span {
    pub from: DateTime<FixedOffset>,
    pub to: DateTime<FixedOffset>,
    pub zone: String,
}

/// In the unit of its figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Interval {
    #[schema(format = "decimal")]
    pub low: Decimal,
    #[schema(format = "decimal")]
    pub high: Decimal,
}

/// Against the same part of an earlier period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// "last Tue", "the 7 days before".
    pub against: String,
    #[schema(format = "decimal")]
    pub previous: Option<Decimal>,
    /// One decimal; `None` is "n/a".
    #[schema(format = "decimal")]
    pub percent: Option<Decimal>,
    /// Difference of a rate, in points, one decimal.
    #[schema(format = "decimal")]
    pub points: Option<Decimal>,
    pub range: Span,
}

/// Why a figure could not be refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TileError {
    pub class: ErrorClass,
}

/// One figure of one scope, with its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tile {
    pub key: MetricKey,
    /// `None` is unknown, never 0; `reason` says why.
    #[schema(format = "decimal")]
    pub value: Option<Decimal>,
    pub reason: Option<String>,
    pub unit: Unit,
    pub currency: Option<Currency>,
    pub interval: Option<Interval>,
    /// Rows of its drill.
    pub row_count: i64,
    /// Orders held for review in the window, beside the orders counted.
    pub held: Option<i64>,
    /// Orders counted that name no customer.
    pub guest_orders: Option<i64>,
    /// Buyers of the window without a recorded visit.
    pub buyers_not_visited: Option<i64>,
    /// Σ net of the sales that a figure of this moment counts, in `currency`.
    #[serde(default)]
    #[schema(format = "decimal")]
    pub amount: Option<Decimal>,
    /// Since when the oldest of them waits.
    #[serde(default)]
    pub oldest_at: Option<DateTime<FixedOffset>>,
    /// Those of the products counted that have none left.
    #[serde(default)]
    pub critical: Option<i64>,
    /// A rate of fewer than 30 visitors.
    pub small_sample: bool,
    /// Rows left out because no exchange rate of their day is known.
    pub rows_without_rate: i64,
    /// Against the period asked for.
    pub change: Option<Change>,
    /// The other comparisons, where all were asked for.
    #[serde(default)]
    pub more_changes: Vec<Change>,
    /// Of today against the target of the day, and of the month so far against that of the month.
    #[serde(default)]
    pub pace: Vec<Pace>,
    #[serde(flatten)]
    pub freshness: Freshness,
    pub badge: Badge,
    /// `None`: never yet.
    pub computed_at: Option<DateTime<FixedOffset>>,
    pub age_seconds: Option<i64>,
    pub formula: String,
    pub range: Span,
    /// The value in the figure's history; `None`: it was not written down.
    #[serde(default)]
    pub snapshot_id: Option<SnapshotId>,
    /// `None`: the last refresh did not fail.
    #[serde(default)]
    pub error: Option<TileError>,
    /// The last good value, which stands in for one that could not be computed; `None`: nothing stands in, or there
    /// never was one.
    #[schema(format = "decimal")]
    #[serde(default)]
    pub fallback_value: Option<Decimal>,
    /// Sources it ate from whose data of this window may still be missing.
    #[serde(default)]
    pub late_sources: Vec<LateSource>,
}

impl Tile {
    /// The tile of a figure that has no value yet, or none that could be had.
    #[must_use]
    pub fn unknown(key: MetricKey, currency: Currency, range: Span, class: Option<ErrorClass>) -> Self {
        let freshness = Freshness::pending(class);
        Self {
            key,
            value: None,
            reason: freshness.words(),
            unit: key.unit(),
            currency: (key.unit() == Unit::Money).then_some(currency),
            interval: None,
            row_count: 0,
            held: None,
            guest_orders: None,
            buyers_not_visited: None,
            amount: None,
            oldest_at: None,
            critical: None,
            small_sample: false,
            rows_without_rate: 0,
            change: None,
            more_changes: Vec::new(),
            pace: Vec::new(),
            freshness,
            badge: Badge::Cached,
            computed_at: None,
            age_seconds: None,
            formula: key.formula().to_owned(),
            range,
            snapshot_id: None,
            error: class.map(|class| TileError { class }),
            fallback_value: None,
            late_sources: Vec::new(),
        }
    }

    /// A value that was kept, as it stands now.
    #[must_use]
    pub fn standing(self, freshness: Freshness, age_seconds: i64) -> Self {
        let error = freshness.error_class.map(|class| TileError { class });
        let badge = match self.badge {
            Badge::Live if freshness.state != State::Fresh => Badge::Cached,
            badge => badge,
        };
        let fallback_value = error.and(self.value);
        Self { freshness, badge, error, fallback_value, age_seconds: Some(age_seconds), ..self }
    }

    /// Whether it can be true: counts are not negative, rates are within bounds, money has a currency.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let counts = [Some(self.row_count), self.held, self.guest_orders, self.buyers_not_visited, self.critical];
        let counted = counts.into_iter().flatten().chain([self.rows_without_rate]).all(|n| n >= 0);
        let valued = self.value.is_none_or(|value| match self.unit {
            Unit::Money => self.currency.is_some(),
            Unit::Percent => value >= Decimal::ZERO && value <= Decimal::ONE_HUNDRED,
            Unit::Orders | Unit::Customers | Unit::Visitors | Unit::Ratio | Unit::Products => value >= Decimal::ZERO,
        });
        counted && valued && (self.amount.is_none() || self.currency.is_some())
    }

    /// The value as a person reads it.
    #[must_use]
    pub fn text(&self, locale: &str) -> String {
        self.text_of(self.value, locale)
    }

    /// Another value of the same figure as a person reads it.
    #[must_use]
    pub fn text_of(&self, value: Option<Decimal>, locale: &str) -> String {
        value.map_or_else(|| format::UNKNOWN.to_owned(), |value| written(value, self.unit, self.currency, locale))
    }

    /// What stands beside the value, in words.
    #[must_use]
    pub fn notes(&self, locale: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(held) = self.held.filter(|n| *n > 0) {
            notes.push(format!("+{} held", format::count(held, locale)));
        }
        if let Some((amount, currency)) = self.amount.zip(self.currency).filter(|_| self.row_count > 0) {
            let risk = if self.key == MetricKey::Held { " at risk" } else { "" };
            notes.push(format!("{}{risk}", format::money(amount, currency, locale)));
        }
        if let Some(oldest) = self.oldest_at {
            notes.push(format!("oldest of {}", format::date_time(oldest)));
        }
        if let Some(critical) = self.critical {
            notes.push(format!("{} critical", format::count(critical, locale)));
        }
        if let Some(guests) = self.guest_orders.filter(|n| *n > 0) {
            notes.push(format!("{} of guests", plural(guests, "order", locale)));
        }
        if let Some(interval) = self.interval {
            notes.push(format!("95 % interval {}–{} %", interval.low, interval.high));
        }
        notes.extend(self.pace.iter().map(|pace| pace.words(self.unit, self.currency, locale)));
        if self.small_sample {
            notes.push("small sample".to_owned());
        }
        if let Some(buyers) = self.buyers_not_visited.filter(|n| *n > 0) {
            notes.push(format!("{} without a recorded visit", plural(buyers, "buyer", locale)));
        }
        if self.rows_without_rate > 0 {
            notes.push(format!("{} without exchange rate left out", plural(self.rows_without_rate, "row", locale)));
        }
        notes
    }
}

/// `value` in its unit.
pub(super) fn written(value: Decimal, unit: Unit, currency: Option<Currency>, locale: &str) -> String {
    match (unit, currency) {
        (Unit::Money, Some(currency)) => format::money(value, currency, locale),
        (Unit::Percent, _) => format::percent(value / Decimal::ONE_HUNDRED, 1),
        (Unit::Ratio, _) => format::number(value.round_dp(1), locale),
        _ => format::number(value, locale),
    }
}

fn plural(n: i64, one: &str, locale: &str) -> String {
    format!("{} {one}{}", format::count(n, locale), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_their_unit() {
        let gbp = Some(Currency::GBP);
        assert_eq!(written("-1566.23".parse().unwrap(), Unit::Money, gbp, "en-GB"), "−£1,566.23");
        assert_eq!(written("19.047619".parse().unwrap(), Unit::Percent, None, "en-GB"), "19.0\u{a0}%");
        assert_eq!(written(Decimal::from(200), Unit::Ratio, None, "en-GB"), "200");
        assert_eq!(written(Decimal::from(1204), Unit::Orders, None, "en-GB"), "1,204");
        assert_eq!(plural(1, "order", "en-GB"), "1 order");
        assert_eq!(plural(2, "order", "en-GB"), "2 orders");
    }

    #[test]
    fn a_value_stands_in_only_for_one_that_failed_and_none_is_made_up() {
        let at = DateTime::parse_from_rfc3339("2026-11-22T00:00:00+00:00").unwrap();
        let range = Span { from: at, to: at, zone: "UTC".into() };
        let never = Tile::unknown(MetricKey::Orders, Currency::GBP, range.clone(), Some(ErrorClass::Query));
        assert_eq!((never.error, never.fallback_value), (Some(TileError { class: ErrorClass::Query }), None));
        let young = Tile::unknown(MetricKey::Orders, Currency::GBP, range, None);
        assert_eq!((young.error, young.fallback_value), (None, None));

        let kept = Tile { value: Some(7.into()), badge: Badge::Live, ..young };
        let fresh = kept.clone().standing(Freshness::default(), 3);
        assert_eq!((fresh.error, fresh.fallback_value, fresh.badge), (None, None, Badge::Live));
        let awaited = kept.clone().standing(Freshness::REFRESHING, 61);
        assert_eq!((awaited.error, awaited.fallback_value, awaited.badge), (None, None, Badge::Cached));
        let failed = kept.standing(Freshness::missed(1, ErrorClass::Timeout), 61);
        assert_eq!((failed.error, failed.value), (Some(TileError { class: ErrorClass::Timeout }), Some(7.into())));
        assert_eq!((failed.fallback_value, failed.age_seconds), (failed.value, Some(61)));
        let json = serde_json::to_value(&failed).unwrap();
        assert_eq!((&json["error"]["class"], &json["fallback_value"]), (&"timeout".into(), &json["value"]));
    }
}
