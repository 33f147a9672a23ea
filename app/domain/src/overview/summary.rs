//! Days summed up and kept, as the API gives them.

use crate::{AppError, access::Principal, money::Currency};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// First and last day as text; the last 30 days when nothing is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SummaryQuery {
    pub from: Option<String>,
    pub to: Option<String>,
}

/// A business day as it is kept; amounts in `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SummaryDay {
    pub day: NaiveDate,
    pub zone: String,
    pub currency: Currency,
    pub day_start: DateTime<FixedOffset>,
    pub day_end: DateTime<FixedOffset>,
    /// Length of the day; 0 where the zone skipped the date.
    #[schema(format = "decimal")]
    pub hours: Decimal,
    #[schema(format = "decimal")]
    pub revenue_net: Decimal,
    #[schema(format = "decimal")]
    pub revenue_gross: Decimal,
    #[schema(format = "decimal")]
    pub refunds: Decimal,
    /// Total of the orders of whatever status, by the time of ordering.
    #[schema(format = "decimal")]
    pub amount_all: Decimal,
    pub orders: i64,
    /// Orders of whatever status, by the time of ordering.
    pub orders_all: i64,
    pub orders_held: i64,
    pub refund_rows: i64,
    pub active_customers: i64,
    pub orders_without_customer: i64,
    pub visitors: i64,
    pub buyers_visited: i64,
    pub buyers_not_visited: i64,
    /// Sales and refund lines left out because no exchange rate of their day is known.
    pub rows_without_rate: i64,
    /// Facts that are not of the real business.
    pub demo_rows: i64,
    /// Computed after the day was over.
    pub is_final: bool,
    /// From 1; counts how often the figures of the closed day changed.
    pub revision: i32,
    /// When the figures last changed.
    pub computed_at: DateTime<FixedOffset>,
}

/// Kept days. Needs `overview.view`.
#[async_trait]
pub trait SummaryPort: Send + Sync + 'static {
    /// Oldest first; days that are not summed up are left out.
    async fn summary(&self, who: &Principal, query: &SummaryQuery) -> Result<Vec<SummaryDay>, AppError>;
}
