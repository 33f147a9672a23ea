//! Server functions, one folder a feature, and the right that each of them needs.

pub mod access;
pub mod alerts;
pub mod analytics;
pub mod audit;
pub mod customers;
pub mod demo;
pub mod exports;
pub mod fraud;
pub mod ingest;
pub mod inventory;
pub mod jobs;
pub mod overview;
pub mod reports;
pub mod search;
pub mod settings;
pub mod transactions;

use domain::access::{Access, Permission};

/// Every server function with its right. The server refuses a call to a path that is not listed;
/// the permission walk fails on a function that is missing here.
pub const SERVER_FUNCTIONS: &[(&str, Access)] = &[
    ("/fn/access/sign_in", Access::Public),
    ("/fn/access/sign_out", Access::SignedIn),
    ("/fn/access/setup_is_open", Access::Public),
    ("/fn/access/set_up", Access::Public),
    ("/fn/access/change_password", Access::SignedIn),
    ("/fn/access/choose_theme", Access::SignedIn),
    ("/fn/access/choose_auto_refresh", Access::SignedIn),
    ("/fn/access/account", Access::SignedIn),
    ("/fn/access/end_session", Access::SignedIn),
    ("/fn/access/end_other_sessions", Access::SignedIn),
    ("/fn/access/tokens", Access::SignedIn),
    ("/fn/access/create_token", Access::SignedIn),
    ("/fn/access/rotate_token", Access::SignedIn),
    ("/fn/access/revoke_token", Access::SignedIn),
    ("/fn/access/users", Access::Needs(Permission::AccessUsersView)),
    ("/fn/access/add_user", Access::Needs(Permission::AccessUsersEdit)),
    ("/fn/access/set_role", Access::Needs(Permission::AccessUsersEdit)),
    ("/fn/access/set_active", Access::Needs(Permission::AccessUsersEdit)),
    ("/fn/settings/screen", Access::Needs(Permission::AccessSettingsView)),
    ("/fn/settings/change", Access::Needs(Permission::AccessSettingsEdit)),
    ("/fn/audit/list", Access::Needs(Permission::AuditView)),
    ("/fn/audit/detail", Access::Needs(Permission::AuditView)),
    ("/fn/overview/screen", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/kpis", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/rows", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/targets", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/set_target", Access::Needs(Permission::OverviewTargetsEdit)),
    ("/fn/overview/delete_target", Access::Needs(Permission::OverviewTargetsEdit)),
    ("/fn/overview/cache", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/clear_cache", Access::Needs(Permission::OverviewCacheClear)),
    ("/fn/overview/refresh", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/status", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/drill", Access::Needs(Permission::OverviewDrill)),
    ("/fn/overview/start_drill", Access::Needs(Permission::OverviewDrill)),
    ("/fn/overview/stop_drill", Access::Needs(Permission::OverviewDrill)),
    ("/fn/overview/run_all_drills", Access::Needs(Permission::OverviewDrill)),
    ("/fn/overview/attention", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/snooze", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/unsnooze", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/freshness", Access::Needs(Permission::OverviewView)),
    ("/fn/overview/area", Access::Needs(Permission::OverviewView)),
    ("/fn/analytics/screen", Access::Needs(Permission::OverviewView)),
    ("/fn/reports/daily", Access::Needs(Permission::OverviewView)),
    ("/fn/reports/rebuild", Access::Needs(Permission::JobsRun)),
    ("/fn/search/find", Access::SignedIn),
    ("/fn/transactions/list", Access::Needs(Permission::TransactionsView)),
    ("/fn/transactions/detail", Access::Needs(Permission::TransactionsView)),
    ("/fn/transactions/draft", Access::Needs(Permission::TransactionsCreate)),
    ("/fn/transactions/record", Access::Needs(Permission::TransactionsCreate)),
    ("/fn/transactions/settle", Access::Needs(Permission::TransactionsCreate)),
    ("/fn/transactions/refund", Access::Needs(Permission::TransactionsRefund)),
    ("/fn/transactions/dispute", Access::Needs(Permission::TransactionsRefund)),
    ("/fn/transactions/close_dispute", Access::Needs(Permission::TransactionsRefund)),
    ("/fn/alerts/list", Access::Needs(Permission::AlertsView)),
    ("/fn/alerts/alert", Access::Needs(Permission::AlertsView)),
    ("/fn/alerts/create", Access::Needs(Permission::AlertsAck)),
    ("/fn/alerts/act", Access::Needs(Permission::AlertsAck)),
    ("/fn/alerts/silences", Access::Needs(Permission::AlertsView)),
    ("/fn/alerts/silence", Access::Needs(Permission::AlertsAck)),
    ("/fn/alerts/end_silence", Access::Needs(Permission::AlertsAck)),
    ("/fn/alerts/rules", Access::Needs(Permission::AlertsView)),
    ("/fn/alerts/rule", Access::Needs(Permission::AlertsView)),
    ("/fn/alerts/save_rule", Access::Needs(Permission::AlertsEdit)),
    ("/fn/alerts/act_on_rule", Access::Needs(Permission::AlertsEdit)),
    ("/fn/alerts/channels", Access::Needs(Permission::AlertsEdit)),
    ("/fn/alerts/add_channel", Access::Needs(Permission::AlertsEdit)),
    ("/fn/alerts/act_on_channel", Access::Needs(Permission::AlertsEdit)),
    ("/fn/inbox/list", Access::SignedIn),
    ("/fn/inbox/unread", Access::SignedIn),
    ("/fn/inbox/read", Access::SignedIn),
    ("/fn/fraud/queue", Access::Needs(Permission::FraudView)),
    ("/fn/fraud/case", Access::Needs(Permission::FraudView)),
    ("/fn/fraud/next", Access::Needs(Permission::FraudReview)),
    ("/fn/fraud/claim", Access::Needs(Permission::FraudReview)),
    ("/fn/fraud/note", Access::Needs(Permission::FraudReview)),
    ("/fn/fraud/pass", Access::Needs(Permission::FraudReview)),
    ("/fn/fraud/flag", Access::Needs(Permission::FraudReview)),
    ("/fn/fraud/decide", Access::Needs(Permission::FraudReview)),
    ("/fn/customers/list", Access::Needs(Permission::CustomersView)),
    ("/fn/customers/screen", Access::Needs(Permission::CustomersView)),
    ("/fn/customers/blank", Access::Needs(Permission::CustomersEdit)),
    ("/fn/customers/create", Access::Needs(Permission::CustomersEdit)),
    ("/fn/customers/edit", Access::Needs(Permission::CustomersEdit)),
    ("/fn/customers/reveal", Access::Needs(Permission::CustomersPii)),
    ("/fn/customers/erase", Access::Needs(Permission::CustomersPii)),
    ("/fn/inventory/products", Access::Needs(Permission::InventoryView)),
    ("/fn/inventory/product", Access::Needs(Permission::InventoryView)),
    ("/fn/inventory/categories", Access::Needs(Permission::InventoryView)),
    ("/fn/inventory/blank", Access::Needs(Permission::InventoryEdit)),
    ("/fn/inventory/create", Access::Needs(Permission::InventoryEdit)),
    ("/fn/inventory/edit", Access::Needs(Permission::InventoryEdit)),
    ("/fn/inventory/remove", Access::Needs(Permission::InventoryEdit)),
    ("/fn/ingest/imports", Access::Needs(Permission::IngestView)),
    ("/fn/ingest/import", Access::Needs(Permission::IngestView)),
    ("/fn/ingest/map", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/preview", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/clean", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/commit", Access::Needs(Permission::IngestPromote)),
    ("/fn/ingest/undo", Access::Needs(Permission::IngestPromote)),
    ("/fn/ingest/stop", Access::Needs(Permission::JobsRun)),
    ("/fn/ingest/cancel", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/edit_row", Access::Needs(Permission::IngestUpload)),
    ("/fn/ingest/rerun", Access::Needs(Permission::IngestPromote)),
    ("/fn/ingest/discard", Access::Needs(Permission::IngestUpload)),
    ("/fn/jobs/list", Access::Needs(Permission::JobsView)),
    ("/fn/jobs/detail", Access::Needs(Permission::JobsView)),
    ("/fn/jobs/cancel", Access::Needs(Permission::JobsRun)),
    ("/fn/jobs/retry", Access::Needs(Permission::JobsRun)),
    ("/fn/jobs/schedules", Access::Needs(Permission::JobsView)),
    ("/fn/jobs/run_schedule", Access::Needs(Permission::JobsRun)),
    ("/fn/jobs/queues", Access::Needs(Permission::JobsView)),
    ("/fn/jobs/pause", Access::Needs(Permission::JobsManage)),
    ("/fn/jobs/resume", Access::Needs(Permission::JobsManage)),
    ("/fn/jobs/act_preview", Access::Needs(Permission::JobsManage)),
    ("/fn/jobs/act", Access::Needs(Permission::JobsManage)),
    ("/fn/jobs/schedule", Access::Needs(Permission::JobsManage)),
    ("/fn/jobs/edit_schedule", Access::Needs(Permission::JobsManage)),
    ("/fn/jobs/backfill_schedule", Access::Needs(Permission::JobsManage)),
    ("/fn/jobs/switch_schedule", Access::Needs(Permission::JobsManage)),
    ("/fn/exports/list", Access::Needs(Permission::AccessExport)),
    ("/fn/exports/remove", Access::Needs(Permission::AccessExport)),
    ("/fn/demo/view", Access::Needs(Permission::SystemDemo)),
    ("/fn/demo/remove", Access::Needs(Permission::SystemDemo)),
];

/// The right of the server function at `path`.
#[must_use]
pub fn access_of(path: &str) -> Option<Access> {
    SERVER_FUNCTIONS.iter().find(|(listed, _)| *listed == path).map(|(_, access)| *access)
}
