//! The opaque place in the list.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use domain::{AppError, transactions::SaleSort};
use store::transactions::list::After;

/// The text form of a place.
pub fn write(after: After) -> String {
    let plain = match after {
        After::OccurredAt(at, id) => format!("o/{}/{id}", at.timestamp_micros()),
        After::Total(total, id) => format!("t/{total}/{id}"),
    };
    BASE64_URL_SAFE_NO_PAD.encode(plain)
}

/// # Errors
/// `validation` when the text is no place of a list in this order.
pub fn read(text: &str, sort: SaleSort) -> Result<After, AppError> {
    parse(text)
        .filter(|after| {
            matches!((after, sort), (After::OccurredAt(..), SaleSort::OccurredAt) | (After::Total(..), SaleSort::Total))
        })
        .ok_or_else(|| {
            AppError::field("cursor", "This place in the list is not valid for this order. Start from the first page.")
        })
}

fn parse(text: &str) -> Option<After> {
    let plain = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = plain.splitn(3, '/');
    let (kind, key, id) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
    match kind {
        "o" => Some(After::OccurredAt(DateTime::from_timestamp_micros(key.parse().ok()?)?, id)),
        "t" => Some(After::Total(key.parse().ok()?, id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_place_is_read_back_and_belongs_to_its_order() {
        let at = DateTime::from_timestamp_micros(1_291_190_000_123_456).unwrap();
        for (after, sort, other) in [
            (After::OccurredAt(at, Uuid::from_u128(7)), SaleSort::OccurredAt, SaleSort::Total),
            (After::Total("12.3400".parse().unwrap(), Uuid::from_u128(8)), SaleSort::Total, SaleSort::OccurredAt),
        ] {
            let text = write(after);
            assert_eq!(read(&text, sort), Ok(after));
            assert_eq!(read(&text, other).unwrap_err().fields[0].path, "cursor");
        }
        assert!(read("nonsense", SaleSort::Total).is_err());
        assert!(read(&BASE64_URL_SAFE_NO_PAD.encode("o/99999999999999999999/x"), SaleSort::OccurredAt).is_err());
    }
}
