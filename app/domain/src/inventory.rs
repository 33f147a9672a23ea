//! The catalogue: what can be sold, at which price, and how much of it is there (`commerce.md` 3.7).

mod command;
mod form;
mod product;
mod query;

pub(crate) use command::present;
pub use command::{CreateProduct, EditProduct, ProductFields};
pub use form::ProductForm;
pub use product::{
    BlankProduct, CategoryItem, PricePoint, ProductDetail, ProductItem, ProductKind, ProductList, Removed,
};
pub use query::{ProductFilter, ProductQuery, ProductState};

use crate::{
    access::Principal,
    error::AppError,
    idempotency::{Answered, IdempotencyKey},
    ids::ProductId,
};
use async_trait::async_trait;

/// What pages and REST ask of the catalogue.
#[async_trait]
pub trait InventoryPort: Send + Sync + 'static {
    /// A page of products, and the total of its filter.
    async fn products(&self, who: &Principal, query: &ProductQuery) -> Result<ProductList, AppError>;

    /// `None`: there is no such product. One that is archived is shown.
    async fn product(&self, who: &Principal, id: ProductId) -> Result<Option<ProductDetail>, AppError>;

    /// By name.
    async fn categories(&self, who: &Principal) -> Result<Vec<CategoryItem>, AppError>;

    /// What the form of a new product starts from.
    async fn blank(&self, who: &Principal) -> Result<BlankProduct, AppError>;

    /// Adds a product; with a key, once. `conflict` on `sku` or `barcode` when another has it.
    async fn create(
        &self,
        who: &Principal,
        command: &CreateProduct,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<ProductDetail, AppError>>;

    /// Changes a product; a new price begins a row of its history. `conflict` when it is not as it was read.
    async fn edit(&self, who: &Principal, id: ProductId, command: &EditProduct) -> Result<ProductDetail, AppError>;

    /// Deletes a product that nothing tells of; any other is archived.
    async fn remove(&self, who: &Principal, id: ProductId, version: Option<i32>) -> Result<Removed, AppError>;
}
