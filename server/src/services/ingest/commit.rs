//! The commit: exactly what the preview said, in one database transaction. A killed commit leaves
//! everything as it was, and the batch previewed.

use super::{IngestService, writing, wrong_state};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{Counts, ImportDetail, ImportState, Policy},
    live::Topic,
};
use engine::ingest::Meter;
use serde_json::json;
use std::sync::Arc;
use store::ingest::{
    arrivals,
    batches::{self, Findings},
    lock_target,
};

impl IngestService {
    /// Writes what the preview said.
    ///
    /// # Errors
    /// `conflict`: not previewed, committed already, `preview_stale`, rejected rows under all-or-nothing,
    /// too little stock, or stopped. Then nothing was written.
    pub async fn commit_now(&self, who: &Principal, id: ImportId, meter: Arc<Meter>) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestPromote)?;
        let (batch, bytes) = self.open(id).await?;
        if batch.state != ImportState::Previewed {
            return Err(wrong_state(&batch, "only a checked import can be committed."));
        }
        let judged = self.judge(&batch, &bytes, &meter).await?;

        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        // Two commits of one target wait for each other; the second sees what the first wrote.
        lock_target(&mut tx, batch.target.as_str()).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if batch.state != ImportState::Previewed {
            return Err(wrong_state(&batch, "only a checked import can be committed."));
        }
        self.make_room(&judged).await?;
        let known = self.known(&mut tx, &batch, &judged).await?;
        let (mut plan, judged) = self.plan(judged, known).await?;
        if batch.digest.as_deref() != Some(plan.digest.as_slice()) {
            drop(tx);
            return Err(self.stale(who, id).await?);
        }
        if batch.mapping.options.policy == Policy::AllOrNothing && plan.counts.quarantined() > 0 {
            return Err(AppError::conflict(format!(
                "{} rows are rejected and the import is all or nothing. Mend the file, or let the valid rows through.",
                plan.counts.quarantined()
            )));
        }
        check_closing(&plan.counts, batch.confirmed_closed.and_then(|n| u32::try_from(n).ok()))?;
        self.complete(&mut plan, &batch, &bytes).await?;
        drop(bytes);
        let at = self.backend.clock.now();
        writing::write(&mut tx, &self.backend, &batch, &judged, &plan, at, &meter).await?;
        writing::screen(&mut tx, &self.backend, &batch, &mut plan, &meter).await?;
        writing::move_stock(&mut tx, &batch, &plan, at).await?;
        writing::quarantine(&mut tx, &batch, &plan, at).await?;
        let state = if plan.staged.is_empty() { ImportState::Committed } else { ImportState::CommittedPartial };
        let found = Findings {
            counts: &plan.counts,
            issues: &plan.issues,
            examples: &plan.examples,
            proposals: None,
            digest: &plan.digest,
        };
        batches::set_findings(&mut tx, id.0, state, found, at).await?;
        arrivals::keep_span(&mut tx, id.0).await?;
        let act = store::audit::Act::done("ingest.commit", "import", id).after(json!(plan.counts));
        store::audit::record(&mut tx, self.backend.clock.new_id(), at, who, act).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        if meter.is_stopped() {
            return Err(engine::ingest::Unreadable::Stopped.into());
        }
        store::commit(tx).await?;
        Ok(detail)
    }

    /// Sends the batch back to be checked again.
    async fn stale(&self, who: &Principal, id: ImportId) -> Result<AppError, AppError> {
        let message = "What is recorded has changed since the check, so the import was not committed. Check it again.";
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        batches::set_state(&mut tx, id.0, ImportState::Mapped, Some(message), at).await?;
        let act = store::audit::Act::done("ingest.commit", "import", id)
            .ended(store::audit::Outcome::Failed, "preview_stale");
        store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        store::commit(tx).await?;
        Ok(AppError::conflict(message).with_field("preview", "preview_stale"))
    }
}

/// More than half of what is recorded for the declared days goes only when a person typed how many.
///
/// # Errors
/// `validation` at `confirm_closed`.
pub(super) fn check_closing(counts: &Counts, confirmed: Option<u32>) -> Result<(), AppError> {
    if !counts.closes_more_than_half() || confirmed == Some(counts.closed) {
        return Ok(());
    }
    Err(AppError::field(
        "confirm_closed",
        format!(
            "This file closes {} of the {} recorded sales of its days. Type {} to confirm that.",
            counts.closed, counts.in_scope, counts.closed
        ),
    ))
}
