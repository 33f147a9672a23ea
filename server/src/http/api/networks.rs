//! `/api/v1/planning`: networks and their rows, and the inputs they are frozen into. A section is named as in the format;
//! `lines` are the rows of production.

use super::optimize::sent::{self, Sent, Text};
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
    ids::{NetworkImportId, NetworkRowId},
    paging::Page,
    planning::{CommitImport, Freeze, Handed, NetworkImport, NetworkList, NetworkRow, RowFilter},
};
use serde::Deserialize;

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::PlanView);
    let edit = Access::Needs(Permission::PlanEditNetwork);
    Routes::new()
        .get("/api/v1/planning/networks", view, list)
        .post("/api/v1/planning/networks", edit, create)
        .get("/api/v1/planning/networks/{code}", view, one)
        .put("/api/v1/planning/networks/{code}", edit, change)
        .delete("/api/v1/planning/networks/{code}", edit, remove)
        .post("/api/v1/planning/networks/{code}/imports", edit, stage)
        .get("/api/v1/planning/imports/{id}", view, staged)
        .post("/api/v1/planning/imports/{id}/commit", edit, commit)
        .post("/api/v1/planning/inputs", edit, freeze)
        .get("/api/v1/planning/{section}", view, rows)
        .post("/api/v1/planning/{section}", edit, add_row)
        .put("/api/v1/planning/{section}/{id}", edit, change_row)
        .delete("/api/v1/planning/{section}/{id}", edit, remove_row)
}

async fn list(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<NetworkList>> {
    Ok(Json(services.networks.list(&who).await?))
}

async fn one(State(services): State<Services>, Signed(who): Signed, Path(code): Path<String>) -> ApiResult<Response> {
    let detail = services.networks.detail(&who, &code).await?;
    Ok(tagged(StatusCode::OK, detail.version, detail))
}

async fn create(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Text(text): Text,
) -> ApiResult<Response> {
    let answered = services.networks.create(&who, sent::new_network(&text)?, key.as_ref()).await;
    Ok(answer(answered, |made| tagged(StatusCode::CREATED, made.version, made)))
}

async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(code): Path<String>,
    headers: HeaderMap,
    Text(text): Text,
) -> ApiResult<Response> {
    let detail = services.networks.change(&who, &code, version(&headers)?, sent::row(&text)?).await?;
    Ok(tagged(StatusCode::OK, detail.version, detail))
}

async fn remove(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(code): Path<String>,
) -> ApiResult<StatusCode> {
    services.networks.remove(&who, &code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps the document and tells what it would change; nothing is changed yet.
async fn stage(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(code): Path<String>,
    sent: Sent,
) -> ApiResult<(StatusCode, Json<NetworkImport>)> {
    let document = match sent {
        Sent::Text(text) => Handed::Text(sent::document(&text)?),
        Sent::File(file) => Handed::File(file),
    };
    Ok((StatusCode::CREATED, Json(services.networks.stage(&who, &code, document, None).await?)))
}

async fn staged(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<NetworkImportId>,
) -> ApiResult<Json<NetworkImport>> {
    Ok(Json(services.networks.staged(&who, id).await?))
}

async fn commit(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<NetworkImportId>,
    Query(how): Query<CommitImport>,
) -> ApiResult<Json<NetworkImport>> {
    Ok(Json(services.networks.commit(&who, id, &how).await?))
}

async fn freeze(
    State(services): State<Services>,
    Signed(who): Signed,
    Text(text): Text,
) -> ApiResult<(StatusCode, Json<Freeze>)> {
    Ok((StatusCode::CREATED, Json(services.networks.freeze(&who, sent::freeze(&text)?).await?)))
}

async fn rows(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(section): Path<String>,
    Query(filter): Query<RowFilter>,
) -> ApiResult<Json<Page<NetworkRow>>> {
    Ok(Json(services.networks.rows(&who, &section, filter).await?))
}

/// The network that a row is to stand in.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Among {
    network: Option<String>,
}

async fn add_row(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(section): Path<String>,
    Query(among): Query<Among>,
    SentKey(key): SentKey,
    Text(text): Text,
) -> ApiResult<Response> {
    let fields = sent::row(&text)?;
    let answered = services.networks.add_row(&who, among.network, &section, fields, key.as_ref()).await;
    Ok(answer(answered, |row| tagged(StatusCode::CREATED, row.version, row)))
}

async fn change_row(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((section, id)): Path<(String, NetworkRowId)>,
    headers: HeaderMap,
    Text(text): Text,
) -> ApiResult<Response> {
    let (version, fields) = (version(&headers)?, sent::row(&text)?);
    let row = services.networks.change_row(&who, &section, id, version, fields).await?;
    Ok(tagged(StatusCode::OK, row.version, row))
}

async fn remove_row(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((section, id)): Path<(String, NetworkRowId)>,
    headers: HeaderMap,
) -> ApiResult<StatusCode> {
    services.networks.remove_row(&who, &section, id, version(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
