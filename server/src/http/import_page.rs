//! The plain forms that carry a file: `POST /data/import`, `POST /data/import/{id}/upload` and the one of datasets. With and
//! without script they go on to the import's page, or come back as the page they stand on with what was wrong.

use super::{
    api::{fraud::backtests, ingest::receive_file},
    caller::Caller,
    error::ApiError,
    pages::{PageState, render},
};
use crate::services::ingest::Upload;
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{Extensions, Method, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    AppError,
    access::{Access, FormNote, Permission, Principal, SessionView},
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

pub(super) fn sender(request: &Request, right: Permission) -> Result<Principal, AppError> {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let who = caller.0.ok_or_else(AppError::unauthenticated)?;
    who.require(right)?;
    Ok(who)
}

/// The page once more, with what was wrong with its form.
pub(super) async fn again(state: PageState, extensions: Extensions, page: &str, note: FormNote) -> Response {
    let Ok(uri) = page.parse::<Uri>() else { return ApiError(note.error).into_response() };
    let mut again = Request::new(Body::empty());
    *again.method_mut() = Method::GET;
    *again.uri_mut() = uri;
    *again.extensions_mut() = extensions;
    let status = StatusCode::from_u16(note.error.code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let view = again.extensions().get::<SessionView>().cloned().unwrap_or_default();
    again.extensions_mut().insert(SessionView { note: Some(note), ..view });
    let mut response = render(state, again).await;
    *response.status_mut() = status;
    response
}
