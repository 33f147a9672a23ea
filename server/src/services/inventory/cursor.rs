//! The place in the list of products.

use crate::services::cursor;
use domain::AppError;
use store::inventory::list::After;

/// `searched`: the list stands in the order of a search.
pub fn write(after: &After, searched: bool) -> String {
    let order = if searched { "q" } else { "n" };
    cursor::write(format!("{order}/{}/{}/{}", after.rank, after.id, after.name))
}

/// # Errors
/// `validation` when the text is no place of a list in this order.
pub fn read(text: &str, searched: bool) -> Result<After, AppError> {
    cursor::read(text, |plain| {
        let mut parts = plain.splitn(4, '/');
        let (order, rank, id, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if (order == "q") != searched || name.contains('\0') {
            return None;
        }
        Some(After { rank: rank.parse().ok()?, id: id.parse().ok()?, name: name.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_place_is_read_back_and_belongs_to_its_order() {
        let after = After { rank: 2, name: "Jug / large".into(), id: Uuid::from_u128(7) };
        let text = write(&after, true);
        assert_eq!(read(&text, true), Ok(after));
        assert_eq!(read(&text, false).unwrap_err().fields[0].path, "cursor");
        assert!(read("nonsense", false).is_err());
    }
}
