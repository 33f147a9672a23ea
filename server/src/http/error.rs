//! The error envelope of `platform.md` 3.14.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::AppError;
use serde_json::{Value, json};

/// An [`AppError`] on its way out as JSON, with the status of its code.
#[derive(Debug)]
pub struct ApiError(pub AppError);

/// Rides on the response to the outermost layer, which fills in the request id and logs the code.
#[derive(Debug, Clone)]
pub struct Carried(pub AppError);

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

/// The body of an error answer.
#[must_use]
pub fn envelope(error: &AppError) -> Value {
    json!({"success": false, "data": null, "error": {
        "code": error.code, "message": error.message, "fields": error.fields, "request_id": error.request_id,
    }})
}

impl ApiError {
    /// With a status of its own where HTTP knows a more exact one than the code (405, 413, 431).
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Response {
        let mut response = (status, Json(envelope(&self.0))).into_response();
        if let Some(seconds) = self.0.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.0.code);
        response.extensions_mut().insert(Carried(self.0));
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.with_status(status)
    }
}

/// What REST handlers return.
pub type ApiResult<T> = Result<T, ApiError>;
