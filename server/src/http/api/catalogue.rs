//! `/api/v1/products` and `/api/v1/categories`.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::ApiResult,
        idempotency::{SentKey, answer},
        routes::Routes,
        versions::{tagged, version},
    },
    services::Services,
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    AppError,
    access::{Access, Permission},
    ids::ProductId,
    inventory::{CategoryItem, CreateProduct, EditProduct, ProductItem, ProductQuery, Removed},
    paging::Page,
    query,
};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let (view, edit) = (Access::Needs(Permission::InventoryView), Access::Needs(Permission::InventoryEdit));
    Routes::new()
        .get("/api/v1/products", view, list)
        .post("/api/v1/products", edit, create)
        .get("/api/v1/products/{id}", view, detail)
        .patch("/api/v1/products/{id}", edit, change)
        .delete("/api/v1/products/{id}", edit, remove)
        .get("/api/v1/categories", view, categories)
}

/// Products of a filter with price and stock left: the best match first where `q` is asked, else by name.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Page<ProductItem>>> {
    let asked = ProductQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    Ok(Json(services.inventory.products(&who, &asked).await?.page))
}

/// Adds a product.
pub async fn create(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(command): Json<CreateProduct>,
) -> Response {
    let answered = services.inventory.create(&who, &command, key.as_ref()).await;
    answer(answered, |product| tagged(StatusCode::CREATED, product.version, product))
}

/// One product in full.
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ProductId>,
) -> ApiResult<Response> {
    let product = services.inventory.product(&who, id).await?.ok_or_else(|| AppError::not_found("Product"))?;
    Ok(tagged(StatusCode::OK, product.version, product))
}

/// Changes a product.
pub async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ProductId>,
    headers: HeaderMap,
    Json(mut command): Json<EditProduct>,
) -> ApiResult<Response> {
    command.version = version(&headers)?.or(command.version);
    let product = services.inventory.edit(&who, id, &command).await?;
    Ok(tagged(StatusCode::OK, product.version, product))
}

/// Deletes a product that nothing tells of (204); archives any other, and answers it.
pub async fn remove(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ProductId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    Ok(match services.inventory.remove(&who, id, version(&headers)?).await? {
        Removed::Deleted => StatusCode::NO_CONTENT.into_response(),
        Removed::Archived(product) => tagged(StatusCode::OK, product.version, product),
    })
}

/// All categories by name.
pub async fn categories(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Page<CategoryItem>>> {
    let items = services.inventory.categories(&who).await?;
    let total = i64::try_from(items.len()).unwrap_or_default();
    Ok(Json(Page { items, next_cursor: None, total }))
}
