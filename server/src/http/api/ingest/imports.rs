//! Imports: list, detail, mapping, and the long steps as jobs.

use crate::{
    http::{
        body::{Json as Body, Path, Query},
        caller::Signed,
        error::ApiResult,
    },
    services::Services,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    ids::ImportId,
    ingest::{ImportDetail, ImportSummary, IngestPort, Mapping},
    jobs::Enqueued,
    paging::{DEFAULT_LIMIT, Page},
};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Debug, Deserialize)]
pub struct Listing {
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A mapping, and the name to keep it under.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SetMapping {
    #[serde(flatten)]
    mapping: Mapping,
    save_as: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Commit {
    /// Repeats how many recorded sales are closed, where that is asked.
    confirm_closed: Option<u32>,
}

/// Proposals by their keys.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Chosen {
    keys: Vec<String>,
}

pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(q): Query<Listing>,
) -> ApiResult<Body<Page<ImportSummary>>> {
    Ok(Body(services.ingest.imports(&who, q.cursor, q.limit.unwrap_or(DEFAULT_LIMIT)).await?))
}

pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
) -> ApiResult<Body<ImportDetail>> {
    Ok(Body(services.ingest.import(&who, id).await?))
}

pub async fn set_mapping(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
    Body(command): Body<SetMapping>,
) -> ApiResult<Body<ImportDetail>> {
    Ok(Body(services.ingest.set_mapping(&who, id, command.mapping, command.save_as).await?))
}

pub async fn preview(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
) -> ApiResult<(StatusCode, Body<Enqueued>)> {
    Ok((StatusCode::ACCEPTED, Body(services.ingest.preview(&who, id).await?)))
}

pub async fn commit(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
    Query(asked): Query<Commit>,
) -> ApiResult<(StatusCode, Body<Enqueued>)> {
    Ok((StatusCode::ACCEPTED, Body(services.ingest.commit(&who, id, asked.confirm_closed).await?)))
}

/// Accepts cleaning proposals by their keys; all others are refused.
pub async fn clean(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
    Body(chosen): Body<Chosen>,
) -> ApiResult<Body<ImportDetail>> {
    Ok(Body(services.ingest.clean(&who, id, chosen.keys).await?))
}

pub async fn undo(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
) -> ApiResult<(StatusCode, Body<Enqueued>)> {
    Ok((StatusCode::ACCEPTED, Body(services.ingest.undo(&who, id).await?)))
}

pub async fn cancel(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
) -> ApiResult<Body<ImportDetail>> {
    services.ingest.cancel(&who, id).await?;
    Ok(Body(services.ingest.import(&who, id).await?))
}
