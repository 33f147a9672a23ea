//! The plain forms that carry a file: `POST /data/import`, `POST /data/import/{id}/upload` and the one of datasets. With and
//! without script they go on to the import's page, or come back as the page they stand on with what was wrong.

use super::{
    api::{fraud::backtests, ingest::receive_file},
    error::ApiError,
    page_form::{again, sender},
    pages::PageState,
};
use crate::services::ingest::Upload;
use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    AppError,
    access::{Access, FormNote, Permission},
    ids::ImportId,
};
use std::sync::Arc;

/// The upload form's address, which is also the page's.
pub const PATH: &str = "/data/import";
/// Where a repaired `rejected.csv` goes.
pub const REPAIRED: &str = "/data/import/{id}/upload";
/// Who may send them.
pub const ACCESS: Access = Access::Needs(Permission::IngestUpload);
/// Where a file of sales to try rule sets on goes, which is also the page's address.
pub const DATASET: &str = app::pages::fraud::backtests::UPLOAD;
/// Who may send one.
pub const DATASET_ACCESS: Access = Access::Needs(Permission::FraudReview);

pub async fn upload(State(state): State<PageState>, request: Request) -> Response {
    let who = match sender(&request, Permission::IngestUpload) {
        Ok(who) => who,
        Err(error) => return ApiError(error).into_response(),
    };
    let extensions = request.extensions().clone();
    let error = match receive_file(request).await {
        Ok(file) => {
            let upload = Upload::of(file.target, &file.name, file.bytes).with_sheet(file.sheet);
            match state.services.ingest.receive(&who, upload).await {
                Ok(detail) => return Redirect::to(&format!("{PATH}/{}", detail.summary.id)).into_response(),
                Err(error) => error,
            }
        }
        Err(refusal) => refusal.into(),
    };
    again(state, extensions, PATH, FormNote::of(PATH, error)).await
}

pub async fn upload_repaired(State(state): State<PageState>, Path(id): Path<String>, request: Request) -> Response {
    let who = match sender(&request, Permission::IngestUpload) {
        Ok(who) => who,
        Err(error) => return ApiError(error).into_response(),
    };
    let Ok(id) = id.parse::<ImportId>() else { return ApiError(AppError::not_found("Import")).into_response() };
    let page = format!("{PATH}/{id}");
    let extensions = request.extensions().clone();
    let error = match receive_file(request).await {
        Ok(file) => match state.services.ingest.take_repaired(&who, id, Arc::new(file.bytes)).await {
            Ok(_) => return Redirect::to(&page).into_response(),
            Err(error) => error,
        },
        Err(refusal) => refusal.into(),
    };
    again(state, extensions, &page, FormNote::of(&format!("{page}/upload"), error)).await
}

pub async fn upload_dataset(State(state): State<PageState>, request: Request) -> Response {
    let who = match sender(&request, Permission::FraudReview) {
        Ok(who) => who,
        Err(error) => return ApiError(error).into_response(),
    };
    let extensions = request.extensions().clone();
    match backtests::take(&state.services.backtests, &who, request).await {
        Ok(_) => Redirect::to(DATASET).into_response(),
        Err(error) => again(state, extensions, DATASET, FormNote::of(DATASET, error)).await,
    }
}
