//! Mappings kept under a name, without a file at hand, and cleaning proposals accepted into a mapping.

use super::{IngestService, wrong_state};
use crate::services::idempotency::{Request, once};
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::ImportId,
    ingest::{Cleaning, FileShape, ImportDetail, Mapping, MappingChange, NewMapping, SavedMapping},
    live::Topic,
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    StoreError,
    ingest::{batches, mappings},
};
use uuid::Uuid;

impl IngestService {
    /// Keeps a mapping for files that come later. `validation` with every fault; also at `name` when it is taken.
    pub(super) async fn keep_mapping(
        &self,
        who: &Principal,
        new: NewMapping,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answered<Result<SavedMapping, AppError>>, AppError> {
        who.require(Permission::IngestUpload)?;
        let request = Request { who, key, route: "POST /api/v1/ingest/mappings", body: &new, status: 201 };
        let at = self.backend.clock.now();
        once(&self.backend.pools.admin, at, request, async |connection: &mut PgConnection| {
            new.validate().map_err(AppError::validation)?;
            check_zone(&new.mapping)?;
            let saved = SavedMapping {
                id: self.backend.clock.new_id(),
                target: new.target,
                name: new.name.trim().to_owned(),
                header_signature: FileShape::of_header(&new.header).header_signature(),
                mapping: without_scope(new.mapping.clone()),
                version: 1,
            };
            self.write_mapping(connection, who, "ingest.create_mapping", &saved).await?;
            Ok(saved)
        })
        .await
    }

    /// Changes a kept mapping.
    ///
    /// # Errors
    /// `not_found`; `conflict` when it was changed meanwhile; `validation` as for a new one.
    pub async fn revise_mapping(
        &self,
        who: &Principal,
        id: Uuid,
        change: MappingChange,
    ) -> Result<SavedMapping, AppError> {
        who.require(Permission::IngestUpload)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let mut saved = mappings::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("Mapping"))?;
        if saved.version != change.version {
            return Err(AppError::conflict("The mapping was changed meanwhile. Read it again and repeat the change."));
        }
        change.validate(saved.target).map_err(AppError::validation)?;
        if let Some(name) = &change.name {
            name.trim().clone_into(&mut saved.name);
        }
        if let (Some(header), Some(mapping)) = (change.header, change.mapping) {
            check_zone(&mapping)?;
            saved.header_signature = FileShape::of_header(&header).header_signature();
            saved.mapping = without_scope(mapping);
        }
        saved.version += 1;
        self.write_mapping(&mut tx, who, "ingest.update_mapping", &saved).await?;
        store::commit(tx).await?;
        Ok(saved)
    }

    async fn write_mapping(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        action: &str,
        saved: &SavedMapping,
    ) -> Result<(), AppError> {
        let clock = &self.backend.clock;
        let at = clock.now();
        mappings::write(connection, saved, at).await.map_err(name_taken)?;
        let act = store::audit::Act::done(action, "import_mapping", saved.id).after(json!(saved));
        Ok(store::audit::record(connection, clock.new_id(), at, who, act).await?)
    }

    /// Accepts the named proposals of the last check, and refuses all others.
    ///
    /// # Errors
    /// `validation` at `keys` for a name that was not proposed; `conflict` when the import is closed.
    pub async fn accept_cleanings(
        &self,
        who: &Principal,
        id: ImportId,
        keys: Vec<String>,
    ) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestUpload)?;
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if !batch.state.is_open() {
            return Err(wrong_state(&batch, "its rows can no longer be cleaned."));
        }
        let proposed: Vec<&Cleaning> = batch.proposals.iter().map(|p| &p.cleaning).collect();
        if let Some(stranger) = keys.iter().find(|key| !proposed.iter().any(|c| c.key() == **key)) {
            return Err(AppError::field("keys", format!("\"{stranger}\" was not proposed. Check the rows again.")));
        }
        let mut mapping = batch.mapping;
        mapping.cleanings = proposed.into_iter().filter(|c| keys.contains(&c.key())).cloned().collect();
        batches::set_mapping(&mut tx, id.0, &mapping, batch.mapping_name.as_deref(), at).await?;
        let act = store::audit::Act::done("ingest.clean", "import", id).after(json!({"cleanings": mapping.cleanings}));
        store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }
}

/// The days of one file are not those of the next.
pub(super) fn without_scope(mut mapping: Mapping) -> Mapping {
    mapping.options.replace = None;
    mapping
}

pub(super) fn check_zone(mapping: &Mapping) -> Result<(), AppError> {
    let zone = engine::calendar::BusinessZone::parse(&mapping.options.zone);
    zone.map(drop).map_err(|message| AppError::field("options.zone", message))
}

fn name_taken(error: StoreError) -> AppError {
    match error.constraint() {
        Some("import_mappings_name_key") => {
            AppError::field("name", "Another mapping has this name. Choose another, or change that one.")
        }
        _ => error.into(),
    }
}
