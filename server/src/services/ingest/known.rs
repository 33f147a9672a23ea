//! What is recorded already and could meet the rows of a file.

use super::IngestService;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use domain::{AppError, overview::ONE_VISIT};
use engine::{
    calendar::BusinessZone,
    ingest::{Judged, Known, KnownProduct, KnownSale, OpenLine, ScopeSale, VisitTimes},
};
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashMap};
use store::{
    ingest::{batches::Batch, recorded, visits},
    jobs::VISITS_KEPT_DAYS,
};

impl IngestService {
    /// What is recorded of the orders, customers, products and visits the rows name.
    pub(super) async fn known(
        &self,
        connection: &mut PgConnection,
        batch: &Batch,
        judged: &Judged,
    ) -> Result<Known, AppError> {
        let origin = batch.origin.as_str();
        let mut known = Known::default();
        let (cancels, orders): (Vec<_>, Vec<_>) = judged.orders.iter().partition(|o| o.cancels);
        let orders: Vec<&str> = orders.iter().map(|o| o.reference.as_ref()).collect();
        let cancels: Vec<&str> = cancels.iter().map(|o| o.reference.as_ref()).collect();
        for sale in recorded::sales(connection, origin, &orders).await? {
            let lines = sale.line_nos.into_iter().zip(sale.hashes).collect();
            let value = KnownSale {
                id: sale.id,
                version: sale.version,
                extendable: sale.entry == "import",
                at: sale.occurred_at,
                lines,
            };
            known.sales.insert(sale.external_ref.into(), value);
        }
        for cancel in recorded::refunds(connection, origin, &cancels).await? {
            let lines = cancel.line_nos.into_iter().zip(cancel.hashes).collect();
            known.refunds.insert(cancel.external_ref.into(), lines);
        }
        // Rows that name neither order nor browser are staged under the empty key.
        let keys = judged.orders.iter().map(|o| o.reference.as_ref()).chain(judged.visits.iter().map(|v| &*v.visitor));
        let keys: BTreeSet<&str> = keys.chain(judged.bad.iter().map(|bad| bad.business_key.as_str())).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        for row in recorded::staged(connection, batch.target.as_str(), origin, &keys).await? {
            known.staged.entry(row.business_key.into()).or_default().insert((row.line_no, row.content_hash));
        }
        let customers: Vec<&str> = judged.customers.iter().map(|c| c.reference.as_ref()).collect();
        known.customers = recorded::customers(connection, origin, &customers)
            .await?
            .into_iter()
            .map(|(reference, id)| (reference.into(), id))
            .collect();
        let skus: Vec<&str> = judged.products.iter().map(|p| p.sku.as_ref()).collect();
        known.products = recorded::products(connection, &skus)
            .await?
            .into_iter()
            .map(|(sku, id, stocked)| (sku.into(), KnownProduct { id, stocked }))
            .collect();
        known.open_lines = open_lines(connection, batch, judged, &known).await?;
        known.in_scope = in_scope(connection, batch).await?;
        known.visits = recorded_visits(connection, batch, judged).await?;
        known.visits_since = Some(self.visits_since());
        Ok(known)
    }

    /// Visits before it are no longer kept.
    fn visits_since(&self) -> DateTime<Utc> {
        self.backend.clock.now() - Duration::days(VISITS_KEPT_DAYS)
    }

    /// Makes the months that the file's visits belong to, in a transaction of its own: a new month locks all others
    /// for a moment, and must not do so for as long as a commit takes. The caller holds the lock of the target, so
    /// that no other commit is waited for, and has not looked at visits yet.
    pub(super) async fn make_room(&self, judged: &Judged) -> Result<(), AppError> {
        let kept = self.visits_since()..=self.backend.clock.now();
        let days = judged.visits.iter().filter(|visit| kept.contains(&visit.at)).map(|visit| visit.at.date_naive());
        let months: BTreeSet<NaiveDate> = days.filter_map(|day| day.with_day(1)).collect();
        if months.is_empty() {
            return Ok(());
        }
        let months: Vec<NaiveDate> = months.into_iter().collect();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        visits::ensure_months(&mut tx, &months).await?;
        Ok(store::commit(tx).await?)
    }
}

/// Times of recorded visits by browser and session, of the span of the file.
async fn recorded_visits(
    connection: &mut PgConnection,
    batch: &Batch,
    judged: &Judged,
) -> Result<VisitTimes, AppError> {
    let mut found = VisitTimes::new();
    let times = || judged.visits.iter().map(|visit| visit.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(found) };
    let visitors: BTreeSet<&str> = judged.visits.iter().map(|visit| visit.visitor.as_ref()).collect();
    let visitors: Vec<&str> = visitors.into_iter().collect();
    let (from, until) = (first - ONE_VISIT, last + ONE_VISIT);
    for visit in visits::recorded(connection, &batch.origin, &visitors, from, until).await? {
        let session = visit.session_ref.unwrap_or_default();
        found.entry((visit.visitor_key.into(), session.into())).or_default().push(visit.visited_at);
    }
    Ok(found)
}

/// Imported sales recorded for the days the file declares; none without such days.
async fn in_scope(connection: &mut PgConnection, batch: &Batch) -> Result<Vec<ScopeSale>, AppError> {
    let options = &batch.mapping.options;
    let Some(days) = options.replace else { return Ok(Vec::new()) };
    let zone = BusinessZone::parse(&options.zone).map_err(|message| AppError::field("options.zone", message))?;
    let times = zone.days_range(days.from, days.to);
    let currency = options.currency;
    let found = recorded::in_scope(connection, &batch.origin, currency.as_str(), times.start, times.end).await?;
    let sale = |sale: recorded::ScopeSale| ScopeSale {
        id: sale.id,
        reference: sale.reference.into(),
        version: sale.version,
        settled: sale.settled,
    };
    Ok(found.into_iter().map(sale).collect())
}

/// Recorded sale lines that the file's cancels could take back.
async fn open_lines(
    connection: &mut PgConnection,
    batch: &Batch,
    judged: &Judged,
    known: &Known,
) -> Result<Vec<OpenLine>, AppError> {
    let mut pairs: HashMap<(uuid::Uuid, uuid::Uuid), ()> = HashMap::new();
    for row in &judged.rows {
        let order = &judged.orders[row.order as usize];
        if !order.cancels {
            continue;
        }
        let customer = judged.customers.get(order.customer as usize).and_then(|c| known.customers.get(&c.reference));
        let product = judged.products.get(row.product as usize).and_then(|p| known.products.get(&p.sku));
        if let (Some(customer), Some(product)) = (customer, product) {
            pairs.insert((*customer, product.id), ());
        }
    }
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let (customers, products): (Vec<_>, Vec<_>) = pairs.into_keys().unzip();
    let currency = batch.mapping.options.currency;
    let found = recorded::open_lines(connection, &batch.origin, currency.as_str(), &customers, &products).await?;
    Ok(found
        .into_iter()
        .map(|line| OpenLine {
            transaction: line.transaction_id,
            version: line.version,
            line_no: line.line_no,
            customer: line.customer_id,
            product: line.product_id,
            unit_price: line.unit_price,
            left: line.left_quantity,
            at: line.occurred_at,
        })
        .collect())
}
