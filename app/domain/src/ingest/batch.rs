//! An import as screens and callers see it.

use super::{
    cleaning::Proposal,
    mapping::Mapping,
    shape::FileShape,
    target::{Field, Target},
    undo::{ImportLink, UndoReport, Undoable},
    verdict::{Counts, Examples, Issue, RuleCount, Verdict},
};
use crate::{
    FieldError,
    ids::{ImportId, JobId},
    jobs::{JobState, Progress},
    paging::Page,
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Life of an import. A running preview or commit is its job's state, so a killed one leaves no trace here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    Uploaded,
    Mapped,
    Previewed,
    Committed,
    /// Committed, with rejected rows still open.
    CommittedPartial,
    Failed,
    Cancelled,
    /// Committed once, and taken back.
    Undone,
}

impl ImportState {
    pub const ALL: [Self; 8] = [
        Self::Uploaded,
        Self::Mapped,
        Self::Previewed,
        Self::Committed,
        Self::CommittedPartial,
        Self::Failed,
        Self::Cancelled,
        Self::Undone,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Mapped => "mapped",
            Self::Previewed => "previewed",
            Self::Committed => "committed",
            Self::CommittedPartial => "committed_partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Undone => "undone",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Uploaded => "Columns to confirm",
            Self::Mapped => "Ready to check",
            Self::Previewed => "Checked, not imported",
            Self::Committed => "Imported",
            Self::CommittedPartial => "Imported, rows in quarantine",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Undone => "Undone",
        }
    }

    #[must_use]
    pub const fn is_committed(self) -> bool {
        matches!(self, Self::Committed | Self::CommittedPartial)
    }

    /// Mapping, preview, commit and cancel are still possible.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Uploaded | Self::Mapped | Self::Previewed | Self::Failed)
    }
}

/// State of a row that was not plainly applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    Open,
    Repaired,
    Discarded,
}

impl RowState {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Repaired => "repaired",
            Self::Discarded => "discarded",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Repaired, Self::Discarded].into_iter().find(|s| s.as_str() == text)
    }
}

/// One line of the list of imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportSummary {
    pub id: ImportId,
    pub number: i64,
    pub target: Target,
    pub file_name: String,
    pub size_bytes: i64,
    pub state: ImportState,
    pub counts: Option<Counts>,
    pub open_rows: u32,
    pub created_by: String,
    pub created_at: DateTime<FixedOffset>,
    pub committed_at: Option<DateTime<FixedOffset>>,
    /// This batch is the undo of another.
    pub is_undo: bool,
}

/// Everything the wizard shows about one import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportDetail {
    #[serde(flatten)]
    pub summary: ImportSummary,
    pub version: i32,
    pub shape: FileShape,
    pub mapping: Mapping,
    /// Name of the saved mapping the header was recognised by.
    pub mapping_name: Option<String>,
    /// What only a person can know: `date_order`, `decimal_mark`.
    pub questions: Vec<String>,
    /// Why the mapping cannot be used yet.
    pub mapping_faults: Vec<FieldError>,
    pub issues: Vec<RuleCount>,
    pub examples: Examples,
    /// What could be cleaned, found by the last check.
    pub proposals: Vec<Proposal>,
    pub previewed_at: Option<DateTime<FixedOffset>>,
    /// Numbers of committed imports of the very same file.
    pub imported_as: Vec<i64>,
    /// In words, when the last attempt failed.
    pub failure: Option<String>,
    /// The job working on it now, or the last one.
    pub work: Option<Work>,
    /// The import that this batch took back.
    pub undo_of: Option<ImportLink>,
    /// The batch that took this import back.
    pub undone_by: Option<ImportLink>,
    /// What that undo did.
    pub undo: Option<UndoReport>,
    /// This import can be undone.
    pub undoable: Option<Undoable>,
}

/// A preview, commit or undo under way, or the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Work {
    pub job_id: JobId,
    /// `import_preview`, `import_commit` or `import_undo`.
    pub kind: String,
    pub state: JobState,
    pub progress: Progress,
    pub cancel_requested: bool,
    /// In words, when it failed.
    pub error_message: Option<String>,
}

impl Work {
    /// Waiting or running.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, JobState::Queued | JobState::Running)
    }
}

/// Answer of an upload.
pub type Uploaded = ImportDetail;

/// A row of the quarantine grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StagedRow {
    pub row_no: u32,
    pub verdict: Verdict,
    pub state: RowState,
    /// Cells as they came, in the order of the file's columns.
    pub raw: Vec<String>,
    /// Field values as they stand: what came, or the edit.
    pub mapped: BTreeMap<Field, String>,
    /// The row was edited and waits for the re-run.
    pub edited: bool,
    pub issues: Vec<Issue>,
    pub reason: Option<String>,
}

/// New values for fields of a rejected row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowEdit {
    pub values: BTreeMap<Field, String>,
}

/// Gives up rejected rows for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Discard {
    /// Empty: all open rows.
    #[serde(default)]
    pub rows: Vec<u32>,
    pub reason: String,
}

impl Discard {
    /// # Errors
    /// When the reason is missing.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        if self.reason.trim().is_empty() {
            return Err(vec![FieldError::new(
                "reason",
                "Say why the rows are given up; the reason is kept with them.",
            )]);
        }
        Ok(())
    }
}

/// Open rejected rows of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenQuarantine {
    pub target: Target,
    pub rows: u32,
    pub imports: u32,
}

/// The page of all imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataScreen {
    pub imports: Page<ImportSummary>,
    pub quarantine: Vec<OpenQuarantine>,
}

/// The page of one import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportScreen {
    pub import: ImportDetail,
    /// Open rows, after the commit.
    pub rows: Page<StagedRow>,
}
