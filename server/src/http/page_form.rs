//! The plain forms of pages that may carry a file: who sent one, what was in it, and its page once more when it was refused.

use super::{
    api::ingest::receive_form,
    caller::Caller,
    error::ApiError,
    pages::{PageState, render},
};
use axum::{
    body::Body,
    extract::Request,
    http::{Extensions, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use domain::{
    AppError,
    access::{FormNote, Permission, Principal, SessionView},
};
use std::sync::Arc;
use tokio::sync::SemaphorePermit;

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
    let status = if note.told.is_some() {
        StatusCode::OK
    } else {
        StatusCode::from_u16(note.error.code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
    };
    let view = again.extensions().get::<SessionView>().cloned().unwrap_or_default();
    again.extensions_mut().insert(SessionView { note: Some(note), ..view });
    let mut response = render(state, again).await;
    *response.status_mut() = status;
    response
}

/// A chosen file.
pub(super) struct SentFile {
    pub name: String,
    pub bytes: Arc<Vec<u8>>,
    /// Held until the file is read.
    _room: SemaphorePermit<'static>,
}

/// What was typed goes into `values`, whatever becomes of the rest; the file comes back.
pub(super) async fn received(
    request: Request,
    values: &mut Vec<(String, String)>,
) -> Result<Option<SentFile>, AppError> {
    let mut form = receive_form(request).await?;
    values.extend(form.fields.iter().filter(|(name, _)| name != "csrf_token").cloned());
    let chosen = form.content().await?;
    Ok(chosen.map(|(name, bytes, room)| SentFile { name, bytes: Arc::new(bytes), _room: room }))
}

/// What was typed into a field.
pub(super) fn typed<'a>(values: &'a [(String, String)], name: &str) -> &'a str {
    values.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim()).unwrap_or_default()
}
