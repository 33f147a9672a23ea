//! `/api/v1/fraud`: cases.

pub mod backtests;
mod lists;
mod rule_sets;

use crate::{
    http::{
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    access::{Access, Permission},
    fraud::case::{CaseDetail, CaseQuery, CaseReason, DecideCase, Queue, SnoozeCase},
    ids::{CaseId, TransactionId},
};
use serde::Deserialize;
use utoipa::ToSchema;

pub use rule_sets::{LearnedModelList, RuleSetList};

pub fn routes() -> Routes<Services> {
    cases().merge(rule_sets::routes()).merge(lists::routes()).merge(backtests::routes())
}

fn cases() -> Routes<Services> {
    let (view, review) = (Access::Needs(Permission::FraudView), Access::Needs(Permission::FraudReview));
    Routes::new()
        .get("/api/v1/fraud/cases", view, queue)
        .post("/api/v1/fraud/cases/next", review, next)
        .get("/api/v1/fraud/cases/{id}", view, case)
        .post("/api/v1/fraud/cases/{id}/claim", review, claim)
        .post("/api/v1/fraud/cases/{id}/unclaim", review, unclaim)
        .post("/api/v1/fraud/cases/{id}/notes", review, note)
        .post("/api/v1/fraud/cases/{id}/escalate", review, escalate)
        .post("/api/v1/fraud/cases/{id}/snooze", review, snooze)
        .post("/api/v1/fraud/cases/{id}/decide", review, decide)
        .post("/api/v1/transactions/{id}/flag", review, flag)
}

/// What a reviewer writes down.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteCase {
    pub text: String,
}

/// Cases that are not closed, or closed ones; held sales first, then by expected loss.
pub async fn queue(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<CaseQuery>,
) -> ApiResult<Json<Queue>> {
    Ok(Json(services.cases.queue(&who, &query).await?))
}

/// Claims the first case that nobody works on.
pub async fn next(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Response> {
    Ok(match services.cases.next(&who).await? {
        Some(case) => Json(case).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// One case in full.
pub async fn case(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CaseId>,
) -> ApiResult<Json<CaseDetail>> {
    Ok(Json(services.cases.case(&who, id).await?))
}

/// Makes the case the caller's for half an hour from the last act.
pub async fn claim(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CaseId>,
) -> ApiResult<Json<CaseDetail>> {
    Ok(Json(services.cases.claim(&who, id).await?))
}

/// Gives it back to the queue.
pub async fn unclaim(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CaseId>,
) -> ApiResult<Json<CaseDetail>> {
    Ok(Json(services.cases.unclaim(&who, id).await?))
}

/// Writes something down, and claims the case.
pub async fn note(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CaseId>,
    Json(note): Json<NoteCase>,
) -> ApiResult<Json<CaseDetail>> {
    Ok(Json(services.cases.note(&who, id, &note.text).await?))
}

/// Leaves the case to somebody with more to say.
pub async fn escalate(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CaseId>,
    Json(reason): Json<CaseReason>,
) -> ApiResult<Json<CaseDetail>> {
    Ok(Json(services.cases.escalate(&who, id, &reason).await?))
}

/// Puts the case off.
pub async fn snooze(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CaseId>,
    Json(command): Json<SnoozeCase>,
) -> ApiResult<Json<CaseDetail>> {
    Ok(Json(services.cases.snooze(&who, id, command).await?))
}

/// Opens a case of a sale that went through.
pub async fn flag(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<TransactionId>,
    Json(reason): Json<CaseReason>,
) -> ApiResult<(StatusCode, Json<CaseDetail>)> {
    Ok((StatusCode::CREATED, Json(services.cases.flag(&who, id, &reason).await?)))
}

/// Closes the case with a verdict; a held sale is released or declined.
pub async fn decide(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<CaseId>,
    Json(command): Json<DecideCase>,
) -> ApiResult<Json<CaseDetail>> {
    Ok(Json(services.cases.decide(&who, id, &command).await?))
}
