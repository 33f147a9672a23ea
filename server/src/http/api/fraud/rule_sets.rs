//! `/api/v1/fraud/rule-sets`, what their rules are worth, and decisions judged again.

use crate::{
    http::{
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
        idempotency::{SentKey, answer},
        routes::Routes,
        versions::{tagged, version},
    },
    services::Services,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{
    access::{Access, Permission},
    fraud::{
        model::LearnedModel,
        precision::{PerformanceQuery, RulePerformance},
        set::{CopyRuleSet, EditRuleSet, Replay, RuleSetRow},
    },
    ids::DecisionId,
};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) fn routes() -> Routes<Services> {
    let needs = Access::Needs;
    let (view, review) = (needs(Permission::FraudView), needs(Permission::FraudReview));
    let (edit, publish) = (needs(Permission::FraudRulesEdit), needs(Permission::FraudRulesPublish));
    Routes::new()
        .get("/api/v1/fraud/rule-sets", view, list)
        .post("/api/v1/fraud/rule-sets", edit, create)
        .get("/api/v1/fraud/rule-sets/{number}", view, detail)
        .put("/api/v1/fraud/rule-sets/{number}", edit, change)
        .post("/api/v1/fraud/rule-sets/{number}/shadow", edit, shadow)
        .post("/api/v1/fraud/rule-sets/{number}/publish", publish, go_live)
        .post("/api/v1/fraud/rule-sets/{number}/retire", publish, retire)
        .get("/api/v1/fraud/models", view, models)
        .get("/api/v1/fraud/rules/performance", review, performance)
        .post("/api/v1/fraud/decisions/{id}/replay", review, replay)
}

/// All rule sets.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleSetList {
    items: Vec<RuleSetRow>,
    next_cursor: Option<String>,
    total: i64,
}

/// Live, shadow, drafts, then the retired.
pub async fn list(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<RuleSetList>> {
    let items = services.rule_sets.sets(&who).await?;
    let total = i64::try_from(items.len()).unwrap_or_default();
    Ok(Json(RuleSetList { items, next_cursor: None, total }))
}

/// All learned scores.
#[derive(Debug, Serialize, ToSchema)]
pub struct LearnedModelList {
    items: Vec<LearnedModel>,
    next_cursor: Option<String>,
    total: i64,
}

/// Learned scores that a set can use, the newest first.
pub async fn models(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<LearnedModelList>> {
    let items = services.rule_sets.models(&who).await?;
    let total = i64::try_from(items.len()).unwrap_or_default();
    Ok(Json(LearnedModelList { items, next_cursor: None, total }))
}

/// A draft that begins as a copy.
pub async fn create(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(command): Json<CopyRuleSet>,
) -> Response {
    let answered = services.rule_sets.copy(&who, &command, key.as_ref()).await;
    answer(answered, |set| tagged(StatusCode::CREATED, set.row.version, set))
}

/// One set with its rules.
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(number): Path<i32>,
) -> ApiResult<Response> {
    let set = services.rule_sets.set(&who, number).await?;
    Ok(tagged(StatusCode::OK, set.row.version, set))
}

/// Writes a draft anew.
pub async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(number): Path<i32>,
    headers: HeaderMap,
    Json(mut command): Json<EditRuleSet>,
) -> ApiResult<Response> {
    command.version = version(&headers)?.or(command.version);
    let set = services.rule_sets.edit(&who, number, &command).await?;
    Ok(tagged(StatusCode::OK, set.row.version, set))
}

/// Lets a draft judge beside the live set.
pub async fn shadow(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(number): Path<i32>,
) -> Response {
    let answered = services.rule_sets.shadow(&who, number, key.as_ref()).await;
    answer(answered, |set| tagged(StatusCode::OK, set.row.version, set))
}

/// Makes a set the live one.
pub async fn go_live(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(number): Path<i32>,
) -> Response {
    let answered = services.rule_sets.publish(&who, number, key.as_ref()).await;
    answer(answered, |set| tagged(StatusCode::OK, set.row.version, set))
}

/// Puts a draft or the set in shadow away.
pub async fn retire(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Path(number): Path<i32>,
) -> Response {
    let answered = services.rule_sets.retire(&who, number, key.as_ref()).await;
    answer(answered, |set| tagged(StatusCode::OK, set.row.version, set))
}

/// How often each rule was right.
pub async fn performance(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<PerformanceQuery>,
) -> ApiResult<Json<RulePerformance>> {
    Ok(Json(services.rule_sets.performance(&who, &query).await?))
}

/// Judges a sale again from what was known then.
pub async fn replay(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<DecisionId>,
) -> ApiResult<Json<Replay>> {
    Ok(Json(services.rule_sets.replay(&who, id).await?))
}
