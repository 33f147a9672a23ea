//! `/api/v1/fraud/lists`.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::ApiResult,
        idempotency::{SentKey, answer},
        routes::Routes,
    },
    services::Services,
};
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    AppError,
    access::{Access, Permission},
    fraud::list::{ListEntry, ListQuery, NewListEntry},
    ids::ListEntryId,
    paging::Page,
    query,
};

pub(super) fn routes() -> Routes<Services> {
    let (view, edit) = (Access::Needs(Permission::FraudView), Access::Needs(Permission::FraudRulesEdit));
    Routes::new().get("/api/v1/fraud/lists", view, entries).post("/api/v1/fraud/lists", edit, add).delete(
        "/api/v1/fraud/lists/{id}",
        edit,
        remove,
    )
}

/// Entries of both lists, the newest first; what has ended among them.
pub async fn entries(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Page<ListEntry>>> {
    let asked = ListQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    Ok(Json(services.fraud_lists.entries(&who, &asked).await?))
}

/// Puts something on a list.
pub async fn add(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(command): Json<NewListEntry>,
) -> Response {
    let answered = services.fraud_lists.add(&who, &command, key.as_ref()).await;
    answer(answered, |entry| (StatusCode::CREATED, Json(entry)))
}

/// Takes it off.
pub async fn remove(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ListEntryId>,
) -> ApiResult<StatusCode> {
    services.fraud_lists.remove(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
