//! Optimistic locking over HTTP: `ETag` out, `If-Match` in.

use super::{body::Json, error::ApiError};
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::AppError;
use serde::Serialize;

/// The version in `If-Match`, with or without quotes.
///
/// # Errors
/// `validation` when it is no number.
pub fn version(headers: &HeaderMap) -> Result<Option<i32>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim_start_matches("W/").trim_matches('"');
    text.parse()
        .map(Some)
        .map_err(|_| AppError::field("If-Match", "Send the version number that you have read.").into())
}

/// JSON with its version as `ETag`.
pub fn tagged(status: StatusCode, version: i32, shown: impl Serialize) -> Response {
    (status, [(header::ETAG, format!("\"{version}\""))], Json(shown)).into_response()
}
