//! Feature `audit`: who did what, when, from where, and what it changed (`platform.md` 3.5).

mod entry;
mod filter;

pub use entry::{AuditDetail, AuditPage, AuditRow, Difference, differences};
pub use filter::{AuditFilter, FEATURES, OUTCOMES};

use crate::{access::Principal, error::AppError, ids::AuditId};

/// What pages, server functions and REST may ask of the audit log. Needs `audit.view`.
#[async_trait::async_trait]
pub trait AuditPort: Send + Sync + 'static {
    /// Newest first.
    async fn list(&self, who: &Principal, filter: AuditFilter) -> Result<AuditPage, AppError>;

    async fn detail(&self, who: &Principal, id: AuditId) -> Result<AuditDetail, AppError>;
}
