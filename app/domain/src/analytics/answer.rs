//! What analytics answers. Amounts are in base currency, or in the one asked for alone.

use super::Segments;
use crate::{
    AppError,
    ids::ProductId,
    money::Currency,
    overview::{Badge, Bars, Scope},
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One clock hour; shorter, or there twice, where the clock changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HourlySales {
    pub hour: DateTime<FixedOffset>,
    /// Recognised within it, whatever came later.
    pub transaction_count: i64,
    /// Gross less refunds.
    #[schema(format = "decimal")]
    pub total_sales: Decimal,
    #[schema(format = "decimal")]
    pub gross_sales: Decimal,
    /// By the time of the refund.
    #[schema(format = "decimal")]
    pub refunds: Decimal,
    /// Gross by sale; null without a sale.
    #[schema(format = "decimal")]
    pub avg_transaction: Option<Decimal>,
    /// Distinct known customers.
    pub customers: i64,
    /// Sales that name no customer.
    pub guests: i64,
    pub suspicious_count: i64,
}

/// A product of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopProduct {
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub category: Option<String>,
    /// Available at all sites; null where none is kept, or without the right to see stock.
    #[schema(format = "decimal")]
    pub stock: Option<Decimal>,
    /// Sales that hold it.
    pub sales_count: i64,
    /// Sold; returns are not taken off.
    #[schema(format = "decimal")]
    pub units: Decimal,
    /// Gross less refunds.
    #[schema(format = "decimal")]
    pub total_revenue: Decimal,
    #[schema(format = "decimal")]
    pub gross_sales: Decimal,
    #[schema(format = "decimal")]
    pub refunds: Decimal,
    /// Of the measure of all products of the kind, 0.25 is a quarter; null where that is 0 or less.
    #[schema(format = "decimal")]
    pub share: Option<Decimal>,
    /// Null without the right to see stock.
    pub is_low_stock: Option<bool>,
}

/// A category of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CategoryPerformance {
    /// Null: products without a category.
    pub category_id: Option<Uuid>,
    pub category: Option<String>,
    /// Sales with a line of it.
    pub transaction_count: i64,
    /// Gross less refunds.
    #[schema(format = "decimal")]
    pub total_sales: Decimal,
    #[schema(format = "decimal")]
    pub gross_sales: Decimal,
    #[schema(format = "decimal")]
    pub refunds: Decimal,
    #[schema(format = "decimal")]
    pub units: Decimal,
    /// Distinct products sold.
    pub products: i64,
    /// Distinct known customers.
    pub unique_buyers: i64,
    /// Gross of its lines by sale with one; null without a sale.
    #[schema(format = "decimal")]
    pub avg_transaction: Option<Decimal>,
    /// Of the revenue of all categories; null where that is 0 or less.
    #[schema(format = "decimal")]
    pub share: Option<Decimal>,
    /// Percent against as many days right before; null is n/a.
    #[schema(format = "decimal")]
    pub change: Option<Decimal>,
}

/// The whole window, each sale and each customer counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SalesTotals {
    pub transaction_count: i64,
    #[schema(format = "decimal")]
    pub total_sales: Decimal,
    #[schema(format = "decimal")]
    pub gross_sales: Decimal,
    #[schema(format = "decimal")]
    pub refunds: Decimal,
    #[schema(format = "decimal")]
    pub avg_transaction: Option<Decimal>,
    pub customers: i64,
    pub guests: i64,
}

/// Beside the rows of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnalyticsMetadata {
    /// Rows of this answer.
    pub count: i64,
    /// Rows there are.
    pub total: i64,
    pub limit: i64,
    /// Always null: an answer is sent whole.
    pub next_cursor: Option<String>,
    pub from: DateTime<FixedOffset>,
    /// Exclusive.
    pub to: DateTime<FixedOffset>,
    pub zone: String,
    pub currency: Currency,
    pub computed_at: DateTime<FixedOffset>,
    pub age_seconds: i64,
    pub badge: Badge,
    /// Sales and refund lines in another currency whose day has no rate: not in the amounts.
    pub rows_without_rate: i64,
    pub totals: SalesTotals,
}

/// Rows, and what they are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalyticsAnswer<T> {
    pub items: Vec<T>,
    pub metadata: AnalyticsMetadata,
}

/// `/analytics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalyticsScreen {
    pub scope: Scope,
    pub today: NaiveDate,
    pub zone: String,
    /// Since when the database is away: all figures are the last known.
    pub outage_since: Option<DateTime<FixedOffset>>,
    /// The category that the products are narrowed to.
    pub category: Option<Uuid>,
    // Each block may fail alone.
    pub bars: Result<Bars, AppError>,
    pub products: Result<AnalyticsAnswer<TopProduct>, AppError>,
    pub categories: Result<AnalyticsAnswer<CategoryPerformance>, AppError>,
    pub segments: Result<Segments, AppError>,
}
