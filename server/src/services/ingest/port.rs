//! The port: what pages and callers may ask. Long steps become jobs in the same transaction.

use super::{IngestService, commit::check_closing};
use crate::jobs::{
    self, Job, JobRequest, ingest_commit::ImportCommit, ingest_preview::ImportPreview, ingest_undo::ImportUndo,
};
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::ImportId,
    ingest::{
        Discard, ExpectFiles, ExpectedFiles, ImportDetail, ImportState, ImportSummary, IngestPort, Mapping,
        MappingChange, NewMapping, OpenQuarantine, RowEdit, SavedMapping, StagedRow,
    },
    jobs::Enqueued,
    live::Topic,
    paging::Page,
};
use store::ingest::{
    batches::{self, Batch},
    mappings,
};
use uuid::Uuid;

#[async_trait::async_trait]
impl IngestPort for IngestService {
    async fn imports(
        &self,
        who: &Principal,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ImportSummary>, AppError> {
        self.list(who, cursor.as_deref(), limit).await
    }

    async fn import(&self, who: &Principal, id: ImportId) -> Result<ImportDetail, AppError> {
        self.details(who, id).await
    }

    async fn quarantine(&self, who: &Principal) -> Result<Vec<OpenQuarantine>, AppError> {
        self.quarantine_counts(who).await
    }

    async fn rows(
        &self,
        who: &Principal,
        id: ImportId,
        open_only: bool,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<StagedRow>, AppError> {
        self.staged_rows(who, id, open_only, cursor.as_deref(), limit).await
    }

    async fn expected(&self, who: &Principal) -> Result<Vec<ExpectedFiles>, AppError> {
        self.expected_files(who).await
    }

    async fn expect(&self, who: &Principal, command: ExpectFiles) -> Result<Vec<ExpectedFiles>, AppError> {
        self.expect_files(who, command).await
    }

    async fn mappings(&self, who: &Principal) -> Result<Vec<SavedMapping>, AppError> {
        who.require(Permission::IngestView)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        Ok(mappings::all(&mut tx).await?)
    }

    async fn save_mapping(
        &self,
        who: &Principal,
        new: NewMapping,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SavedMapping, AppError>> {
        Answered::of(self.keep_mapping(who, new, key).await)
    }

    async fn change_mapping(&self, who: &Principal, id: Uuid, change: MappingChange) -> Result<SavedMapping, AppError> {
        self.revise_mapping(who, id, change).await
    }

    async fn clean(&self, who: &Principal, id: ImportId, keys: Vec<String>) -> Result<ImportDetail, AppError> {
        self.accept_cleanings(who, id, keys).await
    }

    async fn set_mapping(
        &self,
        who: &Principal,
        id: ImportId,
        mapping: Mapping,
        save_as: Option<String>,
    ) -> Result<ImportDetail, AppError> {
        self.map(who, id, mapping, save_as.as_deref()).await
    }

    async fn preview(&self, who: &Principal, id: ImportId) -> Result<Enqueued, AppError> {
        who.require(Permission::IngestUpload)?;
        self.start::<ImportPreview>(who, id, |batch| {
            expect(batch, batch.state.is_open(), "it can no longer be checked.")?;
            batch.mapping.validate(batch.target, &batch.shape).map_err(AppError::validation)
        })
        .await
    }

    async fn commit(&self, who: &Principal, id: ImportId, confirm_closed: Option<u32>) -> Result<Enqueued, AppError> {
        who.require(Permission::IngestPromote)?;
        self.start::<ImportCommit>(who, id, |batch| {
            let is_previewed = batch.state == ImportState::Previewed;
            expect(batch, is_previewed, "only a checked import can be committed.")?;
            check_closing(&batch.counts.clone().unwrap_or_default(), confirm_closed)?;
            batch.confirmed_closed = confirm_closed.and_then(|n| i32::try_from(n).ok());
            Ok(())
        })
        .await
    }

    async fn undo(&self, who: &Principal, id: ImportId) -> Result<Enqueued, AppError> {
        who.require(Permission::IngestPromote)?;
        let at = self.backend.clock.now();
        self.start::<ImportUndo>(who, id, |batch| super::undo::check_undoable(batch, at)).await
    }

    async fn cancel(&self, who: &Principal, id: ImportId) -> Result<(), AppError> {
        self.give_up(who, id).await
    }

    async fn edit_row(&self, who: &Principal, id: ImportId, row_no: u32, edit: RowEdit) -> Result<StagedRow, AppError> {
        self.edit(who, id, row_no, edit).await
    }

    async fn rerun(&self, who: &Principal, id: ImportId) -> Result<ImportDetail, AppError> {
        self.run_again(who, id).await
    }

    async fn discard(&self, who: &Principal, id: ImportId, discard: Discard) -> Result<ImportDetail, AppError> {
        self.give_up_rows(who, id, discard).await
    }
}

impl IngestService {
    /// Enqueues `J` for the batch if it `fits`, in one transaction with the note that it works on it.
    async fn start<J>(
        &self,
        who: &Principal,
        id: ImportId,
        fits: impl FnOnce(&mut Batch) -> Result<(), AppError> + Send,
    ) -> Result<Enqueued, AppError>
    where
        J: Job<Payload = jobs::ingest_preview::Import>,
    {
        let clock = &self.backend.clock;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let mut batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        fits(&mut batch)?;
        batches::set_confirmed(&mut tx, id.0, batch.confirmed_closed).await?;
        let request = JobRequest::of::<J>(&jobs::ingest_preview::Import { import_id: id })?.unique(id.to_string());
        let enqueued = jobs::enqueue(&mut tx, clock.as_ref(), who, request).await?;
        batches::set_job(&mut tx, id.0, enqueued.job_id.0, clock.now()).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        store::commit(tx).await?;
        Ok(enqueued)
    }

    /// Keeps with the batch why a job of it changed nothing.
    pub(crate) async fn note_failure(&self, id: ImportId, message: &str) -> Result<(), AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        batches::set_failure(&mut tx, id.0, message, self.backend.clock.now()).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        Ok(store::commit(tx).await?)
    }
}

fn expect(batch: &Batch, holds: bool, wanted: &str) -> Result<(), AppError> {
    if holds { Ok(()) } else { Err(super::wrong_state(batch, wanted)) }
}
