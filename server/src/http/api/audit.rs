//! `/api/v1/audit`: the list, one act, and the export.

use super::exports::streamed;
use crate::{
    http::{
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::{Services, exports::Format},
};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use domain::{
    access::{Access, Permission, Principal},
    audit::{AuditDetail, AuditFilter, AuditPage},
    ids::AuditId,
    query,
};

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let export = Access::Needs(Permission::AuditExport);
    Routes::new()
        .get("/api/v1/audit", Access::Needs(Permission::AuditView), list)
        .get("/api/v1/audit/export.csv", export, csv)
        .get("/api/v1/audit/export.jsonl", export, jsonl)
        .get("/api/v1/audit/{id}", Access::Needs(Permission::AuditView), detail)
}

/// Acts, newest first.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(filter): Query<AuditFilter>,
) -> ApiResult<Json<AuditPage>> {
    Ok(Json(services.audit.list(&who, filter).await?))
}

/// One act with its fields before and after.
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AuditId>,
) -> ApiResult<Json<AuditDetail>> {
    Ok(Json(services.audit.detail(&who, id).await?))
}

async fn csv(state: State<Services>, Signed(who): Signed, RawQuery(raw): RawQuery) -> ApiResult<Response> {
    export(state, &who, raw.as_deref(), Format::Csv).await
}

async fn jsonl(state: State<Services>, Signed(who): Signed, RawQuery(raw): RawQuery) -> ApiResult<Response> {
    export(state, &who, raw.as_deref(), Format::JsonLines).await
}

async fn export(
    State(services): State<Services>,
    who: &Principal,
    raw: Option<&str>,
    format: Format,
) -> ApiResult<Response> {
    let pairs = query::pairs(raw.unwrap_or_default());
    streamed(services.exports.open_audit(who, format, &pairs).await?, format)
}
