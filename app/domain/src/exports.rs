//! Exports too large to stream: files that a job writes and their owner downloads (`platform.md` 3.12).

use crate::{
    access::Principal,
    error::AppError,
    ids::{ExportId, FileId, JobId},
    jobs::JobState,
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One of the caller's own exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportItem {
    pub id: ExportId,
    pub dataset: String,
    /// csv or xlsx.
    pub format: String,
    /// Filter and order as the list's query.
    pub filter: String,
    pub job_id: Option<JobId>,
    /// Of the run that writes it; `None`: its history is gone.
    pub state: Option<JobState>,
    pub rows_done: i64,
    /// Rows of the file; before it is there, rows of the list when it was asked for.
    pub rows: i64,
    pub error_message: Option<String>,
    pub created_at: DateTime<FixedOffset>,
    /// The file, while it can be downloaded.
    pub file_id: Option<FileId>,
    pub size_bytes: Option<i64>,
    pub expires_at: Option<DateTime<FixedOffset>>,
}

impl ExportItem {
    /// `transactions.csv`
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.dataset, self.format)
    }

    /// It waits or is being written.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state.is_some_and(JobState::is_open)
    }
}

/// Needs `access.export` throughout, and shows everybody their own only.
#[async_trait]
pub trait ExportsPort: Send + Sync + 'static {
    /// The newest first.
    async fn list(&self, who: &Principal) -> Result<Vec<ExportItem>, AppError>;

    /// Stops the writing and removes the file.
    async fn remove(&self, who: &Principal, id: ExportId) -> Result<(), AppError>;
}
