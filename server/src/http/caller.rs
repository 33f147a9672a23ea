//! Who calls: put into the request by the session and token layer, read by guards and handlers.

use super::error::ApiError;
use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{AppError, access::Principal};

/// Extension of every request. `None`: signed out.
#[derive(Debug, Clone, Default)]
pub struct Caller(pub Option<Principal>);

/// Extractor for handlers behind `SignedIn` or `Needs`: the verified principal.
#[derive(Debug, Clone)]
pub struct Signed(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.extensions.get::<Caller>() {
            Some(Caller(Some(principal))) => Ok(Self(principal.clone())),
            _ => Err(AppError::unauthenticated().into()),
        }
    }
}
