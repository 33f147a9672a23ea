//! Taking or reserving stock for a sale, and putting it back, atomically.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// What one product of a sale needs; each product once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub product_id: Uuid,
    pub quantity: Decimal,
}

/// A product with too little stock, and how much could be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    pub product_id: Uuid,
    pub left: Decimal,
}

/// Who takes it, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    pub site_id: Uuid,
    /// The sale; of what is put back, the refund.
    pub ref_id: Uuid,
    pub actor: &'a str,
    pub at: DateTime<Utc>,
    pub origin: &'a str,
    /// The payment is open: the pieces stay on hand, reserved.
    pub reserve: bool,
}

/// Takes or reserves all of `needs` and writes their movements, or, when any is short, takes nothing and says which.
///
/// The rows are locked in product-id order, so that two sales of the same products never wait for each
/// other in a circle; the update repeats the condition, because another sale may have changed a row
/// between this statement's snapshot and the lock.
///
/// # Errors
/// When the statement fails.
pub async fn take(connection: &mut PgConnection, needs: &[Need], taking: Taking<'_>) -> Result<Vec<Short>> {
    let products: Vec<Uuid> = needs.iter().map(|n| n.product_id).collect();
    let quantities: Vec<Decimal> = needs.iter().map(|n| n.quantity).collect();
    let rows = sqlx::query!(
        r#"with wanted as (
               select * from unnest($1::uuid[], $2::numeric[]) as w (product_id, quantity)
           ), locked as (
               select l.product_id, l.on_hand - l.reserved as free
               from stock.levels l
               where l.site_id = $3 and l.product_id = any($1)
               order by l.product_id
               for update
           ), short as (
               select w.product_id, coalesce(k.free, 0) as free
               from wanted w left join locked k using (product_id)
               where coalesce(k.free, 0) < w.quantity
           ), taken as (
               update stock.levels l
               set on_hand = l.on_hand - case when $8 then 0 else w.quantity end,
                   reserved = l.reserved + case when $8 then w.quantity else 0 end
               from wanted w
               where l.product_id = w.product_id and l.site_id = $3 and l.on_hand - l.reserved >= w.quantity
                 and not exists (select from short)
               returning l.product_id, w.quantity, l.on_hand, l.reserved
           ), moved as (
               insert into stock.movements (id, product_id, site_id, kind, quantity, on_hand_after, reserved_after,
                                            ref_type, ref_id, actor, at, origin)
               select ops.uuid_v7($4), product_id, $3, case when $8 then 'reserve' else 'sale' end,
                      case when $8 then quantity else -quantity end, on_hand, reserved, 'transaction', $5, $6, $4, $7
               from taken
           )
           select product_id as "product_id!", free as "free!" from short"#,
        &products,
        &quantities,
        taking.site_id,
        taking.at,
        taking.ref_id,
        taking.actor,
        taking.origin,
        taking.reserve
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|r| Short { product_id: r.product_id, left: r.free }).collect())
}

/// Puts what was sold back on hand, writes its movements, and tells of them at commit. A product without a level gets one.
///
/// # Errors
/// When a statement fails.
pub async fn put_back(connection: &mut PgConnection, needs: &[Need], back: Taking<'_>) -> Result<()> {
    let products: Vec<Uuid> = needs.iter().map(|n| n.product_id).collect();
    let quantities: Vec<Decimal> = needs.iter().map(|n| n.quantity).collect();
    sqlx::query!(
        "insert into stock.levels (product_id, site_id, on_hand, origin)
         select w.product_id, $2, 0, $3 from unnest($1::uuid[]) as w (product_id) order by w.product_id
         on conflict (product_id, site_id) do nothing",
        &products,
        back.site_id,
        back.origin
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "with wanted as (
             select * from unnest($1::uuid[], $2::numeric[]) as w (product_id, quantity)
         ), locked as (
             select l.product_id, w.quantity from stock.levels l join wanted w using (product_id)
             where l.site_id = $3 order by l.product_id for update of l
         ), back as (
             update stock.levels l set on_hand = l.on_hand + k.quantity
             from locked k where l.product_id = k.product_id and l.site_id = $3
             returning l.product_id, k.quantity, l.on_hand, l.reserved
         ), moved as (
             insert into stock.movements (id, product_id, site_id, kind, quantity, on_hand_after, reserved_after, ref_type, ref_id,
                                          actor, at, origin)
             select ops.uuid_v7($4), product_id, $3, 'return', quantity, on_hand, reserved, 'refund', $5, $6, $4, $7 from back
         )
         select ops.emit('inventory', $5::uuid::text)::text as told",
        &products,
        &quantities,
        back.site_id,
        back.at,
        back.ref_id,
        back.actor,
        back.origin
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}
