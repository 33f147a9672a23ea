//! SQL of sales.

pub mod choose;
pub mod detail;
pub mod disputes;
pub mod list;
pub mod pending;
pub mod record;
pub mod refunds;
pub mod stock;
pub mod suspicious;

use chrono::{DateTime, FixedOffset, Utc};
use rust_decimal::Decimal;

/// Shows an instant in the business zone; the caller has the calendar, this crate has not.
pub type Local<'a> = &'a (dyn Fn(DateTime<Utc>) -> DateTime<FixedOffset> + Send + Sync);

/// An amount as it is shown: at least two decimals, more only where they say something.
#[must_use]
pub fn money(amount: Decimal) -> Decimal {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount
}

/// A text column whose check allows nothing else: failing to read it is a fault of the database.
pub(crate) fn read<T>(column: &str, text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    parse(text).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("unexpected value {text:?}").into(),
    })
}
