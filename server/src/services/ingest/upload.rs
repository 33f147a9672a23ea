//! Receiving a file: what it is, whether it was here before, and a proposal for its columns.

use super::{
    IngestService, blocking,
    mappings::{check_zone, without_scope},
};
use crate::services::idempotency::{Request, once};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::ImportId,
    ingest::{FileShape, ImportDetail, Mapping, MappingOptions, Target},
    live::Topic,
    settings::Business,
};
use engine::ingest::survey_sheet;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use std::sync::Arc;
use store::ingest::{batches, files, mappings};

/// Longest name kept; it is for display only.
const NAME_CHARS: usize = 200;

/// A file on its way in.
#[derive(Debug, Clone)]
pub struct Upload<'a> {
    pub target: Target,
    /// As the sender calls it; never trusted.
    pub file_name: &'a str,
    pub bytes: Arc<Vec<u8>>,
    /// The sheet of a workbook to read; none: the first that holds rows.
    pub sheet: Option<String>,
    /// `live` for everything people bring; `demo` for the demo world.
    pub origin: &'a str,
}

/// What tells one upload from another under one key.
#[derive(Debug, Serialize)]
struct Sent<'a> {
    target: Target,
    sheet: Option<&'a str>,
    file_name: &'a str,
    sha256: &'a [u8],
}

impl<'a> Upload<'a> {
    #[must_use]
    pub fn of(target: Target, file_name: &'a str, bytes: Vec<u8>) -> Self {
        Self { target, file_name, bytes: Arc::new(bytes), sheet: None, origin: "live" }
    }

    #[must_use]
    pub fn with_sheet(self, sheet: Option<String>) -> Self {
        Self { sheet: sheet.map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()), ..self }
    }
}

impl IngestService {
    /// Looks into the file and keeps it. Nothing is kept of a file that cannot be read.
    ///
    /// # Errors
    /// `forbidden`; `validation` at `file` when it is no table, damaged or too large.
    pub async fn receive(&self, who: &Principal, upload: Upload<'_>) -> Result<ImportDetail, AppError> {
        self.receive_once(who, upload, None).await.value
    }

    /// The same for a caller who may send the file again under the same key.
    pub async fn receive_once(
        &self,
        who: &Principal,
        upload: Upload<'_>,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<ImportDetail, AppError>> {
        Answered::of(self.take_in(who, &upload, key).await)
    }

    async fn take_in(
        &self,
        who: &Principal,
        upload: &Upload<'_>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answered<Result<ImportDetail, AppError>>, AppError> {
        who.require(Permission::IngestUpload)?;
        let (bytes, sheet) = (Arc::clone(&upload.bytes), upload.sheet.clone());
        // Before the transaction opens: a large workbook takes seconds, and nobody should wait on a connection for
        // them. A file sent again is looked into in vain.
        let (surveyed, sha256) =
            blocking(move || (survey_sheet(&bytes, sheet.as_deref()), Sha256::digest(bytes.as_slice()).to_vec()))
                .await?;
        let sent = Sent {
            target: upload.target,
            sheet: upload.sheet.as_deref(),
            file_name: upload.file_name,
            sha256: &sha256,
        };
        let request = Request { who, key, route: "POST /api/v1/ingest/imports", body: &sent, status: 201 };
        let at = self.backend.clock.now();
        once(&self.backend.pools.jobs, at, request, async |connection: &mut PgConnection| {
            self.keep(connection, who, upload, &surveyed?, &sha256, at).await
        })
        .await
    }

    async fn keep(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        upload: &Upload<'_>,
        shape: &FileShape,
        sha256: &[u8],
        at: DateTime<Utc>,
    ) -> Result<ImportDetail, AppError> {
        let clock = &self.backend.clock;
        let (id, file_id) = (clock.new_id(), clock.new_id());
        let file_name: String = upload.file_name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
        let business = store::settings::business(connection).await?;
        let known = mappings::by_header(connection, upload.target, &shape.header_signature()).await?;
        let usable = known.filter(|saved| saved.mapping.validate(upload.target, shape).is_ok());
        let (mapping, mapping_name) = match usable {
            Some(saved) => (saved.mapping, Some(saved.name)),
            None => (Mapping::propose(upload.target, shape, MappingOptions::of(&business)), None),
        };
        let file = files::NewFile {
            id: file_id,
            name: &file_name,
            media_type: shape.media.media_type(),
            sha256,
            created_by: who.label(),
            created_at: at,
        };
        files::insert(connection, file, &upload.bytes).await?;
        let batch = batches::NewBatch {
            id,
            target: upload.target,
            file_id,
            file_name: &file_name,
            file_sha256: sha256,
            size_bytes: i64::try_from(upload.bytes.len()).unwrap_or(i64::MAX),
            shape,
            mapping: &mapping,
            mapping_name: mapping_name.as_deref(),
            created_by: who.label(),
            origin: upload.origin,
            at,
        };
        batches::insert(connection, batch).await?;
        let act = store::audit::Act::done("ingest.upload", "import", id).after(
            json!({"target": upload.target, "file": file_name, "rows": shape.rows, "bytes": upload.bytes.len()}),
        );
        store::audit::record(connection, clock.new_id(), at, who, act).await?;
        store::live::emit(connection, Topic::Integrations, &id.to_string()).await?;
        self.detail(connection, ImportId(id)).await
    }

    /// Checks and keeps a mapping; with a name it is remembered for files with the same header.
    ///
    /// # Errors
    /// `validation` with every fault; `conflict` when the import is closed.
    pub async fn map(
        &self,
        who: &Principal,
        id: ImportId,
        mapping: Mapping,
        save_as: Option<&str>,
    ) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestUpload)?;
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if !batch.state.is_open() {
            return Err(super::wrong_state(&batch, "its columns can no longer be changed."));
        }
        mapping.validate(batch.target, &batch.shape).map_err(AppError::validation)?;
        check_zone(&mapping)?;
        let name = save_as.map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            if name.chars().count() > 100 {
                return Err(AppError::field("save_as", "Use at most 100 characters for the name."));
            }
            let (kept, header) = (without_scope(mapping.clone()), batch.shape.header_signature());
            mappings::put(&mut tx, clock.new_id(), batch.target, name, &header, &kept, at).await?;
        }
        batches::set_mapping(&mut tx, id.0, &mapping, name.or(batch.mapping_name.as_deref()), at).await?;
        let after = serde_json::to_value(&mapping).unwrap_or_default();
        store::audit::record(
            &mut tx,
            clock.new_id(),
            at,
            who,
            store::audit::Act::done("ingest.map", "import", id).after(after),
        )
        .await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    /// The mapping saved under `name`, for the command line.
    ///
    /// # Errors
    /// `validation` at `map` when there is none.
    pub async fn saved_mapping(&self, who: &Principal, target: Target, name: &str) -> Result<Mapping, AppError> {
        who.require(Permission::IngestView)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let saved = mappings::by_name(&mut tx, target, name).await?;
        saved
            .map(|s| s.mapping)
            .ok_or_else(|| AppError::field("map", format!("There is no saved mapping \"{name}\" for {target}.")))
    }

    /// Zone and currency of the business.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(super) async fn business(&self, connection: &mut PgConnection) -> Result<Business, AppError> {
        Ok(store::settings::business(connection).await?)
    }

    /// Gives up an import that is not committed.
    ///
    /// # Errors
    /// `conflict` when it is committed or cancelled already.
    pub async fn give_up(&self, who: &Principal, id: ImportId) -> Result<(), AppError> {
        who.require(Permission::IngestUpload)?;
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if !batch.state.is_open() {
            return Err(super::wrong_state(&batch, "it can no longer be cancelled."));
        }
        batches::set_state(&mut tx, id.0, domain::ingest::ImportState::Cancelled, None, at).await?;
        store::audit::record(&mut tx, clock.new_id(), at, who, store::audit::Act::done("ingest.cancel", "import", id))
            .await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        Ok(store::commit(tx).await?)
    }
}
