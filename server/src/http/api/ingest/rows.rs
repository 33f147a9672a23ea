//! Quarantined rows: list, edit, run again, give up, take home.

use super::upload::receive_file;
use crate::{
    http::{
        body::{Json as Body, Path, Query},
        caller::Signed,
        error::{ApiError, ApiResult},
    },
    services::{Services, ingest::rejected_csv},
};
use axum::{
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use domain::{
    ids::ImportId,
    ingest::{Discard, ImportDetail, IngestPort, RowEdit, StagedRow},
    paging::{DEFAULT_LIMIT, Page},
};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub struct Listing {
    cursor: Option<String>,
    limit: Option<u32>,
    /// `open` (default) or `all`.
    state: Option<String>,
}

pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
    Query(q): Query<Listing>,
) -> ApiResult<Body<Page<StagedRow>>> {
    let open_only = q.state.as_deref() != Some("all");
    Ok(Body(services.ingest.rows(&who, id, open_only, q.cursor, q.limit.unwrap_or(DEFAULT_LIMIT)).await?))
}

pub async fn edit(
    State(services): State<Services>,
    Signed(who): Signed,
    Path((id, row_no)): Path<(ImportId, u32)>,
    Body(edit): Body<RowEdit>,
) -> ApiResult<Body<StagedRow>> {
    Ok(Body(services.ingest.edit_row(&who, id, row_no, edit).await?))
}

pub async fn rerun(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
) -> ApiResult<Body<ImportDetail>> {
    Ok(Body(services.ingest.rerun(&who, id).await?))
}

pub async fn discard(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
    Body(discard): Body<Discard>,
) -> ApiResult<Body<ImportDetail>> {
    Ok(Body(services.ingest.discard(&who, id, discard).await?))
}

/// A repaired `rejected.csv` as multipart field `file`: its cells replace those of the rows it names.
pub async fn upload(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
    request: Request,
) -> Result<Response, Response> {
    let file = receive_file(request).await.map_err(IntoResponse::into_response)?;
    let detail = services.ingest.take_repaired(&who, id, Arc::new(file.bytes)).await;
    detail.map(|detail| Body(detail).into_response()).map_err(|error| ApiError(error).into_response())
}

/// The open rows as CSV: original columns, then row, code, field, message.
pub async fn rejected(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ImportId>,
) -> ApiResult<Response> {
    let (detail, rows) = services.ingest.rejected(&who, id).await?;
    let disposition = format!("attachment; filename=\"import-{}-rejected.csv\"", detail.summary.number);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, rejected_csv(&detail, &rows)).into_response())
}
