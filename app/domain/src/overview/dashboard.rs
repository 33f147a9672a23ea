//! The documented dashboard of sliding windows.

use super::{scope::short, tile::Badge};
use crate::{FieldError, money::Currency};
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Windows [t − n, t) of the documented dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Sliding {
    #[serde(rename = "24h")]
    Hours24,
    #[serde(rename = "7d")]
    Days7,
    #[serde(rename = "30d")]
    Days30,
    #[serde(rename = "all")]
    All,
}

impl Sliding {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hours24 => "24h",
            Self::Days7 => "7d",
            Self::Days30 => "30d",
            Self::All => "all",
        }
    }

    /// Length in seconds; `None` for all time.
    #[must_use]
    pub const fn seconds(self) -> Option<i64> {
        match self {
            Self::Hours24 => Some(86_400),
            Self::Days7 => Some(7 * 86_400),
            Self::Days30 => Some(30 * 86_400),
            Self::All => None,
        }
    }
}

/// # Errors
/// When `text` is none of `24h`, `7d`, `30d`, `all`; empty is `24h`.
pub fn parse_sliding(text: &str) -> Result<Sliding, Vec<FieldError>> {
    match text {
        "" | "24h" => Ok(Sliding::Hours24),
        "7d" => Ok(Sliding::Days7),
        "30d" => Ok(Sliding::Days30),
        "all" => Ok(Sliding::All),
        other => Err(vec![FieldError::new(
            "period",
            format!("\"{}\" is not a period; use 24h, 7d, 30d or all.", short(other)),
        )]),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sliding_windows_have_four_names() {
        assert_eq!(parse_sliding("").unwrap(), Sliding::Hours24);
        assert_eq!(parse_sliding("7d").unwrap().seconds(), Some(604_800));
        assert_eq!(parse_sliding("all").unwrap().seconds(), None);
        assert_eq!(parse_sliding("8d").unwrap_err()[0].path, "period");
    }
}
