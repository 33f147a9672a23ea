//! Where a sale stands, and what it was paid with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// States of `commerce.md` 3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaleStatus {
    Pending,
    Approved,
    Held,
    Released,
    Declined,
    Failed,
    Cancelled,
    PartiallyRefunded,
    Refunded,
    Disputed,
}

impl SaleStatus {
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Approved,
        Self::Held,
        Self::Released,
        Self::Declined,
        Self::Failed,
        Self::Cancelled,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Disputed,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Held => "held",
            Self::Released => "released",
            Self::Declined => "declined",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Held => "Held for review",
            Self::Released => "Released",
            Self::Declined => "Declined",
            Self::Failed => "Payment failed",
            Self::Cancelled => "Cancelled",
            Self::PartiallyRefunded => "Partly refunded",
            Self::Refunded => "Refunded",
            Self::Disputed => "Disputed",
        }
    }

    /// Modifier of the badge: good, warn, bad, info or neutral.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Approved | Self::Released => "good",
            Self::Pending | Self::PartiallyRefunded => "info",
            Self::Held | Self::Disputed => "warn",
            Self::Declined | Self::Failed => "bad",
            Self::Cancelled | Self::Refunded => "neutral",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// What the status filter takes: a state, or one of the aliases of `commerce.md` 3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StatusFilter {
    One(SaleStatus),
    /// Sold, also when partly refunded since.
    Completed,
    /// Waiting for a person.
    Flagged,
}

impl StatusFilter {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "completed" => Some(Self::Completed),
            "flagged" => Some(Self::Flagged),
            other => SaleStatus::parse(other).map(Self::One),
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One(status) => status.as_str(),
            Self::Completed => "completed",
            Self::Flagged => "flagged",
        }
    }

    #[must_use]
    pub const fn statuses(self) -> &'static [SaleStatus] {
        match self {
            Self::Completed => &[SaleStatus::Approved, SaleStatus::Released, SaleStatus::PartiallyRefunded],
            Self::Flagged => &[SaleStatus::Held],
            Self::One(status) => match status {
                SaleStatus::Pending => &[SaleStatus::Pending],
                SaleStatus::Approved => &[SaleStatus::Approved],
                SaleStatus::Held => &[SaleStatus::Held],
                SaleStatus::Released => &[SaleStatus::Released],
                SaleStatus::Declined => &[SaleStatus::Declined],
                SaleStatus::Failed => &[SaleStatus::Failed],
                SaleStatus::Cancelled => &[SaleStatus::Cancelled],
                SaleStatus::PartiallyRefunded => &[SaleStatus::PartiallyRefunded],
                SaleStatus::Refunded => &[SaleStatus::Refunded],
                SaleStatus::Disputed => &[SaleStatus::Disputed],
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    CreditCard,
    DebitCard,
    Paypal,
    BankTransfer,
    Cash,
    Crypto,
}

impl PaymentMethod {
    pub const ALL: [Self; 6] =
        [Self::CreditCard, Self::DebitCard, Self::Paypal, Self::BankTransfer, Self::Cash, Self::Crypto];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreditCard => "credit_card",
            Self::DebitCard => "debit_card",
            Self::Paypal => "paypal",
            Self::BankTransfer => "bank_transfer",
            Self::Cash => "cash",
            Self::Crypto => "crypto",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CreditCard => "Credit card",
            Self::DebitCard => "Debit card",
            Self::Paypal => "PayPal",
            Self::BankTransfer => "Bank transfer",
            Self::Cash => "Cash",
            Self::Crypto => "Crypto",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_parse_back_and_aliases_hold_their_states() {
        for status in SaleStatus::ALL {
            assert_eq!(SaleStatus::parse(status.as_str()), Some(status));
            assert_eq!(StatusFilter::One(status).statuses(), [status]);
        }
        assert_eq!(StatusFilter::parse("completed").map(|s| s.statuses().len()), Some(3));
        assert_eq!(StatusFilter::parse("flagged").map(StatusFilter::statuses), Some(&[SaleStatus::Held][..]));
        assert_eq!(StatusFilter::parse("sold"), None);
        assert!(PaymentMethod::ALL.iter().all(|m| PaymentMethod::parse(m.as_str()) == Some(*m)));
    }
}
