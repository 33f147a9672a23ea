//! Refunds of cancel documents, and what they take back from recorded sales.

use super::{Record, Rows, Stamp};
use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Debug)]
pub struct Refund<'a> {
    pub id: Uuid,
    pub transaction: Option<Uuid>,
    pub customer: Option<Uuid>,
    pub at: DateTime<Utc>,
    pub net: Decimal,
    pub external_ref: &'a str,
}

impl Record for Refund<'_> {
    const COPY: &'static str =
        "copy sales.refunds (id, transaction_id, kind, customer_id, currency, refunded_at, net, total, external_ref, import_id,
                             origin, created_at) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        out.id(self.id).optional_id(self.transaction).text("cancel").optional_id(self.customer).text(stamp.currency);
        out.time(self.at).number(self.net).number(self.net).text(self.external_ref).id(stamp.import_id);
        out.text(stamp.origin).time(stamp.at).end();
    }
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

impl Record for RefundLine {
    const COPY: &'static str =
        "copy sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at, source_hash) from stdin";

    fn write(&self, _: &Stamp<'_>, out: &mut Rows) {
        out.id(self.refund).whole(i64::from(self.line_no)).id(self.product).number(self.quantity);
        out.number(self.net).time(self.at).whole(self.hash).end();
    }
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
    sqlx::query!(
        "update sales.transaction_lines l set refunded_quantity = l.refunded_quantity + d.quantity
         from (select id, line_no, sum(quantity) as quantity
               from unnest($1::uuid[], $2::int[], $3::numeric[]) as u(id, line_no, quantity) group by id, line_no) d
         where l.transaction_id = d.id and l.line_no = d.line_no",
        &links.transactions,
        &links.line_nos,
        &links.quantity,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
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
        &links.transactions,
        &links.net,
        &links.at,
        stamp.at,
        stamp.by,
    )
    .execute(connection)
    .await?;
    Ok(())
}
