//! Writing products and their prices.

use crate::{Result, StoreError, transactions::read};
use chrono::{DateTime, Utc};
use domain::{
    ids::{CategoryId, ProductId},
    inventory::{ProductFields, ProductKind},
    money::Currency,
};
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// Constraints whose violation a form is told of.
pub const ONE_SKU: &str = "products_sku_key";
pub const ONE_BARCODE: &str = "products_barcode_key";

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// A product locked by the caller's transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    pub fields: ProductFields,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: ProductId) -> Result<Option<Locked>> {
    let row = sqlx::query!(
        "select sku, name, category_id, kind, description, unit, price, cost, weight_kg, dimensions, warranty_months, barcode,
                is_active, deleted_at, version, updated_at, updated_by
         from sales.products where id = $1 for update",
        id.0
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let fields = ProductFields {
        sku: row.sku,
        name: row.name,
        category_id: row.category_id.map(CategoryId),
        kind: read("kind", &row.kind, ProductKind::parse)?,
        description: row.description,
        unit: row.unit,
        price: row.price.normalize(),
        cost: row.cost.map(|c| c.normalize()),
        weight_kg: row.weight_kg.map(|w| w.normalize()),
        dimensions: row.dimensions,
        warranty_months: row.warranty_months,
        barcode: row.barcode,
        is_active: row.is_active && row.deleted_at.is_none(),
    };
    Ok(Some(Locked { fields, version: row.version, updated_at: row.updated_at, updated_by: row.updated_by }))
}

/// Whether there is such a category.
///
/// # Errors
/// When the statement fails.
pub async fn has_category(connection: &mut PgConnection, id: CategoryId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select exists (select 1 from sales.categories where id = $1) as "there!""#, id.0)
        .fetch_one(connection)
        .await?)
}

/// Writes a new product with the first row of its price history. One of a demo category is demo.
///
/// # Errors
/// When a statement fails; a violation of [`ONE_SKU`] or [`ONE_BARCODE`] when another product has it.
pub async fn insert(
    connection: &mut PgConnection,
    id: ProductId,
    fields: &ProductFields,
    currency: Currency,
    stamp: Stamp<'_>,
) -> Result<()> {
    sqlx::query!(
        "insert into sales.products (id, sku, name, category_id, kind, description, unit, price, cost, currency, weight_kg, dimensions,
                                     warranty_months, barcode, is_active, origin, created_at, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                 coalesce((select origin from sales.categories where id = $4), 'live'), $16, $16, $17)",
        id.0,
        fields.sku,
        fields.name,
        fields.category_id.map(|c| c.0),
        fields.kind.as_str(),
        fields.description,
        fields.unit,
        fields.price,
        fields.cost,
        currency.as_str(),
        fields.weight_kg,
        fields.dimensions,
        fields.warranty_months,
        fields.barcode,
        fields.is_active,
        stamp.at,
        stamp.by
    )
    .execute(&mut *connection)
    .await?;
    price(connection, id, fields.price, stamp).await
}

/// Writes all fields of a product that the caller has locked; active, it is out of the archive.
///
/// # Errors
/// When the statement fails; a violation of [`ONE_SKU`] or [`ONE_BARCODE`] when another product has it.
pub async fn update(
    connection: &mut PgConnection,
    id: ProductId,
    fields: &ProductFields,
    stamp: Stamp<'_>,
) -> Result<()> {
    sqlx::query!(
        "update sales.products
         set sku = $2, name = $3, category_id = $4, kind = $5, description = $6, unit = $7, price = $8, cost = $9, weight_kg = $10,
             dimensions = $11, warranty_months = $12, barcode = $13, is_active = $14,
             deleted_at = case when $14 then null else deleted_at end,
             version = version + 1, updated_at = $15, updated_by = $16
         where id = $1",
        id.0,
        fields.sku,
        fields.name,
        fields.category_id.map(|c| c.0),
        fields.kind.as_str(),
        fields.description,
        fields.unit,
        fields.price,
        fields.cost,
        fields.weight_kg,
        fields.dimensions,
        fields.warranty_months,
        fields.barcode,
        fields.is_active,
        stamp.at,
        stamp.by
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Begins a row of the price history; a second price of the same instant takes the place of the first.
///
/// # Errors
/// When the statement fails.
pub async fn price(connection: &mut PgConnection, id: ProductId, price: Decimal, stamp: Stamp<'_>) -> Result<()> {
    sqlx::query!(
        "insert into sales.product_prices (product_id, valid_from, price, by) values ($1, $2, $3, $4)
         on conflict (product_id, valid_from) do update set price = excluded.price, by = excluded.by",
        id.0,
        stamp.at,
        price,
        stamp.by
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether stock of the product was ever moved or lies somewhere.
///
/// # Errors
/// When the statement fails.
pub async fn has_stock(connection: &mut PgConnection, id: ProductId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select 1 from stock.movements where product_id = $1)
               or exists (select 1 from stock.levels where product_id = $1 and (on_hand <> 0 or reserved <> 0)) as "there!""#,
        id.0
    )
    .fetch_one(connection)
    .await?)
}

/// Deletes a product with its prices and empty levels; `false`, and nothing is done: sales or movements tell of it.
///
/// # Errors
/// When a statement fails.
pub async fn delete(connection: &mut PgConnection, id: ProductId) -> Result<bool> {
    let mut part = crate::part(connection).await?;
    sqlx::query!("delete from stock.levels where product_id = $1 and on_hand = 0 and reserved = 0", id.0)
        .execute(&mut *part)
        .await?;
    let done = sqlx::query!("delete from sales.products where id = $1", id.0).execute(&mut *part).await;
    match done.map_err(StoreError::from) {
        Ok(_) => {
            part.commit().await?;
            Ok(true)
        }
        // Whatever refers to it: also tables of later features.
        Err(error) if error.sqlstate().as_deref() == Some("23503") => {
            part.rollback().await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Takes a product out of the catalogue.
///
/// # Errors
/// When the statement fails.
pub async fn archive(connection: &mut PgConnection, id: ProductId, stamp: Stamp<'_>) -> Result<()> {
    sqlx::query!(
        "update sales.products
         set is_active = false, deleted_at = $2, version = version + 1, updated_at = $2, updated_by = $3 where id = $1",
        id.0,
        stamp.at,
        stamp.by
    )
    .execute(connection)
    .await?;
    Ok(())
}
