//! The one error every layer speaks. Its JSON is the wire format of REST
//! (`platform.md` 3.14) and of server functions.

use crate::freshness::ErrorClass;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// What went wrong, in the closed list of `platform.md` 3.14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Validation,
    RateLimited,
    Unavailable,
    Internal,
}

impl ErrorCode {
    /// HTTP status of the code; the same in REST and in server functions.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Validation => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Validation => "validation",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// One fault of one field. `path` is the field's path in the command, e.g. `lines[2].quantity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    pub path: String,
    pub message: String,
}

impl FieldError {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// An error that may be shown to a person: no SQL, path, driver text or secret ever gets in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, ToSchema)]
pub struct AppError {
    pub code: ErrorCode,
    pub message: String,
    #[serde(default)]
    #[schema(required)]
    pub fields: Vec<FieldError>,
    #[serde(default)]
    pub request_id: Option<String>,
    /// Seconds after which a `rate_limited` or `unavailable` call may be tried again. REST says it as `Retry-After`.
    #[schema(ignore)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// What the database did, for the server's own decisions; it never leaves the server.
    #[serde(skip)]
    pub cause: Option<ErrorClass>,
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl AppError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
            request_id: None,
            retry_after_seconds: None,
            cause: None,
        }
    }

    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(ErrorCode::Unauthenticated, "Sign in to go on.")
    }

    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(ErrorCode::Forbidden, "You do not have the right to do this.")
    }

    /// `what` is the thing in the user's words: "Transaction", "Import".
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("{what} not found."))
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, message)
    }

    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "Something went wrong on our side. The request id helps us find it.")
    }

    #[must_use]
    pub fn validation(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} entries need attention.", many.len()),
        };
        Self { fields, ..Self::new(ErrorCode::Validation, message) }
    }

    /// As it is told to who asked with that request.
    #[must_use]
    pub fn of_request(mut self, id: &str) -> Self {
        if self.request_id.is_none() && !id.is_empty() {
            self.request_id = Some(id.to_owned());
        }
        self
    }

    /// Whether the same question may be answered another time: what was known before it still stands.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self.code, ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::RateLimited)
    }

    /// Validation with one field.
    pub fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::validation(vec![FieldError::new(path, message)])
    }

    #[must_use]
    pub fn with_field(mut self, path: impl Into<String>, message: impl Into<String>) -> Self {
        self.fields.push(FieldError::new(path, message));
        self
    }

    /// The message of the field at `path`, if it is at fault.
    #[must_use]
    pub fn of_field(&self, path: &str) -> Option<&str> {
        self.fields.iter().find(|f| f.path == path).map(|f| f.message.as_str())
    }
}
