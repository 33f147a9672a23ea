//! How little is left of a product (`stock.md` 3.6), by its threshold alone: no forecast is known yet.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// From worst to best; what is not here is not low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockLevel {
    /// Nothing is left.
    Critical,
    /// Less than a quarter of the threshold.
    High,
    /// The threshold or less.
    Medium,
}

impl StockLevel {
    /// Of what is available; nothing is on order, so that is the inventory position too.
    #[must_use]
    pub fn of(available: Decimal, threshold: Decimal) -> Option<Self> {
        if available <= Decimal::ZERO {
            Some(Self::Critical)
        } else if available * Decimal::from(4) < threshold {
            Some(Self::High)
        } else if available <= threshold {
            Some(Self::Medium)
        } else {
            None
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::High => "High",
            Self::Medium => "Medium",
        }
    }

    /// Class of its badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Critical => "bad",
            Self::High => "warn",
            Self::Medium => "info",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_counts_as_low_and_a_quarter_of_it_is_not_yet_high() {
        let of = |available: &str| StockLevel::of(available.parse().unwrap(), 10.into());
        assert_eq!(of("0"), Some(StockLevel::Critical));
        assert_eq!(of("2.4999"), Some(StockLevel::High));
        assert_eq!(of("2.5"), Some(StockLevel::Medium));
        assert_eq!(of("10"), Some(StockLevel::Medium));
        assert_eq!(of("10.0001"), None);
        assert_eq!(StockLevel::of(Decimal::ZERO, Decimal::ZERO), Some(StockLevel::Critical));
        assert_eq!(StockLevel::of(Decimal::ONE, Decimal::ZERO), None);
    }
}
