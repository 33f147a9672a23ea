//! What the screens and answers of the overview hold. Times are in the business zone; amounts in base currency.

use super::{
    metric::{Basis, MetricKey, Unit},
    pace::Pace,
    scope::{Scope, Sliding},
};
use crate::{
    AppError, FieldError, format,
    freshness::{ErrorClass, Freshness},
    ids::TransactionId,
    money::{Currency, Money},
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
}

impl Badge {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Cached => "Cached",
            Self::Demo => "Demo",
        }
    }

    /// Class of the badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Live => "good",
            Self::Cached => "warn",
            Self::Demo => "demo",
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
        }
    }

    /// Whether it can be true: counts are not negative, rates are within bounds, money has a currency.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let counts = [Some(self.row_count), self.held, self.guest_orders, self.buyers_not_visited];
        let counted = counts.into_iter().flatten().chain([self.rows_without_rate]).all(|n| n >= 0);
        let valued = self.value.is_none_or(|value| match self.unit {
            Unit::Money => self.currency.is_some(),
            Unit::Percent => value >= Decimal::ZERO && value <= Decimal::ONE_HUNDRED,
            Unit::Orders | Unit::Customers | Unit::Visitors | Unit::Ratio => value >= Decimal::ZERO,
        });
        counted && valued
    }

    /// The value as a person reads it.
    #[must_use]
    pub fn text(&self, locale: &str) -> String {
        self.value.map_or_else(|| format::UNKNOWN.to_owned(), |value| written(value, self.unit, self.currency, locale))
    }

    /// What stands beside the value, in words.
    #[must_use]
    pub fn notes(&self, locale: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(held) = self.held.filter(|n| *n > 0) {
            notes.push(format!("+{} held", format::count(held, locale)));
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

/// How far a bar or a day has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
// Runs of jobs have a Progress too; names of the API's description are the whole API's.
#[schema(as = DayProgress)]
pub enum Progress {
    Done,
    Running,
    Ahead,
}

/// One local hour, or one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bar {
    pub label: String,
    pub start: DateTime<FixedOffset>,
    pub end: DateTime<FixedOffset>,
    /// By the counting rule asked for.
    #[schema(format = "decimal")]
    pub revenue: Decimal,
    #[schema(format = "decimal")]
    pub revenue_net: Decimal,
    pub orders: i64,
    pub progress: Progress,
}

/// Revenue of a scope by hour or by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bars {
    pub by_hour: bool,
    pub items: Vec<Bar>,
    pub basis: Basis,
    pub currency: Currency,
    pub zone: String,
    pub rows_without_rate: i64,
    pub computed_at: DateTime<FixedOffset>,
    pub age_seconds: i64,
    pub freshness: Freshness,
}

/// One business day of a trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrendDay {
    pub day: NaiveDate,
    /// Length of the day; 0 where the zone skipped the date.
    #[schema(format = "decimal")]
    pub hours: Decimal,
    /// By the counting rule asked for.
    #[schema(format = "decimal")]
    pub revenue: Decimal,
    #[schema(format = "decimal")]
    pub revenue_net: Decimal,
    #[schema(format = "decimal")]
    pub revenue_gross: Decimal,
    #[schema(format = "decimal")]
    pub refunds: Decimal,
    pub orders: i64,
    pub active_customers: i64,
    pub visitors: i64,
    /// Percent; `None` without visits.
    #[schema(format = "decimal")]
    pub conversion: Option<Decimal>,
    /// Today.
    pub partial: bool,
    /// When the figures were last corrected after the day was over.
    pub revised: Option<DateTime<FixedOffset>>,
}

impl TrendDay {
    /// What stands beside the date: " (so far)", " (revised 22 Nov 2026, 10:42)", or nothing.
    #[must_use]
    pub fn mark(&self) -> String {
        match self.revised {
            _ if self.partial => " (so far)".to_owned(),
            Some(at) => format!(" (revised {})", format::date_time(at)),
            None => String::new(),
        }
    }
}

/// Sums over the days of a trend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrendTotals {
    #[schema(format = "decimal")]
    pub revenue: Decimal,
    #[schema(format = "decimal")]
    pub revenue_net: Decimal,
    #[schema(format = "decimal")]
    pub revenue_gross: Decimal,
    pub orders: i64,
}

/// Exactly the days asked for, in the order asked for; days without orders are 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trend {
    pub items: Vec<TrendDay>,
    pub totals: TrendTotals,
    /// As many days right before.
    pub before: TrendTotals,
    pub basis: Basis,
    pub currency: Currency,
    pub zone: String,
    pub rows_without_rate: i64,
    pub computed_at: DateTime<FixedOffset>,
    pub age_seconds: i64,
    pub freshness: Freshness,
    pub badge: Badge,
}

/// A sale in the short list of the home page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentSale {
    pub id: TransactionId,
    pub number: i64,
    pub at: DateTime<FixedOffset>,
    pub age_seconds: i64,
    /// As in [`super::FactRow::customer`].
    pub customer: String,
    pub quantity: Decimal,
    pub total: Money,
    pub status: String,
}

/// `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewScreen {
    pub scope: Scope,
    pub today: NaiveDate,
    pub zone: String,
    pub currency: Currency,
    /// Since when the database is away: all figures are the last known.
    pub outage_since: Option<DateTime<FixedOffset>>,
    /// Revenue, orders, active customers, conversion.
    pub tiles: Vec<Tile>,
    // Each block may fail alone.
    pub bars: Result<Bars, AppError>,
    /// 30 days ending with the last day of the scope, oldest first.
    pub trend: Result<Trend, AppError>,
    /// `None` without the right to see transactions.
    pub recent: Option<Result<Vec<RecentSale>, AppError>>,
}

/// `/overview/kpis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KpisScreen {
    pub scope: Scope,
    pub today: NaiveDate,
    pub zone: String,
    pub currency: Currency,
    /// As in [`OverviewScreen`].
    pub outage_since: Option<DateTime<FixedOffset>>,
    /// Every figure.
    pub tiles: Vec<Tile>,
    pub trend: Result<Trend, AppError>,
}

/// `data` of the documented dashboard. `None` is unknown; `metadata.unavailable` says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dashboard {
    /// After refunds.
    #[schema(format = "decimal")]
    pub total_sales: Decimal,
    pub total_customers: i64,
    pub total_transactions: i64,
    pub total_products: i64,
    #[schema(format = "decimal")]
    pub sales_24h: Decimal,
    pub active_customers_24h: i64,
    pub transactions_24h: i64,
    pub active_alerts: Option<i64>,
    pub low_stock_count: Option<i64>,
    pub suspicious_transactions_24h: Option<i64>,
    pub currency: Currency,
    pub last_updated: DateTime<FixedOffset>,
    pub period: DashboardPeriod,
}

/// The sliding window asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DashboardPeriod {
    pub period: Sliding,
    /// `None` for all time.
    pub from: Option<DateTime<FixedOffset>>,
    pub to: DateTime<FixedOffset>,
    pub zone: String,
    #[schema(format = "decimal")]
    pub sales: Decimal,
    pub transactions: i64,
    pub active_customers: i64,
    pub suspicious: Option<i64>,
    /// The window right before; `None` for all time.
    pub previous: Option<PreviousPeriod>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviousPeriod {
    pub from: DateTime<FixedOffset>,
    pub to: DateTime<FixedOffset>,
    #[schema(format = "decimal")]
    pub sales: Decimal,
    pub transactions: i64,
    pub active_customers: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DashboardMetadata {
    pub cached: bool,
    pub badge: Badge,
    pub age_seconds: i64,
    pub rows_without_rate: i64,
    /// Field → why it is null.
    pub unavailable: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardAnswer {
    pub data: Dashboard,
    pub metadata: DashboardMetadata,
}

/// The last 60 seconds, ending now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Realtime {
    pub transactions_last_minute: i64,
    #[schema(format = "decimal")]
    pub sales_last_minute: Decimal,
    pub currency: Currency,
    pub timestamp: DateTime<FixedOffset>,
}

/// One visit told by the shop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordVisit {
    /// Random id of the browser; no personal data.
    pub visitor_key: String,
    #[serde(default)]
    pub session_ref: Option<String>,
    #[serde(default)]
    pub path: Option<String>,
    /// Where the visitor came from.
    #[serde(default)]
    pub source: Option<String>,
}

impl RecordVisit {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut check = |path: &str, text: &str, most: usize| {
            if text.chars().count() > most {
                faults.push(FieldError::new(path, format!("At most {most} characters.")));
            } else if text.chars().any(char::is_control) {
                faults.push(FieldError::new(path, "Control characters are not allowed."));
            }
        };
        check("visitor_key", &self.visitor_key, 100);
        check("session_ref", self.session_ref.as_deref().unwrap_or_default(), 50);
        check("path", self.path.as_deref().unwrap_or_default(), 500);
        check("source", self.source.as_deref().unwrap_or_default(), 100);
        if self.visitor_key.trim().is_empty() {
            faults
                .push(FieldError::new("visitor_key", "Say which browser visited: a random id without personal data."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_tells_all_its_faults() {
        let visit =
            RecordVisit { session_ref: Some("x".repeat(51)), path: Some("/a\0".into()), ..RecordVisit::default() };
        let paths: Vec<_> = visit.validate().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["session_ref", "path", "visitor_key"]);
        assert!(RecordVisit { visitor_key: "b-1".into(), ..RecordVisit::default() }.validate().is_ok());
    }

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
}
