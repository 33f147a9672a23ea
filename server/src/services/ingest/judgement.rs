//! From a stored file to a plan: read and judge it, meet it with what is recorded, work out what to write.

use super::{IngestService, blocking, wrong_state};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{ImportDetail, ImportState},
    live::Topic,
};
use engine::{
    calendar::BusinessZone,
    ingest::{
        Judged, Known, KnownProduct, KnownSale, KnownWords, Meter, OpenLine, Plan, ScopeSale, assemble, judge,
        judge_and_propose, raw_rows,
    },
};
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::HashMap, sync::Arc};
use store::ingest::{
    batches::{self, Batch, Findings},
    files, recorded,
};

impl IngestService {
    /// Judges every row and keeps the findings. Nothing else is written.
    ///
    /// # Errors
    /// `conflict` when the import is closed, was changed meanwhile, or the meter says stop; `validation` when the file cannot be read
    /// with its mapping.
    pub async fn preview_now(
        &self,
        who: &Principal,
        id: ImportId,
        meter: Arc<Meter>,
    ) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestUpload)?;
        let (batch, bytes) = self.open(id).await?;
        if !batch.state.is_open() {
            return Err(wrong_state(&batch, "it can no longer be checked."));
        }
        let mut judged = match self.judge_and_propose(&batch, &bytes, &meter).await {
            Ok(judged) => judged,
            Err(error) => return Err(self.fail(who, &batch, error).await),
        };
        let proposals = std::mem::take(&mut judged.proposals);
        let clock = &self.backend.clock;
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let known = self.known(&mut tx, &batch, &judged).await?;
        let plan = self.plan(judged, known).await?.0;
        let at = clock.now();
        let now = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if now.version != batch.version {
            return Err(AppError::conflict("The import was changed while it was being checked. Check it again."));
        }
        let found = Findings {
            counts: &plan.counts,
            issues: &plan.issues,
            examples: &plan.examples,
            proposals: Some(&proposals),
            digest: &plan.digest,
        };
        batches::set_findings(&mut tx, id.0, ImportState::Previewed, found, at).await?;
        let act = store::audit::Act::done("ingest.preview", "import", id).after(json!(plan.counts));
        store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    /// The batch and the bytes of its file.
    pub(super) async fn open(&self, id: ImportId) -> Result<(Batch, Arc<Vec<u8>>), AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let batch = self.batch(&mut tx, id).await?;
        let bytes = files::read(&mut tx, batch.file_id).await?;
        Ok((batch, Arc::new(bytes)))
    }

    pub(super) async fn judge(
        &self,
        batch: &Batch,
        bytes: &Arc<Vec<u8>>,
        meter: &Arc<Meter>,
    ) -> Result<Judged, AppError> {
        batch.mapping.validate(batch.target, &batch.shape).map_err(AppError::validation)?;
        let (shape, mapping) = (batch.shape.clone(), batch.mapping.clone());
        let (bytes, meter) = (Arc::clone(bytes), Arc::clone(meter));
        blocking(move || judge(&bytes, &shape, &mapping, &meter)).await?
    }

    /// As [`Self::judge`], and what could be cleaned, given the words that are recorded already.
    async fn judge_and_propose(
        &self,
        batch: &Batch,
        bytes: &Arc<Vec<u8>>,
        meter: &Arc<Meter>,
    ) -> Result<Judged, AppError> {
        batch.mapping.validate(batch.target, &batch.shape).map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let skus = recorded::skus(&mut tx).await?;
        let words = KnownWords { skus, countries: recorded::countries(&mut tx, &batch.origin).await? };
        drop(tx);
        let (shape, mapping) = (batch.shape.clone(), batch.mapping.clone());
        let (bytes, meter) = (Arc::clone(bytes), Arc::clone(meter));
        blocking(move || judge_and_propose(&bytes, &shape, &mapping, &meter, words)).await?
    }

    /// What is recorded of the orders, customers and products the rows name.
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
        // Rows without an order reference are staged under the empty one.
        let references: Vec<&str> = judged.orders.iter().map(|o| o.reference.as_ref()).chain([""]).collect();
        for row in recorded::staged(connection, batch.target.as_str(), origin, &references).await? {
            known.staged.entry(row.business_key.into()).or_default().push((row.line_no, row.content_hash));
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
        Ok(known)
    }

    /// The plan, and the rows it was made from.
    pub(super) async fn plan(&self, judged: Judged, known: Known) -> Result<(Plan, Judged), AppError> {
        let clock = Arc::clone(&self.backend.clock);
        blocking(move || {
            let plan = assemble(&judged, &known, || clock.new_id());
            (plan, judged)
        })
        .await
    }

    /// Gives the cells back to quarantined rows whose cells were not kept while judging.
    pub(super) async fn complete(&self, plan: &mut Plan, batch: &Batch, bytes: &Arc<Vec<u8>>) -> Result<(), AppError> {
        if plan.without_raw.is_empty() {
            return Ok(());
        }
        let (bytes, shape, wanted) = (Arc::clone(bytes), batch.shape.clone(), plan.without_raw.clone());
        let mut cells = blocking(move || raw_rows(&bytes, &shape, &wanted)).await??;
        for row in &mut plan.staged {
            if let Some(raw) = cells.remove(&row.row_no) {
                row.raw = raw;
            }
        }
        Ok(())
    }

    /// Keeps why an attempt failed with the batch; answers the error.
    pub(super) async fn fail(&self, who: &Principal, batch: &Batch, error: AppError) -> AppError {
        if error.code != domain::ErrorCode::Validation {
            return error;
        }
        let clock = &self.backend.clock;
        let kept = async {
            let mut tx = store::begin(&self.backend.pools.jobs).await?;
            let at = clock.now();
            batches::set_state(&mut tx, batch.id, ImportState::Failed, Some(&error.message), at).await?;
            let act = store::audit::Act::done("ingest.preview", "import", batch.id)
                .ended(store::audit::Outcome::Failed, &error.message);
            store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
            store::live::emit(&mut tx, Topic::Integrations, &batch.id.to_string()).await?;
            store::commit(tx).await
        };
        if let Err(lost) = kept.await {
            tracing::warn!(error = %lost, "failure of an import not kept");
        }
        error
    }
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
