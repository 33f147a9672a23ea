//! `/api/v1/dealers`.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
        versions::{tagged, version},
    },
    services::Services,
};
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{
    AppError,
    access::{Access, Permission},
    dealers::{
        DealerItem, DealerQuery, DealerTest, DealersPort, EditDealer, ProspectItem, ProspectPersonal, ProspectQuery,
        SetKeys,
    },
    paging::Page,
    query,
};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let keys = Access::Needs(Permission::DealersCredentials);
    let (view, edit) = (Access::Needs(Permission::DealersView), Access::Needs(Permission::DealersEdit));
    Routes::new()
        .get("/api/v1/dealers", view, list)
        .get("/api/v1/dealers/{dealer_id}", view, detail)
        .patch("/api/v1/dealers/{dealer_id}", edit, change)
        .put("/api/v1/dealers/{dealer_id}/credentials", keys, set_keys)
        .post("/api/v1/dealers/{dealer_id}/credentials/test", keys, test)
        .get("/api/v1/dealers/{dealer_id}/prospects", Access::Needs(Permission::ProspectsView), prospects)
        .post(
            "/api/v1/dealers/{dealer_id}/prospects/{prospect_no}/unmask",
            Access::Needs(Permission::ProspectsPii),
            unmask,
        )
}

/// Dealers in the caller's scope, by code.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Page<DealerItem>>> {
    let asked = DealerQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    Ok(Json(services.dealers.dealers(&who, &asked).await?))
}

/// One dealer; of its keys only whether they are set.
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(dealer_id): Path<String>,
) -> ApiResult<Response> {
    let dealer = services.dealers.dealer(&who, &dealer_id).await?.ok_or_else(|| AppError::not_found("Dealer"))?;
    Ok(tagged(StatusCode::OK, dealer.version, dealer))
}

/// Changes a dealer.
pub async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(dealer_id): Path<String>,
    headers: HeaderMap,
    Json(mut command): Json<EditDealer>,
) -> ApiResult<Response> {
    command.version = version(&headers)?.or(command.version);
    let dealer = services.dealers.edit(&who, &dealer_id, &command).await?;
    Ok(tagged(StatusCode::OK, dealer.version, dealer))
}

/// Sets keys, which nobody reads back.
pub async fn set_keys(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(dealer_id): Path<String>,
    body: Bytes,
) -> ApiResult<StatusCode> {
    // The reader's own words would say what was sent.
    let command: SetKeys = serde_json::from_slice(&body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        AppError::field("body", format!("This is no JSON object of keys as texts: {place}."))
    })?;
    services.dealers.set_keys(&who, &dealer_id, &command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the dealer's system with the saved keys.
pub async fn test(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(dealer_id): Path<String>,
) -> ApiResult<Json<DealerTest>> {
    Ok(Json(services.dealers.test(&who, &dealer_id).await?))
}

/// Prospects of a dealer, masked.
pub async fn prospects(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(dealer_id): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Page<ProspectItem>>> {
    let asked = ProspectQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    let page = services.dealers.prospects(&who, &dealer_id, &asked).await?;
    Ok(Json(page.ok_or_else(|| AppError::not_found("Dealer"))?))
}

/// The personal fields of one prospect, on record.
pub async fn unmask(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((dealer_id, prospect_no)): Path<(String, String)>,
) -> ApiResult<Json<ProspectPersonal>> {
    let personal = services.dealers.unmask(&who, &dealer_id, &prospect_no).await?;
    Ok(Json(personal.ok_or_else(|| AppError::not_found("Prospect"))?))
}
