//! Products and customers to choose from.

use super::{list::prefix, list::within, money, read};
use crate::Result;
use domain::{
    ids::{CustomerId, ProductId},
    transactions::{CustomerRef, ProductChoice},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

struct Product {
    id: Uuid,
    sku: String,
    name: String,
    kind: String,
    price: Decimal,
    currency: String,
    left: Option<Decimal>,
}

impl Product {
    fn into_choice(self) -> Result<ProductChoice, sqlx::Error> {
        Ok(ProductChoice {
            id: ProductId(self.id),
            sku: self.sku,
            name: self.name,
            kind: self.kind,
            price: money(self.price),
            currency: read("currency", &self.currency, |t| t.parse().ok())?,
            stock_left: self.left.map(|left| left.normalize()),
        })
    }
}

/// Active products whose SKU or name holds `q`: exact SKU, then SKUs that begin so, then names; at most `limit`.
///
/// # Errors
/// When the statement fails.
pub async fn products(connection: &mut PgConnection, q: &str, limit: u32) -> Result<Vec<ProductChoice>> {
    let sku = q.to_uppercase();
    let rows = sqlx::query_as!(
        Product,
        r#"select p.id as "id!", p.sku as "sku!", p.name as "name!", p.kind as "kind!", p.price as "price!", p.currency as "currency!",
                  case when p.kind = 'stocked' then coalesce(l.on_hand - l.reserved, 0) end as left
           from (select * from sales.products p
                 where p.is_active and p.deleted_at is null and (p.sku || ' ' || p.name) ilike $1
                 order by (p.sku = $2) desc, (p.sku like $3) desc, (p.name ilike $4) desc, p.name, p.sku
                 limit $5) p
           left join stock.sites s on s.is_default
           left join stock.levels l on l.product_id = p.id and l.site_id = s.id
           order by (p.sku = $2) desc, (p.sku like $3) desc, (p.name ilike $4) desc, p.name, p.sku"#,
        within(q),
        sku,
        prefix(&sku),
        prefix(q),
        i64::from(limit)
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Product::into_choice).collect::<Result<_, _>>()?)
}

/// The active ones among `ids`, in no particular order.
///
/// # Errors
/// When the statement fails.
pub async fn products_by_id(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<ProductChoice>> {
    let rows = sqlx::query_as!(
        Product,
        r#"select p.id as "id!", p.sku as "sku!", p.name as "name!", p.kind as "kind!", p.price as "price!", p.currency as "currency!",
                  case when p.kind = 'stocked' then coalesce(l.on_hand - l.reserved, 0) end as left
           from sales.products p
           left join stock.sites s on s.is_default
           left join stock.levels l on l.product_id = p.id and l.site_id = s.id
           where p.id = any($1) and p.is_active and p.deleted_at is null"#,
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Product::into_choice).collect::<Result<_, _>>()?)
}

/// Name of a product, also of one no longer sold.
///
/// # Errors
/// When the statement fails.
pub async fn product_name(connection: &mut PgConnection, id: ProductId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("select name from sales.products where id = $1", id.0).fetch_optional(connection).await?)
}

struct Customer {
    id: Uuid,
    number: i64,
    first_name: String,
    last_name: String,
    email: Option<String>,
    external_ref: Option<String>,
}

impl Customer {
    fn into_ref(self) -> CustomerRef {
        let names = (self.first_name.as_str(), self.last_name.as_str());
        CustomerRef::masked(
            CustomerId(self.id),
            self.number,
            names,
            self.email.as_deref(),
            self.external_ref.as_deref(),
        )
    }
}

/// Customers whose number or reference begins with `q`; with `by_name` also those whose name or e-mail holds it.
///
/// # Errors
/// When the statement fails.
pub async fn customers(connection: &mut PgConnection, q: &str, by_name: bool, limit: u32) -> Result<Vec<CustomerRef>> {
    let rows = sqlx::query_as!(
        Customer,
        "select id, number, first_name, last_name, email, external_ref from sales.customers
         where erased_at is null
           and (number = $1 or external_ref like $2
                or ($3 and (first_name || ' ' || last_name || ' ' || coalesce(email, '')) ilike $4))
         order by (number = $1) desc, (external_ref = $5) desc nulls last, number
         limit $6",
        q.parse::<i64>().unwrap_or(-1),
        prefix(q),
        by_name,
        within(q),
        q,
        i64::from(limit)
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Customer::into_ref).collect())
}

/// One customer, erased or not.
///
/// # Errors
/// When the statement fails.
pub async fn customer(connection: &mut PgConnection, id: CustomerId) -> Result<Option<CustomerRef>> {
    let row = sqlx::query_as!(
        Customer,
        "select id, number, first_name, last_name, email, external_ref from sales.customers where id = $1",
        id.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Customer::into_ref))
}
