//! Sales: what was sold, to whom, for how much, and where each sale stands (`commerce.md`).

mod dispute;
pub(crate) mod exact;
mod filter;
mod record;
mod refund;
mod screen;
mod settlement;
mod status;
mod suspicious;
mod totals;

pub use dispute::{CloseDispute, DisputeOutcome, DisputeReason, OpenDispute, SaleDispute};
pub use exact::schema as decimal_schema;
pub use filter::{MAX_SKIP, SaleFilter, SaleQuery, SaleSort};
pub use record::{MAX_LINES, MAX_QUANTITY, PaymentToken, RecordLine, RecordSale, SaleForm, SaleFormLine};
pub use refund::{LineLeft, RefundForm, RefundFormLine, RefundKind, RefundLine, RefundSale};
pub use screen::{
    CustomerChoice, CustomerRef, DraftLine, ProductChoice, Quote, QuoteLine, SaleDecision, SaleDetail, SaleDraft,
    SaleEvent, SaleLine, SaleList, SaleReceipt, SaleRefund, SaleRow,
};
pub use settlement::{SettleSale, Settlement};
pub use status::{PaymentMethod, SaleStatus, StatusFilter};
pub use suspicious::{Review, SoldProduct, SuspiciousQuery, SuspiciousSale};
pub use totals::{LineTotals, PricedLine, SaleTotals, TotalsFault, totals};

use crate::{
    access::Principal,
    error::AppError,
    idempotency::{Answered, IdempotencyKey},
    ids::{DisputeId, TransactionId},
    paging::Page,
};
use async_trait::async_trait;

/// How a sale came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Api,
    Web,
}

impl Entry {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Web => "web",
        }
    }
}

/// What pages and REST ask of the back end.
#[async_trait]
pub trait TransactionsPort: Send + Sync + 'static {
    /// A page of the list, and the total of its filter.
    async fn list(&self, who: &Principal, query: &SaleQuery) -> Result<SaleList, AppError>;

    /// Sales that screening did not approve at once.
    async fn suspicious(&self, who: &Principal, query: &SuspiciousQuery) -> Result<Page<SuspiciousSale>, AppError>;

    /// `None`: there is no such sale.
    async fn detail(&self, who: &Principal, id: TransactionId) -> Result<Option<SaleDetail>, AppError>;

    /// What the sale would come to now, and the stock left. Writes nothing.
    async fn quote(&self, who: &Principal, sale: &RecordSale) -> Result<Quote, AppError>;

    /// Records the sale and takes its stock, or changes nothing. With a key, once: a refusal is an
    /// answer too, and is repeated to the same key.
    async fn record(
        &self,
        who: &Principal,
        sale: &RecordSale,
        entry: Entry,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleReceipt, AppError>>;

    /// Ends a pending sale: its payment came, failed, or is not waited for. Its recorder may, and who may
    /// refund. With a key, once.
    async fn settle(
        &self,
        who: &Principal,
        id: TransactionId,
        how: Settlement,
        command: &SettleSale,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleDetail, AppError>>;

    /// Takes a sale back, wholly or in part. With a key, once. `conflict` when it did not go through, or less is left.
    async fn refund(
        &self,
        who: &Principal,
        id: TransactionId,
        command: &RefundSale,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleDetail, AppError>>;

    /// The payment of a sale is disputed. With a key, once.
    async fn dispute(
        &self,
        who: &Principal,
        id: TransactionId,
        command: &OpenDispute,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleDetail, AppError>>;

    /// A dispute is decided: won, the sale stands as before; lost, what is left of it is charged back.
    async fn close_dispute(
        &self,
        who: &Principal,
        id: DisputeId,
        command: CloseDispute,
    ) -> Result<SaleDetail, AppError>;

    /// Cancels sales whose payment stayed open for too long, the oldest first; answers how many. Some may
    /// be left: ask until there are none.
    async fn expire(&self, who: &Principal) -> Result<i64, AppError>;

    /// The form of a new sale with what its searches found and what it would come to.
    async fn draft(&self, who: &Principal, form: SaleForm) -> Result<SaleDraft, AppError>;
}
