//! Sales, their lines and history, and lines added to recorded sales.

use super::{Record, Rows, Stamp};
use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

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

impl Record for Sale<'_> {
    const COPY: &'static str =
        "copy sales.transactions (id, customer_id, site_id, status, payment_method, currency, gross, discount, net, tax, shipping,
                                  total, refunded_net, quantity, line_count, occurred_at, recognised_at, entry, external_ref,
                                  import_id, origin, created_at, updated_at) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        out.id(self.id).optional_id(self.customer).id(stamp.site).text(self.status).optional_text(self.payment_method);
        out.text(stamp.currency).number(self.net).whole(0).number(self.net).whole(0).whole(0).number(self.net);
        out.number(self.refunded_net).number(self.quantity).whole(i64::from(self.lines)).time(self.at);
        if self.recognised {
            out.time(self.at)
        } else {
            out.null()
        };
        out.text("import").text(self.external_ref).id(stamp.import_id);
        out.text(stamp.origin).time(stamp.at).time(stamp.at).end();
    }
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

impl Record for SaleLine {
    const COPY: &'static str =
        "copy sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net,
                                       refunded_quantity, occurred_at, source_hash) from stdin";

    fn write(&self, _: &Stamp<'_>, out: &mut Rows) {
        out.id(self.transaction).whole(i64::from(self.line_no)).id(self.product).number(self.quantity);
        out.number(self.unit_price).number(self.unit_price).number(self.net).number(self.refunded_quantity);
        out.time(self.at).whole(self.hash).end();
    }
}

#[derive(Debug)]
pub struct Event<'a> {
    pub id: Uuid,
    pub transaction: Uuid,
    pub at: DateTime<Utc>,
    pub from: Option<&'a str>,
    pub to: &'a str,
}

impl Record for Event<'_> {
    const COPY: &'static str =
        "copy sales.transaction_events (id, transaction_id, at, actor, from_status, to_status) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        out.id(self.id).id(self.transaction).time(self.at).text(stamp.by).optional_text(self.from).text(self.to).end();
    }
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
    sqlx::query!(
        "update sales.transactions t
         set gross = t.gross + d.net, net = t.net + d.net, total = t.total + d.net, quantity = t.quantity + d.quantity,
             line_count = t.line_count + d.lines, version = t.version + 1, updated_at = $5,
             status = case t.status when 'refunded' then 'partially_refunded' else t.status end
         from unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::int[]) as d(id, net, quantity, lines)
         where t.id = d.id",
        &added.transactions,
        &added.net,
        &added.quantity,
        &added.lines,
        stamp.at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Closes recorded sales that a file replacing its days lacks: they count no more, and their history says why.
///
/// # Errors
/// When the statement fails.
pub async fn close_sales(connection: &mut PgConnection, stamp: Stamp<'_>, sales: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "with b as (select id, status from sales.transactions where id = any($1)),
              u as (update sales.transactions t
                    set status = 'cancelled', recognised_at = null, version = t.version + 1, updated_at = $2
                    from b where t.id = b.id)
         insert into sales.transaction_events (id, transaction_id, at, actor, from_status, to_status, reason)
         select ops.uuid_v7($2), b.id, $2, $3, b.status, 'cancelled', 'The file that replaced its days lacks it.' from b",
        sales,
        stamp.at,
        stamp.by,
    )
    .execute(connection)
    .await?;
    Ok(())
}
