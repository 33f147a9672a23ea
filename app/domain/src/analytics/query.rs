//! Questions to analytics. They come as text, so that every fault of a request is told at once.

use crate::{
    FieldError,
    money::Currency,
    overview::{DayRange, clean, date, given, short},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest range of days told by the hour.
pub const MAX_HOURLY_DAYS: i64 = 31;
/// Longest of the others.
const MAX_DAYS: i64 = 366;

/// As they stand in a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct AnalyticsQuery {
    /// The last so many clock hours, the running one among them: 1 to 168.
    pub hours: Option<String>,
    /// The last so many business days, today among them: 1 to 365.
    pub days: Option<String>,
    /// First and last business day.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Rows: 1 to 50.
    pub limit: Option<String>,
    /// `revenue`, `gross`, `units`.
    pub measure: Option<String>,
    /// `stocked`, `service`, `all`.
    pub kind: Option<String>,
    /// Id of a category.
    pub category: Option<String>,
    /// Only facts in this currency, unconverted.
    pub currency: Option<String>,
    /// `1`: without confirmed fraud.
    pub clean: Option<String>,
    /// `rfm`, `tier`.
    pub by: Option<String>,
    /// Day of the segments.
    pub as_of: Option<String>,
}

/// What products are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Measure {
    #[default]
    Revenue,
    Gross,
    Units,
}

impl Measure {
    pub const ALL: [Self; 3] = [Self::Revenue, Self::Gross, Self::Units];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revenue => "revenue",
            Self::Gross => "gross",
            Self::Units => "units",
        }
    }
}

/// Which clock hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HourlyWindow {
    /// So many, ending with the running one.
    Last(u16),
    Days(DayRange),
}

/// A question for hours, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HourlyRequest {
    pub window: HourlyWindow,
    pub only: Option<Currency>,
    pub clean: bool,
}

/// A question for products, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProductRequest {
    pub days: DayRange,
    pub measure: Measure,
    /// `None`: both kinds.
    pub kind: Option<&'static str>,
    pub category: Option<Uuid>,
    /// `None`: every one.
    pub limit: Option<u16>,
    pub only: Option<Currency>,
    pub clean: bool,
}

/// A question for categories, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CategoryRequest {
    pub days: DayRange,
    pub only: Option<Currency>,
    pub clean: bool,
}

impl AnalyticsQuery {
    /// From the pairs of an address; names that mean nothing here are left alone.
    #[must_use]
    pub fn parse(pairs: Vec<(String, String)>) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            let field = match name.as_str() {
                "hours" => &mut query.hours,
                "days" => &mut query.days,
                "from" => &mut query.from,
                "to" => &mut query.to,
                "limit" => &mut query.limit,
                "measure" => &mut query.measure,
                "kind" => &mut query.kind,
                "category" => &mut query.category,
                "currency" => &mut query.currency,
                "clean" => &mut query.clean,
                "by" => &mut query.by,
                "as_of" => &mut query.as_of,
                _ => continue,
            };
            *field = Some(value);
        }
        query
    }

    /// # Errors
    /// Every fault of the query with its path.
    pub fn hourly(&self, today: NaiveDate) -> Result<HourlyRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let hours = whole("hours", self.hours.as_deref(), 1..=168, &mut faults);
        if hours.is_some() && (given(self.from.as_deref()).or(given(self.to.as_deref()))).is_some() {
            faults.push(FieldError::new("hours", "Give a number of hours, or a first and a last day, not both."));
        }
        let range = self.range(today, MAX_HOURLY_DAYS, &mut faults);
        let window = match (hours, range) {
            (None, Some(days)) => HourlyWindow::Days(days),
            (hours, _) => HourlyWindow::Last(hours.unwrap_or(24)),
        };
        let (only, clean) = (self.only(&mut faults), clean(self.clean.as_deref(), &mut faults));
        if faults.is_empty() { Ok(HourlyRequest { window, only, clean }) } else { Err(faults) }
    }

    /// # Errors
    /// Every fault of the query with its path.
    pub fn products(&self, today: NaiveDate) -> Result<ProductRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let days = self.day_range(today, 7, &mut faults);
        let limit = whole("limit", self.limit.as_deref(), 1..=50, &mut faults).unwrap_or(10);
        let measure = match given(self.measure.as_deref()) {
            None => Measure::default(),
            Some(text) => Measure::ALL.into_iter().find(|m| m.as_str() == text).unwrap_or_else(|| {
                faults.push(FieldError::new(
                    "measure",
                    format!("\"{}\" is not a measure; use revenue, gross or units.", short(text)),
                ));
                Measure::default()
            }),
        };
        let kind = match given(self.kind.as_deref()) {
            None | Some("stocked") => Some("stocked"),
            Some("service") => Some("service"),
            Some("all") => None,
            Some(other) => {
                faults.push(FieldError::new(
                    "kind",
                    format!("\"{}\" is not a kind; use stocked, service or all.", short(other)),
                ));
                None
            }
        };
        let category = given(self.category.as_deref()).and_then(|text| {
            let id = Uuid::parse_str(text).ok();
            if id.is_none() {
                faults.push(FieldError::new("category", "This is no category's id."));
            }
            id
        });
        let (only, clean) = (self.only(&mut faults), clean(self.clean.as_deref(), &mut faults));
        if faults.is_empty() {
            Ok(ProductRequest { days, measure, kind, category, limit: Some(limit), only, clean })
        } else {
            Err(faults)
        }
    }

    /// # Errors
    /// Every fault of the query with its path.
    pub fn categories(&self, today: NaiveDate) -> Result<CategoryRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let days = self.day_range(today, 30, &mut faults);
        let (only, clean) = (self.only(&mut faults), clean(self.clean.as_deref(), &mut faults));
        if faults.is_empty() { Ok(CategoryRequest { days, only, clean }) } else { Err(faults) }
    }

    fn day_range(&self, today: NaiveDate, usual: u64, faults: &mut Vec<FieldError>) -> DayRange {
        let days = whole("days", self.days.as_deref(), 1..=365, faults);
        let range = self.range(today, MAX_DAYS, faults);
        if days.is_some() && range.is_some() {
            faults.push(FieldError::new("days", "Give a number of days, or a first and a last day, not both."));
        }
        range.unwrap_or_else(|| DayRange::ending(today, days.map_or(usual, u64::from)))
    }

    /// `None` when neither end is given.
    fn range(&self, today: NaiveDate, most: i64, faults: &mut Vec<FieldError>) -> Option<DayRange> {
        let from = date("from", self.from.as_deref(), faults);
        let to = date("to", self.to.as_deref(), faults);
        if from.is_none() && to.is_none() {
            return None;
        }
        let to = to.unwrap_or(today);
        let days = DayRange { from: from.unwrap_or(to), to };
        if days.from > days.to {
            faults.push(FieldError::new("from", "The first day must not be after the last day."));
        } else if days.days() > most {
            faults.push(FieldError::new("from", format!("At most {most} days at once; choose a later first day.")));
        }
        Some(days)
    }

    fn only(&self, faults: &mut Vec<FieldError>) -> Option<Currency> {
        let text = given(self.currency.as_deref())?;
        let currency = text.parse().ok();
        if currency.is_none() {
            faults.push(FieldError::new(
                "currency",
                format!("\"{}\" is not a currency; use three letters such as EUR.", short(text)),
            ));
        }
        currency
    }
}

fn whole(
    path: &str,
    text: Option<&str>,
    range: std::ops::RangeInclusive<u16>,
    faults: &mut Vec<FieldError>,
) -> Option<u16> {
    let number = given(text)?.parse::<u16>().ok().filter(|n| range.contains(n));
    if number.is_none() {
        faults.push(FieldError::new(path, format!("Give a whole number from {} to {}.", range.start(), range.end())));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn query(text: &str) -> AnalyticsQuery {
        AnalyticsQuery::parse(crate::query::pairs(text))
    }

    #[test]
    fn nothing_given_means_a_day_a_week_a_month() {
        let today = d("2026-11-22");
        assert_eq!(query("").hourly(today).unwrap().window, HourlyWindow::Last(24));
        let products = query("").products(today).unwrap();
        assert_eq!(
            (products.days, products.limit, products.kind),
            (DayRange::ending(today, 7), Some(10), Some("stocked"))
        );
        assert_eq!(query("").categories(today).unwrap().days, DayRange::ending(today, 30));
        assert_eq!(query("kind=all").products(today).unwrap().kind, None);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let today = d("2026-11-22");
        let paths = |faults: Vec<FieldError>| faults.into_iter().map(|f| f.path).collect::<Vec<_>>();
        let faults = query("hours=169&from=2011-13-01&currency=Euro&clean=2").hourly(today).unwrap_err();
        assert_eq!(paths(faults), ["hours", "from", "currency", "clean"].map(str::to_owned));
        assert_eq!(paths(query("hours=1&from=2026-11-22").hourly(today).unwrap_err()), ["hours"]);
        assert_eq!(paths(query("from=2026-10-01").hourly(today).unwrap_err()), ["from"]);
        assert!(query("from=2026-10-23").hourly(today).is_ok(), "31 days are allowed");
        let faults = query("days=366&limit=51&measure=best&kind=odd&category=x").products(today).unwrap_err();
        assert_eq!(paths(faults), ["days", "limit", "measure", "kind", "category"]);
        assert_eq!(paths(query("days=7&to=2026-11-22").categories(today).unwrap_err()), ["days"]);
    }
}
