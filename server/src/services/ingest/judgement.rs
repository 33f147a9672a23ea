//! From a stored file to a plan: read and judge it, meet it with what is recorded, work out what to write.

use super::{IngestService, blocking, wrong_state};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{ImportDetail, ImportState, Target},
    live::Topic,
};
use engine::ingest::{Judged, Known, KnownWords, Meter, Plan, assemble, judge, judge_and_propose, raw_rows};
use serde_json::json;
use std::sync::Arc;
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
        let (target, shape, mapping) = (batch.target, batch.shape.clone(), batch.mapping.clone());
        let (bytes, meter) = (Arc::clone(bytes), Arc::clone(meter));
        blocking(move || judge(&bytes, &shape, target, &mapping, &meter)).await?
    }

    /// As [`Self::judge`], and what could be cleaned, given the words that are recorded already.
    async fn judge_and_propose(
        &self,
        batch: &Batch,
        bytes: &Arc<Vec<u8>>,
        meter: &Arc<Meter>,
    ) -> Result<Judged, AppError> {
        batch.mapping.validate(batch.target, &batch.shape).map_err(AppError::validation)?;
        let words = match batch.target {
            Target::SalesTransactions => {
                let mut tx = store::begin(&self.backend.pools.jobs).await?;
                let skus = recorded::skus(&mut tx).await?;
                KnownWords { skus, countries: recorded::countries(&mut tx, &batch.origin).await? }
            }
            Target::Visits => KnownWords::default(),
        };
        let (target, shape, mapping) = (batch.target, batch.shape.clone(), batch.mapping.clone());
        let (bytes, meter) = (Arc::clone(bytes), Arc::clone(meter));
        blocking(move || judge_and_propose(&bytes, &shape, target, &mapping, &meter, words)).await?
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
