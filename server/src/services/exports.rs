//! Exports (`platform.md` 3.12): exactly what the list says, from one snapshot, a batch at a time.

mod acts;
mod analytics;
pub mod book;
pub mod csv;
mod figures;
pub mod jsonl;
mod large;
mod lists;
mod plans;
pub mod xlsx;

pub use acts::Filtered;
pub use figures::KPI_ROWS;
pub(crate) use large::write as write_large;
pub use large::{Asked, LargeFile, MAX_STREAMED_ROWS};

use super::{customers::sealing::masked, overview::RowSource, transactions::zone_of};
use crate::{access::secret::Keys, backend::Backend};
use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::{
    AppError,
    access::{Permission, Principal},
    query::pairs,
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::{Postgres, Transaction};
use std::sync::Arc;
use store::{
    audit::{self, Act},
    exports::{self, Cell, Dataset, Selection},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Each holds a connection while its reader reads.
const AT_ONCE: usize = 4;

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Xlsx,
    /// Of the audit log only.
    JsonLines,
    /// Of the report of a day only.
    Pdf,
}

impl Format {
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::JsonLines => "jsonl",
            Self::Pdf => "pdf",
        }
    }

    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::JsonLines => "application/x-ndjson",
            Self::Pdf => "application/pdf",
        }
    }

    #[must_use]
    pub fn parse(extension: &str) -> Option<Self> {
        [Self::Csv, Self::Xlsx].into_iter().find(|f| f.extension() == extension)
    }
}

/// What stands on the sheet "About" and in the audit row.
#[derive(Debug, Clone)]
pub struct About {
    pub dataset: &'static str,
    /// The filter as the list's query.
    pub filter: String,
    pub zone: &'static str,
    pub as_of: DateTime<FixedOffset>,
    pub by: String,
    /// Rows of the snapshot.
    pub rows: i64,
}

impl About {
    /// `transactions-2026-10-06.csv`: after the day it is about, else after that of its reading.
    #[must_use]
    pub fn file_name(&self, format: Format) -> String {
        let mut given = pairs(&self.filter).into_iter().filter(|(name, _)| name == "date");
        let about = given.find_map(|(_, day)| day.parse::<NaiveDate>().ok());
        let day = about.unwrap_or_else(|| self.as_of.date_naive());
        format!("{}-{day}.{}", self.dataset, format.extension())
    }
}

/// An open export: its rows are read until [`Export::batch`] answers none.
pub struct Export {
    pub about: About,
    pub headings: Vec<&'static str>,
    source: Source,
    zone: BusinessZone,
    tx: Transaction<'static, Postgres>,
    /// None: a job reads, and its queue holds the others back.
    _permit: Option<OwnedSemaphorePermit>,
}

/// What became of the wish for an export.
#[derive(Debug)]
pub enum Opened {
    Stream(Box<Export>),
    /// Too large to stream: a job writes it to a file.
    Asked(Asked),
}

/// Who reads an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// A request: the file goes out as it is read.
    Request,
    Job,
}

/// Where the rows come from.
enum Source {
    /// With the keys of what is sealed in it.
    List(Box<(Selection, Keys)>),
    Figure(Box<RowSource>),
    Audit,
    /// At once: few rows, summed up.
    Rows(Vec<Vec<Cell>>),
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("about", &self.about).finish_non_exhaustive()
    }
}

impl Export {
    /// The next rows; empty at the end.
    ///
    /// # Errors
    /// When the database fails: the reader must then not take what it has for the whole.
    pub async fn batch(&mut self) -> Result<Vec<Vec<Cell>>, AppError> {
        let zone = self.zone;
        match &mut self.source {
            Source::List(list) => {
                let (selection, keys) = &**list;
                let mask = |id, sealed: &[u8]| masked(keys, id, sealed);
                Ok(exports::fetch(&mut self.tx, selection.dataset(), &move |at| zone.local(at), &mask).await?)
            }
            Source::Figure(rows) => rows.batch(&mut self.tx).await,
            Source::Rows(rows) => Ok(std::mem::take(rows)),
            Source::Audit => Ok(store::audit::reading::fetch(&mut self.tx, &move |at| zone.local(at)).await?),
        }
    }

    /// See [`About::file_name`].
    #[must_use]
    pub fn file_name(&self, format: Format) -> String {
        self.about.file_name(format)
    }
}

/// Opens exports.
#[derive(Debug, Clone)]
pub struct ExportsService {
    backend: Backend,
    keys: Keys,
    slots: Arc<Semaphore>,
    max_streamed_rows: i64,
}

impl ExportsService {
    #[must_use]
    pub fn new(backend: Backend, keys: Keys) -> Self {
        Self { backend, keys, slots: Arc::new(Semaphore::new(AT_ONCE)), max_streamed_rows: MAX_STREAMED_ROWS }
    }

    /// With another bound than [`MAX_STREAMED_ROWS`].
    #[must_use]
    pub const fn streaming_at_most(mut self, rows: i64) -> Self {
        self.max_streamed_rows = rows;
        self
    }

    /// Opens an export of `dataset` with the filter and order of `pairs` and writes it to the audit log, or
    /// has a job write it when it is too large to stream.
    ///
    /// # Errors
    /// `not_found` for an unknown dataset or figure; `forbidden` without `access.export` and the list's own
    /// right; `validation` of the filter; `unavailable` when too many run already.
    pub async fn open(
        &self,
        who: &Principal,
        dataset: &str,
        format: Format,
        pairs: &[(String, String)],
    ) -> Result<Opened, AppError> {
        let export = self.read(who, dataset, pairs, Reader::Request).await?;
        // Without a user there is nobody to keep a file for: programs of our own read the stream.
        if export.about.rows <= self.max_streamed_rows || who.user_id().is_none() {
            self.log(who, &export.about, format).await?;
            return Ok(Opened::Stream(Box::new(export)));
        }
        let about = export.about.clone();
        drop(export);
        Ok(Opened::Asked(self.ask(who, format, &about).await?))
    }

    /// The report of a day as a PDF, with the rights and the audit row of its other files; `pairs` as for those.
    ///
    /// # Errors
    /// As [`Self::open`] of the dataset `daily-report`.
    pub async fn report_pdf(&self, who: &Principal, pairs: &[(String, String)]) -> Result<(About, Vec<u8>), AppError> {
        who.require(Permission::AccessExport)?;
        let _slot = self.slot()?;
        let (about, paper) = analytics::printed(&self.backend, who, pairs).await?;
        let bytes = paper.pdf().await?;
        self.log(who, &about, Format::Pdf).await?;
        Ok((about, bytes))
    }

    async fn read(
        &self,
        who: &Principal,
        dataset: &str,
        pairs: &[(String, String)],
        reader: Reader,
    ) -> Result<Export, AppError> {
        who.require(Permission::AccessExport)?;
        let permit = match reader {
            Reader::Request => Some(self.slot()?),
            Reader::Job => None,
        };
        let pool: &dyn store::pool::Connections = match reader {
            Reader::Request => &self.backend.pools.analytics,
            Reader::Job => &self.backend.pools.jobs,
        };
        if dataset == KPI_ROWS {
            return figures::read(&self.backend, pool, who, pairs, permit).await;
        }
        if dataset == plans::PLAN_DIFFERENCES {
            return plans::read(&self.backend, pool, who, pairs, permit).await;
        }
        if let Some(set) = analytics::AnalyticsSet::parse(dataset) {
            return analytics::read(&self.backend, pool, who, set, pairs, permit).await;
        }
        let dataset = Dataset::parse(dataset).ok_or_else(|| AppError::not_found("Export"))?;
        who.require(dataset.right())?;
        let now = self.backend.clock.now();
        let mut tx = store::snapshot(pool).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let (selection, filter) = lists::selection(&mut tx, who, dataset, pairs, (zone, now), &self.keys).await?;
        let rows = exports::count(&mut tx, &selection).await?;
        exports::declare(&mut tx, &selection).await?;
        let about = About {
            dataset: dataset.name(),
            filter,
            zone: zone.name(),
            as_of: zone.local(now),
            by: who.label().to_owned(),
            rows,
        };
        let headings = dataset.columns().iter().map(|c| c.name).collect();
        Ok(Export {
            about,
            headings,
            source: Source::List(Box::new((selection, self.keys.clone()))),
            zone,
            tx,
            _permit: permit,
        })
    }

    fn slot(&self) -> Result<OwnedSemaphorePermit, AppError> {
        Arc::clone(&self.slots).try_acquire_owned().map_err(|_| {
            let mut error = AppError::unavailable("Several exports are running already. Try again when one has ended.");
            error.retry_after_seconds = Some(10);
            error
        })
    }

    /// In a transaction of its own, before the first row leaves: what went out is on record even when
    /// the reader hangs up.
    async fn log(&self, who: &Principal, about: &About, format: Format) -> Result<(), AppError> {
        let mut log = store::begin(&self.backend.pools.analytics).await?;
        let act = Act::done("access.export", "export", about.dataset)
            .after(json!({"filter": about.filter, "rows": about.rows, "format": format.extension()}));
        audit::record(&mut log, self.backend.clock.new_id(), self.backend.clock.now(), who, act).await?;
        store::commit(log).await?;
        Ok(())
    }
}

/// A text that a spreadsheet would read as a formula gets an apostrophe in front; numbers are never touched.
#[must_use]
pub fn defused(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused() {
        for text in ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"] {
            assert_eq!(defused(text), format!("'{text}"));
        }
        assert_eq!(defused("1=1"), "1=1");
        assert_eq!(defused(""), "");
    }
}
