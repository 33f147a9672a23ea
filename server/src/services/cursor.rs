//! The opaque place in a list: texts joined, so that a page's address can carry them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::AppError;
use uuid::Uuid;

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
    plain.as_deref().filter(|plain| !plain.contains('\0')).and_then(parse).ok_or_else(wrong)
}

/// The place of a row in a list by time.
pub fn of_moment(at: DateTime<Utc>, id: Uuid) -> String {
    write(format!("{}/{id}", at.timestamp_micros()))
}

/// What [`of_moment`] was given.
///
/// # Errors
/// `validation` when the text is no such place.
pub fn moment(text: &str) -> Result<(DateTime<Utc>, Uuid), AppError> {
    read(text, |plain| {
        let (at, id) = plain.split_once('/')?;
        Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
    })
}

/// What is no place of the list in its order.
pub fn wrong() -> AppError {
    AppError::field(
        "cursor",
        "This place in the list is not valid for this filter and order. Start from the first page.",
    )
}
