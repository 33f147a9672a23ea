//! Server functions, one folder a feature, and the right that each of them needs.

pub mod ingest;
pub mod overview;
pub mod search;
pub mod transactions;

use domain::access::{Access, Permission};

/// Every server function with its right. The server refuses a call to a path that is not listed;
/// the permission walk fails on a function that is missing here.
pub const SERVER_FUNCTIONS: &[(&str, Access)] = &[
    ("/fn/overview/screen", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/kpis", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/rows", Access::Needs(Permission::OverviewView)),
    ("/fn/search/find", Access::SignedIn),
    ("/fn/transactions/list", Access::Needs(Permission::TransactionsView)),
    ("/fn/transactions/detail", Access::Needs(Permission::TransactionsView)),
    ("/fn/transactions/draft", Access::Needs(Permission::TransactionsCreate)),
    ("/fn/transactions/record", Access::Needs(Permission::TransactionsCreate)),
    ("/fn/ingest/imports", Access::Needs(Permission::IngestView)),
    ("/fn/ingest/import", Access::Needs(Permission::IngestView)),
    ("/fn/ingest/map", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/preview", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/commit", Access::Needs(Permission::IngestPromote)),
    ("/fn/ingest/stop", Access::Needs(Permission::JobsRun)),
    ("/fn/ingest/cancel", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/edit_row", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/rerun", Access::Needs(Permission::IngestPromote)),
    ("/fn/ingest/discard", Access::Needs(Permission::IngestUpload)),
];

/// The right of the server function at `path`.
#[must_use]
pub fn access_of(path: &str) -> Option<Access> {
    SERVER_FUNCTIONS.iter().find(|(listed, _)| *listed == path).map(|(_, access)| *access)
}
