//! Extractors whose refusals speak our envelope.

use super::{error::ApiError, request::too_large};
use axum::{
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use domain::AppError;
use serde::de::DeserializeOwned;

/// JSON body. Malformed, of the wrong shape or without its content type: 422 with the field's path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<T: serde::Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(ApiError(AppError::field("body", "Send JSON with the header Content-Type: application/json."))
                    .into_response())
            }
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large(1 << 20)),
            Err(rejection) => Err(ApiError(of_serde(&rejection.body_text(), "body")).into_response()),
        }
    }
}

/// Query string; of the wrong shape: 422 with the parameter's name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let result: Result<_, QueryRejection> = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        result.map(|axum::extract::Query(value)| Self(value)).map_err(|e| ApiError(of_serde(&e.body_text(), "query")))
    }
}

/// Path parameters; an id that cannot be one names nothing: 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let result: Result<_, PathRejection> = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        result
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| ApiError(AppError::not_found("Page or record")))
    }
}

/// axum's text is "Failed to … : path: what is wrong at line 1 column 2".
fn of_serde(text: &str, place: &str) -> AppError {
    let detail = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let (path, message) = match detail.split_once(": ") {
        Some((path, message)) if !path.contains(' ') => (path, message),
        _ => (place, detail),
    };
    AppError::field(path, format!("This cannot be read: {message}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_at_fault_is_named() {
        let error = of_serde(
            "Failed to deserialize the JSON body into the target type: lines[0].quantity: invalid type: string \"x\", expected i64 at line 1 column 9",
            "body",
        );
        assert_eq!(error.fields[0].path, "lines[0].quantity");
        let error =
            of_serde("Failed to parse the request body as JSON: EOF while parsing a value at line 1 column 0", "body");
        assert_eq!(error.fields[0].path, "body");
    }
}
