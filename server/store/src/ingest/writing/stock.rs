//! Stock that imported sales take.

use super::Stamp;
use crate::Result;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

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
    sqlx::query!(
        r#"select 1 as "locked!" from stock.levels where product_id = any($1) and site_id = $2 order by product_id for update"#,
        products,
        stamp.site,
    )
    .fetch_all(&mut *connection)
    .await?;
    let short = sqlx::query_as!(
        Shortage,
        r#"select p.sku as "sku!", coalesce(v.on_hand - v.reserved, 0) as "left!", d.quantity as "asked!"
           from unnest($1::uuid[], $2::numeric[]) as d(id, quantity)
           join sales.products p on p.id = d.id
           left join stock.levels v on v.product_id = d.id and v.site_id = $3
           where coalesce(v.on_hand - v.reserved, 0) < d.quantity order by p.sku"#,
        products,
        quantities,
        stamp.site,
    )
    .fetch_all(&mut *connection)
    .await?;
    if !short.is_empty() {
        return Ok(short);
    }
    sqlx::query!(
        "with d as (select * from unnest($1::uuid[], $2::numeric[]) as u(id, quantity)),
              v as (update stock.levels l set on_hand = l.on_hand - d.quantity from d
                    where l.product_id = d.id and l.site_id = $3
                    returning l.product_id, l.on_hand, l.reserved, d.quantity)
         insert into stock.movements (id, product_id, site_id, kind, quantity, on_hand_after, reserved_after, ref_type, ref_id,
                                      actor, at, origin)
         select ops.uuid_v7($4), v.product_id, $3, 'sale', -v.quantity, v.on_hand, v.reserved, 'import', $5, $6, $4, $7 from v",
        products,
        quantities,
        stamp.site,
        stamp.at,
        stamp.import_id,
        stamp.by,
        stamp.origin,
    )
    .execute(connection)
    .await?;
    Ok(Vec::new())
}
