//! A plan into the database, parents before children, inside the caller's transaction.

use super::label;
use crate::{
    backend::Backend,
    services::{
        fraud::imported,
        overview::{name_closed_days, name_days_of_sales},
    },
};
use chrono::{DateTime, Utc};
use domain::{AppError, ingest::Target, live::Topic};
use engine::{
    calendar::BusinessZone,
    ingest::{Judged, Meter, Plan, Unreadable},
};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use store::ingest::{
    batches::Batch,
    changes,
    staged::NewStaged,
    writing::{self as bulk, Additions, Links, Record, Stamp},
};
use uuid::Uuid;

type Boxed<'a, T> = Box<dyn Iterator<Item = T> + Send + 'a>;

pub async fn write(
    connection: &mut PgConnection,
    backend: &Backend,
    batch: &Batch,
    judged: &Judged,
    plan: &Plan,
    at: DateTime<Utc>,
    meter: &Meter,
) -> Result<(), AppError> {
    let by = label(batch.number);
    let options = &batch.mapping.options;
    let stamp = stamp_of(batch, bulk::default_site(connection).await?, &by, at);
    let zone = BusinessZone::parse(&options.zone).unwrap_or(BusinessZone::UTC);
    write_parties(connection, stamp, judged, plan, zone).await?;
    let recorded = recorded_sales(plan);
    changes::keep_sales(connection, batch.id, &recorded).await?;
    name_days_of_sales(connection, &recorded, at).await?;
    let sold = plan.sales.iter().map(|sale| sale.at);
    let visited = plan.visits.iter().map(|new| judged.visits[new.row].at);
    let facts: Boxed<'_, DateTime<Utc>> =
        Box::new(sold.chain(plan.refunds.iter().map(|refund| refund.at)).chain(visited));
    name_closed_days(connection, facts, at).await?;
    write_sales(connection, stamp, judged, plan, meter).await?;
    write_refunds(connection, stamp, judged, plan).await?;
    if !plan.closed.is_empty() {
        let closed: Vec<Uuid> = plan.closed.iter().map(|closing| closing.transaction).collect();
        bulk::close_sales(connection, stamp, &closed).await?;
    }
    changes::seal_sales(connection, batch.id, &recorded).await?;
    let events: Boxed<'_, bulk::Event<'_>> = Box::new(plan.events.iter().map(|e| bulk::Event {
        id: backend.clock.new_id(),
        transaction: e.transaction,
        at: e.at,
        from: e.from,
        to: e.to,
    }));
    bulk::insert(connection, stamp, events).await?;
    write_visits(connection, stamp, judged, plan, meter).await?;
    announce(connection, batch, plan).await
}

/// Judges the new sales for fraud, where the import asks for it. They keep their status.
pub async fn screen(
    connection: &mut PgConnection,
    backend: &Backend,
    batch: &Batch,
    plan: &mut Plan,
    meter: &Meter,
) -> Result<(), AppError> {
    if !batch.mapping.options.screen {
        return Ok(());
    }
    let sales: BTreeMap<Uuid, DateTime<Utc>> = plan.sales.iter().map(|sale| (sale.id, sale.at)).collect();
    let screened = imported::screen(connection, backend, &label(batch.number), &sales, meter).await?;
    (plan.counts.screened, plan.counts.suspicious) = (screened.judged, screened.suspicious);
    if screened.judged > 0 {
        store::live::emit(connection, Topic::Fraud, "cases").await?;
    }
    Ok(())
}

/// Takes what the new sales need out of the stock, where the import asks for it. As the last that is written: sales at the
/// till wait for these rows.
pub async fn move_stock(
    connection: &mut PgConnection,
    batch: &Batch,
    plan: &Plan,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    if !batch.mapping.options.move_stock {
        return Ok(());
    }
    let by = label(batch.number);
    let site = bulk::default_site(connection).await?;
    take_stock(connection, stamp_of(batch, site, &by, at), plan).await
}

/// What the rows of an import have in common.
fn stamp_of<'a>(batch: &'a Batch, site: Uuid, by: &'a str, at: DateTime<Utc>) -> Stamp<'a> {
    let currency = batch.mapping.options.currency.as_str();
    Stamp { import_id: batch.id, origin: &batch.origin, currency, site, by, at }
}

/// Puts the rows that cannot be applied into quarantine.
pub async fn quarantine(
    connection: &mut PgConnection,
    batch: &Batch,
    plan: &Plan,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    let site = bulk::default_site(connection).await?;
    let stamp = stamp_of(batch, site, "", at);
    let rows: Boxed<'_, NewStaged<'_>> = Box::new(plan.staged.iter().map(|row| NewStaged {
        row_no: row.row_no,
        business_key: &row.business_key,
        line_no: row.line_no,
        raw: &row.raw,
        mapped: &row.mapped,
        content_hash: row.hash,
        verdict: row.verdict,
        issues: &row.issues,
    }));
    Ok(bulk::insert(connection, stamp, rows).await?)
}

/// Recorded sales that the plan changes, each once.
fn recorded_sales(plan: &Plan) -> Vec<Uuid> {
    let added = plan.additions.iter().map(|a| a.transaction);
    let linked = plan.links.iter().map(|l| l.transaction);
    let touched: BTreeSet<Uuid> = added.chain(linked).chain(plan.closed.iter().map(|c| c.transaction)).collect();
    touched.into_iter().collect()
}

/// Customers and products the file names first.
async fn write_parties(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    judged: &Judged,
    plan: &Plan,
    zone: BusinessZone,
) -> Result<(), AppError> {
    let customers: Boxed<'_, bulk::Customer<'_>> = Box::new(plan.customers.iter().map(|new| {
        let seen = &judged.customers[new.seen];
        bulk::Customer {
            id: new.id,
            external_ref: &seen.reference,
            country: seen.country.as_deref(),
            registered: zone.day_of(seen.first_at),
        }
    }));
    bulk::insert(connection, stamp, customers).await?;
    let products: Boxed<'_, bulk::Product<'_>> = Box::new(plan.products.iter().map(|new| {
        let seen = &judged.products[new.seen];
        bulk::Product {
            id: new.id,
            sku: &seen.sku,
            name: seen.name.as_deref().unwrap_or(&seen.sku),
            stocked: new.stocked,
            price: seen.price,
        }
    }));
    bulk::insert(connection, stamp, products).await?;
    let prices: Boxed<'_, bulk::Price> = Box::new(plan.products.iter().map(|new| {
        let seen = &judged.products[new.seen];
        bulk::Price { product: new.id, from: seen.price_at, price: seen.price }
    }));
    bulk::insert(connection, stamp, prices).await?;
    let customers = plan.customers.iter().map(|new| changes::Made::Customer(new.id));
    let made: Boxed<'_, changes::Made> =
        Box::new(customers.chain(plan.products.iter().map(|new| changes::Made::Product(new.id))));
    Ok(bulk::insert(connection, stamp, made).await?)
}

async fn write_sales(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    judged: &Judged,
    plan: &Plan,
    meter: &Meter,
) -> Result<(), AppError> {
    // Boxed: the compiler cannot prove the bare iterator `Send` across the await.
    let sales: Boxed<'_, bulk::Sale<'_>> = Box::new(plan.sales.iter().map(|sale| bulk::Sale {
        id: sale.id,
        customer: sale.customer,
        status: sale.status,
        payment_method: sale.payment_method,
        net: sale.net,
        quantity: sale.quantity,
        lines: sale.lines,
        refunded_net: sale.refunded_net,
        at: sale.at,
        recognised: sale.recognised,
        external_ref: &judged.orders[sale.order].reference,
    }));
    bulk::insert(connection, stamp, sales).await?;
    let lines: Boxed<'_, bulk::SaleLine> = Box::new(plan.lines.iter().map(|line| bulk::SaleLine {
        transaction: line.transaction,
        line_no: line.line_no,
        product: line.product,
        quantity: line.quantity,
        unit_price: line.unit_price,
        net: line.net,
        refunded_quantity: line.refunded_quantity,
        at: line.at,
        hash: line.hash,
    }));
    insert_watched(connection, stamp, lines, plan.lines.len(), judged, meter).await?;
    if !plan.additions.is_empty() {
        let mut added = Additions::default();
        for addition in &plan.additions {
            added.transactions.push(addition.transaction);
            added.net.push(addition.net);
            added.quantity.push(addition.quantity);
            added.lines.push(addition.lines);
        }
        bulk::extend_sales(connection, stamp, &added).await?;
    }
    Ok(())
}

async fn write_refunds(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    judged: &Judged,
    plan: &Plan,
) -> Result<(), AppError> {
    let refunds: Boxed<'_, bulk::Refund<'_>> = Box::new(plan.refunds.iter().map(|refund| bulk::Refund {
        id: refund.id,
        transaction: refund.transaction,
        customer: refund.customer,
        at: refund.at,
        net: refund.net,
        external_ref: &judged.orders[refund.order].reference,
    }));
    bulk::insert(connection, stamp, refunds).await?;
    let lines: Boxed<'_, bulk::RefundLine> = Box::new(plan.refund_lines.iter().map(|line| bulk::RefundLine {
        refund: line.refund,
        line_no: line.line_no,
        product: line.product,
        quantity: line.quantity,
        net: line.net,
        at: line.at,
        hash: line.hash,
    }));
    bulk::insert(connection, stamp, lines).await?;
    if !plan.links.is_empty() {
        let mut links = Links::default();
        for link in &plan.links {
            links.transactions.push(link.transaction);
            links.line_nos.push(link.line_no);
            links.quantity.push(link.quantity);
            links.net.push(link.net);
            links.at.push(link.at);
        }
        bulk::refund_recorded(connection, stamp, &links).await?;
    }
    Ok(())
}

async fn write_visits(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    judged: &Judged,
    plan: &Plan,
    meter: &Meter,
) -> Result<(), AppError> {
    if plan.visits.is_empty() {
        return Ok(());
    }
    let visits: Boxed<'_, bulk::Visit<'_>> = Box::new(plan.visits.iter().map(|new| {
        let visit = &judged.visits[new.row];
        bulk::Visit {
            id: new.id,
            at: visit.at,
            visitor: &visit.visitor,
            customer: new.customer,
            session: visit.session.as_deref(),
            source: visit.source.as_deref(),
            path: visit.path.as_deref(),
        }
    }));
    insert_watched(connection, stamp, visits, plan.visits.len(), judged, meter).await
}

/// Reading was the first half of the work, writing these rows is the second.
async fn insert_watched<R: Record + Send>(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    records: Boxed<'_, R>,
    number: usize,
    judged: &Judged,
    meter: &Meter,
) -> Result<(), AppError> {
    let read = u64::from(judged.lines);
    meter.set_total(read + number as u64);
    let watch = |sent: u64| {
        meter.set_done(read + sent);
        !meter.is_stopped()
    };
    if !bulk::insert_watched(connection, stamp, records, &watch).await? {
        return Err(Unreadable::Stopped.into());
    }
    Ok(())
}

async fn take_stock(connection: &mut PgConnection, stamp: Stamp<'_>, plan: &Plan) -> Result<(), AppError> {
    let (products, quantities): (Vec<_>, Vec<_>) = plan.stock.iter().copied().unzip();
    let short = bulk::take_stock(connection, stamp, &products, &quantities).await?;
    if short.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = short
        .iter()
        .take(10)
        .map(|s| format!("{} ({} left, {} sold)", s.sku, s.left.normalize(), s.asked.normalize()))
        .collect();
    Err(AppError::conflict(format!(
        "{} products have less in stock than the file sells: {}. Import without moving stock, or correct the stock first.",
        short.len(),
        named.join(", ")
    )))
}

/// One message a topic, however many rows there were.
async fn announce(connection: &mut PgConnection, batch: &Batch, plan: &Plan) -> Result<(), AppError> {
    if plan.counts.created() == 0 && plan.closed.is_empty() {
        return Ok(());
    }
    let key = batch.id.to_string();
    for topic in topics(batch.target) {
        store::live::emit(connection, *topic, &key).await?;
    }
    Ok(())
}

/// What an import, and its undo, makes old.
pub(super) const fn topics(target: Target) -> &'static [Topic] {
    match target {
        Target::SalesTransactions => {
            &[Topic::Transactions, Topic::Customers, Topic::Inventory, Topic::Analytics, Topic::Dashboard]
        }
        Target::Visits => &[Topic::Analytics, Topic::Dashboard],
    }
}
