//! Products as pages and REST show them.

use super::query::ProductQuery;
use crate::{
    ids::{CategoryId, ProductId},
    money::Currency,
    paging::Page,
    transactions::SaleRow,
};
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether it lies on a shelf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    #[default]
    Stocked,
    /// Takes no stock.
    Service,
}

impl ProductKind {
    pub const ALL: [Self; 2] = [Self::Stocked, Self::Service];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stocked => "stocked",
            Self::Service => "service",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Stocked => "Stocked",
            Self::Service => "Service",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductItem {
    pub id: ProductId,
    pub sku: String,
    pub name: String,
    pub category: Option<String>,
    pub kind: ProductKind,
    pub unit: String,
    #[schema(format = "decimal")]
    pub price: Decimal,
    pub currency: Currency,
    /// What could be sold now, over all sites; `None` for services.
    #[schema(format = "decimal")]
    pub stock_left: Option<Decimal>,
    /// A site has no more of it than the reorder threshold.
    pub low_stock: bool,
    pub is_active: bool,
    pub demo: bool,
}

/// `/products`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductList {
    pub page: Page<ProductItem>,
    pub query: ProductQuery,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CategoryItem {
    pub id: CategoryId,
    pub name: String,
    pub parent_id: Option<CategoryId>,
    /// Products that are sold now.
    pub products: i64,
    pub is_active: bool,
}

/// From when on a price was in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PricePoint {
    pub valid_from: DateTime<FixedOffset>,
    #[schema(format = "decimal")]
    pub price: Decimal,
    pub by: String,
}

/// `/products/{id}`: the full record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductDetail {
    pub id: ProductId,
    pub sku: String,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub category: Option<String>,
    pub kind: ProductKind,
    pub description: Option<String>,
    pub unit: String,
    #[schema(format = "decimal")]
    pub price: Decimal,
    #[schema(format = "decimal")]
    pub cost: Option<Decimal>,
    pub currency: Currency,
    #[schema(format = "decimal")]
    pub weight_kg: Option<Decimal>,
    pub dimensions: Option<String>,
    pub warranty_months: Option<i32>,
    pub barcode: Option<String>,
    pub external_ref: Option<String>,
    /// It can be sold.
    pub is_active: bool,
    /// It was removed from the catalogue; its sales and movements stay.
    pub archived_at: Option<DateTime<FixedOffset>>,
    #[schema(format = "decimal")]
    pub on_hand: Option<Decimal>,
    #[schema(format = "decimal")]
    pub reserved: Option<Decimal>,
    pub low_stock: bool,
    /// The latest first.
    pub prices: Vec<PricePoint>,
    /// Its latest sales, for who may see sales.
    pub sales: Vec<SaleRow>,
    pub demo: bool,
    pub version: i32,
    pub created_at: DateTime<FixedOffset>,
    pub updated_at: DateTime<FixedOffset>,
    pub updated_by: Option<String>,
}

/// `/products/new`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlankProduct {
    /// Goes with the form, so that pressing twice adds once.
    pub idempotency_key: String,
    pub currency: Currency,
    pub categories: Vec<CategoryItem>,
}

/// What became of a product that was to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "one is made each time a product goes, and moved once")]
pub enum Removed {
    Deleted,
    /// Sales or movements tell of it.
    Archived(ProductDetail),
}
