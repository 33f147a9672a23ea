//! `Idempotency-Key` in, `Idempotent-Replayed` out. The promise itself is kept by
//! [`crate::services::idempotency`], in the transaction of the change.

use super::error::ApiError;
use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    AppError,
    idempotency::{Answered, IdempotencyKey},
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The caller's key, if one was sent.
#[derive(Debug, Clone)]
pub struct SentKey(pub Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequestParts<S> for SentKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let sent = parts
            .headers
            .get(KEY)
            .map(|value| IdempotencyKey::parse(value.to_str().unwrap_or_default()))
            .transpose()?;
        Ok(Self(sent))
    }
}

/// An answer, marked when an earlier call had it; `shown` is how it looks when it is no refusal.
pub fn answer<T, R: IntoResponse>(answered: Answered<Result<T, AppError>>, shown: impl FnOnce(T) -> R) -> Response {
    let mut response = match answered.value {
        Ok(value) => shown(value).into_response(),
        Err(error) => ApiError(error).into_response(),
    };
    if answered.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
