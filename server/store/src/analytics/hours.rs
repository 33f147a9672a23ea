//! Sales of hours, and of whole windows.

use super::{Money, Piece};
use crate::Result;
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// Recognised sales and refunds of one slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SalesSums {
    /// Net amounts of the sales, refunds not taken off.
    pub gross: Decimal,
    /// Net amounts of the refunds, positive.
    pub refunds: Decimal,
    pub sales: i64,
    /// Distinct known customers.
    pub customers: i64,
    /// Sales that name no customer.
    pub guests: i64,
    pub suspicious: i64,
    /// In another currency whose day has no rate: not in the amounts.
    pub sales_without_rate: i64,
    pub refunds_without_rate: i64,
}

/// The sums of each of `slots` slots, in their order; a slot without a piece is empty.
///
/// # Errors
/// When the statement fails.
pub async fn sales_sums(
    connection: &mut PgConnection,
    money: Money<'_>,
    pieces: &[Piece],
    slots: usize,
) -> Result<Vec<SalesSums>> {
    let places: Vec<i32> = pieces.iter().map(|p| p.slot).collect();
    let starts: Vec<_> = pieces.iter().map(|p| p.window.start).collect();
    let ends: Vec<_> = pieces.iter().map(|p| p.window.end).collect();
    let kept: Vec<bool> = pieces.iter().map(|p| p.kept).collect();
    let rows = sqlx::query_file!(
        "src/analytics/hours.sql",
        &places,
        &starts,
        &ends,
        &kept,
        money.books.currency.as_str(),
        money.books.zone,
        money.books.without_fraud,
        money.only() as _
    )
    .fetch_all(connection)
    .await?;
    let mut all = vec![SalesSums::default(); slots];
    for r in rows {
        let Some(slot) = usize::try_from(r.slot).ok().and_then(|at| all.get_mut(at)) else { continue };
        *slot = SalesSums {
            gross: r.gross,
            refunds: r.refunds,
            sales: r.sales,
            customers: r.customers,
            guests: r.guests,
            suspicious: r.suspicious,
            sales_without_rate: r.sales_without_rate,
            refunds_without_rate: r.refunds_without_rate,
        };
    }
    Ok(all)
}
