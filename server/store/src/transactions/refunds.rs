//! Refunds made here: what is left of a sale's lines, and writing what goes back.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::{
    access::Principal,
    ids::TransactionId,
    transactions::{LineLeft, SaleStatus},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A line of a sale, and what of it can go back.
#[derive(Debug, Clone)]
pub struct Line {
    pub line_no: i32,
    pub product_id: Uuid,
    pub name: String,
    /// Its goods can be put back; services cannot.
    pub stocked: bool,
    pub sold: Decimal,
    pub left: LineLeft,
}

/// The lines of a sale that the caller has locked.
///
/// # Errors
/// When the statement fails.
pub async fn lines(connection: &mut PgConnection, id: TransactionId) -> Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"select l.line_no, l.product_id, p.name, p.kind = 'stocked' as "stocked!", l.quantity, l.net, l.tax, l.refunded_quantity,
                  d.quantity as "told_quantity!", d.net as "told_net!", d.tax as "told_tax!"
           from sales.transaction_lines l
           join sales.products p on p.id = l.product_id
           cross join lateral (
               select coalesce(sum(x.quantity), 0) as quantity, coalesce(sum(x.net), 0) as net, coalesce(sum(x.tax), 0) as tax
               from sales.refunds r join sales.refund_lines x on x.refund_id = r.id
               where r.transaction_id = l.transaction_id and x.transaction_line_no = l.line_no
           ) d
           where l.transaction_id = $1
           order by l.line_no"#,
        id.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Line {
            line_no: r.line_no,
            product_id: r.product_id,
            name: r.name,
            stocked: r.stocked,
            sold: r.quantity.normalize(),
            left: LineLeft::of(
                (r.quantity, r.net, r.tax),
                r.refunded_quantity,
                (r.told_quantity, r.told_net, r.told_tax),
            ),
        })
        .collect())
}

/// One line of a refund.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub line_no: i32,
    pub product_id: Uuid,
    pub quantity: Decimal,
    pub net: Decimal,
    pub tax: Decimal,
}

/// A refund as it is written.
#[derive(Debug)]
pub struct Refund<'a> {
    pub id: Uuid,
    pub event_id: Uuid,
    pub kind: &'a str,
    pub at: DateTime<Utc>,
    pub parts: &'a [Part],
    pub restock: bool,
    pub reason: Option<&'a str>,
    /// Of the sale, before and after.
    pub from: SaleStatus,
    pub to: SaleStatus,
}

/// Writes the refund, what it takes from the lines of its sale, and the step; tells of it at commit.
///
/// # Errors
/// When the statement fails.
pub async fn insert(
    connection: &mut PgConnection,
    who: &Principal,
    id: TransactionId,
    refund: &Refund<'_>,
) -> Result<()> {
    let column = |part: fn(&Part) -> Decimal| refund.parts.iter().map(part).collect::<Vec<Decimal>>();
    let line_nos: Vec<i32> = refund.parts.iter().map(|p| p.line_no).collect();
    let products: Vec<Uuid> = refund.parts.iter().map(|p| p.product_id).collect();
    let (net, tax): (Decimal, Decimal) =
        (refund.parts.iter().map(|p| p.net).sum(), refund.parts.iter().map(|p| p.tax).sum());
    sqlx::query!(
        "with refund as (
             insert into sales.refunds (id, transaction_id, kind, customer_id, currency, refunded_at, net, tax, total, restock, reason,
                                        origin, created_at)
             select $2, t.id, $3, t.customer_id, t.currency, $4, $5, $6, $7, $8, $9, t.origin, $4 from sales.transactions t where t.id = $1
         ), parts as (
             select * from unnest($10::int[], $11::uuid[], $12::numeric[], $13::numeric[], $14::numeric[])
                           with ordinality as p (line_no, product_id, quantity, net, tax, place)
         ), lines as (
             insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, tax, refunded_at, transaction_line_no)
             select $2, place, product_id, quantity, net, tax, $4, line_no from parts
         ), taken as (
             update sales.transaction_lines l set refunded_quantity = l.refunded_quantity + p.quantity
             from parts p where l.transaction_id = $1 and l.line_no = p.line_no
         ), sale as (
             update sales.transactions
             set status = $16, refunded_net = refunded_net + $5, updated_at = $4, version = version + 1
             where id = $1
         ), event as (
             insert into sales.transaction_events (id, transaction_id, at, actor, from_status, to_status, reason, data)
             values ($15, $1, $4, $17, $18, $16, $9, jsonb_build_object('refund_id', $2::uuid))
         )
         select ops.emit('transactions', $1::uuid::text)::text as told",
        id.0,
        refund.id,
        refund.kind,
        refund.at,
        net,
        tax,
        net + tax,
        refund.restock,
        refund.reason,
        &line_nos,
        &products,
        &column(|p| p.quantity),
        &column(|p| p.net),
        &column(|p| p.tax),
        refund.event_id,
        refund.to.as_str(),
        who.label(),
        refund.from.as_str()
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}
