//! What sold.

use super::{Money, Piece};
use crate::Result;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// What products are ordered by and share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    Revenue,
    Gross,
    Units,
}

/// Which products.
#[derive(Debug, Clone, Copy)]
pub struct ProductAsked<'a> {
    pub measure: Measured,
    /// `stocked` or `service`; `None`: both.
    pub kind: Option<&'a str>,
    pub category: Option<Uuid>,
    /// `None`: every one.
    pub limit: Option<i64>,
    /// Up to which a product counts as low.
    pub threshold: Decimal,
}

/// One product of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSums {
    pub product_id: Uuid,
    pub sku: String,
    pub name: String,
    pub category: Option<String>,
    pub gross: Decimal,
    pub refunds: Decimal,
    /// Sold, returns not taken off.
    pub units: Decimal,
    /// Sales that hold it.
    pub sales: i64,
    pub measure: Decimal,
    /// Available at all sites together; `None`: kept nowhere.
    pub stock: Option<Decimal>,
    pub is_low: bool,
}

/// The first of them, and what all come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Products {
    pub items: Vec<ProductSums>,
    /// How many there are.
    pub found: i64,
    /// The measure of all.
    pub whole: Decimal,
    /// Lines in another currency whose day has no rate.
    pub rows_without_rate: i64,
}

/// # Errors
/// When the statement fails.
pub async fn products(
    connection: &mut PgConnection,
    money: Money<'_>,
    asked: ProductAsked<'_>,
    pieces: &[Piece],
) -> Result<Products> {
    let starts: Vec<_> = pieces.iter().map(|p| p.window.start).collect();
    let ends: Vec<_> = pieces.iter().map(|p| p.window.end).collect();
    let first: Vec<_> = pieces.iter().map(|p| p.days.0).collect();
    let last: Vec<_> = pieces.iter().map(|p| p.days.1).collect();
    let kept: Vec<bool> = pieces.iter().map(|p| p.kept).collect();
    let measure = match asked.measure {
        Measured::Revenue => "revenue",
        Measured::Gross => "gross",
        Measured::Units => "units",
    };
    let rows = sqlx::query_file!(
        "src/analytics/products.sql",
        &starts,
        &ends,
        &first,
        &last,
        &kept,
        money.books.currency.as_str(),
        money.books.zone,
        money.books.without_fraud,
        money.only() as _,
        asked.kind,
        asked.category,
        measure,
        asked.limit,
        asked.threshold
    )
    .fetch_all(connection)
    .await?;
    let (found, whole, rows_without_rate) =
        rows.first().map_or((0, Decimal::ZERO, 0), |r| (r.found, r.whole, r.rows_without_rate));
    let items = rows
        .into_iter()
        .map(|r| ProductSums {
            product_id: r.product_id,
            sku: r.sku,
            name: r.name,
            category: r.category,
            gross: r.gross,
            refunds: r.refunds,
            units: r.units,
            sales: r.sales,
            measure: r.measure,
            stock: r.stock,
            is_low: r.is_low,
        })
        .collect();
    Ok(Products { items, found, whole, rows_without_rate })
}
