//! `/api/v1/transactions`: list, record, quote, detail, events, and the end of a pending sale.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::{ApiError, ApiResult},
        idempotency::{SentKey, marked},
        routes::Routes,
    },
    services::Services,
};
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{
    AppError,
    access::{Access, Permission},
    idempotency::IdempotencyKey,
    ids::TransactionId,
    query,
    transactions::{Entry, Quote, RecordSale, SaleDetail, SaleQuery, SettleSale, Settlement},
};
use serde_json::{Value, json};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::TransactionsView);
    let create = Access::Needs(Permission::TransactionsCreate);
    Routes::new()
        .get("/api/v1/transactions", view, list)
        .post("/api/v1/transactions", create, record)
        .post("/api/v1/transactions/quote", create, quote)
        .get("/api/v1/transactions/{id}", view, detail)
        .get("/api/v1/transactions/{id}/events", view, events)
        .post("/api/v1/transactions/{id}/capture", create, capture)
        .post("/api/v1/transactions/{id}/fail", create, fail)
        .post("/api/v1/transactions/{id}/cancel", create, cancel)
}

fn envelope(data: Value, metadata: Value) -> Value {
    json!({"success": true, "data": data, "error": null, "metadata": metadata})
}

fn value(of: impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(of).map_err(|_| AppError::internal().into())
}

/// Sales of a filter, the latest first unless `sort` says otherwise.
#[utoipa::path(get, path = "/api/v1/transactions", tag = "transactions", params(
    ("q" = Option<String>, Query, description = "Number, reference of the source, customer number or reference, SKU"),
    ("status" = Option<String>, Query, description = "A state, or completed, flagged"),
    ("customer_id" = Option<String>, Query), ("product_id" = Option<String>, Query), ("payment_method" = Option<String>, Query),
    ("from" = Option<String>, Query, description = "First business day, 2026-10-06"), ("to" = Option<String>, Query, description = "Last business day"),
    ("hours" = Option<u32>, Query, description = "1 to 720"), ("min_amount" = Option<String>, Query), ("max_amount" = Option<String>, Query),
    ("sort" = Option<String>, Query, description = "occurred_at or total, with :asc or :desc"),
    ("cursor" = Option<String>, Query), ("skip" = Option<u32>, Query, description = "0 to 10,000, without cursor"), ("limit" = Option<u32>, Query, description = "1 to 100, default 20"),
), responses((status = 200, description = "A page in `data`; count, total, limit and next_cursor in `metadata`"), (status = 422, description = "A filter cannot be read")))]
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    let asked = SaleQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    let found = services.transactions.list(&who, &asked).await?;
    let metadata = json!({
        "count": found.page.items.len(), "total": found.page.total, "limit": asked.limit, "next_cursor": found.page.next_cursor,
        "zone": found.zone,
    });
    Ok(Json(envelope(value(found.page.items)?, metadata)))
}

/// Records a sale and takes its stock, or changes nothing.
#[utoipa::path(post, path = "/api/v1/transactions", tag = "transactions",
    request_body(content = Value, description = "customer_id?, lines[{product_id, quantity, unit_price?, discount?}] or product_id and quantity, payment_method, discount_applied, shipping_cost, currency?, site_id?, terminal_id?, device_id?, ip_address?, payment_token?, capture? (false: pending, the stock is reserved for 30 minutes)"),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body answer the same for 24 h")),
    responses((status = 201, description = "Recorded"), (status = 409, description = "Too little stock (field lines[i].quantity), or the key was used for another body"), (status = 422, description = "All faults at once")))]
pub async fn record(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(sale): Json<RecordSale>,
) -> Response {
    let answered = services.transactions.record(&who, &sale, Entry::Api, key.as_ref()).await;
    let response = match answered.value.map_err(ApiError).and_then(value) {
        Ok(receipt) => (StatusCode::CREATED, Json(envelope(receipt, json!({})))).into_response(),
        Err(error) => error.into_response(),
    };
    marked(response, answered.replayed)
}

/// What the sale would come to, and the stock left. Writes nothing.
#[utoipa::path(post, path = "/api/v1/transactions/quote", tag = "transactions",
    request_body(content = Value, description = "As for recording"), responses((status = 200, description = "Totals and stock left"), (status = 422, description = "All faults at once")))]
pub async fn quote(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(sale): Json<RecordSale>,
) -> ApiResult<Json<Quote>> {
    Ok(Json(services.transactions.quote(&who, &sale).await?))
}

async fn found(services: &Services, who: &domain::access::Principal, id: TransactionId) -> ApiResult<SaleDetail> {
    Ok(services.transactions.detail(who, id).await?.ok_or_else(|| AppError::not_found("Transaction"))?)
}

/// One sale in full.
#[utoipa::path(get, path = "/api/v1/transactions/{id}", tag = "transactions", params(("id" = String, Path)), responses((status = 200, description = "The record"), (status = 404, description = "No such sale")))]
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<TransactionId>,
) -> ApiResult<Json<Value>> {
    Ok(Json(envelope(value(found(&services, &who, id).await?)?, json!({}))))
}

/// Its changes of state, the oldest first.
#[utoipa::path(get, path = "/api/v1/transactions/{id}/events", tag = "transactions", params(("id" = String, Path)), responses((status = 200, description = "The events"), (status = 404, description = "No such sale")))]
pub async fn events(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<TransactionId>,
) -> ApiResult<Json<Value>> {
    let events = found(&services, &who, id).await?.events;
    let metadata = json!({"count": events.len(), "total": events.len()});
    Ok(Json(envelope(value(events)?, metadata)))
}

/// The payment of a pending sale came: its reserved stock is taken, and the sale counts from now on.
#[utoipa::path(post, path = "/api/v1/transactions/{id}/capture", tag = "transactions", params(("id" = String, Path)),
    request_body(content = Value, description = "{reason?}, or nothing"),
    responses((status = 200, description = "The record"), (status = 403, description = "Not the caller's own sale"), (status = 404, description = "No such sale"), (status = 409, description = "It is not pending")))]
pub async fn capture(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(id): Path<TransactionId>,
    body: Bytes,
) -> Response {
    settle(&services, &who, id, Settlement::Capture, &body, key.as_ref()).await
}

/// The payment of a pending sale failed: its reserved stock is free again.
#[utoipa::path(post, path = "/api/v1/transactions/{id}/fail", tag = "transactions", params(("id" = String, Path)),
    request_body(content = Value, description = "{reason?}, or nothing"),
    responses((status = 200, description = "The record"), (status = 403, description = "Not the caller's own sale"), (status = 404, description = "No such sale"), (status = 409, description = "It is not pending")))]
pub async fn fail(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(id): Path<TransactionId>,
    body: Bytes,
) -> Response {
    settle(&services, &who, id, Settlement::Fail, &body, key.as_ref()).await
}

/// A pending sale is not waited for any more: its reserved stock is free again.
#[utoipa::path(post, path = "/api/v1/transactions/{id}/cancel", tag = "transactions", params(("id" = String, Path)),
    request_body(content = Value, description = "{reason?}, or nothing"),
    responses((status = 200, description = "The record"), (status = 403, description = "Not the caller's own sale"), (status = 404, description = "No such sale"), (status = 409, description = "It is not pending")))]
pub async fn cancel(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(id): Path<TransactionId>,
    body: Bytes,
) -> Response {
    settle(&services, &who, id, Settlement::Cancel, &body, key.as_ref()).await
}

/// `body`: `{"reason": …}`, or nothing.
async fn settle(
    services: &Services,
    who: &domain::access::Principal,
    id: TransactionId,
    how: Settlement,
    body: &Bytes,
    key: Option<&IdempotencyKey>,
) -> Response {
    let command = if body.is_empty() { Ok(SettleSale::default()) } else { serde_json::from_slice(body) };
    let Ok(command) = command else {
        return ApiError(AppError::field("reason", "Send a JSON object with a reason, or nothing.")).into_response();
    };
    let answered = services.transactions.settle(who, id, how, &command, key).await;
    let response = match answered.value {
        Ok(sale) => Json(sale).into_response(),
        Err(error) => ApiError(error).into_response(),
    };
    marked(response, answered.replayed)
}
