//! One product in full.

use crate::{
    Result,
    transactions::{Local, money, read},
};
use domain::{
    ids::{CategoryId, ProductId},
    inventory::{PricePoint, ProductDetail, ProductKind},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// Prices of the history that are shown.
const PRICES: i64 = 50;

/// `None`: there is no such product. Its sales are not read here. `threshold`: up to how much of it at a site
/// it counts as low.
///
/// # Errors
/// When a statement fails.
pub async fn get(
    connection: &mut PgConnection,
    id: ProductId,
    threshold: Decimal,
    local: Local<'_>,
) -> Result<Option<ProductDetail>> {
    let Some(row) = sqlx::query!(
        r#"select p.sku, p.name, p.category_id, c.name as "category?", p.kind, p.description, p.unit, p.price, p.cost,
                  p.currency::text as "currency!", p.weight_kg, p.dimensions, p.warranty_months, p.barcode, p.external_ref,
                  p.is_active, p.deleted_at, p.origin, p.version, p.created_at, p.updated_at, p.updated_by,
                  l.on_hand as "on_hand?", l.reserved as "reserved?", coalesce(l.low, false) as "low!"
           from sales.products p
           left join sales.categories c on c.id = p.category_id
           left join lateral (select sum(on_hand) as on_hand, sum(reserved) as reserved, bool_or(on_hand - reserved <= $2) as low
                              from stock.levels where product_id = p.id) l on true
           where p.id = $1"#,
        id.0,
        threshold
    )
    .fetch_optional(&mut *connection)
    .await?
    else {
        return Ok(None);
    };
    let prices = sqlx::query!(
        "select valid_from, price, by from sales.product_prices where product_id = $1 order by valid_from desc limit $2",
        id.0,
        PRICES
    )
    .fetch_all(connection)
    .await?;
    let kind = read("kind", &row.kind, ProductKind::parse)?;
    let stock =
        |amount: Option<Decimal>| (kind == ProductKind::Stocked).then(|| amount.unwrap_or_default().normalize());
    Ok(Some(ProductDetail {
        id,
        sku: row.sku,
        name: row.name,
        category_id: row.category_id.map(CategoryId),
        category: row.category,
        kind,
        description: row.description,
        unit: row.unit,
        price: money(row.price),
        cost: row.cost.map(money),
        currency: read("currency", &row.currency, |t| t.parse().ok())?,
        weight_kg: row.weight_kg.map(|w| w.normalize()),
        dimensions: row.dimensions,
        warranty_months: row.warranty_months,
        barcode: row.barcode,
        external_ref: row.external_ref,
        is_active: row.is_active && row.deleted_at.is_none(),
        archived_at: row.deleted_at.map(local),
        on_hand: stock(row.on_hand),
        reserved: stock(row.reserved),
        low_stock: kind == ProductKind::Stocked && row.low,
        prices: prices
            .into_iter()
            .map(|p| PricePoint { valid_from: local(p.valid_from), price: money(p.price), by: p.by })
            .collect(),
        sales: Vec::new(),
        demo: row.origin == "demo",
        version: row.version,
        created_at: local(row.created_at),
        updated_at: local(row.updated_at),
        updated_by: row.updated_by,
    }))
}
