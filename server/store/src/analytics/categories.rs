//! What kinds of things sold.

use super::{Money, Piece};
use crate::Result;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// The id of products without a category.
pub const NO_CATEGORY: Uuid = Uuid::nil();

/// One category of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategorySums {
    pub category_id: Uuid,
    /// `None`: products without a category.
    pub name: Option<String>,
    pub gross: Decimal,
    pub refunds: Decimal,
    /// Sold, returns not taken off.
    pub units: Decimal,
    /// Sales with a line of it.
    pub sales: i64,
    /// Distinct known customers of those.
    pub buyers: i64,
    /// Distinct products sold.
    pub products: i64,
    /// Lines in another currency whose day has no rate.
    pub without_rate: i64,
    /// Gross less refunds in the window before.
    pub before: Decimal,
}

/// The categories of slot 0, those with the most revenue first; slot 1 is the window before.
///
/// # Errors
/// When the statement fails.
pub async fn categories(
    connection: &mut PgConnection,
    money: Money<'_>,
    pieces: &[Piece],
) -> Result<Vec<CategorySums>> {
    let places: Vec<i32> = pieces.iter().map(|p| p.slot).collect();
    let starts: Vec<_> = pieces.iter().map(|p| p.window.start).collect();
    let ends: Vec<_> = pieces.iter().map(|p| p.window.end).collect();
    let first: Vec<_> = pieces.iter().map(|p| p.days.0).collect();
    let last: Vec<_> = pieces.iter().map(|p| p.days.1).collect();
    let kept: Vec<bool> = pieces.iter().map(|p| p.kept).collect();
    Ok(sqlx::query_file_as!(
        CategorySums,
        "src/analytics/categories.sql",
        &places,
        &starts,
        &ends,
        &first,
        &last,
        &kept,
        money.books.currency.as_str(),
        money.books.zone,
        money.books.without_fraud,
        money.only() as _
    )
    .fetch_all(connection)
    .await?)
}
