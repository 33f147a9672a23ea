//! The rows behind a figure, in keyset pages. The caller holds the repeatable-read transaction in which
//! the figure itself was summed.

use super::{
    figures::{Books, Window},
    visits::{order_time, with_visitors},
};
use crate::Result;
use chrono::{DateTime, Utc};
use domain::overview::{DrillSort, FactKind, MetricKey, OrderSet, Unit};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// Which rows, in which order, from where on.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub metric: MetricKey,
    pub orders: OrderSet,
    pub window: Window,
    pub books: Books<'a>,
    /// Some row of the window is in another currency (told by the sums of the same transaction).
    pub foreign: bool,
    pub q: Option<&'a str>,
    pub sort: DrillSort,
    pub cursor: Option<&'a str>,
    pub limit: u32,
    /// Whether the total is wanted: the next page of an export knows it already.
    pub counted: bool,
}

/// A page of rows; `None` for a cursor that is not one of ours.
#[derive(Debug, Clone)]
pub struct Found<T> {
    pub rows: Vec<T>,
    pub next_cursor: Option<String>,
    pub total: i64,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FactFields {
    pub kind: String,
    pub fact_id: Uuid,
    pub line_no: i32,
    pub transaction_id: Option<Uuid>,
    pub number: Option<i64>,
    pub external_ref: Option<String>,
    pub at: DateTime<Utc>,
    pub customer: String,
    pub status: String,
    pub amount: Decimal,
    pub currency: String,
    pub base_amount: Option<Decimal>,
}

impl FactFields {
    #[must_use]
    pub fn fact_kind(&self) -> FactKind {
        if self.kind == "sale" { FactKind::Sale } else { FactKind::RefundLine }
    }
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BuyerFields {
    pub customer_id: Uuid,
    pub customer: String,
    pub orders: i64,
    pub amount: Decimal,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct VisitorFields {
    pub visitor: String,
    pub first_visit_at: DateTime<Utc>,
    pub visits: i64,
    pub source: Option<String>,
    pub ordered: bool,
}

/// `%part%` for `ilike`, with the pattern's own signs taken literally.
pub(super) fn containing(part: &str) -> String {
    format!("%{}%", part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// Adds the rate of the row's business day.
fn push_rate(sql: &mut QueryBuilder<Postgres>, books: Books<'_>) {
    sql.push(" left join lateral ops.fx_rate_on(f.currency, ").push_bind(books.currency.as_str().to_owned());
    sql.push("::char(3), (f.at at time zone ").push_bind(books.zone).push("::text)::date) r on true ");
}

/// The amount in base currency, null without a rate.
fn push_base(sql: &mut QueryBuilder<Postgres>, asked: &Asked<'_>) {
    if asked.foreign {
        sql.push("case when f.currency = ").push_bind(asked.books.currency.as_str().to_owned());
        sql.push("::char(3) then f.amount else round(f.amount * r.rate, 4) end");
    } else {
        sql.push("f.amount");
    }
}

/// From and where of the facts, without cursor. Of the window alone: what else a row tells is joined to a page
/// of them.
fn push_facts(sql: &mut QueryBuilder<Postgres>, asked: &Asked<'_>) {
    let held = asked.metric == MetricKey::Held;
    match asked.orders {
        OrderSet::Recognised => sql.push(" from ops.v_sale_facts f "),
        OrderSet::All => {
            sql.push(
                " from (select 'sale'::text as kind, id as fact_id, 0 as line_no, id as transaction_id, customer_id,
                               occurred_at as at, status, currency, external_ref, occurred_at as header_at, ",
            );
            let which = if held {
                "net as amount from sales.transactions where status = 'held'"
            } else {
                "total as amount from sales.transactions"
            };
            sql.push(which).push(") f ")
        }
    };
    if asked.foreign {
        push_rate(sql, asked.books);
    }
    // What is held is held whenever it came.
    if held {
        sql.push(" where true ");
    } else {
        sql.push(" where f.at >= ").push_bind(asked.window.start).push(" and f.at < ").push_bind(asked.window.end);
        sql.push(" and f.header_at >= ").push_bind(asked.window.start);
        sql.push(" and f.header_at < ").push_bind(asked.window.end);
    }
    if asked.books.without_fraud {
        sql.push(" and not exists (select from sales.v_confirmed_fraud c where c.transaction_id = f.transaction_id) ");
    }
    if asked.metric != MetricKey::RevenueNet {
        sql.push(" and f.kind = 'sale' ");
    }
    // What has no rate is not in the sum, so it is not among its rows.
    if asked.foreign && asked.metric.unit() == Unit::Money {
        sql.push(" and ");
        push_base(sql, asked);
        sql.push(" is not null ");
    }
    if let Some(q) = asked.q {
        let like = containing(q);
        sql.push(" and (f.external_ref ilike ").push_bind(like.clone());
        // As it is written, without leading zeros or signs.
        let number = q.trim_start_matches('#');
        if let Some(n) = number.parse::<i64>().ok().filter(|n| n.to_string() == number) {
            sql.push(" or f.transaction_id = (select x.id from sales.transactions x where x.number = ").push_bind(n);
            sql.push(")");
        }
        sql.push(" or f.customer_id in (select x.id from sales.customers x where x.external_ref ilike ");
        sql.push_bind(like).push(" or x.number::text = ").push_bind(q).push(")) ");
    }
}

pub(super) async fn count(connection: &mut PgConnection, mut sql: QueryBuilder<Postgres>) -> Result<i64> {
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// The parts of a cursor; `None` when it is not one of ours.
pub(super) fn parts<const N: usize>(cursor: &str) -> Option<[&str; N]> {
    cursor.split('~').collect::<Vec<_>>().try_into().ok()
}

/// Cuts the row that only tells that there are more, and makes the next cursor of the last one kept.
pub(super) fn cut<T>(mut rows: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = limit as usize;
    if rows.len() <= limit {
        return (rows, None);
    }
    rows.truncate(limit);
    let next = rows.last().map(cursor);
    (rows, next)
}

pub(super) const fn direction(sort: DrillSort) -> (&'static str, &'static str) {
    if sort.is_descending() { ("<", "desc") } else { (">", "asc") }
}

/// Fields of a page of facts, up to the where of the facts, without cursor; [`end_page`] is its end.
fn begin_page(asked: &Asked<'_>) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(
        "select p.kind, p.fact_id, p.line_no, p.transaction_id, t.number, p.external_ref, p.at,
                coalesce(c.external_ref, c.number::text, '') as customer, p.status, p.amount, p.currency, p.base_amount
         from (select f.kind, f.fact_id, f.line_no, f.transaction_id, f.customer_id, f.external_ref, f.at, f.status, f.amount,
                      f.currency::text as currency, ",
    );
    push_base(&mut sql, asked);
    sql.push(" as base_amount ");
    push_facts(&mut sql, asked);
    sql
}

/// Joins what the rows of the page tell besides, in their order again.
fn end_page(sql: &mut QueryBuilder<Postgres>, by_time: bool, order: &str) {
    sql.push(") p left join sales.transactions t on t.id = p.transaction_id left join sales.customers c on c.id = p.customer_id order by ");
    sql.push(if by_time { "p.at" } else { "coalesce(p.base_amount, 0)" });
    for column in [" ", ", p.kind ", ", p.fact_id ", ", p.line_no "] {
        sql.push(column).push(order);
    }
}

/// Sales and refund lines of the question that came or changed since `since`, newest first.
///
/// # Errors
/// When the statement fails.
pub async fn changed_facts(
    connection: &mut PgConnection,
    asked: &Asked<'_>,
    since: DateTime<Utc>,
    most: i64,
) -> Result<Vec<FactFields>> {
    let mut sql = begin_page(asked);
    sql.push(
        " and case when f.kind = 'sale' then (select n.updated_at from sales.transactions n where n.id = f.fact_id)
                   else (select n.created_at from sales.refunds n where n.id = f.fact_id) end > ",
    );
    sql.push_bind(since)
        .push(" order by f.at desc, f.kind desc, f.fact_id desc, f.line_no desc limit ")
        .push_bind(most);
    end_page(&mut sql, true, "desc");
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// Sales, with refund lines for the net figure.
///
/// # Errors
/// When a statement fails.
pub async fn facts(connection: &mut PgConnection, asked: &Asked<'_>) -> Result<Option<Found<FactFields>>> {
    let by_time = matches!(asked.sort, DrillSort::Newest | DrillSort::Oldest);
    let (than, order) = direction(asked.sort);
    let mut counted = QueryBuilder::new("select count(*)");
    push_facts(&mut counted, asked);
    let total = if asked.counted { count(connection, counted).await? } else { 0 };

    let mut sql = begin_page(asked);
    let key = |sql: &mut QueryBuilder<Postgres>| {
        if by_time {
            sql.push("f.at");
        } else {
            sql.push("coalesce(");
            push_base(sql, asked);
            sql.push(", 0)");
        }
    };
    if let Some(cursor) = asked.cursor {
        let Some([value, kind, id, line]) = parts::<4>(cursor) else { return Ok(None) };
        let (Ok(id), Ok(line)) = (id.parse::<Uuid>(), line.parse::<i32>()) else { return Ok(None) };
        sql.push(" and (");
        key(&mut sql);
        sql.push(", f.kind, f.fact_id, f.line_no) ").push(than).push(" (");
        if by_time {
            let Some(at) = value.parse().ok().and_then(DateTime::from_timestamp_micros) else { return Ok(None) };
            sql.push_bind(at);
        } else {
            let Ok(amount) = value.parse::<Decimal>() else { return Ok(None) };
            sql.push_bind(amount);
        }
        sql.push(", ").push_bind(kind.to_owned()).push("::text, ").push_bind(id).push(", ").push_bind(line).push(") ");
    }
    sql.push(" order by ");
    key(&mut sql);
    for column in [" ", ", f.kind ", ", f.fact_id ", ", f.line_no "] {
        sql.push(column).push(order);
    }
    sql.push(" limit ").push_bind(i64::from(asked.limit) + 1);
    end_page(&mut sql, by_time, order);
    let rows: Vec<FactFields> = sql.build_query_as().fetch_all(connection).await?;
    let (rows, next_cursor) = cut(rows, asked.limit, |row| {
        let value = if by_time {
            row.at.timestamp_micros().to_string()
        } else {
            row.base_amount.unwrap_or_default().to_string()
        };
        format!("{value}~{}~{}~{}", row.kind, row.fact_id, row.line_no)
    });
    Ok(Some(Found { rows, next_cursor, total }))
}

/// Customers of the orders counted, with number and sum of those.
///
/// # Errors
/// When a statement fails.
pub async fn buyers(connection: &mut PgConnection, asked: &Asked<'_>) -> Result<Option<Found<BuyerFields>>> {
    let by_orders = matches!(asked.sort, DrillSort::OrdersDown | DrillSort::OrdersUp);
    let (than, order) = direction(asked.sort);
    let key = if by_orders { "g.orders" } else { "g.amount" };
    let from = |sql: &mut QueryBuilder<Postgres>| {
        let (at, amount) = (order_time(asked.orders), if asked.orders == OrderSet::All { "total" } else { "net" });
        sql.push(" from (select f.customer_id, count(*) as orders, coalesce(sum(");
        push_base(sql, asked);
        sql.push("), 0) as amount from (select customer_id, currency, ").push(amount).push(" as amount, ").push(at);
        sql.push(" as at from sales.transactions where customer_id is not null and ").push(at).push(" >= ");
        sql.push_bind(asked.window.start).push(" and ").push(at).push(" < ").push_bind(asked.window.end);
        if asked.books.without_fraud {
            sql.push(
                " and not exists (select from sales.v_confirmed_fraud v where v.transaction_id = transactions.id)",
            );
        }
        sql.push(") f ");
        if asked.foreign {
            push_rate(sql, asked.books);
        }
        sql.push(" group by f.customer_id) g join sales.customers c on c.id = g.customer_id where true ");
        if let Some(q) = asked.q {
            sql.push(" and (c.external_ref ilike ").push_bind(containing(q)).push(" or c.number::text = ");
            sql.push_bind(q.trim_start_matches('#').to_owned()).push(") ");
        }
    };
    let mut counted = QueryBuilder::new("select count(*)");
    from(&mut counted);
    let total = if asked.counted { count(connection, counted).await? } else { 0 };

    let mut sql = QueryBuilder::new(
        "select g.customer_id, coalesce(c.external_ref, c.number::text) as customer, g.orders, g.amount ",
    );
    from(&mut sql);
    if let Some(cursor) = asked.cursor {
        let Some([value, id]) = parts::<2>(cursor) else { return Ok(None) };
        let (Ok(value), Ok(id)) = (value.parse::<Decimal>(), id.parse::<Uuid>()) else { return Ok(None) };
        sql.push(" and (")
            .push(key)
            .push(", g.customer_id) ")
            .push(than)
            .push(" (")
            .push_bind(value)
            .push(", ")
            .push_bind(id)
            .push(") ");
    }
    sql.push(" order by ").push(key).push(" ").push(order).push(", g.customer_id ").push(order);
    sql.push(" limit ").push_bind(i64::from(asked.limit) + 1);
    let rows: Vec<BuyerFields> = sql.build_query_as().fetch_all(connection).await?;
    let (rows, next_cursor) = cut(rows, asked.limit, |row| {
        let value = if by_orders { row.orders.to_string() } else { row.amount.to_string() };
        format!("{value}~{}", row.customer_id)
    });
    Ok(Some(Found { rows, next_cursor, total }))
}

/// Visitors of the window, with the first of their visits and whether they ordered.
///
/// # Errors
/// When a statement fails.
pub async fn visitors(connection: &mut PgConnection, asked: &Asked<'_>) -> Result<Option<Found<VisitorFields>>> {
    let (than, order) = direction(asked.sort);
    let windows = [asked.window.clone()];
    let from = |sql: &mut QueryBuilder<Postgres>| {
        sql.push(
            " from (select visitor, min(visited_at) as first_visit_at, count(*) as visits, min(source) as source
                    from seen group by visitor) g where true ",
        );
        if let Some(q) = asked.q {
            sql.push(" and g.visitor ilike ").push_bind(containing(q));
        }
    };
    let mut counted = with_visitors(&windows, asked.books, asked.orders);
    counted.push("select count(*)");
    from(&mut counted);
    let total = if asked.counted { count(connection, counted).await? } else { 0 };

    let mut sql = with_visitors(&windows, asked.books, asked.orders);
    sql.push(
        "select g.visitor, g.first_visit_at, g.visits, g.source,
                exists (select from bought p where p.visitor = g.visitor) as ordered ",
    );
    from(&mut sql);
    if let Some(cursor) = asked.cursor {
        let Some((at, visitor)) = cursor.split_once('~') else { return Ok(None) };
        let Some(at) = at.parse().ok().and_then(DateTime::from_timestamp_micros) else { return Ok(None) };
        sql.push(" and (g.first_visit_at, g.visitor) ").push(than).push(" (").push_bind(at).push(", ");
        sql.push_bind(visitor.to_owned()).push("::text) ");
    }
    sql.push(" order by g.first_visit_at ").push(order).push(", g.visitor ").push(order);
    sql.push(" limit ").push_bind(i64::from(asked.limit) + 1);
    let rows: Vec<VisitorFields> = sql.build_query_as().fetch_all(connection).await?;
    let (rows, next_cursor) =
        cut(rows, asked.limit, |row| format!("{}~{}", row.first_visit_at.timestamp_micros(), row.visitor));
    Ok(Some(Found { rows, next_cursor, total }))
}
