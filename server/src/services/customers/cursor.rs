//! The place in the list of customers.

use crate::services::cursor;
use domain::AppError;
use store::customers::list::After;

pub fn write(after: After) -> String {
    cursor::write(format!("{}/{}", after.rank, after.number))
}

/// # Errors
/// `validation` when the text is no place of the list.
pub fn read(text: &str) -> Result<After, AppError> {
    cursor::read(text, |plain| {
        let (rank, number) = plain.split_once('/')?;
        Some(After { rank: rank.parse().ok()?, number: number.parse().ok()? })
    })
}
