//! Customers: who buys, what may be seen of them, and how they buy (`commerce.md` 1, 3.7).

mod command;
mod customer;
mod form;
mod mask;
mod query;

pub use command::{CreateCustomer, CustomerFields, EditCustomer, PersonalField, RevealCustomer, SealedChanges};
pub use customer::{
    CustomerCase, CustomerDetail, CustomerItem, CustomerList, CustomerPattern, CustomerScreen, FavoriteCategory,
    Revealed, Tier,
};
pub use form::CustomerForm;
pub use mask::{ERASED, e164, masked_email, masked_phone};
pub use query::{CustomerFilter, CustomerQuery};

use crate::{
    access::Principal,
    error::AppError,
    idempotency::{Answered, IdempotencyKey},
    ids::CustomerId,
};
use async_trait::async_trait;

/// What pages and REST ask of customers. What is personal comes masked everywhere but in [`Revealed`].
#[async_trait]
pub trait CustomersPort: Send + Sync + 'static {
    /// A page of customers, and the total of its filter.
    async fn customers(&self, who: &Principal, query: &CustomerQuery) -> Result<CustomerList, AppError>;

    /// `None`: there is no such customer. An erased one is shown.
    async fn customer(&self, who: &Principal, id: CustomerId) -> Result<Option<CustomerDetail>, AppError>;

    /// The page of a customer; with a `ticket` of [`CustomersPort::ticket`] its personal data, too.
    async fn screen(
        &self,
        who: &Principal,
        id: CustomerId,
        ticket: Option<&str>,
    ) -> Result<Option<CustomerScreen>, AppError>;

    /// `None`: nobody has summed up how the customer buys, or they bought nothing for 365 days.
    async fn pattern(&self, who: &Principal, id: CustomerId) -> Result<Option<CustomerPattern>, AppError>;

    /// A key of a new customer's form, so that pressing twice adds once.
    async fn blank(&self, who: &Principal) -> Result<String, AppError>;

    /// Adds a customer; with a key, once. `conflict` on `email` or `external_ref` when another has it.
    async fn create(
        &self,
        who: &Principal,
        command: &CreateCustomer,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<CustomerDetail, AppError>>;

    /// Changes a customer. `conflict` when they are not as they were read, or erased.
    async fn edit(&self, who: &Principal, id: CustomerId, command: &EditCustomer) -> Result<CustomerDetail, AppError>;

    /// What is personal, clear; who read which fields is on record.
    async fn reveal(&self, who: &Principal, id: CustomerId, command: &RevealCustomer) -> Result<Revealed, AppError>;

    /// As [`CustomersPort::reveal`], but with a ticket by which the caller's page may show it for a few minutes.
    async fn ticket(&self, who: &Principal, id: CustomerId, command: &RevealCustomer) -> Result<String, AppError>;

    /// Empties what is personal for good; administrators only. `conflict` while a case or dispute is open.
    async fn erase(&self, who: &Principal, id: CustomerId, version: Option<i32>) -> Result<CustomerDetail, AppError>;
}
