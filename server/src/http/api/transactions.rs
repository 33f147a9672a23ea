//! `/api/v1/transactions`: list, record, quote, detail, events, the end of a pending sale, refunds and disputes.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::{ApiError, ApiResult},
        idempotency::{SentKey, answer},
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
    ids::{DisputeId, TransactionId},
    paging::Page,
    query,
    transactions::{
        CloseDispute, Entry, OpenDispute, Quote, RecordSale, RefundSale, SaleDetail, SaleQuery, SettleSale, Settlement,
        SuspiciousQuery,
    },
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::TransactionsView);
    let create = Access::Needs(Permission::TransactionsCreate);
    let refund_right = Access::Needs(Permission::TransactionsRefund);
    Routes::new()
        .get("/api/v1/transactions", view, list)
        .post("/api/v1/transactions", create, record)
        .post("/api/v1/transactions/quote", create, quote)
        .get("/api/v1/transactions/suspicious", view, suspicious)
        .get("/api/v1/transactions/{id}", view, detail)
        .get("/api/v1/transactions/{id}/events", view, events)
        .post("/api/v1/transactions/{id}/capture", create, capture)
        .post("/api/v1/transactions/{id}/fail", create, fail)
        .post("/api/v1/transactions/{id}/cancel", create, cancel)
        .post("/api/v1/transactions/{id}/refunds", refund_right, refund)
        .post("/api/v1/transactions/{id}/disputes", refund_right, dispute)
        .patch("/api/v1/disputes/{id}", refund_right, close_dispute)
}

/// Beside a page of sales.
#[derive(Debug, Serialize, ToSchema)]
pub struct SalePage {
    /// Of the page.
    count: usize,
    /// Of the filter.
    total: i64,
    limit: u32,
    next_cursor: Option<String>,
    /// The zone of the days in the filter.
    zone: String,
}

/// Beside a page of suspicious sales.
#[derive(Debug, Serialize, ToSchema)]
pub struct Paged {
    /// Of the page.
    count: usize,
    /// Of the filter.
    total: i64,
    limit: u32,
    next_cursor: Option<String>,
}

/// Beside a list that is sent whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counted {
    count: usize,
    total: usize,
}

pub(super) fn envelope(data: Value, metadata: impl Serialize) -> Value {
    json!({"success": true, "data": data, "error": null, "metadata": metadata})
}

pub(super) fn value(of: impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(of).map_err(|_| AppError::internal().into())
}

/// Sales of a filter, the latest first unless `sort` says otherwise.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    let asked = SaleQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    let found = services.transactions.list(&who, &asked).await?;
    let Page { items, next_cursor, total } = found.page;
    let metadata = SalePage { count: items.len(), total, limit: asked.limit, next_cursor, zone: found.zone };
    Ok(Json(envelope(value(items)?, metadata)))
}

/// Sales that screening did not approve at once, the latest first.
pub async fn suspicious(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    let asked = SuspiciousQuery::parse(query::pairs(raw.as_deref().unwrap_or_default()));
    let asked = asked.map_err(AppError::validation)?;
    let Page { items, next_cursor, total } = services.transactions.suspicious(&who, &asked).await?;
    let metadata = Paged { count: items.len(), total, limit: asked.list.limit, next_cursor };
    Ok(Json(envelope(value(items)?, metadata)))
}

/// Records a sale and takes its stock, or changes nothing.
pub async fn record(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(sale): Json<RecordSale>,
) -> Response {
    let answered = services.transactions.record(&who, &sale, Entry::Api, key.as_ref()).await;
    answer(answered, |receipt| value(receipt).map(|receipt| (StatusCode::CREATED, Json(envelope(receipt, json!({}))))))
}

/// What the sale would come to, and the stock left. Writes nothing.
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
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<TransactionId>,
) -> ApiResult<Json<Value>> {
    Ok(Json(envelope(value(found(&services, &who, id).await?)?, json!({}))))
}

/// Its changes of state, the oldest first.
pub async fn events(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<TransactionId>,
) -> ApiResult<Json<Value>> {
    let events = found(&services, &who, id).await?.events;
    let metadata = Counted { count: events.len(), total: events.len() };
    Ok(Json(envelope(value(events)?, metadata)))
}

/// The payment of a pending sale came: its reserved stock is taken, and the sale counts from now on.
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
    answer(services.transactions.settle(who, id, how, &command, key).await, Json)
}

/// Takes the sale back, wholly or in part.
pub async fn refund(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(id): Path<TransactionId>,
    Json(command): Json<RefundSale>,
) -> Response {
    let answered = services.transactions.refund(&who, id, &command, key.as_ref()).await;
    answer(answered, |sale| (StatusCode::CREATED, Json(sale)))
}

/// Its payment is disputed.
pub async fn dispute(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(id): Path<TransactionId>,
    Json(command): Json<OpenDispute>,
) -> Response {
    let answered = services.transactions.dispute(&who, id, &command, key.as_ref()).await;
    answer(answered, |sale| (StatusCode::CREATED, Json(sale)))
}

/// A dispute is won or lost.
pub async fn close_dispute(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<DisputeId>,
    Json(command): Json<CloseDispute>,
) -> ApiResult<Json<SaleDetail>> {
    Ok(Json(services.transactions.close_dispute(&who, id, command).await?))
}
