//! Feature `ingest`: files from outside, judged row by row, committed whole or not at all.

mod batch;
mod cleaning;
mod expected;
mod mapping;
mod port;
mod shape;
mod target;
mod undo;
mod verdict;

pub use batch::{
    DataScreen, Discard, ImportDetail, ImportScreen, ImportState, ImportSummary, OpenQuarantine, RowEdit, RowState,
    StagedRow, Uploaded, Work,
};
pub use cleaning::{Cleaning, CleaningRule, Proposal};
pub use expected::{ExpectFiles, ExpectedFiles, is_interval};
pub use mapping::{
    DateOrder, DecimalMark, Mapping, MappingChange, MappingOptions, NewMapping, Policy, RowFilter, SavedMapping, Scope,
    edit_distance,
};
pub use port::IngestPort;
pub use shape::{Column, DateEvidence, FileShape, Media, NumberEvidence, TextEncoding};
pub use target::{Field, FieldKind, Target};
pub use undo::{ImportLink, LeftRow, UNDO_DAYS, UndoReport, Undoable};
pub use verdict::{Counts, Example, Examples, Issue, RuleCount, Severity, Verdict};
