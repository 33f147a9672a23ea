//! The list of products: any filters together, best match first or by name, keyset paging.

use crate::{
    Result,
    transactions::{
        list::{prefix, within},
        money, read,
    },
};
use domain::{
    ids::{CategoryId, ProductId},
    inventory::{CategoryItem, ProductFilter, ProductItem, ProductKind, ProductState},
};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// Which products; `threshold`: up to how much of it at a site a product counts as low.
#[derive(Debug, Clone)]
pub struct Scope {
    pub filter: ProductFilter,
    pub threshold: Decimal,
}

/// The row before a page. `rank` 0 where nothing is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    pub rank: i32,
    pub name: String,
    pub id: Uuid,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    sku: String,
    name: String,
    category: Option<String>,
    kind: String,
    unit: String,
    price: Decimal,
    currency: String,
    left: Option<Decimal>,
    low: Option<bool>,
    sold: bool,
    origin: String,
    rank: i32,
}

/// Adds the conditions of `scope` on `sales.products p` behind a `where`.
pub fn narrow(sql: &mut QueryBuilder<Postgres>, scope: &Scope) {
    let f = &scope.filter;
    sql.push(match f.state {
        ProductState::Active => "p.is_active and p.deleted_at is null",
        ProductState::Inactive => "not (p.is_active and p.deleted_at is null)",
        ProductState::All => "true",
    });
    if let Some(q) = &f.q {
        sql.push(" and (p.sku || ' ' || p.name) ilike ").push_bind(within(q));
    }
    if let Some(sku) = &f.sku {
        sql.push(" and p.sku = ").push_bind(sku.to_uppercase());
    }
    if let Some(CategoryId(id)) = f.category {
        sql.push(" and p.category_id = ").push_bind(id);
    }
    if let Some(kind) = f.kind {
        sql.push(" and p.kind = ").push_bind(kind.as_str());
    }
    if f.low_stock {
        sql.push(
            " and p.kind = 'stocked' and p.id in (select product_id from stock.levels where on_hand - reserved <= ",
        )
        .push_bind(scope.threshold)
        .push(")");
    }
}

/// How many products the scope holds.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, scope: &Scope) -> Result<i64> {
    let mut sql = QueryBuilder::new("select count(*) from sales.products p where ");
    narrow(&mut sql, scope);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// One page, and the place after its last row if more follow.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    scope: &Scope,
    after: Option<&After>,
    limit: u32,
) -> Result<(Vec<ProductItem>, Option<After>)> {
    let mut sql = QueryBuilder::new(
        "select p.id, p.sku, p.name, c.name as category, p.kind, p.unit, p.price, p.currency::text as currency, p.rank, p.origin,
                p.is_active and p.deleted_at is null as sold,
                case when p.kind = 'stocked' then coalesce(l.left, 0) end as left, p.kind = 'stocked' and l.low as low
         from (select * from (select p.*, ",
    );
    let searched = scope.filter.q.as_deref();
    match searched {
        Some(q) => {
            let sku = q.to_uppercase();
            sql.push("case when p.sku = ").push_bind(sku.clone());
            sql.push(" then 0 when p.sku like ").push_bind(prefix(&sku));
            sql.push(" then 1 when p.name ilike ").push_bind(prefix(q)).push(" then 2 else 3 end as rank");
        }
        None => {
            sql.push("0 as rank");
        }
    }
    sql.push(" from sales.products p where ");
    narrow(&mut sql, scope);
    sql.push(") p ");
    // Without a search the rank is the same of all, and the index has the order without it.
    let order = if searched.is_some() { "p.rank, p.name, p.id" } else { "p.name, p.id" };
    if let Some(after) = after {
        sql.push(format_args!(" where ({order}) > ("));
        if searched.is_some() {
            sql.push_bind(after.rank).push(", ");
        }
        sql.push_bind(after.name.clone()).push(", ").push_bind(after.id).push(")");
    }
    sql.push(format_args!(" order by {order} limit ")).push_bind(i64::from(limit) + 1);
    sql.push(
        ") p left join sales.categories c on c.id = p.category_id
         left join lateral (select sum(on_hand - reserved) as left, bool_or(on_hand - reserved <= ",
    );
    sql.push_bind(scope.threshold);
    sql.push(format_args!(") as low from stock.levels where product_id = p.id) l on true order by {order}"));
    let mut rows: Vec<Row> = sql.build_query_as().fetch_all(connection).await?;
    let most = limit as usize;
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|r| After { rank: r.rank, name: r.name.clone(), id: r.id });
    Ok((rows.into_iter().map(Row::into_item).collect::<Result<_, sqlx::Error>>()?, next))
}

impl Row {
    fn into_item(self) -> Result<ProductItem, sqlx::Error> {
        Ok(ProductItem {
            id: ProductId(self.id),
            sku: self.sku,
            name: self.name,
            category: self.category,
            kind: read("kind", &self.kind, ProductKind::parse)?,
            unit: self.unit,
            price: money(self.price),
            currency: read("currency", &self.currency, |t| t.parse().ok())?,
            stock_left: self.left.map(|left| left.normalize()),
            low_stock: self.low == Some(true),
            is_active: self.sold,
            demo: self.origin == "demo",
        })
    }
}

/// All categories by name, with the number of products sold now.
///
/// # Errors
/// When the statement fails.
pub async fn categories(connection: &mut PgConnection) -> Result<Vec<CategoryItem>> {
    let rows = sqlx::query!(
        r#"select c.id, c.name, c.parent_id, c.is_active, count(p.id) as "products!"
           from sales.categories c
           left join sales.products p on p.category_id = c.id and p.is_active and p.deleted_at is null
           group by c.id order by c.name, c.id"#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| CategoryItem {
            id: CategoryId(r.id),
            name: r.name,
            parent_id: r.parent_id.map(CategoryId),
            products: r.products,
            is_active: r.is_active,
        })
        .collect())
}
