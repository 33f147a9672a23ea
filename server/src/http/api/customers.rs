//! `/api/v1/customers`.

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
    customers::{CreateCustomer, CustomerItem, CustomerQuery, EditCustomer, RevealCustomer, Revealed},
    ids::CustomerId,
    paging::Page,
    query,
    transactions::{SaleQuery, SaleRow},
};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let (view, edit) = (Access::Needs(Permission::CustomersView), Access::Needs(Permission::CustomersEdit));
    let pii = Access::Needs(Permission::CustomersPii);
    Routes::new()
        .get("/api/v1/customers", view, list)
        .post("/api/v1/customers", edit, create)
        .get("/api/v1/customers/{id}", view, detail)
        .patch("/api/v1/customers/{id}", edit, change)
        .get("/api/v1/customers/{id}/patterns", view, pattern)
        .get("/api/v1/customers/{id}/transactions", view, transactions)
        .post("/api/v1/customers/{id}/reveal", pii, reveal)
        .post("/api/v1/customers/{id}/erase", pii, erase)
}

/// Customers of a filter, masked: exact numbers first where `q` is asked, else the newest first.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Page<CustomerItem>>> {
    let asked = CustomerQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    Ok(Json(services.customers.customers(&who, &asked).await?.page))
}

/// Adds a customer.
pub async fn create(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(command): Json<CreateCustomer>,
) -> Response {
    let answered = services.customers.create(&who, &command, key.as_ref()).await;
    answer(answered, |customer| tagged(StatusCode::CREATED, customer.version, customer))
}

/// One customer, masked.
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CustomerId>,
) -> ApiResult<Response> {
    let customer = services.customers.customer(&who, id).await?.ok_or_else(|| AppError::not_found("Customer"))?;
    Ok(tagged(StatusCode::OK, customer.version, customer))
}

/// Changes a customer.
pub async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CustomerId>,
    headers: HeaderMap,
    Json(mut command): Json<EditCustomer>,
) -> ApiResult<Response> {
    command.version = version(&headers)?.or(command.version);
    let customer = services.customers.edit(&who, id, &command).await?;
    Ok(tagged(StatusCode::OK, customer.version, customer))
}

/// How the customer buys; 204 while there is nothing to say.
pub async fn pattern(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CustomerId>,
) -> ApiResult<Response> {
    Ok(match services.customers.pattern(&who, id).await? {
        Some(pattern) => Json(pattern).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Sales to the customer, with the filters and order of the list of sales.
pub async fn transactions(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CustomerId>,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Page<SaleRow>>> {
    let mut asked = SaleQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    services.customers.customer(&who, id).await?.ok_or_else(|| AppError::not_found("Customer"))?;
    asked.filter.customer_id = Some(id);
    Ok(Json(services.transactions.list(&who, &asked).await?.page))
}

/// What is personal, clear; on record.
pub async fn reveal(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CustomerId>,
    Json(command): Json<RevealCustomer>,
) -> ApiResult<Json<Revealed>> {
    Ok(Json(services.customers.reveal(&who, id, &command).await?))
}

/// Empties what is personal, for good.
pub async fn erase(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CustomerId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let customer = services.customers.erase(&who, id, version(&headers)?).await?;
    Ok(tagged(StatusCode::OK, customer.version, customer))
}
