//! The opaque place in a list: texts joined, so that a page's address can carry them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::AppError;

/// The text form of a place.
pub fn write(plain: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(plain)
}

/// What [`write`] was given, as `parse` reads it.
///
/// # Errors
/// `validation` when the text is no place of the list in its order.
pub fn read<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, AppError> {
    let plain = BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    plain.as_deref().and_then(parse).ok_or_else(wrong)
}

/// What is no place of the list in its order.
pub fn wrong() -> AppError {
    AppError::field(
        "cursor",
        "This place in the list is not valid for this filter and order. Start from the first page.",
    )
}
