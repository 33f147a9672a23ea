//! Customers as pages and REST show them.

use super::{CustomerQuery, PersonalField};
use crate::{
    fraud::case::CaseState,
    ids::{CaseId, CategoryId, CustomerId},
    money::Currency,
    paging::Page,
    transactions::{PaymentMethod, SaleRow},
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// How loyal a customer is, by revenue or by decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LoyaltyTier)]
pub enum Tier {
    #[default]
    Standard,
    Silver,
    Gold,
    Platinum,
}

impl Tier {
    pub const ALL: [Self; 4] = [Self::Standard, Self::Silver, Self::Gold, Self::Platinum];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Silver => "silver",
            Self::Gold => "gold",
            Self::Platinum => "platinum",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Silver => "Silver",
            Self::Gold => "Gold",
            Self::Platinum => "Platinum",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == text)
    }
}

/// One row of the list; what is personal is masked, whoever looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerItem {
    pub id: CustomerId,
    pub number: i64,
    /// Initials, else masked e-mail, else reference.
    pub label: String,
    /// `a***@example.com`.
    pub email: Option<String>,
    /// `+44•••••1234`.
    pub phone: Option<String>,
    pub country: Option<String>,
    pub loyalty_tier: Tier,
    pub registration_date: NaiveDate,
    pub erased: bool,
    pub demo: bool,
}

/// `/customers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerList {
    pub page: Page<CustomerItem>,
    pub query: CustomerQuery,
}

/// A category and its share of what a customer spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FavoriteCategory {
    pub category_id: CategoryId,
    pub name: String,
    #[schema(format = "decimal")]
    pub net: Decimal,
    /// 0 to 1, of all lines.
    #[schema(format = "decimal")]
    pub share: Decimal,
}

/// How a customer buys: recognised sales of 365 days, net after discount plus tax, in `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerPattern {
    pub currency: Currency,
    #[schema(format = "decimal")]
    pub average_transaction_amount: Option<Decimal>,
    #[schema(format = "decimal")]
    pub median_transaction_amount: Option<Decimal>,
    /// Of the sample; `None` under two sales.
    #[schema(format = "decimal")]
    pub stddev_transaction_amount: Option<Decimal>,
    /// Nearest rank.
    #[schema(format = "decimal")]
    pub p90_amount: Option<Decimal>,
    pub total_transactions: i32,
    pub last_purchase_at: DateTime<FixedOffset>,
    /// Mean; `None` under two sales.
    pub avg_time_between_purchases_seconds: Option<i64>,
    /// The three largest by net.
    pub favorite_categories: Vec<FavoriteCategory>,
    /// Local hours with a tenth of the orders or more.
    pub typical_purchase_hours: Vec<i32>,
    pub updated_at: DateTime<FixedOffset>,
}

/// A case about a sale of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerCase {
    pub id: CaseId,
    pub sale_number: i64,
    pub state: CaseState,
    pub created_at: DateTime<FixedOffset>,
}

/// `/customers/{id}`: the record; what is personal is masked, whoever looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerDetail {
    pub id: CustomerId,
    pub number: i64,
    pub label: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub has_address: bool,
    pub has_date_of_birth: bool,
    pub country: Option<String>,
    pub registration_date: NaiveDate,
    pub preferred_payment: Option<PaymentMethod>,
    pub loyalty_tier: Tier,
    /// 0 to 1; for who may see cases.
    #[schema(format = "decimal")]
    pub risk_score: Option<Decimal>,
    pub external_ref: Option<String>,
    pub erased_at: Option<DateTime<FixedOffset>>,
    pub pattern: Option<CustomerPattern>,
    /// The latest, for who may see sales.
    pub sales: Vec<SaleRow>,
    /// The latest, for who may see cases.
    pub cases: Vec<CustomerCase>,
    pub demo: bool,
    pub version: i32,
    pub created_at: DateTime<FixedOffset>,
    pub updated_at: DateTime<FixedOffset>,
    pub updated_by: Option<String>,
}

/// What is personal, clear. Only the fields that were asked for.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revealed {
    pub fields: Vec<PersonalField>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    /// In E.164.
    pub phone: Option<String>,
    pub address: Option<String>,
    pub date_of_birth: Option<NaiveDate>,
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revealed").field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// The page of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerScreen {
    pub customer: CustomerDetail,
    /// Asked for a moment ago.
    pub shown: Option<Revealed>,
    pub may_erase: bool,
}
