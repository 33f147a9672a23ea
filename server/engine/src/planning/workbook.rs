//! Documents as sheets: a workbook, or a zip of CSV files (`planning.md` 3.1, "Excel and CSV").
//!
//! A file becomes sheets, sheets become the tree that the JSON text would give, and what the checks find is told by
//! sheet and cell. The other way round a document becomes sheets that give the same SHA-256 when they are read again.

pub mod cell;
mod clinker;
pub mod csv;
pub mod layout;
mod open;
mod places;
mod read;
pub mod result;
pub mod template;
mod write;

use super::{document::Document, fault::Fault, tree::Tree};
use crate::ingest::Unreadable;
use cell::Cell;
use domain::ingest::DecimalMark;
use places::Places;
use std::collections::HashSet;

/// Sheets of these names are no part of a document.
pub const RESULT: &str = "Result";
/// Filled cells of a file, all sheets together.
pub(crate) const MOST_CELLS: usize = 5_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Xlsx,
    /// A zip of one file a sheet.
    Csv,
}

/// Cells of a row that hold something, by column from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// From 1, as people count.
    pub number: u32,
    pub cells: Vec<(u32, Cell)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    pub name: String,
    /// The first one names the columns. Empty rows are left out.
    pub lines: Vec<Line>,
    /// Of numbers that stand as text.
    pub mark: DecimalMark,
}

impl Sheet {
    /// A sheet with a heading; rows have as many cells.
    pub fn new<'a, R: IntoIterator<Item = Option<Cell>>>(
        name: impl Into<String>,
        heading: impl IntoIterator<Item = &'a str>,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut sheet = Self { name: name.into(), lines: Vec::new(), mark: DecimalMark::Point };
        sheet.push(heading.into_iter().map(|name| Some(Cell::Text(name.to_owned()))));
        rows.into_iter().for_each(|row| sheet.push(row));
        sheet
    }

    fn push(&mut self, row: impl IntoIterator<Item = Option<Cell>>) {
        let number = self.lines.last().map_or(1, |line| line.number + 1);
        let cells = (0..).zip(row).filter_map(|(column, cell)| Some((column, cell?))).collect();
        self.lines.push(Line { number, cells });
    }
}

/// Whether bytes are to be opened here: JSON begins otherwise, whatever it says of itself.
#[must_use]
pub fn is_file(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) || bytes.starts_with(&[0x1f, 0x8b])
}

#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    pub form: Form,
    pub sheets: Vec<Sheet>,
}

impl Book {
    /// The sheets of a file.
    ///
    /// # Errors
    /// It is neither workbook nor zip of CSV, is encrypted, damaged or too large.
    pub fn open(bytes: &[u8]) -> Result<Self, Unreadable> {
        open::open(bytes)
    }

    /// The sheets of a document.
    #[must_use]
    pub fn of(document: &Document, form: Form) -> Self {
        Self { form, sheets: write::sheets(document) }
    }

    #[must_use]
    pub fn read(&self) -> Source {
        if clinker::is_one(self) { clinker::read(self) } else { read::read(self) }
    }
}

/// The tree of a file, and where in it everything stands.
#[derive(Debug, Clone)]
pub struct Source {
    pub tree: Tree,
    /// What only a file can have wrong, by cell.
    faults: Vec<Fault>,
    /// What only a file can leave doubtful, by cell.
    doubts: Vec<Fault>,
    places: Places,
}

impl Source {
    /// Whether the file itself has faults; they refuse it.
    #[must_use]
    pub const fn refuses(&self) -> bool {
        !self.faults.is_empty()
    }

    /// What is doubtful about the file itself, to be told with the faults of its document.
    #[must_use]
    pub fn doubts(&self) -> &[Fault] {
        &self.doubts
    }

    /// All faults by sheet and cell: those of the file itself, and those of `checked`, which was made from the document
    /// `read` and may have a scenario laid over it.
    #[must_use]
    pub fn told(&self, faults: Vec<Fault>, read: &Document, checked: &Document) -> Vec<Fault> {
        let mut told = self.faults.clone();
        let mut seen = HashSet::new();
        for mut fault in faults {
            if let Some(cell) = self.places.of(&fault, read, checked) {
                // What stands in a broken cell is no fault of its own.
                if self.places.is_broken(&cell) {
                    continue;
                }
                fault.path = cell;
            }
            // Rows may share a cell: that of a column that is missing.
            if seen.insert((fault.code, fault.path.clone(), fault.message.clone())) {
                told.push(fault);
            }
        }
        told
    }
}
