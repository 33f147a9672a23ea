//! The error envelope of `platform.md` 3.14.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::AppError;
use serde_json::json;

/// An [`AppError`] on its way out as JSON, with the status of its code.
#[derive(Debug)]
pub struct ApiError(pub AppError);

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

impl From<store::StoreError> for ApiError {
    fn from(error: store::StoreError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.retry_after_seconds;
        // The request id is filled in by the outermost layer, which also keeps `AppError` for the log line.
        let error = self.0.clone();
        let body = json!({"success": false, "data": null, "error": {
            "code": error.code, "message": error.message, "fields": error.fields, "request_id": error.request_id,
        }});
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(error.code);
        response
    }
}

/// What REST handlers return.
pub type ApiResult<T> = Result<T, ApiError>;
