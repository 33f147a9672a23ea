//! Products of which little is left (`stock.md` 3.6, by threshold).

use super::{
    Origins,
    drill::{Asked, Found, containing, count, cut, direction, parts},
};
use crate::Result;
use rust_decimal::Decimal;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// The key of the setting that products without a policy of their own are judged by.
const THRESHOLD: &str = "stock.reorder_threshold";

/// A product at a site.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ProductFields {
    pub product_id: Uuid,
    pub site_id: Uuid,
    pub sku: String,
    pub name: String,
    pub site: String,
    pub on_hand: Decimal,
    pub reserved: Decimal,
    pub available: Decimal,
}

/// How many products are low.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LowStock {
    pub products: i64,
    /// Those of them that have none left.
    pub critical: i64,
    pub origins: Origins,
}

/// Up to how much a product counts as low; `None`: nobody has set it.
///
/// # Errors
/// When the statement fails.
pub async fn reorder_threshold(connection: &mut PgConnection) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(r#"select value #>> '{}' as "value!" from ops.settings where key = $1"#, THRESHOLD)
        .fetch_optional(connection)
        .await?)
}

/// # Errors
/// When the statement fails.
pub async fn low_stock(connection: &mut PgConnection, threshold: Decimal) -> Result<LowStock> {
    let row = sqlx::query!(
        r#"select count(*) as "products!", count(*) filter (where l.on_hand - l.reserved <= 0) as "critical!",
                  coalesce(bool_or(l.origin = 'demo'), false) as "demo!",
                  coalesce(bool_or(l.origin = 'simulated'), false) as "simulated!"
           from stock.levels l
           join sales.products p on p.id = l.product_id
           where l.on_hand - l.reserved <= $1 and p.kind = 'stocked' and p.is_active and p.deleted_at is null"#,
        threshold
    )
    .fetch_one(connection)
    .await?;
    let origins = Origins { demo: row.demo, simulated: row.simulated };
    Ok(LowStock { products: row.products, critical: row.critical, origins })
}

/// The products of the question at or below `threshold`, in keyset pages.
///
/// # Errors
/// When a statement fails.
pub async fn low_products(
    connection: &mut PgConnection,
    asked: &Asked<'_>,
    threshold: Decimal,
) -> Result<Option<Found<ProductFields>>> {
    let (than, order) = direction(asked.sort);
    let from = |sql: &mut QueryBuilder<Postgres>| {
        sql.push(
            " from stock.levels l join sales.products p on p.id = l.product_id join stock.sites s on s.id = l.site_id
              where p.kind = 'stocked' and p.is_active and p.deleted_at is null and l.on_hand - l.reserved <= ",
        );
        sql.push_bind(threshold);
        if let Some(q) = asked.q {
            sql.push(" and (p.sku || ' ' || p.name) ilike ").push_bind(containing(q));
        }
    };
    let mut counted = QueryBuilder::new("select count(*)");
    from(&mut counted);
    let total = if asked.counted { count(connection, counted).await? } else { 0 };

    let mut sql = QueryBuilder::new(
        "select l.product_id, l.site_id, p.sku, p.name, s.code as site, l.on_hand, l.reserved,
                l.on_hand - l.reserved as available ",
    );
    from(&mut sql);
    if let Some(cursor) = asked.cursor {
        let Some([available, product, site]) = parts::<3>(cursor) else { return Ok(None) };
        let (Ok(available), Ok(product), Ok(site)) = (available.parse::<Decimal>(), product.parse(), site.parse())
        else {
            return Ok(None);
        };
        let (product, site): (Uuid, Uuid) = (product, site);
        sql.push(" and (l.on_hand - l.reserved, l.product_id, l.site_id) ").push(than).push(" (");
        sql.push_bind(available).push(", ").push_bind(product).push(", ").push_bind(site).push(") ");
    }
    sql.push(" order by l.on_hand - l.reserved ").push(order).push(", l.product_id ").push(order);
    sql.push(", l.site_id ").push(order).push(" limit ").push_bind(i64::from(asked.limit) + 1);
    let rows: Vec<ProductFields> = sql.build_query_as().fetch_all(connection).await?;
    let (rows, next_cursor) =
        cut(rows, asked.limit, |row| format!("{}~{}~{}", row.available, row.product_id, row.site_id));
    Ok(Some(Found { rows, next_cursor, total }))
}
