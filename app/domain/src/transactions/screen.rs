//! What the pages and REST show of sales; one shape a screen. Times are in the business zone.

use super::{
    dispute::SaleDispute,
    filter::SaleQuery,
    record::SaleForm,
    status::{PaymentMethod, SaleStatus},
};
use crate::{
    customers::{ERASED, masked_email},
    error::AppError,
    fraud::{Hit, Outcome, ShownHit},
    ids::{CaseId, CustomerId, ProductId, RefundId, TransactionId},
    money::Currency,
    paging::Page,
};
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A customer as lists may show them: masked, whoever looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerRef {
    pub id: CustomerId,
    pub label: String,
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleRow {
    pub id: TransactionId,
    pub number: i64,
    /// The source's own number, of imported sales.
    pub external_ref: Option<String>,
    /// `None`: a guest.
    pub customer: Option<CustomerRef>,
    /// Name of the first line's product.
    pub first_item: Option<String>,
    pub line_count: i32,
    #[schema(format = "decimal")]
    pub quantity: Decimal,
    #[schema(format = "decimal")]
    pub total_amount: Decimal,
    pub currency: Currency,
    pub status: SaleStatus,
    pub payment_method: Option<PaymentMethod>,
    pub timestamp: DateTime<FixedOffset>,
    /// Comes from the demo world.
    pub demo: bool,
    /// Screening did not let it pass without a word.
    pub is_suspicious: bool,
    /// 0 to 1, two decimals.
    #[schema(format = "decimal")]
    pub fraud_score: Decimal,
    /// What screening came to; none: it was not screened.
    pub outcome: Option<Outcome>,
}

/// `/transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleList {
    pub page: Page<SaleRow>,
    pub query: SaleQuery,
    /// Business zone of the days in the filter.
    pub zone: String,
    /// Name of the product the filter names, if it does and there is one.
    pub product: Option<String>,
    pub customer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleLine {
    pub line_no: i32,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    #[schema(format = "decimal")]
    pub quantity: Decimal,
    #[schema(format = "decimal")]
    pub list_price: Decimal,
    #[schema(format = "decimal")]
    pub unit_price: Decimal,
    #[schema(format = "decimal")]
    pub discount: Decimal,
    #[schema(format = "decimal")]
    pub net: Decimal,
    #[schema(format = "decimal")]
    pub tax: Decimal,
    #[schema(format = "decimal")]
    pub refunded_quantity: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleEvent {
    pub at: DateTime<FixedOffset>,
    pub actor: String,
    pub from_status: Option<SaleStatus>,
    pub to_status: SaleStatus,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleRefund {
    pub id: RefundId,
    pub kind: String,
    pub refunded_at: DateTime<FixedOffset>,
    #[schema(format = "decimal")]
    pub quantity: Decimal,
    #[schema(format = "decimal")]
    pub net: Decimal,
    #[schema(format = "decimal")]
    pub tax: Decimal,
    #[schema(format = "decimal")]
    pub total: Decimal,
    pub restock: bool,
    pub reason: Option<String>,
    pub external_ref: Option<String>,
}

/// `/transactions/{id}`: the full record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleDetail {
    pub id: TransactionId,
    pub number: i64,
    /// Counts its changes.
    pub version: i32,
    pub external_ref: Option<String>,
    pub customer: Option<CustomerRef>,
    pub site: String,
    pub status: SaleStatus,
    pub payment_method: Option<PaymentMethod>,
    pub currency: Currency,
    #[schema(format = "decimal")]
    pub gross: Decimal,
    #[schema(format = "decimal")]
    pub discount: Decimal,
    #[schema(format = "decimal")]
    pub net: Decimal,
    #[schema(format = "decimal")]
    pub tax: Decimal,
    #[schema(format = "decimal")]
    pub shipping: Decimal,
    #[schema(format = "decimal")]
    pub total: Decimal,
    #[schema(format = "decimal")]
    pub refunded_net: Decimal,
    pub occurred_at: DateTime<FixedOffset>,
    pub recognised_at: Option<DateTime<FixedOffset>>,
    /// Of a pending or held sale: its stock is reserved until then.
    pub hold_expires_at: Option<DateTime<FixedOffset>>,
    /// What screening came to; `None`: it was not screened.
    pub decision: Option<SaleDecision>,
    /// It is pending and the caller may end it.
    pub may_settle: bool,
    /// It went through, something of it is left, and the caller may refund it.
    pub may_refund: bool,
    /// How it came in: api, web, import.
    pub entry: String,
    pub demo: bool,
    pub lines: Vec<SaleLine>,
    pub refunds: Vec<SaleRefund>,
    pub disputes: Vec<SaleDispute>,
    pub events: Vec<SaleEvent>,
}

/// What screening came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleDecision {
    pub outcome: Outcome,
    /// 0 to 1, two decimals.
    #[schema(format = "decimal")]
    pub fraud_score: Decimal,
    /// Number of the set that judged; `None`: screening failed.
    pub rule_set: Option<i32>,
    /// Why no rules were asked.
    pub fault: Option<String>,
    /// Empty without `fraud.review`.
    pub hits: Vec<ShownHit>,
    /// Learned probability of fraud, where the set used one; only with `fraud.review`.
    #[schema(format = "decimal")]
    pub learned: Option<Decimal>,
    pub case_id: Option<CaseId>,
}

/// Answer to a recorded sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaleReceipt {
    pub transaction_id: TransactionId,
    pub number: i64,
    pub status: SaleStatus,
    #[schema(format = "decimal")]
    pub net: Decimal,
    #[schema(format = "decimal")]
    pub tax_amount: Decimal,
    #[schema(format = "decimal")]
    pub shipping_cost: Decimal,
    #[schema(format = "decimal")]
    pub discount_applied: Decimal,
    #[schema(format = "decimal")]
    pub total_amount: Decimal,
    pub currency: Currency,
    /// Of a pending sale: its stock is reserved until then.
    #[serde(default)]
    pub hold_expires_at: Option<DateTime<FixedOffset>>,
    pub is_suspicious: bool,
    /// 0 to 1, two decimals.
    #[schema(format = "decimal")]
    pub fraud_score: Decimal,
    pub fraud_outcome: Outcome,
    /// What hit; without `fraud.review` only what follows.
    pub fraud_reason: Option<String>,
    /// Empty without `fraud.review`.
    pub hits: Vec<Hit>,
    pub case_id: Option<CaseId>,
    pub created_at: DateTime<FixedOffset>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteLine {
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    #[schema(format = "decimal")]
    pub quantity: Decimal,
    #[schema(format = "decimal")]
    pub unit_price: Decimal,
    #[schema(format = "decimal")]
    pub gross: Decimal,
    #[schema(format = "decimal")]
    pub discount: Decimal,
    #[schema(format = "decimal")]
    pub net: Decimal,
    #[schema(format = "decimal")]
    pub tax: Decimal,
    /// What could be sold now; `None` for services, which take no stock.
    #[schema(format = "decimal")]
    pub stock_left: Option<Decimal>,
}

/// What a sale would come to. Nothing is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    pub lines: Vec<QuoteLine>,
    #[schema(format = "decimal")]
    pub gross: Decimal,
    #[schema(format = "decimal")]
    pub discount_applied: Decimal,
    #[schema(format = "decimal")]
    pub net: Decimal,
    /// A share: 0.08.
    #[schema(format = "decimal")]
    pub tax_rate: Decimal,
    #[schema(format = "decimal")]
    pub tax_amount: Decimal,
    #[schema(format = "decimal")]
    pub shipping_cost: Decimal,
    #[schema(format = "decimal")]
    pub total_amount: Decimal,
    pub currency: Currency,
}

/// A product to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductChoice {
    pub id: ProductId,
    pub sku: String,
    pub name: String,
    pub kind: String,
    #[schema(format = "decimal")]
    pub price: Decimal,
    pub currency: Currency,
    /// At the default site; `None` for services.
    #[schema(format = "decimal")]
    pub stock_left: Option<Decimal>,
}

/// A customer to choose.
pub type CustomerChoice = CustomerRef;

/// One product of the form: what it is and what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    pub product: ProductChoice,
    pub quantity: String,
}

/// `/transactions/new`: the form as far as it is filled in, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleDraft {
    pub form: SaleForm,
    /// Goes with the form, so that pressing twice records once.
    pub idempotency_key: String,
    pub chosen: Vec<DraftLine>,
    /// What the product search found, without what is chosen already.
    pub found: Vec<ProductChoice>,
    pub customer: Option<CustomerChoice>,
    pub customers_found: Vec<CustomerChoice>,
    /// `None` until something is chosen.
    pub quote: Option<Result<Quote, AppError>>,
}

impl CustomerRef {
    /// The label of lists: initials, else the masked e-mail, else the source's reference; with the
    /// number, so that two people with the same initials stay two.
    #[must_use]
    pub fn masked(
        id: CustomerId,
        number: i64,
        names: (&str, &str),
        email: Option<&str>,
        external_ref: Option<&str>,
    ) -> Self {
        let initials: Vec<String> =
            [names.0, names.1].iter().filter_map(|n| n.trim().chars().next()).map(|c| format!("{c}.")).collect();
        let label = if names == (ERASED, "") {
            format!("{ERASED} · {number}")
        } else if !initials.is_empty() {
            format!("{} · {number}", initials.join(" "))
        } else if let Some(email) = email {
            masked_email(email)
        } else if let Some(reference) = external_ref {
            reference.to_owned()
        } else {
            format!("Customer {number}")
        };
        Self { id, label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_show_a_name_or_an_address() {
        let id = CustomerId(uuid::Uuid::nil());
        let label = |names, email, external| CustomerRef::masked(id, 7, names, email, external).label;
        assert_eq!(label(("Aarav", "Nair"), Some("aarav@example.com"), None), "A. N. · 7");
        assert_eq!(label(("", ""), Some("aarav@example.com"), Some("17850")), "a***@example.com");
        assert_eq!(label(("", ""), None, Some("17850")), "17850");
        assert_eq!(label(("", " "), None, None), "Customer 7");
        assert_eq!(label((ERASED, ""), None, Some("17850")), "Erased customer · 7");
    }
}
