//! `POST /data/import`: the upload form. With and without script a plain form: it goes on to the new
//! import, or comes back as the same page with what was wrong.

use super::{
    api::ingest::receive_file,
    caller::Caller,
    error::ApiError,
    pages::{PageState, render},
};
use crate::services::ingest::Upload;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    AppError,
    access::{Access, FormNote, Permission, SessionView},
};

/// The form's address, which is also the page's.
pub const PATH: &str = "/data/import";
/// Who may send it.
pub const ACCESS: Access = Access::Needs(Permission::IngestUpload);

pub async fn upload(State(state): State<PageState>, request: Request) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let Some(who) = caller.0 else { return ApiError(AppError::unauthenticated()).into_response() };
    if let Err(error) = who.require(Permission::IngestUpload) {
        return ApiError(error).into_response();
    }
    let extensions = request.extensions().clone();
    let error = match receive_file(request).await {
        Ok(file) => {
            let upload = Upload::of(file.target, &file.name, file.bytes);
            match state.services.ingest.receive(&who, upload).await {
                Ok(detail) => return Redirect::to(&format!("{PATH}/{}", detail.summary.id)).into_response(),
                Err(error) => error,
            }
        }
        Err(refusal) => refusal.into(),
    };
    let mut again = Request::new(Body::empty());
    *again.method_mut() = Method::GET;
    *again.uri_mut() = Uri::from_static(PATH);
    *again.extensions_mut() = extensions;
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let view = again.extensions().get::<SessionView>().cloned().unwrap_or_default();
    let note = Some(FormNote { form: PATH.to_owned(), values: Vec::new(), error });
    again.extensions_mut().insert(SessionView { note, ..view });
    let mut response = render(state, again).await;
    *response.status_mut() = status;
    response
}
