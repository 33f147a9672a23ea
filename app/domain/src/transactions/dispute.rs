//! Payments that their bank was asked to take back (`commerce.md` 3.2).

use super::{exact, record::amount_fault};
use crate::{error::FieldError, ids::DisputeId};
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisputeReason {
    Fraud,
    NotReceived,
    Quality,
    Other,
}

impl DisputeReason {
    pub const ALL: [Self; 4] = [Self::Fraud, Self::NotReceived, Self::Quality, Self::Other];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fraud => "fraud",
            Self::NotReceived => "not_received",
            Self::Quality => "quality",
            Self::Other => "other",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fraud => "Fraud",
            Self::NotReceived => "Not received",
            Self::Quality => "Quality",
            Self::Other => "Other",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisputeOutcome {
    /// The money stays.
    Won,
    /// It is charged back.
    Lost,
}

impl DisputeOutcome {
    pub const ALL: [Self; 2] = [Self::Won, Self::Lost];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Won => "Won",
            Self::Lost => "Lost",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// A customer's bank asks for the money back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDispute {
    pub reason: DisputeReason,
    /// In the currency of the sale.
    #[serde(deserialize_with = "exact::required")]
    #[schema(schema_with = exact::schema)]
    pub amount: Decimal,
}

impl OpenDispute {
    /// # Errors
    /// When the amount is none.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        if self.amount.is_zero() {
            return Err(vec![FieldError::new("amount", "Give an amount of more than 0.")]);
        }
        amount_fault("amount", self.amount).map_or(Ok(()), |fault| Err(vec![fault]))
    }
}

/// How the bank decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseDispute {
    pub outcome: DisputeOutcome,
}

/// A dispute as its sale shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleDispute {
    pub id: DisputeId,
    pub reason: DisputeReason,
    #[schema(format = "decimal")]
    pub amount: Decimal,
    pub opened_at: DateTime<FixedOffset>,
    pub opened_by: String,
    /// `None`: it is open.
    pub outcome: Option<DisputeOutcome>,
    pub closed_at: Option<DateTime<FixedOffset>>,
}
