//! Exports too large to stream: a job writes the file, its owner downloads it for a day.

use super::{About, Export, ExportsService, Format, Reader, csv, xlsx, zone_of};
use crate::{
    access::{Doorkeeper, secret::hex},
    jobs::{JobFailure, JobRequest, LargeExport, WriteExport, enqueue},
    services::jobs::cancel_open,
};
use async_trait::async_trait;
use chrono::Duration;
use domain::{
    AppError,
    access::{Permission, Principal},
    exports::{ExportItem, ExportsPort},
    ids::{ExportId, FileId, JobId},
    jobs::JobState,
    live::Topic,
    query,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{Postgres, Transaction};
use std::{io::Read, sync::Arc};
use store::{
    audit::{self, Act},
    exports::large::{self, Finished, NewFile, NewRequest, PIECE},
};
use uuid::Uuid;

/// More than these are written by a job (`platform.md` 3.12).
pub const MAX_STREAMED_ROWS: i64 = 200_000;
/// A file is there for this long.
const KEPT: Duration = Duration::hours(24);
/// Exports that the page lists.
const LISTED: i64 = 50;

/// A job will write the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub export_id: ExportId,
    pub job_id: JobId,
    pub rows: i64,
}

/// A file ready to be sent, a piece at a time.
#[derive(Debug)]
pub struct LargeFile {
    pub name: String,
    pub media_type: String,
    pub size_bytes: i64,
    pub rows: i64,
    id: Uuid,
    pool: store::pool::Pool,
    seq: i32,
}

impl LargeFile {
    /// The next piece; empty at the end.
    ///
    /// # Errors
    /// When the database fails: the reader must then not take what it has for the whole.
    pub async fn piece(&mut self) -> Result<Vec<u8>, AppError> {
        let mut connection = store::acquire(&self.pool).await?;
        let piece = large::piece(&mut connection, self.id, self.seq).await?;
        self.seq += 1;
        Ok(piece.unwrap_or_default())
    }
}

impl ExportsService {
    /// Has a job write the export for the user `who`. For the same list and file as one that waits or
    /// is being written, that one.
    pub(super) async fn ask(&self, who: &Principal, format: Format, about: &About) -> Result<Asked, AppError> {
        let owner = who.user_id().ok_or_else(AppError::forbidden)?;
        let clock = &self.backend.clock;
        let (id, now) = (clock.new_id(), clock.now());
        let rights: Vec<String> = who.rights().iter().map(|right| right.key().to_owned()).collect();
        let mut key = Sha256::new();
        for part in [&owner.to_string(), about.dataset, format.extension(), &about.filter] {
            key.update(part.as_bytes());
            key.update([0]);
        }
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let wanted =
            JobRequest::of::<WriteExport>(&LargeExport { export_id: ExportId(id) })?.unique(hex(&key.finalize()));
        let run = enqueue(&mut tx, clock.as_ref(), who, wanted).await?;
        if run.deduplicated
            && let Some(open) = large::of_run(&mut tx, run.job_id.0).await?
        {
            store::commit(tx).await?;
            return Ok(Asked { export_id: ExportId(open), job_id: run.job_id, rows: about.rows });
        }
        let request = NewRequest {
            id,
            dataset: about.dataset,
            format: format.extension(),
            filter: &about.filter,
            expected_rows: about.rows,
            owner_id: owner.0,
            owner_label: who.label(),
            rights: &rights,
            job_id: run.job_id.0,
            created_at: now,
        };
        large::ask(&mut tx, &request).await?;
        let act = Act::done("access.export_asked", "export", about.dataset)
            .after(json!({"filter": about.filter, "rows": about.rows, "format": format.extension(), "export": id}));
        audit::record(&mut tx, clock.new_id(), now, who, act).await?;
        store::commit(tx).await?;
        Ok(Asked { export_id: ExportId(id), job_id: run.job_id, rows: about.rows })
    }

    /// As [`Self::open`] decides by rows: a workbook that took too long to write for a waiting reader.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask_instead(&self, who: &Principal, format: Format, about: &About) -> Result<Asked, AppError> {
        self.ask(who, format, about).await
    }

    /// Opens what run `run` has to write, with the rights its owner has left; `None`: it is written already.
    pub(crate) async fn take_up(
        &self,
        export: ExportId,
        run: JobId,
        door: &Doorkeeper,
    ) -> Result<Option<Task>, JobFailure> {
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let request = large::take_up(&mut connection, export.0, run.0).await?;
        drop(connection);
        let Some(request) = request else { return Err(JobFailure::fail("not_found", "The export was removed.")) };
        if request.file_id.is_some() {
            return Ok(None);
        }
        let rights: Vec<Permission> = request.rights.iter().filter_map(|key| Permission::parse(key)).collect();
        let Some(who) = door.absent(request.owner_id, &rights, run.0).await? else {
            return Err(JobFailure::fail("forbidden", "Whoever asked for this file may not sign in any more."));
        };
        let format = Format::parse(&request.format).ok_or_else(AppError::internal)?;
        let open = self.read(&who, &request.dataset, &query::pairs(&request.filter), Reader::Job).await?;
        self.log(&who, &open.about, format).await?;
        Ok(Some(Task { id: export, owner: who, format, open }))
    }

    /// Begins the file of `task`; dropped without [`Writing::finish`], nothing of it stays.
    pub(crate) async fn begin(&self, task: &Task) -> Result<Writing, AppError> {
        let clock = &self.backend.clock;
        let (file, now) = (clock.new_id(), clock.now());
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let name = task.open.file_name(task.format);
        let new = NewFile {
            id: file,
            name: &name,
            media_type: task.format.media_type(),
            created_by: task.owner.label(),
            created_at: now,
            expires_at: now + KEPT,
        };
        large::begin_file(&mut tx, new).await?;
        Ok(Writing { tx, file, seq: 0, pending: Vec::with_capacity(PIECE), size: 0, hash: Sha256::new() })
    }

    /// Tells the owner's pages that something about their exports changed.
    pub(crate) async fn tell(&self, task: &Task) -> Result<(), AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let owner = task.owner.user_id().map(|user| user.to_string()).unwrap_or_default();
        store::live::emit(&mut tx, Topic::Notification, &owner).await?;
        Ok(store::commit(tx).await?)
    }

    /// A file of `who`.
    ///
    /// # Errors
    /// `not_found` when it is somebody else's, removed, or its time is over.
    pub async fn file(&self, who: &Principal, id: FileId) -> Result<LargeFile, AppError> {
        who.require(Permission::AccessExport)?;
        let missing = || AppError::not_found("File");
        let owner = who.user_id().ok_or_else(missing)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let now = self.backend.clock.now();
        let file = large::file(&mut tx, id.0, owner.0, now).await?.ok_or_else(missing)?;
        let act = Act::done("access.export_download", "file", id).after(json!({"name": file.name, "rows": file.rows}));
        audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        store::commit(tx).await?;
        let pool = self.backend.pools.analytics.clone();
        let (name, media_type, size_bytes, rows) = (file.name, file.media_type, file.size_bytes, file.rows);
        Ok(LargeFile { name, media_type, size_bytes, rows, id: id.0, pool, seq: 0 })
    }
}

/// What a run writes.
pub(crate) struct Task {
    id: ExportId,
    owner: Principal,
    pub format: Format,
    pub open: Export,
}

/// A file being written, in one transaction of its own.
pub(crate) struct Writing {
    tx: Transaction<'static, Postgres>,
    file: Uuid,
    seq: i32,
    pending: Vec<u8>,
    size: i64,
    hash: Sha256,
}

impl Writing {
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<(), AppError> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.pending.len()));
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() == PIECE {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Adds a whole file, read off the async threads.
    pub async fn push_file(
        &mut self,
        file: std::fs::File,
        check: impl Fn() -> Result<(), JobFailure>,
    ) -> Result<(), JobFailure> {
        let file = Arc::new(file);
        loop {
            check()?;
            let source = Arc::clone(&file);
            let read = tokio::task::spawn_blocking(move || {
                let mut bytes = Vec::with_capacity(PIECE);
                let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
                (&*source).take(limit).read_to_end(&mut bytes).map(|_| bytes)
            });
            let bytes = read.await.map_err(|_| AppError::internal())?.map_err(|error| {
                tracing::error!(%error, "reading a workbook back failed");
                AppError::internal()
            })?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.push(&bytes).await?;
        }
    }

    async fn flush(&mut self) -> Result<(), AppError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        large::add_piece(&mut self.tx, self.file, self.seq, &self.pending).await?;
        self.hash.update(&self.pending);
        self.size += i64::try_from(self.pending.len()).unwrap_or_default();
        self.seq += 1;
        self.pending.clear();
        Ok(())
    }

    /// Commits the file as that of `task`; its size in bytes. `None`: the export was removed meanwhile.
    pub async fn finish(mut self, task: &Task, rows: i64) -> Result<Option<i64>, AppError> {
        self.flush().await?;
        let sha256 = self.hash.finalize();
        let done = Finished { file: self.file, size_bytes: self.size, sha256: &sha256, rows };
        if !large::finish_file(&mut self.tx, task.id.0, done).await? {
            return Ok(None);
        }
        store::commit(self.tx).await?;
        Ok(Some(self.size))
    }
}

/// Writes the rows of `task` into its file, with progress; stops when `check` says so. Answers the rows
/// and the size of the file, none when the export was removed meanwhile.
pub(crate) async fn write(
    exports: &ExportsService,
    task: &mut Task,
    check: impl Fn() -> Result<(), JobFailure>,
    progress: impl Fn(i64),
) -> Result<(i64, Option<i64>), JobFailure> {
    let mut file = exports.begin(task).await?;
    let mut rows = 0;
    let mut sheets = (task.format == Format::Xlsx).then(|| xlsx::Sheets::new(task.open.headings.clone()));
    if sheets.is_none() {
        file.push(csv::head(&task.open.headings).as_bytes()).await?;
    }
    loop {
        check()?;
        let batch = task.open.batch().await?;
        if batch.is_empty() {
            break;
        }
        rows += i64::try_from(batch.len()).unwrap_or_default();
        match &mut sheets {
            Some(sheets) => sheets.add(batch).await?,
            None => file.push(csv::lines(&batch).as_bytes()).await?,
        }
        progress(rows);
    }
    if let Some(sheets) = sheets {
        let book = sheets.finish(task.open.about.clone()).await?;
        file.push_file(book, &check).await?;
    }
    Ok((rows, file.finish(task, rows).await?))
}

#[async_trait]
impl ExportsPort for ExportsService {
    async fn list(&self, who: &Principal) -> Result<Vec<ExportItem>, AppError> {
        who.require(Permission::AccessExport)?;
        let Some(owner) = who.user_id() else { return Ok(Vec::new()) };
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let listed = large::of_owner(&mut connection, owner.0, self.backend.clock.now(), LISTED).await?;
        Ok(listed
            .into_iter()
            .map(|export| ExportItem {
                id: ExportId(export.id),
                dataset: export.dataset,
                format: export.format,
                filter: export.filter,
                job_id: export.job_id.map(JobId),
                state: export.state.as_deref().and_then(JobState::parse),
                rows_done: export.file_rows.or(export.progress_done).unwrap_or_default(),
                rows: export.file_rows.unwrap_or(export.expected_rows),
                error_message: export.error_message,
                created_at: zone.local(export.created_at),
                file_id: export.file_id.map(FileId),
                size_bytes: export.size_bytes,
                expires_at: export.expires_at.map(|at| zone.local(at)),
            })
            .collect())
    }

    async fn remove(&self, who: &Principal, id: ExportId) -> Result<(), AppError> {
        who.require(Permission::AccessExport)?;
        let missing = || AppError::not_found("Export");
        let owner = who.user_id().ok_or_else(missing)?;
        let clock = self.backend.clock.as_ref();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let run = large::remove(&mut tx, owner.0, id.0).await?.ok_or_else(missing)?;
        if let Some(run) = run {
            cancel_open(&mut tx, clock, who, run).await?;
        }
        audit::record(&mut tx, clock.new_id(), clock.now(), who, Act::done("access.export_remove", "export", id))
            .await?;
        store::live::emit(&mut tx, Topic::Notification, &owner.to_string()).await?;
        Ok(store::commit(tx).await?)
    }
}
