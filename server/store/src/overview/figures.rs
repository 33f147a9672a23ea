//! Sums over windows. Amounts come out in the base currency; the statements for other currencies run
//! only when a window holds such rows, so that the usual case never pays for them.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::money::Currency;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::ops::Range;
use uuid::Uuid;

/// Half-open range of instants.
pub type Window = Range<DateTime<Utc>>;

/// Whose money and whose day: base currency, and the zone that dates a row for its exchange rate.
#[derive(Debug, Clone, Copy)]
pub struct Books<'a> {
    pub currency: Currency,
    pub zone: &'a str,
    /// Sales labelled confirmed fraud are left out, and their refunds.
    pub without_fraud: bool,
}

/// Recognised sales and refunds of one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Net amounts of the sales, refunds not taken off.
    pub gross: Decimal,
    /// Net amounts of the refunds, positive.
    pub refunds: Decimal,
    pub orders: i64,
    pub customers: i64,
    pub guests: i64,
    pub refund_rows: i64,
    pub held: i64,
    /// Sales and refund lines in another currency whose day has no rate: not in the sums.
    pub sales_without_rate: i64,
    pub refunds_without_rate: i64,
    /// Some row of the window is in another currency.
    pub foreign: bool,
}

impl Figures {
    #[must_use]
    pub fn net(&self) -> Decimal {
        self.gross - self.refunds
    }
}

/// Orders of whatever status of one window, by the time of ordering.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AllOrders {
    pub amount: Decimal,
    pub orders: i64,
    pub customers: i64,
    pub guests: i64,
    pub without_rate: i64,
    pub foreign: bool,
}

/// The statement of [`figures`]: windows' starts, ends, base currency, whether to count customers, whether to leave
/// out fraud. Public for the test of its plan.
pub const FIGURES_SQL: &str = include_str!("figures.sql");

fn edges(windows: &[Window]) -> (Vec<DateTime<Utc>>, Vec<DateTime<Utc>>) {
    windows.iter().map(|w| (w.start, w.end)).unzip()
}

/// Place of a row in the answer; `ordinality` counts from 1.
fn place<T>(items: &mut [T], ord: i64) -> Option<&mut T> {
    items.get_mut(usize::try_from(ord - 1).ok()?)
}

/// One entry a window, in the order given.
///
/// # Errors
/// When a statement fails.
pub async fn figures(connection: &mut PgConnection, books: Books<'_>, windows: &[Window]) -> Result<Vec<Figures>> {
    figures_with_customers(connection, books, windows, |_| true).await
}

/// As [`figures`]; customers are counted only in the windows (by their place) that want them. Telling
/// customers apart sorts every sale of a window, which costs more than all the rest of a long one.
///
/// # Errors
/// When a statement fails.
pub async fn figures_with_customers(
    connection: &mut PgConnection,
    books: Books<'_>,
    windows: &[Window],
    wanted: impl Fn(usize) -> bool,
) -> Result<Vec<Figures>> {
    let (starts, ends) = edges(windows);
    let wanted: Vec<bool> = (0..windows.len()).map(wanted).collect();
    let base = books.currency.as_str();
    let rows = sqlx::query_file!("src/overview/figures.sql", &starts, &ends, base, &wanted, books.without_fraud)
        .fetch_all(&mut *connection)
        .await?;
    let mut all: Vec<Figures> = rows
        .into_iter()
        .map(|r| Figures {
            gross: r.gross,
            refunds: r.refunds,
            orders: r.orders,
            customers: r.customers,
            guests: r.guests,
            refund_rows: r.refund_rows,
            held: r.held,
            foreign: r.foreign_sales > 0 || r.foreign_refunds > 0,
            ..Figures::default()
        })
        .collect();
    if all.iter().any(|f| f.foreign) {
        let rows =
            sqlx::query_file!("src/overview/foreign_facts.sql", &starts, &ends, base, books.zone, books.without_fraud)
                .fetch_all(connection)
                .await?;
        for row in rows {
            let Some(figures) = place(&mut all, row.ord) else { continue };
            if row.kind == "sale" {
                figures.gross += row.converted;
                figures.sales_without_rate = row.without_rate;
            } else {
                // The lines were summed as if all were in base currency; their amounts are negative here.
                figures.refunds += row.raw - row.converted;
                figures.refunds_without_rate = row.without_rate;
            }
        }
    }
    Ok(all)
}

/// One entry a window, in the order given.
///
/// # Errors
/// When a statement fails.
pub async fn all_orders(connection: &mut PgConnection, books: Books<'_>, windows: &[Window]) -> Result<Vec<AllOrders>> {
    let (starts, ends) = edges(windows);
    let base = books.currency.as_str();
    let rows = sqlx::query_file!("src/overview/all_orders.sql", &starts, &ends, base, books.without_fraud)
        .fetch_all(&mut *connection)
        .await?;
    let mut all: Vec<AllOrders> = rows
        .into_iter()
        .map(|r| AllOrders {
            amount: r.amount,
            orders: r.orders,
            customers: r.customers,
            guests: r.guests,
            without_rate: 0,
            foreign: r.foreign_rows > 0,
        })
        .collect();
    if all.iter().any(|o| o.foreign) {
        let rows =
            sqlx::query_file!("src/overview/foreign_orders.sql", &starts, &ends, base, books.zone, books.without_fraud)
                .fetch_all(connection)
                .await?;
        for row in rows {
            if let Some(orders) = place(&mut all, row.ord) {
                orders.amount += row.converted;
                orders.without_rate = row.without_rate;
            }
        }
    }
    Ok(all)
}

/// What the dashboard counts over all time beside sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Customers with at least one recognised sale.
    pub customers: i64,
    pub products: i64,
}

/// # Errors
/// When a statement fails.
pub async fn totals(connection: &mut PgConnection) -> Result<Totals> {
    // A probe a customer instead of sorting every sale by its customer.
    let row = sqlx::query!(
        r#"select (select count(*) from sales.customers c
                   where exists (select from sales.transactions t where t.customer_id = c.id and t.recognised_at is not null)) as "customers!",
                  (select count(*) from sales.products p where p.deleted_at is null) as "products!""#
    )
    .fetch_one(connection)
    .await?;
    Ok(Totals { customers: row.customers, products: row.products })
}

/// Suspicious sales made in a window.
///
/// # Errors
/// When the statement fails.
pub async fn suspicious(connection: &mut PgConnection, window: &Window) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from sales.transactions where is_suspicious and occurred_at >= $1 and occurred_at < $2"#,
        window.start,
        window.end
    )
    .fetch_one(connection)
    .await?)
}

/// When the first sale or refund happened.
///
/// # Errors
/// When the statement fails.
pub async fn first_fact_at(connection: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select least((select min(recognised_at) from sales.transactions where recognised_at is not null),
                      (select min(refunded_at) from sales.refund_lines))"
    )
    .fetch_one(connection)
    .await?)
}

/// Where the rows of a window come from, besides the real business.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origins {
    pub demo: bool,
    pub simulated: bool,
}

/// Whether sales or refunds of the window come from the demo world or from a simulator.
///
/// # Errors
/// When the statement fails.
pub async fn origins(connection: &mut PgConnection, window: &Window) -> Result<Origins> {
    // Without a demo world in place, or any simulated row, there is nothing to look for in the window.
    Ok(sqlx::query_as!(
        Origins,
        r#"select (exists (select from ops.demo_batches where removed_at is null)
                   and exists (select from ops.v_sale_facts where at >= $1 and at < $2 and origin = 'demo')) as "demo!",
                  ((exists (select from sales.transactions where origin = 'simulated')
                    or exists (select from sales.refunds where origin = 'simulated'))
                   and exists (select from ops.v_sale_facts where at >= $1 and at < $2 and origin = 'simulated')) as "simulated!""#,
        window.start,
        window.end
    )
    .fetch_one(connection)
    .await?)
}

/// (`at` − 60 s, `at`]. Database times have microseconds, so the window open at its start is the closed one a
/// microsecond later.
#[must_use]
pub fn last_minute(at: DateTime<Utc>) -> Window {
    let tick = chrono::Duration::microseconds(1);
    (at - chrono::Duration::seconds(60) + tick)..(at + tick)
}

/// A sale for the short list of the home page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentRow {
    pub id: Uuid,
    pub number: i64,
    pub at: DateTime<Utc>,
    pub customer: String,
    pub quantity: Decimal,
    pub total: Decimal,
    pub currency: String,
    pub status: String,
}

/// The newest sales before `before`, of whatever status.
///
/// # Errors
/// When the statement fails.
pub async fn recent_sales(connection: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<Vec<RecentRow>> {
    Ok(sqlx::query_as!(
        RecentRow,
        r#"select t.id, t.number, t.occurred_at as at, coalesce(c.external_ref, c.number::text, '') as "customer!",
                  t.quantity, t.total, t.currency::text as "currency!", t.status
           from sales.transactions t
           left join sales.customers c on c.id = t.customer_id
           where t.occurred_at < $1
           order by t.occurred_at desc, t.id desc
           limit $2"#,
        before,
        limit
    )
    .fetch_all(connection)
    .await?)
}
