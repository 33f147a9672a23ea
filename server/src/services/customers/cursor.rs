//! The opaque place in the list of customers.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::AppError;
use store::customers::list::After;

/// The text form of a place.
pub fn write(after: After) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}/{}", after.rank, after.number))
}

/// # Errors
/// `validation` when the text is no place of the list.
pub fn read(text: &str) -> Result<After, AppError> {
    parse(text)
        .ok_or_else(|| AppError::field("cursor", "This place in the list is not valid. Start from the first page."))
}

fn parse(text: &str) -> Option<After> {
    let plain = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (rank, number) = plain.split_once('/')?;
    Some(After { rank: rank.parse().ok()?, number: number.parse().ok()? })
}
