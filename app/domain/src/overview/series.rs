//! Figures over time: by hour of a day, by day, and what asks for them.

use super::{
    metric::Basis,
    scope::{DayRange, basis, clean, date, given, short, trend_days},
    tile::{Badge, Span},
};
use crate::{FieldError, format, freshness::Freshness, money::Currency};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// Revenue and orders at the same place of the period compared with, by the same rule: the same hour of its
    /// day (what has no such hour here stands with the hour before it, so that the sum is its revenue), or the day
    /// as many days before. `None` where that period has nothing at this place, or nothing is compared.
    #[schema(format = "decimal")]
    pub revenue_before: Option<Decimal>,
    pub orders_before: Option<i64>,
    pub progress: Progress,
    /// A day that is over, and of sales nothing arrived though files are expected: its 0 is no 0.
    #[serde(default)]
    pub no_data: bool,
}

/// What stands for the figures of a day of which nothing arrived.
pub const NO_DATA: &str = "no data received";

/// Revenue of a scope by hour or by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bars {
    pub by_hour: bool,
    pub items: Vec<Bar>,
    /// What they are compared with, whole: "last Tue", "the 7 days before"; `None`: with nothing.
    pub against: Option<String>,
    pub range_before: Option<Span>,
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
    /// Over, and of sales nothing arrived though files are expected: its 0 is no 0.
    #[serde(default)]
    pub no_sales_data: bool,
    /// The same of visits.
    #[serde(default)]
    pub no_visits_data: bool,
    /// When the figures were last corrected after the day was over.
    pub revised: Option<DateTime<FixedOffset>>,
    /// The day at the same place of the period before.
    pub before: Option<Counterpart>,
}

/// A day of the period before a trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrendCounterpart)]
pub struct Counterpart {
    pub day: NaiveDate,
    /// By the counting rule asked for.
    #[schema(format = "decimal")]
    pub revenue: Decimal,
    pub orders: i64,
    pub active_customers: i64,
    pub visitors: i64,
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

/// Question for a trend, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct TrendQuery {
    /// 1 to 400; 30 when not given.
    pub days: Option<String>,
    /// Last day; today when not given.
    pub to: Option<String>,
    /// `desc` (newest first, the default) or `asc`.
    pub order: Option<String>,
    pub basis: Option<String>,
    /// As in [`super::ScopeQuery::clean`].
    pub clean: Option<String>,
}

/// A trend question, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrendRequest {
    pub days: DayRange,
    pub newest_first: bool,
    pub basis: Basis,
    pub clean: bool,
}

impl TrendQuery {
    /// # Errors
    /// Every fault of the query with its path.
    pub fn resolve(&self, today: NaiveDate) -> Result<TrendRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let basis = basis(self.basis.as_deref(), &mut faults);
        let clean = clean(self.clean.as_deref(), &mut faults);
        let to = date("to", self.to.as_deref(), &mut faults).unwrap_or(today);
        let days = trend_days(self.days.as_deref(), &mut faults).into();
        let newest_first = match given(self.order.as_deref()) {
            None | Some("desc") => true,
            Some("asc") => false,
            Some(other) => {
                faults
                    .push(FieldError::new("order", format!("\"{}\" is not an order; use asc or desc.", short(other))));
                true
            }
        };
        if faults.is_empty() {
            Ok(TrendRequest { days: DayRange::ending(to, days), newest_first, basis, clean })
        } else {
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn trends_have_1_to_400_days() {
        let trend = |days: &str| {
            TrendQuery { days: Some(days.into()), to: Some("2011-05-31".into()), ..TrendQuery::default() }
                .resolve(d("2026-11-22"))
        };
        let thirty = trend("30").unwrap();
        assert_eq!((thirty.days.from, thirty.days.days(), thirty.newest_first), (d("2011-05-02"), 30, true));
        assert_eq!(thirty.days.before(), DayRange { from: d("2011-04-02"), to: d("2011-05-01") });
        for bad in ["0", "401", "-1", "x", "1.5"] {
            assert_eq!(trend(bad).unwrap_err()[0].path, "days", "{bad}");
        }
        assert_eq!(TrendQuery::default().resolve(d("2026-11-22")).unwrap().days.days(), 30);
        let faults = TrendQuery {
            days: Some("0".into()),
            to: Some("?".into()),
            order: Some("up".into()),
            basis: Some("x".into()),
            clean: Some("x".into()),
        };
        assert_eq!(faults.resolve(d("2026-11-22")).unwrap_err().len(), 5);
    }
}
