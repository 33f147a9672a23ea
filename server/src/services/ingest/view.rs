//! Imports as screens and callers see them.

use super::{
    IngestService,
    undo::{check_undoable, until},
};
use crate::services::cursor;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{ImportDetail, ImportLink, ImportSummary, OpenQuarantine, StagedRow, Undoable},
    paging::{MAX_LIMIT, Page},
};
use engine::calendar::BusinessZone;
use sqlx::PgConnection;
use store::ingest::{
    batches::{self, Batch},
    staged, undo, visits,
};
use uuid::Uuid;

impl IngestService {
    pub(super) async fn list(
        &self,
        who: &Principal,
        place: Option<&str>,
        limit: u32,
    ) -> Result<Page<ImportSummary>, AppError> {
        who.require(Permission::IngestView)?;
        let limit = i64::from(limit.clamp(1, MAX_LIMIT));
        let after = place.map(read_cursor).transpose()?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let zone = self.zone(&mut tx).await?;
        let mut found = batches::list(&mut tx, after, limit + 1).await?;
        let total = batches::count(&mut tx).await?;
        let more = found.len() as i64 > limit;
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next_cursor = found.last().filter(|_| more).map(|last| write_cursor(last.created_at, last.id));
        Ok(Page { items: found.iter().map(|b| summary(b, zone)).collect(), next_cursor, total })
    }

    /// One import, for callers with the right to see it.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn details(&self, who: &Principal, id: ImportId) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestView)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.detail(&mut tx, id).await
    }

    /// Open rejected rows by target.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn quarantine_counts(&self, who: &Principal) -> Result<Vec<OpenQuarantine>, AppError> {
        who.require(Permission::IngestView)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        Ok(batches::quarantine(&mut tx).await?)
    }

    pub(super) async fn detail(&self, connection: &mut PgConnection, id: ImportId) -> Result<ImportDetail, AppError> {
        let batch = self.batch(connection, id).await?;
        let zone = self.zone(connection).await?;
        let imported_as = batches::same_file(connection, batch.target, &batch.origin, &batch.file_sha256, id.0).await?;
        let work = match batch.job_id {
            Some(job_id) => batches::work(connection, job_id).await?,
            None => None,
        };
        let local = |at: Option<DateTime<Utc>>| at.map(|t| zone.local(t));
        let standing = undo::standing(connection, id.0).await?;
        let link = |(id, number): (Uuid, i64)| ImportLink { id: ImportId(id), number };
        let undoable = self.undoable(connection, &batch, zone).await?;
        Ok(ImportDetail {
            summary: summary(&batch, zone),
            version: batch.version,
            questions: batch.mapping.open_questions(&batch.shape).into_iter().map(str::to_owned).collect(),
            mapping_faults: batch.mapping.validate(batch.target, &batch.shape).err().unwrap_or_default(),
            mapping_name: batch.mapping_name,
            shape: batch.shape,
            mapping: batch.mapping,
            issues: batch.issues,
            examples: batch.examples,
            proposals: batch.proposals,
            previewed_at: local(batch.previewed_at),
            imported_as,
            failure: batch.failure,
            work,
            undo_of: standing.undo_of.map(link),
            undone_by: standing.undone_by.map(link),
            undo: standing.report,
            undoable,
        })
    }

    /// What an undo would meet, when the batch can be undone now.
    async fn undoable(
        &self,
        connection: &mut PgConnection,
        batch: &Batch,
        zone: BusinessZone,
    ) -> Result<Option<Undoable>, AppError> {
        let Some(until) = until(batch).filter(|_| check_undoable(batch, self.backend.clock.now()).is_ok()) else {
            return Ok(None);
        };
        let outlook = undo::outlook(connection, batch.id).await?;
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Some(Undoable {
            until: zone.local(until),
            sales: number(outlook.made),
            restored: number(outlook.changed),
            left: number(outlook.left),
            visits: number(visits::count(connection, batch.id).await?),
        }))
    }

    pub(super) async fn staged_rows(
        &self,
        who: &Principal,
        id: ImportId,
        open_only: bool,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<StagedRow>, AppError> {
        who.require(Permission::IngestView)?;
        let limit = i64::from(limit.clamp(1, MAX_LIMIT));
        let after = match cursor {
            None => 0,
            Some(text) => text.parse().map_err(|_| cursor::wrong())?,
        };
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.batch(&mut tx, id).await?;
        let mut found = staged::page(&mut tx, id.0, open_only, after, limit + 1).await?;
        let total = staged::count(&mut tx, id.0, open_only).await?;
        let more = found.len() as i64 > limit;
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next_cursor = found.last().filter(|_| more).map(|last| last.row.row_no.to_string());
        Ok(Page { items: found.into_iter().map(|s| s.row).collect(), next_cursor, total })
    }

    async fn zone(&self, connection: &mut PgConnection) -> Result<BusinessZone, AppError> {
        let business = self.business(connection).await?;
        Ok(BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC))
    }
}

fn summary(batch: &Batch, zone: BusinessZone) -> ImportSummary {
    ImportSummary {
        id: ImportId(batch.id),
        number: batch.number,
        target: batch.target,
        file_name: batch.file_name.clone(),
        size_bytes: batch.size_bytes,
        state: batch.state,
        counts: batch.counts.clone(),
        open_rows: u32::try_from(batch.open_rows).unwrap_or(u32::MAX),
        created_by: batch.created_by.clone(),
        created_at: zone.local(batch.created_at),
        committed_at: batch.committed_at.map(|t| zone.local(t)),
        is_undo: batch.undo_of.is_some(),
    }
}

fn write_cursor(at: DateTime<Utc>, id: Uuid) -> String {
    cursor::write(format!("{}|{id}", at.timestamp_micros()))
}

fn read_cursor(text: &str) -> Result<(DateTime<Utc>, Uuid), AppError> {
    cursor::read(text, |plain| {
        let (at, id) = plain.split_once('|')?;
        Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
    })
}
