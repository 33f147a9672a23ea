//! How a pending sale ends (`commerce.md` 3.2).

use super::status::SaleStatus;
use crate::error::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of an open payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It came: the reserved stock is taken.
    Capture,
    /// It failed: the reserved stock is free again.
    Fail,
    /// It is not waited for any more: as above.
    Cancel,
}

impl Settlement {
    pub const ALL: [Self; 3] = [Self::Capture, Self::Fail, Self::Cancel];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
        }
    }

    /// What the button says.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Capture => "Capture payment",
            Self::Fail => "Payment failed",
            Self::Cancel => "Cancel sale",
        }
    }

    /// The state it leads to.
    #[must_use]
    pub const fn status(self) -> SaleStatus {
        match self {
            Self::Capture => SaleStatus::Approved,
            Self::Fail => SaleStatus::Failed,
            Self::Cancel => SaleStatus::Cancelled,
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// Why, where there is something to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettleSale {
    pub reason: Option<String>,
}

impl SettleSale {
    /// # Errors
    /// When the reason is empty or longer than 300 characters.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        match self.reason.as_deref().map(|reason| reason.trim().chars().count()) {
            None | Some(1..=300) => Ok(()),
            Some(_) => Err(vec![FieldError::new("reason", "Give 1 to 300 characters, or leave it out.")]),
        }
    }
}
