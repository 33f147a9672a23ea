//! Days summed up once and kept: `ops.kpi_summary` (`overview.md` 2.1, 3.5).

use super::figures::{Books, Window, all_orders, figures};
use super::visits::visits;
use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use domain::overview::OrderSet;
use rust_decimal::Decimal;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// What one business day came to; amounts in base currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayFigures {
    pub revenue_net: Decimal,
    pub revenue_gross: Decimal,
    pub refunds: Decimal,
    /// Total of the orders of whatever status, by the time of ordering.
    pub amount_all: Decimal,
    pub orders: i64,
    pub orders_all: i64,
    pub orders_held: i64,
    pub refund_rows: i64,
    pub active_customers: i64,
    pub orders_without_customer: i64,
    pub visitors: i64,
    pub buyers_visited: i64,
    pub buyers_not_visited: i64,
    /// Sales and refund lines.
    pub rows_without_rate: i64,
    pub sales_without_rate: i64,
    pub demo_rows: i64,
}

/// A day as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryRow {
    pub day: NaiveDate,
    pub window: Window,
    /// Length of the day.
    pub hours: Decimal,
    pub figures: DayFigures,
    /// Computed after the day was over.
    pub is_final: bool,
    pub revision: i32,
    /// When it was corrected last, if it was.
    pub revised_at: Option<DateTime<Utc>>,
    /// When the figures last changed.
    pub computed_at: DateTime<Utc>,
}

/// Opens a transaction that sees one state of the database and lets no other write days until its end;
/// readers go on.
///
/// # Errors
/// When no connection can be had or a statement fails.
pub async fn begin_summary(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    let mut tx = pool.begin_with("begin isolation level repeatable read").await?;
    // A lock takes no snapshot: what the writer before us committed is seen.
    sqlx::query("lock table ops.kpi_summary in share row exclusive mode").execute(&mut *tx).await?;
    Ok(tx)
}

/// The days of `windows`, one entry each in the order given, computed from the rows.
///
/// # Errors
/// When a statement fails.
pub async fn day_figures(
    connection: &mut PgConnection,
    books: Books<'_>,
    windows: &[Window],
) -> Result<Vec<DayFigures>> {
    let sums = figures(connection, books, windows).await?;
    let all = all_orders(connection, books, windows).await?;
    let people = visits(connection, books, OrderSet::Recognised, windows).await?;
    let demo = demo_facts(connection, windows).await?;
    Ok(sums
        .into_iter()
        .zip(all)
        .zip(people)
        .zip(demo)
        .map(|(((f, all), people), demo_rows)| DayFigures {
            revenue_net: f.net(),
            revenue_gross: f.gross,
            refunds: f.refunds,
            amount_all: all.amount,
            orders: f.orders,
            orders_all: all.orders,
            orders_held: f.held,
            refund_rows: f.refund_rows,
            active_customers: f.customers,
            orders_without_customer: f.guests,
            visitors: people.visitors,
            buyers_visited: people.buyers,
            buyers_not_visited: people.not_visited,
            rows_without_rate: f.sales_without_rate + f.refunds_without_rate,
            sales_without_rate: f.sales_without_rate,
            demo_rows,
        })
        .collect())
}

/// Facts of each window that are not of the real business.
async fn demo_facts(connection: &mut PgConnection, windows: &[Window]) -> Result<Vec<i64>> {
    let (starts, ends): (Vec<_>, Vec<_>) = windows.iter().map(|w| (w.start, w.end)).unzip();
    // Without a demo world in place there is nothing to look for.
    Ok(sqlx::query_scalar!(
        r#"select case when exists (select from ops.demo_batches where removed_at is null)
                       then (select count(*) from ops.v_sale_facts f
                             where f.at >= b.starts and f.at < b.ends and f.origin <> 'live')
                       else 0 end as "n!"
           from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
           order by b.ord"#,
        &starts,
        &ends
    )
    .fetch_all(connection)
    .await?)
}

/// The kept days among [`from`, `to`], oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn summary(
    connection: &mut PgConnection,
    books: Books<'_>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<SummaryRow>> {
    let rows = sqlx::query!(
        "select day, day_start, day_end, hours, revenue_net, revenue_gross, refunds, amount_all, orders, orders_all, orders_held,
                refund_rows, active_customers, orders_without_customer, visitors, buyers_visited, buyers_not_visited,
                rows_without_rate, sales_without_rate, demo_rows, is_final, revision, revised_at, computed_at
         from ops.kpi_summary
         where day between $1 and $2 and zone = $3 and currency = $4
         order by day",
        from,
        to,
        books.zone,
        books.currency.as_str()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| SummaryRow {
            day: r.day,
            window: r.day_start..r.day_end,
            hours: r.hours,
            figures: DayFigures {
                revenue_net: r.revenue_net,
                revenue_gross: r.revenue_gross,
                refunds: r.refunds,
                amount_all: r.amount_all,
                orders: r.orders,
                orders_all: r.orders_all,
                orders_held: r.orders_held,
                refund_rows: r.refund_rows,
                active_customers: r.active_customers,
                orders_without_customer: r.orders_without_customer,
                visitors: r.visitors,
                buyers_visited: r.buyers_visited,
                buyers_not_visited: r.buyers_not_visited,
                rows_without_rate: r.rows_without_rate,
                sales_without_rate: r.sales_without_rate,
                demo_rows: r.demo_rows,
            },
            is_final: r.is_final,
            revision: r.revision,
            revised_at: r.revised_at,
            computed_at: r.computed_at,
        })
        .collect())
}

/// Keeps a day, in the place of what was kept of it.
///
/// # Errors
/// When the statement fails.
pub async fn put_summary(connection: &mut PgConnection, books: Books<'_>, row: &SummaryRow) -> Result<()> {
    let f = &row.figures;
    sqlx::query!(
        "insert into ops.kpi_summary (day, zone, currency, day_start, day_end, hours, revenue_net, revenue_gross, refunds, amount_all,
                                      orders, orders_all, orders_held, refund_rows, active_customers, orders_without_customer,
                                      visitors, buyers_visited, buyers_not_visited, rows_without_rate, sales_without_rate,
                                      demo_rows, is_final, revision, revised_at, computed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
         on conflict (day, zone, currency) do update set
             day_start = excluded.day_start, day_end = excluded.day_end, hours = excluded.hours,
             revenue_net = excluded.revenue_net, revenue_gross = excluded.revenue_gross, refunds = excluded.refunds,
             amount_all = excluded.amount_all, orders = excluded.orders, orders_all = excluded.orders_all,
             orders_held = excluded.orders_held, refund_rows = excluded.refund_rows,
             active_customers = excluded.active_customers, orders_without_customer = excluded.orders_without_customer,
             visitors = excluded.visitors, buyers_visited = excluded.buyers_visited,
             buyers_not_visited = excluded.buyers_not_visited, rows_without_rate = excluded.rows_without_rate,
             sales_without_rate = excluded.sales_without_rate, demo_rows = excluded.demo_rows,
             is_final = excluded.is_final, revision = excluded.revision, revised_at = excluded.revised_at,
             computed_at = excluded.computed_at",
        row.day,
        books.zone,
        books.currency.as_str(),
        row.window.start,
        row.window.end,
        row.hours,
        f.revenue_net,
        f.revenue_gross,
        f.refunds,
        f.amount_all,
        f.orders,
        f.orders_all,
        f.orders_held,
        f.refund_rows,
        f.active_customers,
        f.orders_without_customer,
        f.visitors,
        f.buyers_visited,
        f.buyers_not_visited,
        f.rows_without_rate,
        f.sales_without_rate,
        f.demo_rows,
        row.is_final,
        row.revision,
        row.revised_at,
        row.computed_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what was kept for another zone or base currency: nobody names its late facts.
///
/// # Errors
/// When a statement fails.
pub async fn drop_other_books(connection: &mut PgConnection, books: Books<'_>) -> Result<()> {
    let currency = books.currency.as_str();
    sqlx::query!("delete from ops.kpi_summary where zone <> $1 or currency <> $2::char(3)", books.zone, currency)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("delete from ops.kpi_quarter_hours where currency <> $1::char(3)", currency)
        .execute(connection)
        .await?;
    Ok(())
}
