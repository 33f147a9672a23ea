//! Sending a creating request twice without creating twice (`platform.md` 3.14).

use crate::error::{AppError, FieldError};
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The caller's key: 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// # Errors
    /// `validation` on `Idempotency-Key` for an empty, long or unprintable key.
    pub fn parse(text: &str) -> Result<Self, AppError> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AppError::validation(vec![FieldError::new(
                "Idempotency-Key",
                "The key must have 1 to 255 printable characters without accents.",
            )]))
        }
    }

    /// The key of a form that does `act` with what `about` names: sent twice alike it is the same, changed another.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn of_form(act: &str, about: &[&str], body: &impl Serialize) -> Result<Self, AppError> {
        let body = serde_json::to_string(body).map_err(|_| AppError::internal())?;
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self::parse(&format!("page {act} {} {:x}", about.join(" "), hasher.finish()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An answer, and whether it is the stored one of an earlier call with the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered<T> {
    pub value: T,
    pub replayed: bool,
}

impl<T> Answered<Result<T, AppError>> {
    /// What failed around the change answers like what failed in it.
    #[must_use]
    pub fn of(outcome: Result<Self, AppError>) -> Self {
        outcome.unwrap_or_else(|error| Self { value: Err(error), replayed: false })
    }
}
