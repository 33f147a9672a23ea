//! The place in the list of sales.

use crate::services::cursor;
use chrono::DateTime;
use domain::{AppError, transactions::SaleSort};
use store::transactions::list::After;

pub fn write(after: After) -> String {
    cursor::write(match after {
        After::OccurredAt(at, id) => format!("o/{}/{id}", at.timestamp_micros()),
        After::Total(total, id) => format!("t/{total}/{id}"),
    })
}

/// # Errors
/// `validation` when the text is no place of a list in this order.
pub fn read(text: &str, sort: SaleSort) -> Result<After, AppError> {
    cursor::read(text, |plain| {
        let mut parts = plain.splitn(3, '/');
        let (kind, key, id) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
        match (kind, sort) {
            ("o", SaleSort::OccurredAt) => {
                Some(After::OccurredAt(DateTime::from_timestamp_micros(key.parse().ok()?)?, id))
            }
            ("t", SaleSort::Total) => Some(After::Total(key.parse().ok()?, id)),
            _ => None,
        }
    })
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
        assert!(read(&cursor::write("o/99999999999999999999/x"), SaleSort::OccurredAt).is_err());
    }
}
