//! The bulk writes of a commit, all inside the caller's transaction.

use super::rows::{Rows, copy};
use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// What all rows of one import share.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    pub import_id: Uuid,
    pub origin: &'a str,
    pub currency: &'a str,
    pub site: Uuid,
    /// Shown as the doer of events, prices and movements: "import #12".
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

#[derive(Debug)]
pub struct Customer<'a> {
    pub id: Uuid,
    pub external_ref: &'a str,
    pub country: Option<&'a str>,
    pub registered: NaiveDate,
}

/// # Errors
/// When the statement fails.
pub async fn customers<'a>(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    rows: impl IntoIterator<Item = Customer<'a>>,
) -> Result<()> {
    copy(
        connection,
        "copy sales.customers (id, external_ref, country, registration_date, origin, created_at, updated_at) from stdin",
        rows,
        |out, row| {
            out.id(row.id)
                .text(row.external_ref)
                .optional_text(row.country)
                .text(&row.registered.to_string())
                .text(stamp.origin)
                .time(stamp.at)
                .time(stamp.at)
                .end();
        },
        &|_| true,
    )
    .await?;
    Ok(())
}

#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    pub id: Uuid,
    pub sku: &'a str,
    pub name: &'a str,
    pub stocked: bool,
    pub price: Decimal,
    pub price_from: DateTime<Utc>,
}

/// Products and the first row of their price history.
///
/// # Errors
/// When a statement fails.
pub async fn products(connection: &mut PgConnection, stamp: Stamp<'_>, rows: &[Product<'_>]) -> Result<()> {
    copy(
        connection,
        "copy sales.products (id, sku, name, kind, price, currency, origin, created_at, updated_at) from stdin",
        rows,
        |out, row| {
            out.id(row.id)
                .text(row.sku)
                .text(row.name)
                .text(if row.stocked { "stocked" } else { "service" })
                .number(row.price)
                .text(stamp.currency)
                .text(stamp.origin)
                .time(stamp.at)
                .time(stamp.at)
                .end();
        },
        &|_| true,
    )
    .await?;
    copy(
        connection,
        "copy sales.product_prices (product_id, valid_from, price, by) from stdin",
        rows,
        |out, row| out.id(row.id).time(row.price_from).number(row.price).text(stamp.by).end(),
        &|_| true,
    )
    .await?;
    Ok(())
}

#[derive(Debug)]
pub struct Sale<'a> {
    pub id: Uuid,
    pub customer: Option<Uuid>,
    pub status: &'a str,
    pub payment_method: Option<&'a str>,
    pub net: Decimal,
    pub quantity: Decimal,
    pub lines: i32,
    pub refunded_net: Decimal,
    pub at: DateTime<Utc>,
    pub recognised: bool,
    pub external_ref: &'a str,
}

/// # Errors
/// When the statement fails.
pub async fn sales<'a>(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    rows: impl IntoIterator<Item = Sale<'a>>,
) -> Result<()> {
    copy(
        connection,
        "copy sales.transactions (id, customer_id, site_id, status, payment_method, currency, gross, discount, net, tax, shipping, total,
                                  refunded_net, quantity, line_count, occurred_at, recognised_at, entry, external_ref, import_id,
                                  origin, created_at, updated_at) from stdin",
        rows,
        |out, row| {
            out.id(row.id).optional_id(row.customer).id(stamp.site).text(row.status).optional_text(row.payment_method);
            out.text(stamp.currency).number(row.net).whole(0).number(row.net).whole(0).whole(0).number(row.net);
            out.number(row.refunded_net).number(row.quantity).whole(i64::from(row.lines)).time(row.at);
            if row.recognised { out.time(row.at) } else { out.null() };
            out.text("import").text(row.external_ref).id(stamp.import_id).text(stamp.origin).time(stamp.at).time(stamp.at).end();
        },
        &|_| true,
    )
    .await?;
    Ok(())
}

#[derive(Debug)]
pub struct SaleLine {
    pub transaction: Uuid,
    pub line_no: i32,
    pub product: Uuid,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub net: Decimal,
    pub refunded_quantity: Decimal,
    pub at: DateTime<Utc>,
    pub hash: i64,
}

/// `watch` hears the rows sent and answers whether to go on; `false`: stopped.
///
/// # Errors
/// When the statement fails.
pub async fn sale_lines(
    connection: &mut PgConnection,
    rows: impl IntoIterator<Item = SaleLine>,
    watch: &(dyn Fn(u64) -> bool + Sync),
) -> Result<bool> {
    copy(
        connection,
        "copy sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net,
                                       refunded_quantity, occurred_at, source_hash) from stdin",
        rows,
        |out: &mut Rows, row: SaleLine| {
            out.id(row.transaction)
                .whole(i64::from(row.line_no))
                .id(row.product)
                .number(row.quantity)
                .number(row.unit_price)
                .number(row.unit_price)
                .number(row.net)
                .number(row.refunded_quantity)
                .time(row.at)
                .whole(row.hash)
                .end();
        },
        watch,
    )
    .await
}

#[derive(Debug)]
pub struct Event<'a> {
    pub id: Uuid,
    pub transaction: Uuid,
    pub at: DateTime<Utc>,
    pub from: Option<&'a str>,
    pub to: &'a str,
}

/// # Errors
/// When the statement fails.
pub async fn events<'a>(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    rows: impl IntoIterator<Item = Event<'a>>,
) -> Result<()> {
    copy(
        connection,
        "copy sales.transaction_events (id, transaction_id, at, actor, from_status, to_status) from stdin",
        rows,
        |out, row| {
            out.id(row.id).id(row.transaction).time(row.at).text(stamp.by).optional_text(row.from).text(row.to).end()
        },
        &|_| true,
    )
    .await?;
    Ok(())
}

#[derive(Debug)]
pub struct Refund<'a> {
    pub id: Uuid,
    pub transaction: Option<Uuid>,
    pub customer: Option<Uuid>,
    pub at: DateTime<Utc>,
    pub net: Decimal,
    pub external_ref: &'a str,
}

/// # Errors
/// When the statement fails.
pub async fn refunds<'a>(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    rows: impl IntoIterator<Item = Refund<'a>>,
) -> Result<()> {
    copy(
        connection,
        "copy sales.refunds (id, transaction_id, kind, customer_id, currency, refunded_at, net, total, external_ref, import_id, origin,
                             created_at) from stdin",
        rows,
        |out, row| {
            out.id(row.id)
                .optional_id(row.transaction)
                .text("cancel")
                .optional_id(row.customer)
                .text(stamp.currency)
                .time(row.at)
                .number(row.net)
                .number(row.net)
                .text(row.external_ref)
                .id(stamp.import_id)
                .text(stamp.origin)
                .time(stamp.at)
                .end();
        },
        &|_| true,
    )
    .await?;
    Ok(())
}

#[derive(Debug)]
pub struct RefundLine {
    pub refund: Uuid,
    pub line_no: i32,
    pub product: Uuid,
    pub quantity: Decimal,
    pub net: Decimal,
    pub at: DateTime<Utc>,
    pub hash: i64,
}

/// # Errors
/// When the statement fails.
pub async fn refund_lines(connection: &mut PgConnection, rows: impl IntoIterator<Item = RefundLine>) -> Result<()> {
    copy(
        connection,
        "copy sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at, source_hash) from stdin",
        rows,
        |out, row| {
            out.id(row.refund)
                .whole(i64::from(row.line_no))
                .id(row.product)
                .number(row.quantity)
                .number(row.net)
                .time(row.at)
                .whole(row.hash)
                .end();
        },
        &|_| true,
    )
    .await?;
    Ok(())
}

/// Lines added to recorded sales, as columns.
#[derive(Debug, Default)]
pub struct Additions {
    pub transactions: Vec<Uuid>,
    pub net: Vec<Decimal>,
    pub quantity: Vec<Decimal>,
    pub lines: Vec<i32>,
}

/// # Errors
/// When the statement fails.
pub async fn extend_sales(connection: &mut PgConnection, stamp: Stamp<'_>, added: &Additions) -> Result<()> {
    sqlx::query(
        "update sales.transactions t
         set gross = t.gross + d.net, net = t.net + d.net, total = t.total + d.net, quantity = t.quantity + d.quantity,
             line_count = t.line_count + d.lines, version = t.version + 1, updated_at = $5,
             status = case t.status when 'refunded' then 'partially_refunded' else t.status end
         from unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::int[]) as d(id, net, quantity, lines)
         where t.id = d.id",
    )
    .bind(&added.transactions)
    .bind(&added.net)
    .bind(&added.quantity)
    .bind(&added.lines)
    .bind(stamp.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Quantities of recorded lines taken back, as columns; a line may come more than once.
#[derive(Debug, Default)]
pub struct Links {
    pub transactions: Vec<Uuid>,
    pub line_nos: Vec<i32>,
    pub quantity: Vec<Decimal>,
    pub net: Vec<Decimal>,
    pub at: Vec<DateTime<Utc>>,
}

/// Marks recorded sales as refunded, wholly or in part, and writes the step into their history.
///
/// # Errors
/// When a statement fails.
pub async fn refund_recorded(connection: &mut PgConnection, stamp: Stamp<'_>, links: &Links) -> Result<()> {
    sqlx::query(
        "update sales.transaction_lines l set refunded_quantity = l.refunded_quantity + d.quantity
         from (select id, line_no, sum(quantity) as quantity
               from unnest($1::uuid[], $2::int[], $3::numeric[]) as u(id, line_no, quantity) group by id, line_no) d
         where l.transaction_id = d.id and l.line_no = d.line_no",
    )
    .bind(&links.transactions)
    .bind(&links.line_nos)
    .bind(&links.quantity)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "with d as (select id, sum(net) as net, max(at) as at
                    from unnest($1::uuid[], $2::numeric[], $3::timestamptz[]) as u(id, net, at) group by id),
              b as (select t.id, t.status as old, d.net, d.at,
                           case when (select sum(l.refunded_quantity) from sales.transaction_lines l where l.transaction_id = t.id)
                                     >= t.quantity then 'refunded' else 'partially_refunded' end as new
                    from d join sales.transactions t on t.id = d.id),
              u as (update sales.transactions t
                    set refunded_net = t.refunded_net + b.net, status = b.new, version = t.version + 1, updated_at = $4
                    from b where t.id = b.id)
         insert into sales.transaction_events (id, transaction_id, at, actor, from_status, to_status)
         select ops.uuid_v7($4), b.id, b.at, $5, b.old, b.new from b",
    )
    .bind(&links.transactions)
    .bind(&links.net)
    .bind(&links.at)
    .bind(stamp.at)
    .bind(stamp.by)
    .execute(connection)
    .await?;
    Ok(())
}

/// The site that imports belong to.
///
/// # Errors
/// When the statement fails.
pub async fn default_site(connection: &mut PgConnection) -> Result<Uuid> {
    Ok(sqlx::query_scalar("select id from stock.sites where is_default").fetch_one(connection).await?)
}

/// A product with less on hand than the file sold.
#[derive(Debug)]
pub struct Shortage {
    pub sku: String,
    pub left: Decimal,
    pub asked: Decimal,
}

/// Takes the sold quantities from stock, or nothing at all when one is short. `products` is sorted.
///
/// # Errors
/// When a statement fails.
pub async fn take_stock(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    products: &[Uuid],
    quantities: &[Decimal],
) -> Result<Vec<Shortage>> {
    sqlx::query(
        "select 1 from stock.levels where product_id = any($1) and site_id = $2 order by product_id for update",
    )
    .bind(products)
    .bind(stamp.site)
    .execute(&mut *connection)
    .await?;
    let short: Vec<(String, Decimal, Decimal)> = sqlx::query_as(
        "select p.sku::text, coalesce(v.on_hand - v.reserved, 0), d.quantity
         from unnest($1::uuid[], $2::numeric[]) as d(id, quantity)
         join sales.products p on p.id = d.id
         left join stock.levels v on v.product_id = d.id and v.site_id = $3
         where coalesce(v.on_hand - v.reserved, 0) < d.quantity order by p.sku",
    )
    .bind(products)
    .bind(quantities)
    .bind(stamp.site)
    .fetch_all(&mut *connection)
    .await?;
    if !short.is_empty() {
        return Ok(short.into_iter().map(|(sku, left, asked)| Shortage { sku, left, asked }).collect());
    }
    sqlx::query(
        "with d as (select * from unnest($1::uuid[], $2::numeric[]) as u(id, quantity)),
              v as (update stock.levels l set on_hand = l.on_hand - d.quantity from d
                    where l.product_id = d.id and l.site_id = $3
                    returning l.product_id, l.on_hand, l.reserved, d.quantity)
         insert into stock.movements (id, product_id, site_id, kind, quantity, on_hand_after, reserved_after, ref_type, ref_id,
                                      actor, at, origin)
         select ops.uuid_v7($4), v.product_id, $3, 'sale', -v.quantity, v.on_hand, v.reserved, 'import', $5, $6, $4, $7 from v",
    )
    .bind(products)
    .bind(quantities)
    .bind(stamp.site)
    .bind(stamp.at)
    .bind(stamp.import_id)
    .bind(stamp.by)
    .bind(stamp.origin)
    .execute(connection)
    .await?;
    Ok(Vec::new())
}
