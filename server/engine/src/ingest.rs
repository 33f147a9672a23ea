//! Imports without a database: open a file by its content, read its rows, judge each of them, and
//! assemble what is to be written. Pure: the caller brings bytes, what is recorded already, and ids.

mod assemble;
mod cells;
mod cleaning;
mod container;
mod judge;
mod matching;
pub(crate) mod number;
mod repaired;
mod sheet;
mod survey;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod unzip;

pub use assemble::{
    Addition, Closing, Known, KnownProduct, KnownSale, Link, NewCustomer, NewEvent, NewProduct, NewRefund,
    NewRefundLine, NewSale, NewSaleLine, NewVisit, Plan, ScopeSale, VisitTimes, assemble,
};
pub use cleaning::KnownWords;
pub use judge::{
    BadRow, CustomerSeen, GoodRow, Judge, Judged, OrderSeen, ProductSeen, VisitRow, judge, judge_and_propose,
};
pub use matching::OpenLine;
pub use repaired::{ROW, RepairedRow, repaired_rows};
pub use survey::{survey, survey_sheet};
pub use table::raw_rows;

use domain::AppError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bounds of `integrations.md` 3.9.
pub mod bounds {
    /// Largest upload.
    pub const FILE_BYTES: u64 = 64 << 20;
    /// Largest file after unpacking, and largest ratio of unpacked to packed size.
    pub const UNPACKED_BYTES: u64 = 512 << 20;
    pub const UNPACKED_RATIO: u64 = 100;
    /// Below this size the ratio says nothing.
    pub const RATIO_FROM_BYTES: u64 = 1 << 20;
    pub const LINE_BYTES: u64 = 1 << 20;
    pub const TEXT_ROWS: u32 = 1_000_000;
    pub const SHEET_ROWS: u32 = 200_000;
    pub const COLUMNS: usize = 500;
    /// More rejected rows than this mean a wrong mapping, not bad rows.
    pub const BAD_ROWS: usize = 100_000;
    pub const EXAMPLES: usize = 100;
}

/// Code of a file without the sheet that was asked for.
pub(crate) const NO_SUCH_SHEET: &str = "no_such_sheet";

/// Why a file cannot be read as a table at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// `code` is for machines, `message` for people.
    #[error("{message} ({code})")]
    File { code: &'static str, message: String },
    #[error("The import was stopped.")]
    Stopped,
}

impl Unreadable {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::File { code, message: message.into() }
    }
}

impl From<Unreadable> for AppError {
    fn from(error: Unreadable) -> Self {
        match error {
            // The file is fine; the name beside it is not.
            Unreadable::File { code: NO_SUCH_SHEET, .. } => Self::field("sheet", error.to_string()),
            Unreadable::File { .. } => Self::field("file", error.to_string()),
            Unreadable::Stopped => Self::conflict("The import was stopped. Nothing was changed."),
        }
    }
}

/// Progress of a running read, and the wish to stop it. Shared with whoever watches.
#[derive(Debug, Default)]
pub struct Meter {
    done: AtomicU64,
    total: AtomicU64,
    stop: AtomicBool,
}

impl Meter {
    #[must_use]
    pub fn of(total: u64) -> Self {
        Self { total: AtomicU64::new(total), ..Self::default() }
    }

    pub fn set_done(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    pub fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// `(done, total)`.
    #[must_use]
    pub fn read(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
