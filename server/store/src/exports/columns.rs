//! What can be exported, and the columns of each.

use domain::access::Permission;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Id,
    Whole,
    Number,
    Money,
    Time,
    /// Masked label, made of the columns `customer_*`.
    Customer,
    /// `a***@example.com`.
    Email,
    /// `+44•••••1234`, opened with the customer's id.
    Phone,
    Day,
}

/// A column of an export: its heading, which is also its name in the statement.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub(super) kind: Kind,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// What can be exported here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    Transactions,
    TransactionLines,
    Refunds,
    Products,
    Customers,
    FraudCases,
    /// What screening decided.
    FraudScores,
    Alerts,
}

impl Dataset {
    pub const ALL: [Self; 8] = [
        Self::Transactions,
        Self::TransactionLines,
        Self::Refunds,
        Self::Products,
        Self::Customers,
        Self::FraudCases,
        Self::FraudScores,
        Self::Alerts,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::TransactionLines => "transaction-lines",
            Self::Refunds => "refunds",
            Self::Products => "products",
            Self::Customers => "customers",
            Self::FraudCases => "fraud-cases",
            Self::FraudScores => "fraud-scores",
            Self::Alerts => "alerts",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// The right of the list it exports; `access.export` comes on top.
    #[must_use]
    pub const fn right(self) -> Permission {
        match self {
            Self::Transactions | Self::TransactionLines | Self::Refunds => Permission::TransactionsView,
            Self::Products => Permission::InventoryView,
            Self::Customers => Permission::CustomersView,
            Self::FraudCases => Permission::FraudView,
            Self::FraudScores => Permission::FraudReview,
            Self::Alerts => Permission::AlertsView,
        }
    }

    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Transactions => TRANSACTIONS,
            Self::TransactionLines => LINES,
            Self::Refunds => REFUNDS,
            Self::Products => PRODUCTS,
            Self::Customers => CUSTOMERS,
            Self::FraudCases => FRAUD_CASES,
            Self::FraudScores => FRAUD_SCORES,
            Self::Alerts => ALERTS,
        }
    }
}

const TRANSACTIONS: &[Column] = &[
    column("number", Kind::Whole),
    column("external_ref", Kind::Text),
    column("occurred_at", Kind::Time),
    column("status", Kind::Text),
    column("customer", Kind::Customer),
    column("payment_method", Kind::Text),
    column("lines", Kind::Whole),
    column("quantity", Kind::Number),
    column("currency", Kind::Text),
    column("gross", Kind::Money),
    column("discount", Kind::Money),
    column("net", Kind::Money),
    column("tax", Kind::Money),
    column("shipping", Kind::Money),
    column("total", Kind::Money),
    column("refunded_net", Kind::Money),
    column("entry", Kind::Text),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

const LINES: &[Column] = &[
    column("number", Kind::Whole),
    column("external_ref", Kind::Text),
    column("line", Kind::Whole),
    column("occurred_at", Kind::Time),
    column("status", Kind::Text),
    column("customer", Kind::Customer),
    column("sku", Kind::Text),
    column("product", Kind::Text),
    column("quantity", Kind::Number),
    column("currency", Kind::Text),
    column("unit_price", Kind::Money),
    column("discount", Kind::Money),
    column("net", Kind::Money),
    column("tax", Kind::Money),
    column("refunded_quantity", Kind::Number),
    column("origin", Kind::Text),
    column("transaction_id", Kind::Id),
];

const REFUNDS: &[Column] = &[
    column("external_ref", Kind::Text),
    column("refunded_at", Kind::Time),
    column("kind", Kind::Text),
    column("transaction_number", Kind::Whole),
    column("customer", Kind::Customer),
    column("currency", Kind::Text),
    column("net", Kind::Money),
    column("tax", Kind::Money),
    column("total", Kind::Money),
    column("reason", Kind::Text),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

const PRODUCTS: &[Column] = &[
    column("sku", Kind::Text),
    column("name", Kind::Text),
    column("category", Kind::Text),
    column("kind", Kind::Text),
    column("unit", Kind::Text),
    column("currency", Kind::Text),
    column("price", Kind::Money),
    column("cost", Kind::Money),
    column("on_hand", Kind::Number),
    column("reserved", Kind::Number),
    column("active", Kind::Text),
    column("barcode", Kind::Text),
    column("weight_kg", Kind::Number),
    column("dimensions", Kind::Text),
    column("warranty_months", Kind::Whole),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

const CUSTOMERS: &[Column] = &[
    column("number", Kind::Whole),
    column("customer", Kind::Customer),
    column("external_ref", Kind::Text),
    column("email", Kind::Email),
    column("phone", Kind::Phone),
    column("country", Kind::Text),
    column("loyalty_tier", Kind::Text),
    column("registration_date", Kind::Day),
    column("preferred_payment", Kind::Text),
    column("transactions_365_days", Kind::Whole),
    column("last_purchase_at", Kind::Time),
    column("erased", Kind::Text),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

const FRAUD_CASES: &[Column] = &[
    column("transaction_number", Kind::Whole),
    column("reason", Kind::Text),
    column("state", Kind::Text),
    column("status", Kind::Text),
    column("customer", Kind::Customer),
    column("currency", Kind::Text),
    column("total", Kind::Money),
    column("points", Kind::Number),
    column("expected_loss", Kind::Money),
    column("rules", Kind::Text),
    column("occurred_at", Kind::Time),
    column("opened_at", Kind::Time),
    column("due_at", Kind::Time),
    column("claimed_by", Kind::Text),
    column("snoozed_until", Kind::Time),
    column("verdict", Kind::Text),
    column("verdict_reason", Kind::Text),
    column("closed_at", Kind::Time),
    column("transaction_id", Kind::Id),
    column("id", Kind::Id),
];

const FRAUD_SCORES: &[Column] = &[
    column("decided_at", Kind::Time),
    column("transaction_number", Kind::Whole),
    column("rule_set", Kind::Whole),
    column("outcome", Kind::Text),
    column("fault", Kind::Text),
    column("points", Kind::Number),
    column("learned_p", Kind::Number),
    column("rules", Kind::Text),
    column("status", Kind::Text),
    column("customer", Kind::Customer),
    column("currency", Kind::Text),
    column("total", Kind::Money),
    column("label", Kind::Text),
    column("transaction_id", Kind::Id),
    column("id", Kind::Id),
];

const ALERTS: &[Column] = &[
    column("number", Kind::Whole),
    column("alert_type", Kind::Text),
    column("feature", Kind::Text),
    column("severity", Kind::Text),
    column("state", Kind::Text),
    column("title", Kind::Text),
    column("message", Kind::Text),
    column("entity_type", Kind::Text),
    column("entity_id", Kind::Text),
    column("entity_label", Kind::Text),
    column("value", Kind::Number),
    column("threshold", Kind::Number),
    column("unit", Kind::Text),
    column("occurrences", Kind::Whole),
    column("opened_at", Kind::Time),
    column("last_seen_at", Kind::Time),
    column("acknowledged_by", Kind::Text),
    column("acknowledged_at", Kind::Time),
    column("assignee", Kind::Text),
    column("money_at_risk", Kind::Money),
    column("currency", Kind::Text),
    column("resolved_at", Kind::Time),
    column("resolved_by", Kind::Text),
    column("resolution", Kind::Text),
    column("resolution_note", Kind::Text),
    column("id", Kind::Id),
];
