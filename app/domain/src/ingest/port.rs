//! What pages and callers may ask of the feature.

use super::{
    batch::{Discard, ImportDetail, ImportSummary, OpenQuarantine, RowEdit, StagedRow},
    expected::{ExpectFiles, ExpectedFiles},
    mapping::{Mapping, MappingChange, NewMapping, SavedMapping},
};
use crate::{
    AppError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::ImportId,
    jobs::Enqueued,
    paging::Page,
};
use async_trait::async_trait;

/// Imports. Every method checks the caller's rights itself: `ingest.view` to read, `ingest.upload` to
/// map, preview, repair and discard, `ingest.promote` to commit, re-run and undo.
#[async_trait]
pub trait IngestPort: Send + Sync + 'static {
    async fn imports(
        &self,
        who: &Principal,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ImportSummary>, AppError>;

    async fn import(&self, who: &Principal, id: ImportId) -> Result<ImportDetail, AppError>;

    async fn quarantine(&self, who: &Principal) -> Result<Vec<OpenQuarantine>, AppError>;

    /// Rows that were not plainly applied, by row number; `cursor` is the last row number seen.
    async fn rows(
        &self,
        who: &Principal,
        id: ImportId,
        open_only: bool,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<StagedRow>, AppError>;

    async fn mappings(&self, who: &Principal) -> Result<Vec<SavedMapping>, AppError>;

    /// Keeps a mapping for files that come later.
    async fn save_mapping(
        &self,
        who: &Principal,
        new: NewMapping,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SavedMapping, AppError>>;

    async fn change_mapping(
        &self,
        who: &Principal,
        id: uuid::Uuid,
        change: MappingChange,
    ) -> Result<SavedMapping, AppError>;

    /// Checks and keeps the mapping; with a name it is remembered for files with the same header.
    async fn set_mapping(
        &self,
        who: &Principal,
        id: ImportId,
        mapping: Mapping,
        save_as: Option<String>,
    ) -> Result<ImportDetail, AppError>;

    /// How often a file of each target is expected.
    async fn expected(&self, who: &Principal) -> Result<Vec<ExpectedFiles>, AppError>;

    async fn expect(&self, who: &Principal, command: ExpectFiles) -> Result<Vec<ExpectedFiles>, AppError>;

    /// Starts the preview as a job; asking again while it is open gives the same one.
    async fn preview(&self, who: &Principal, id: ImportId) -> Result<Enqueued, AppError>;

    /// Starts the commit of exactly what the preview said, as a job.
    /// `confirm_closed` repeats how many recorded sales are closed; asked when that is more than half of
    /// the declared days.
    async fn commit(&self, who: &Principal, id: ImportId, confirm_closed: Option<u32>) -> Result<Enqueued, AppError>;

    /// Accepts the proposals of the last check named by `keys` and refuses all others; check again after it.
    async fn clean(&self, who: &Principal, id: ImportId, keys: Vec<String>) -> Result<ImportDetail, AppError>;

    /// Starts taking a committed import back, as a job.
    async fn undo(&self, who: &Principal, id: ImportId) -> Result<Enqueued, AppError>;

    /// Gives the import up. A preview that is running then finds it closed and ends.
    async fn cancel(&self, who: &Principal, id: ImportId) -> Result<(), AppError>;

    /// Edits one rejected row and judges it again; it is applied by [`IngestPort::rerun`].
    async fn edit_row(&self, who: &Principal, id: ImportId, row_no: u32, edit: RowEdit) -> Result<StagedRow, AppError>;

    /// Applies the rejected rows that are good by now; the rest stays as it was.
    async fn rerun(&self, who: &Principal, id: ImportId) -> Result<ImportDetail, AppError>;

    async fn discard(&self, who: &Principal, id: ImportId, discard: Discard) -> Result<ImportDetail, AppError>;
}
