//! The rows behind a figure, with the figure itself from the same state of the database.

use super::measure::{self, Context};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    ids::{CustomerId, RefundId, TransactionId},
    money::Money,
    overview::{BuyerRow, Drill, DrillKind, DrillRequest, DrillRows, FactKind, FactRow, OrderSet, VisitorRow},
    paging::Page,
};
use sqlx::PgConnection;
use store::overview::{self as sums, Asked, FactFields, Found};

/// Number, rows and total; the caller's transaction must be repeatable read.
///
/// # Errors
/// `validation` for a cursor that is not ours; else when a statement fails.
pub async fn drill(connection: &mut PgConnection, context: &Context, asked: &DrillRequest, now: DateTime<Utc>) -> Result<Drill, AppError> {
    let scope = asked.scope;
    let number = measure::tiles(connection, context, scope, &[asked.metric], now)
        .await?
        .pop()
        .ok_or_else(AppError::internal)?;
    let window = context.zone.days_range(scope.days.from, scope.days.to);
    let windows = std::slice::from_ref(&window);
    let foreign = match asked.orders {
        OrderSet::Recognised => sums::figures(connection, context.books(), windows).await?.iter().any(|f| f.foreign),
        OrderSet::All => sums::all_orders(connection, context.books(), windows).await?.iter().any(|o| o.foreign),
    };
    let query = Asked {
        metric: asked.metric,
        orders: asked.orders,
        window,
        books: context.books(),
        foreign,
        q: asked.q.as_deref(),
        sort: asked.sort,
        cursor: asked.cursor.as_deref(),
        limit: asked.limit,
    };
    let rows = match asked.metric.drill_kind() {
        DrillKind::Facts => DrillRows::Facts(page(sums::facts(connection, &query).await?, |row| fact(context, row))?),
        DrillKind::Buyers => DrillRows::Buyers(page(sums::buyers(connection, &query).await?, |row| BuyerRow {
            customer_id: CustomerId(row.customer_id),
            customer: row.customer,
            orders: row.orders,
            amount: row.amount.normalize(),
        })?),
        DrillKind::Visitors => DrillRows::Visitors(page(sums::visitors(connection, &query).await?, |row| VisitorRow {
            visitor: row.visitor,
            first_visit_at: context.zone.local(row.first_visit_at),
            visits: row.visits,
            source: row.source,
            ordered: row.ordered,
        })?),
    };
    Ok(Drill {
        number,
        rows,
        scope,
        sort: asked.sort,
        base_currency: context.business.base_currency,
        as_of: context.zone.local(now),
    })
}

fn page<T, R>(found: Option<Found<T>>, row: impl FnMut(T) -> R) -> Result<Page<R>, AppError> {
    let Some(found) = found else {
        return Err(AppError::field("cursor", "This is not a cursor of this list; start at the first page."));
    };
    Ok(Page { items: found.rows.into_iter().map(row).collect(), next_cursor: found.next_cursor, total: found.total })
}

fn fact(context: &Context, row: FactFields) -> FactRow {
    let kind = row.fact_kind();
    FactRow {
        kind,
        transaction_id: row.transaction_id.map(TransactionId),
        refund_id: (kind == FactKind::RefundLine).then_some(RefundId(row.fact_id)),
        line_no: row.line_no,
        number: row.number,
        external_ref: row.external_ref,
        at: context.zone.local(row.at),
        customer: row.customer,
        status: row.status,
        amount: Money::new(row.amount, row.currency.parse().unwrap_or(context.business.base_currency)),
        base_amount: row.base_amount.map(|amount| amount.normalize()),
    }
}
