//! Set-based inserts of the demo world. All of them leave rows that are there already alone, so a
//! load that was broken off can be run again.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// Rows of one insert of visits.
const CHUNK: usize = 10_000;

#[derive(Debug, Clone)]
pub struct NewProduct<'a> {
    pub id: Uuid,
    pub sku: &'a str,
    pub name: &'a str,
    /// Name of its category.
    pub category: &'a str,
    pub price: Decimal,
    pub cost: Decimal,
    pub on_hand: Decimal,
}

#[derive(Debug, Clone)]
pub struct NewCustomer<'a> {
    pub id: Uuid,
    pub external_ref: &'a str,
    pub email: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub country: &'a str,
    pub registered: NaiveDate,
}

#[derive(Debug, Clone)]
pub struct NewVisit<'a> {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub visitor_key: &'a str,
    pub session_ref: &'a str,
    /// Reference of the customer, when the visitor was signed in.
    pub customer_ref: Option<&'a str>,
    pub source: &'a str,
    pub path: &'a str,
}

/// # Errors
/// When the statement fails.
pub async fn insert_categories(connection: &mut PgConnection, categories: &[(Uuid, &str)]) -> Result<u64> {
    let (ids, names): (Vec<Uuid>, Vec<&str>) = categories.iter().copied().unzip();
    let done = sqlx::query(
        "insert into sales.categories (id, name, origin)
         select id, name, 'demo' from unnest($1::uuid[], $2::text[]) as c (id, name)
         on conflict do nothing",
    )
    .bind(ids)
    .bind(names)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Products with the start of their price history. A SKU that a live product has already stays with it.
///
/// # Errors
/// When a statement fails.
pub async fn insert_products(
    connection: &mut PgConnection,
    products: &[NewProduct<'_>],
    currency: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    let of = |text: fn(&NewProduct<'_>) -> String| products.iter().map(text).collect::<Vec<_>>();
    let ids: Vec<Uuid> = products.iter().map(|p| p.id).collect();
    let done = sqlx::query(
        "insert into sales.products (id, sku, name, category_id, price, cost, currency, origin, created_at, updated_at)
         select p.id, p.sku, p.name, c.id, p.price, p.cost, $7, 'demo', $8, $8
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::numeric[])
              as p (id, sku, name, category, price, cost)
         left join sales.categories c on lower(c.name) = lower(p.category)
         on conflict do nothing",
    )
    .bind(&ids)
    .bind(of(|p| p.sku.to_owned()))
    .bind(of(|p| p.name.to_owned()))
    .bind(of(|p| p.category.to_owned()))
    .bind(products.iter().map(|p| p.price).collect::<Vec<_>>())
    .bind(products.iter().map(|p| p.cost).collect::<Vec<_>>())
    .bind(currency)
    .bind(at)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into sales.product_prices (product_id, valid_from, price, by)
         select id, $2, price, $3 from sales.products where id = any($1)
         on conflict do nothing",
    )
    .bind(&ids)
    .bind(at)
    .bind(by)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Levels at the default site with the movement that opened them.
///
/// # Errors
/// When the statement fails.
pub async fn insert_stock(
    connection: &mut PgConnection,
    products: &[NewProduct<'_>],
    by: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query(
        "with opened as (
             insert into stock.levels (product_id, site_id, on_hand, origin)
             select p.id, s.id, given.on_hand, 'demo'
             from unnest($1::uuid[], $2::numeric[]) as given (id, on_hand)
             join sales.products p on p.id = given.id
             join stock.sites s on s.is_default
             on conflict do nothing
             returning product_id, site_id, on_hand
         )
         insert into stock.movements (id, product_id, site_id, kind, quantity, on_hand_after, reserved_after, reason, actor, at, origin)
         select ops.uuid_v7($4), product_id, site_id, 'opening', on_hand, on_hand, 0, 'opening', $3, $4, 'demo' from opened",
    )
    .bind(products.iter().map(|p| p.id).collect::<Vec<_>>())
    .bind(products.iter().map(|p| p.on_hand).collect::<Vec<_>>())
    .bind(by)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// # Errors
/// When the statement fails.
pub async fn insert_customers(connection: &mut PgConnection, customers: &[NewCustomer<'_>]) -> Result<u64> {
    let of = |text: fn(&NewCustomer<'_>) -> String| customers.iter().map(text).collect::<Vec<_>>();
    let done = sqlx::query(
        "insert into sales.customers (id, external_ref, email, first_name, last_name, country, registration_date, origin,
                                      created_at, updated_at)
         select c.id, c.external_ref, c.email, c.first_name, c.last_name, c.country, c.registered, 'demo',
                c.registered::timestamp at time zone 'UTC', c.registered::timestamp at time zone 'UTC'
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[])
              as c (id, external_ref, email, first_name, last_name, country, registered)
         on conflict do nothing",
    )
    .bind(customers.iter().map(|c| c.id).collect::<Vec<_>>())
    .bind(of(|c| c.external_ref.to_owned()))
    .bind(of(|c| c.email.to_owned()))
    .bind(of(|c| c.first_name.to_owned()))
    .bind(of(|c| c.last_name.to_owned()))
    .bind(of(|c| c.country.to_owned()))
    .bind(customers.iter().map(|c| c.registered).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// # Errors
/// When a statement fails.
pub async fn insert_visits(connection: &mut PgConnection, visits: &[NewVisit<'_>]) -> Result<u64> {
    let mut rows = 0;
    for chunk in visits.chunks(CHUNK) {
        let done = sqlx::query(
            "insert into sales.visits (id, visited_at, visitor_key, session_ref, customer_id, source, path, origin)
             select v.id, v.at, v.visitor, v.session, c.id, v.source, v.path, 'demo'
             from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
                  as v (id, at, visitor, session, customer, source, path)
             left join sales.customers c on c.origin = 'demo' and c.external_ref = v.customer
             on conflict do nothing",
        )
        .bind(chunk.iter().map(|v| v.id).collect::<Vec<_>>())
        .bind(chunk.iter().map(|v| v.at).collect::<Vec<_>>())
        .bind(chunk.iter().map(|v| v.visitor_key).collect::<Vec<_>>())
        .bind(chunk.iter().map(|v| v.session_ref).collect::<Vec<_>>())
        .bind(chunk.iter().map(|v| v.customer_ref).collect::<Vec<_>>())
        .bind(chunk.iter().map(|v| v.source).collect::<Vec<_>>())
        .bind(chunk.iter().map(|v| v.path).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
        rows += done.rows_affected();
    }
    Ok(rows)
}
