//! What the pages of the overview hold. Times are in the business zone; amounts in base currency.

use super::{
    drill::ProductRow,
    scope::Scope,
    series::{Bars, Trend},
    tile::Tile,
};
use crate::{
    AppError,
    ids::TransactionId,
    money::{Currency, Money},
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

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
    /// Revenue, orders, active customers, conversion; held for review and low stock for who may see them.
    pub tiles: Vec<Tile>,
    // Each block may fail alone.
    pub bars: Result<Bars, AppError>,
    /// 30 days ending with the last day of the scope, oldest first.
    pub trend: Result<Trend, AppError>,
    /// `None` without the right to see transactions.
    pub recent: Option<Result<Vec<RecentSale>, AppError>>,
    /// The products of which the least is left; `None` without the right to see stock.
    pub low_stock: Option<Result<Vec<ProductRow>, AppError>>,
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
