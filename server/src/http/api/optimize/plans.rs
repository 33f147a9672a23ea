//! `/api/v1/optimize/plans`: plans proposed and decided, and two of them row by row.

use super::sent::Text;
use crate::{
    http::{
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::extract::{RawQuery, State};
use domain::{
    AppError,
    access::{Access, Permission},
    ids::PlanId,
    planning::{CompareQuery, Comparison, PlanAct, PlanDetail, PlanFilter, PlanList, Reason},
    query,
};

/// Rows of an answer; the export has all.
const MOST_ROWS: usize = 1_000;

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::PlanView);
    let propose = Access::Needs(Permission::PlanPropose);
    let approve = Access::Needs(Permission::PlanApprove);
    Routes::new()
        .get("/api/v1/optimize/plans", view, list)
        .get("/api/v1/optimize/plans/{plan_id}", view, detail)
        .post("/api/v1/optimize/plans/{plan_id}/propose", propose, proposed)
        .post("/api/v1/optimize/plans/{plan_id}/withdraw", propose, withdrawn)
        .post("/api/v1/optimize/plans/{plan_id}/approve", approve, approved)
        .post("/api/v1/optimize/plans/{plan_id}/reject", approve, rejected)
        .get("/api/v1/optimize/compare", view, compare)
}

async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(filter): Query<PlanFilter>,
) -> ApiResult<Json<PlanList>> {
    Ok(Json(services.plans.list(&who, filter).await?))
}

async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(plan): Path<PlanId>,
) -> ApiResult<Json<PlanDetail>> {
    Ok(Json(services.plans.detail(&who, plan).await?))
}

fn reason(text: &str) -> Result<Reason, AppError> {
    if matches!(text.trim(), "" | "null") {
        return Ok(Reason::default());
    }
    serde_json::from_str(text).map_err(|error| AppError::field("body", format!("This cannot be read: {error}.")))
}

macro_rules! acts {
    ($($name:ident => $act:ident),+) => {$(
        async fn $name(
            State(services): State<Services>,
            Signed(who): Signed,
            Path(plan): Path<PlanId>,
            Text(text): Text,
        ) -> ApiResult<Json<PlanDetail>> {
            Ok(Json(services.plans.act(&who, plan, PlanAct::$act, reason(&text)?).await?))
        }
    )+};
}

acts! { proposed => Propose, withdrawn => Withdraw, approved => Approve, rejected => Reject }

async fn compare(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(search): RawQuery,
) -> ApiResult<Json<Comparison>> {
    let asked = CompareQuery::parse(&query::pairs(&search.unwrap_or_default())).map_err(AppError::validation)?;
    let mut comparison = services.plans.compare(&who, &asked).await?;
    comparison.rows.truncate(MOST_ROWS);
    Ok(Json(comparison))
}
