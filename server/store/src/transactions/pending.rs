//! Sales whose payment is open: what is reserved for them, and how they end.

use super::read;
use crate::Result;
use chrono::{DateTime, Utc};
use domain::{access::Principal, ids::TransactionId, transactions::SaleStatus};
use sqlx::PgConnection;
use uuid::Uuid;

/// A sale locked by the caller's transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    pub number: i64,
    pub status: SaleStatus,
    pub currency: String,
    pub site_id: Uuid,
    pub created_by: Option<Uuid>,
    pub origin: String,
}

/// `None`: there is no such sale.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: TransactionId) -> Result<Option<Locked>> {
    let row = sqlx::query!(
        "select number, status, currency, site_id, created_by, origin from sales.transactions where id = $1 for update",
        id.0
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let status = read("status", &row.status, SaleStatus::parse)?;
        Ok(Locked {
            number: row.number,
            status,
            currency: row.currency,
            site_id: row.site_id,
            created_by: row.created_by,
            origin: row.origin,
        })
    })
    .transpose()
}

/// Pending sales recorded here at `until` or before, the oldest first, locked; what somebody else is ending is
/// left out. An imported sale holds no reservation, and only its own system knows how its payment ends.
///
/// # Errors
/// When the statement fails.
pub async fn expired(connection: &mut PgConnection, until: DateTime<Utc>, limit: i64) -> Result<Vec<TransactionId>> {
    let ids = sqlx::query_scalar!(
        "select id from sales.transactions where status = 'pending' and entry <> 'import' and created_at <= $1
         order by created_at limit $2 for update skip locked",
        until,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(TransactionId).collect())
}

/// How a pending sale ends.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    pub id: TransactionId,
    pub event_id: Uuid,
    pub status: SaleStatus,
    /// The reservation becomes a take, and the sale counts from now on; else it is free again.
    pub take: bool,
    pub reason: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// Ends the sale, moves its stock, and announces both at commit.
///
/// What was reserved is read from the movements: a product may have become a service since. The rows of
/// the stock are locked in product-id order, as by [`super::stock::take`].
///
/// # Errors
/// When a statement fails.
pub async fn end(connection: &mut PgConnection, who: &Principal, sale: &Locked, ending: Ending<'_>) -> Result<()> {
    sqlx::query!(
        "with held as (
             select product_id, sum(quantity) as quantity from stock.movements
             where ref_id = $1 and ref_type = 'transaction' and kind = 'reserve' group by product_id
         ), locked as (
             select l.product_id, h.quantity from stock.levels l join held h using (product_id)
             where l.site_id = $2 order by l.product_id for update of l
         ), changed as (
             update stock.levels l
             set reserved = l.reserved - k.quantity, on_hand = l.on_hand - case when $3 then k.quantity else 0 end
             from locked k where l.product_id = k.product_id and l.site_id = $2
             returning l.product_id, k.quantity, l.on_hand, l.reserved
         )
         insert into stock.movements (id, product_id, site_id, kind, quantity, on_hand_after, reserved_after, ref_type, ref_id,
                                      actor, at, origin)
         select ops.uuid_v7($4), product_id, $2, case when $3 then 'sale' else 'unreserve' end, -quantity, on_hand, reserved,
                'transaction', $1, $5, $4, $6
         from changed",
        ending.id.0,
        sale.site_id,
        ending.take,
        ending.at,
        who.label(),
        sale.origin
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "with ended as (
             update sales.transactions
             set status = $2, recognised_at = case when $3 then $4::timestamptz end, updated_at = $4, version = version + 1
             where id = $1
         ), event as (
             insert into sales.transaction_events (id, transaction_id, at, actor, from_status, to_status, reason)
             values ($5, $1, $4, $6, $7, $2, $8)
         )
         select ops.emit('transactions', $1::uuid::text)::text as told, ops.emit('inventory', $1::uuid::text)::text as told_stock",
        ending.id.0,
        ending.status.as_str(),
        ending.take,
        ending.at,
        ending.event_id,
        who.label(),
        sale.status.as_str(),
        ending.reason
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}
