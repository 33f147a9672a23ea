//! Server functions of the catalogue.

use crate::{fault::Fault, page_data::Packed};
use domain::inventory::{BlankProduct, CategoryItem, ProductDetail, ProductForm, ProductList};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// A page of the list; `query` is the query part of its address.
#[server(prefix = "/fn", endpoint = "inventory/products", input = GetUrl)]
pub async fn load_products(query: String) -> Result<Packed<ProductList>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        inventory::{InventoryPort, ProductQuery},
        query::pairs,
    };
    let asked = ProductQuery::parse(pairs(&query)).map_err(AppError::validation)?;
    Packed::of(&port::<dyn InventoryPort>()?.products(&principal()?, &asked).await?)
}

/// One product, and what it may be filed under; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "inventory/product", input = GetUrl)]
pub async fn load_product(id: String) -> Result<Packed<Option<(ProductDetail, Vec<CategoryItem>)>>, Fault> {
    use crate::context::{port, principal};
    use domain::inventory::InventoryPort;
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    let (port, who) = (port::<dyn InventoryPort>()?, principal()?);
    let Some(product) = port.product(&who, id).await? else { return Packed::of(&None) };
    Packed::of(&Some((product, port.categories(&who).await?)))
}

/// All categories by name.
#[server(prefix = "/fn", endpoint = "inventory/categories", input = GetUrl)]
pub async fn load_categories() -> Result<Packed<Vec<CategoryItem>>, Fault> {
    use crate::context::{port, principal};
    use domain::inventory::InventoryPort;
    Packed::of(&port::<dyn InventoryPort>()?.categories(&principal()?).await?)
}

/// What the form of a new product starts from.
#[server(prefix = "/fn", endpoint = "inventory/blank", input = GetUrl)]
pub async fn load_blank() -> Result<Packed<BlankProduct>, Fault> {
    use crate::context::{port, principal};
    use domain::inventory::InventoryPort;
    Packed::of(&port::<dyn InventoryPort>()?.blank(&principal()?).await?)
}

/// Adds a product, once for its key, and goes to it.
#[server(prefix = "/fn", endpoint = "inventory/create")]
pub async fn create_product(idempotency_key: String, #[server(default)] product: ProductForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, idempotency::IdempotencyKey, inventory::InventoryPort};
    let command = product.to_create().map_err(AppError::validation)?;
    let key = IdempotencyKey::parse(&idempotency_key)?;
    let made = port::<dyn InventoryPort>()?.create(&principal()?, &command, Some(&key)).await;
    redirect(&format!("/products/{}?saved", made.value?.id));
    Ok(())
}

/// Changes a product as its form says.
#[server(prefix = "/fn", endpoint = "inventory/edit")]
pub async fn edit_product(
    id: String,
    #[server(default)] version: Option<i32>,
    #[server(default)] product: ProductForm,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, ids::ProductId, inventory::InventoryPort};
    let id: ProductId = id.parse().map_err(|_| AppError::not_found("Product"))?;
    let command = product.to_edit(version).map_err(AppError::validation)?;
    port::<dyn InventoryPort>()?.edit(&principal()?, id, &command).await?;
    redirect(&format!("/products/{id}?saved"));
    Ok(())
}

/// Deletes or archives a product.
#[server(prefix = "/fn", endpoint = "inventory/remove")]
pub async fn remove_product(id: String, #[server(default)] version: Option<i32>) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        ids::ProductId,
        inventory::{InventoryPort, Removed},
    };
    let id: ProductId = id.parse().map_err(|_| AppError::not_found("Product"))?;
    match port::<dyn InventoryPort>()?.remove(&principal()?, id, version).await? {
        Removed::Deleted => redirect("/products?removed"),
        Removed::Archived(_) => redirect(&format!("/products/{id}?saved")),
    }
    Ok(())
}
