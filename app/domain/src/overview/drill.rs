//! The rows behind a figure. Number and rows come from one snapshot, so their counts are equal.

use super::{
    history::{HistoryItem, PastValue},
    metric::{MetricKey, OrderSet},
    scope::{Scope, ScopeQuery, given, short},
    stock::StockLevel,
    tile::Tile,
};
use crate::{
    FieldError,
    ids::{CustomerId, ProductId, RefundId, SnapshotId, TransactionId},
    money::{Currency, Money},
    paging::{DEFAULT_LIMIT, MAX_LIMIT, Page},
};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one row of a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillKind {
    /// A sale or a refund line.
    Facts,
    /// A customer with the orders counted.
    Buyers,
    /// A visitor, and whether they ordered.
    Visitors,
    /// A product at a site, and what is left of it.
    Products,
}

impl MetricKey {
    #[must_use]
    pub const fn drill_kind(self) -> DrillKind {
        match self {
            Self::RevenueNet
            | Self::RevenueGross
            | Self::AmountAll
            | Self::Orders
            | Self::OrdersAll
            | Self::AverageOrder
            | Self::Held
            | Self::LastMinute => DrillKind::Facts,
            Self::ActiveCustomers => DrillKind::Buyers,
            Self::Visitors | Self::Conversion | Self::OrdersPerHundred => DrillKind::Visitors,
            Self::LowStock => DrillKind::Products,
        }
    }
}

/// Order of the rows; ties are broken by id, so the order is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DrillSort {
    Newest,
    Oldest,
    AmountDown,
    AmountUp,
    OrdersDown,
    OrdersUp,
    StockUp,
    StockDown,
}

impl DrillSort {
    const ALL: [Self; 8] = [
        Self::Newest,
        Self::Oldest,
        Self::AmountDown,
        Self::AmountUp,
        Self::OrdersDown,
        Self::OrdersUp,
        Self::StockUp,
        Self::StockDown,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "-at",
            Self::Oldest => "at",
            Self::AmountDown => "-amount",
            Self::AmountUp => "amount",
            Self::OrdersDown => "-orders",
            Self::OrdersUp => "orders",
            Self::StockUp => "available",
            Self::StockDown => "-available",
        }
    }

    #[must_use]
    pub const fn is_descending(self) -> bool {
        matches!(self, Self::Newest | Self::AmountDown | Self::OrdersDown | Self::StockDown)
    }

    /// The first is the order when none is asked for.
    #[must_use]
    pub const fn of(kind: DrillKind) -> &'static [Self] {
        match kind {
            DrillKind::Facts => &[Self::Newest, Self::Oldest, Self::AmountDown, Self::AmountUp],
            DrillKind::Buyers => &[Self::OrdersDown, Self::OrdersUp, Self::AmountDown, Self::AmountUp],
            DrillKind::Visitors => &[Self::Newest, Self::Oldest],
            DrillKind::Products => &[Self::StockUp, Self::StockDown],
        }
    }
}

/// Question for rows, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct DrillQuery {
    pub period: Option<String>,
    pub day: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub basis: Option<String>,
    pub compare: Option<String>,
    /// As in [`ScopeQuery::days`]; only carried on.
    pub days: Option<String>,
    /// First instant of a local hour of the one day: only the rows of that hour.
    pub hour: Option<String>,
    /// As in [`ScopeQuery::clean`].
    pub clean: Option<String>,
    /// Part of a transaction number, reference or customer number; of a visitor's key; of a product's SKU or name.
    pub q: Option<String>,
    pub sort: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<String>,
    /// The value that was looked at: a [`SnapshotId`].
    pub seen: Option<String>,
}

/// A question for rows, understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DrillRequest {
    pub metric: MetricKey,
    pub scope: Scope,
    pub orders: OrderSet,
    pub q: Option<String>,
    pub sort: DrillSort,
    /// Opaque; made by `store`.
    pub cursor: Option<String>,
    pub limit: u32,
    pub seen: Option<SnapshotId>,
}

impl DrillQuery {
    /// From the pairs of an address; names that mean nothing here are left alone.
    #[must_use]
    pub fn parse(pairs: Vec<(String, String)>) -> Self {
        let ScopeQuery { period, day, from, to, basis, compare, days, clean } = ScopeQuery::parse(pairs.clone());
        let mut query = Self { period, day, from, to, basis, compare, days, clean, ..Self::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "hour" => query.hour = Some(value),
                "q" => query.q = Some(value),
                "sort" => query.sort = Some(value),
                "cursor" => query.cursor = Some(value),
                "limit" => query.limit = Some(value),
                "seen" => query.seen = Some(value),
                _ => {}
            }
        }
        query
    }

    #[must_use]
    pub fn scope(&self) -> ScopeQuery {
        ScopeQuery {
            period: self.period.clone(),
            day: self.day.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            basis: self.basis.clone(),
            compare: self.compare.clone(),
            days: self.days.clone(),
            clean: self.clean.clone(),
        }
    }

    /// # Errors
    /// Every fault of the query with its path.
    pub fn resolve(&self, metric: MetricKey, today: NaiveDate) -> Result<DrillRequest, Vec<FieldError>> {
        let (mut scope, mut faults) = match self.scope().resolve(today) {
            Ok(scope) => (Some(scope), Vec::new()),
            Err(faults) => (None, faults),
        };
        if let (Some(start), Some(of)) = (hour(self.hour.as_deref(), &mut faults), &mut scope) {
            if of.is_one_day() {
                *of = of.in_hour(start);
            } else {
                faults.push(FieldError::new("hour", "An hour is one of one day; give that as day=2010-12-01."));
            }
        }
        let q = given(self.q.as_deref()).map(str::to_owned);
        if q.as_ref().is_some_and(|q| q.chars().count() > 100) {
            faults.push(FieldError::new("q", "Search for at most 100 characters."));
        }
        let sorts = DrillSort::of(metric.drill_kind());
        let sort = match given(self.sort.as_deref()) {
            None => sorts.first().copied(),
            Some(text) => DrillSort::ALL.into_iter().find(|s| s.as_str() == text && sorts.contains(s)),
        };
        if sort.is_none() {
            let known: Vec<_> = sorts.iter().map(|s| s.as_str()).collect();
            faults.push(FieldError::new("sort", format!("These rows sort by {}.", known.join(", "))));
        }
        let limit = match given(self.limit.as_deref()).map(str::parse::<u32>) {
            None => Some(DEFAULT_LIMIT),
            Some(Ok(n)) if (1..=MAX_LIMIT).contains(&n) => Some(n),
            Some(_) => {
                faults.push(FieldError::new("limit", format!("Limit must be a whole number from 1 to {MAX_LIMIT}.")));
                None
            }
        };
        let cursor = given(self.cursor.as_deref()).map(str::to_owned);
        let seen = given(self.seen.as_deref()).map(str::parse::<SnapshotId>).transpose();
        let seen = seen.unwrap_or_else(|_| {
            faults.push(FieldError::new("seen", "This is not the number of a value; take it from a figure's receipt."));
            None
        });
        match (scope, sort, limit) {
            (Some(scope), Some(sort), Some(limit)) if faults.is_empty() => {
                Ok(DrillRequest { metric, scope, orders: metric.order_set(scope.basis), q, sort, cursor, limit, seen })
            }
            _ => Err(faults),
        }
    }
}

/// A `+` that the address did not spell out has come as a space.
fn hour(text: Option<&str>, faults: &mut Vec<FieldError>) -> Option<DateTime<Utc>> {
    let text = given(text)?;
    let at = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok();
    if at.is_none() {
        let what = format!("\"{}\" is not a moment; write it like 2010-12-01T08:00:00Z.", short(text));
        faults.push(FieldError::new("hour", what));
    }
    at.map(|at| at.with_timezone(&Utc))
}

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    Sale,
    RefundLine,
}

impl FactKind {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sale => "Sale",
            Self::RefundLine => "Refund",
        }
    }
}

/// A sale (amount positive) or a refund line (amount negative).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactRow {
    pub kind: FactKind,
    /// The sale; of a refund the sale it belongs to, where that is known.
    pub transaction_id: Option<TransactionId>,
    pub refund_id: Option<RefundId>,
    pub line_no: i32,
    /// Number of the sale.
    pub number: Option<i64>,
    pub external_ref: Option<String>,
    pub at: DateTime<FixedOffset>,
    /// No personal data: the customer's number at the source, or ours. Empty for a guest.
    pub customer: String,
    pub status: String,
    pub amount: Money,
    /// In base currency by the rate of its business day; `None` without a rate.
    #[schema(format = "decimal")]
    pub base_amount: Option<Decimal>,
}

/// A customer and what the orders counted brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BuyerRow {
    pub customer_id: CustomerId,
    pub customer: String,
    pub orders: i64,
    /// Sum in base currency over the orders that have a rate.
    #[schema(format = "decimal")]
    pub amount: Decimal,
}

/// A visitor of the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VisitorRow {
    pub visitor: String,
    pub first_visit_at: DateTime<FixedOffset>,
    pub visits: i64,
    pub source: Option<String>,
    pub ordered: bool,
}

/// A product of which a site has little left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductRow {
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    /// Code of the site.
    pub site: String,
    #[schema(format = "decimal")]
    pub on_hand: Decimal,
    #[schema(format = "decimal")]
    pub reserved: Decimal,
    /// On hand and not reserved.
    #[schema(format = "decimal")]
    pub available: Decimal,
    pub level: StockLevel,
}

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "page", rename_all = "snake_case")]
pub enum DrillRows {
    Facts(Page<FactRow>),
    Buyers(Page<BuyerRow>),
    Visitors(Page<VisitorRow>),
    Products(Page<ProductRow>),
}

impl DrillRows {
    /// No rows of a kind.
    #[must_use]
    pub const fn none(kind: DrillKind) -> Self {
        match kind {
            DrillKind::Facts => Self::Facts(Page { items: Vec::new(), next_cursor: None, total: 0 }),
            DrillKind::Buyers => Self::Buyers(Page { items: Vec::new(), next_cursor: None, total: 0 }),
            DrillKind::Visitors => Self::Visitors(Page { items: Vec::new(), next_cursor: None, total: 0 }),
            DrillKind::Products => Self::Products(Page { items: Vec::new(), next_cursor: None, total: 0 }),
        }
    }

    /// Rows of the whole filter, not of the page.
    #[must_use]
    pub const fn total(&self) -> i64 {
        match self {
            Self::Facts(page) => page.total,
            Self::Buyers(page) => page.total,
            Self::Visitors(page) => page.total,
            Self::Products(page) => page.total,
        }
    }

    #[must_use]
    pub fn next_cursor(&self) -> Option<&str> {
        match self {
            Self::Facts(page) => page.next_cursor.as_deref(),
            Self::Buyers(page) => page.next_cursor.as_deref(),
            Self::Visitors(page) => page.next_cursor.as_deref(),
            Self::Products(page) => page.next_cursor.as_deref(),
        }
    }
}

/// The number that was looked at before, where it was another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Earlier {
    #[serde(flatten)]
    pub value: PastValue,
    /// Rows that came or changed since, newest first, and no more than a few; of sales and refunds only.
    pub changed: Vec<FactRow>,
}

/// The drill page: the receipt, the number, the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// The number, of the same moment as the rows.
    pub number: Tile,
    pub earlier: Option<Earlier>,
    /// How a single day's number came, by the hour, oldest first; on the first page of rows.
    pub past: Vec<HistoryItem>,
    pub rows: DrillRows,
    /// Why there are no rows: the number is the last known one then.
    pub rows_missing: Option<String>,
    pub scope: Scope,
    pub sort: DrillSort,
    pub base_currency: Currency,
    pub as_of: DateTime<FixedOffset>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_fit_the_kind_of_rows() {
        let today = "2026-11-22".parse().unwrap();
        let sorted = |sort: &str| DrillQuery { sort: Some(sort.into()), ..DrillQuery::default() };
        assert_eq!(DrillQuery::default().resolve(MetricKey::Orders, today).unwrap().sort, DrillSort::Newest);
        assert_eq!(sorted("-amount").resolve(MetricKey::RevenueNet, today).unwrap().sort, DrillSort::AmountDown);
        assert_eq!(sorted("-amount").resolve(MetricKey::Conversion, today).unwrap_err()[0].path, "sort");
        assert_eq!(
            DrillQuery::default().resolve(MetricKey::ActiveCustomers, today).unwrap().sort,
            DrillSort::OrdersDown
        );
    }

    #[test]
    fn an_hour_belongs_to_one_day() {
        let asked = |day: &str, hour: &str| {
            DrillQuery::parse(vec![("day".into(), day.into()), ("hour".into(), hour.into())])
                .resolve(MetricKey::Orders, "2026-11-22".parse().unwrap())
        };
        let at = "2026-11-01T05:30:00Z".parse().unwrap();
        assert_eq!(asked("2026-11-01", "2026-11-01T05:30:00Z").unwrap().scope.hour, Some(at));
        assert_eq!(asked("2026-11-01", "2026-11-01T11:00:00 05:30").unwrap().scope.hour, Some(at));
        assert_eq!(asked("", "2026-11-22T08:00:00Z").unwrap().scope.days.from, "2026-11-22".parse().unwrap());
        assert_eq!(asked("2026-11-01", "5").unwrap_err()[0].path, "hour");
        let week = DrillQuery {
            period: Some("7d".into()),
            hour: Some("2026-11-22T08:00:00Z".into()),
            ..DrillQuery::default()
        };
        assert_eq!(week.resolve(MetricKey::Orders, "2026-11-22".parse().unwrap()).unwrap_err()[0].path, "hour");
    }

    #[test]
    fn every_fault_of_a_question_for_rows_is_told() {
        let query = DrillQuery {
            basis: Some("x".into()),
            q: Some("y".repeat(101)),
            sort: Some("name".into()),
            limit: Some("0".into()),
            ..DrillQuery::default()
        };
        let faults = query.resolve(MetricKey::Orders, "2026-11-22".parse().unwrap()).unwrap_err();
        assert_eq!(faults.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["basis", "q", "sort", "limit"]);
    }
}
