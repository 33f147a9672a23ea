//! Pages, one file (or folder) a route, and the right that each of them needs.

pub mod account;
pub mod alerts;
pub mod analytics;
mod areas;
pub mod audit;
pub mod customers;
pub mod data;
pub mod dealers;
pub mod exports;
pub mod forbidden;
pub mod fraud;
pub mod jobs;
pub mod login;
pub mod not_found;
pub mod overview;
pub mod planning;
pub mod products;
pub mod reports;
pub mod search;
pub mod settings;
pub mod settings_cache;
pub mod settings_demo;
pub mod setup;
pub mod transactions;
pub mod users;

pub use areas::LazyPage;

use domain::access::{Access, Permission};

/// Every page with its right, in axum's notation. The server makes its page routes from this list;
/// a test compares it with the router's own.
pub const PAGES: &[(&str, Access)] = &[
    ("/login", Access::Public),
    ("/setup", Access::Public),
    ("/account", Access::SignedIn),
    ("/account/tokens", Access::SignedIn),
    ("/settings", Access::Needs(Permission::AccessSettingsView)),
    ("/settings/users", Access::Needs(Permission::AccessUsersView)),
    ("/settings/roles", Access::Needs(Permission::AccessUsersView)),
    ("/", Access::Needs(Permission::OverviewView)),
    ("/overview/attention", Access::Needs(Permission::OverviewView)),
    ("/overview/freshness", Access::Needs(Permission::OverviewView)),
    ("/overview/kpis", Access::Needs(Permission::OverviewView)),
    ("/overview/kpis/{metric}", Access::Needs(Permission::OverviewView)),
    ("/overview/targets", Access::Needs(Permission::OverviewView)),
    ("/analytics", Access::Needs(Permission::OverviewView)),
    ("/reports/daily/{date}", Access::Needs(Permission::OverviewView)),
    ("/search", Access::SignedIn),
    ("/transactions", Access::Needs(Permission::TransactionsView)),
    ("/transactions/new", Access::Needs(Permission::TransactionsCreate)),
    ("/transactions/{id}", Access::Needs(Permission::TransactionsView)),
    ("/alerts", Access::Needs(Permission::AlertsView)),
    ("/alerts/act", Access::Needs(Permission::AlertsAck)),
    ("/alerts/stats", Access::Needs(Permission::AlertsView)),
    ("/alerts/new", Access::Needs(Permission::AlertsAck)),
    ("/alerts/rules", Access::Needs(Permission::AlertsView)),
    ("/alerts/rules/{id}", Access::Needs(Permission::AlertsView)),
    ("/alerts/silences", Access::Needs(Permission::AlertsView)),
    ("/alerts/channels", Access::Needs(Permission::AlertsEdit)),
    ("/alerts/routes", Access::Needs(Permission::AlertsEdit)),
    ("/alerts/{id}", Access::Needs(Permission::AlertsView)),
    ("/inbox", Access::SignedIn),
    ("/inbox/preferences", Access::SignedIn),
    ("/fraud", Access::Needs(Permission::FraudView)),
    ("/fraud/cases/{id}", Access::Needs(Permission::FraudView)),
    ("/fraud/backtests", Access::Needs(Permission::FraudReview)),
    ("/fraud/backtests/{id}", Access::Needs(Permission::FraudReview)),
    ("/fraud/rules", Access::Needs(Permission::FraudView)),
    ("/fraud/rules/{number}", Access::Needs(Permission::FraudView)),
    ("/fraud/lists", Access::Needs(Permission::FraudView)),
    ("/planning", Access::Needs(Permission::PlanView)),
    ("/planning/map", Access::Needs(Permission::PlanView)),
    ("/planning/network", Access::Needs(Permission::PlanView)),
    ("/planning/plans/{id}", Access::Needs(Permission::PlanView)),
    ("/planning/compare", Access::Needs(Permission::PlanView)),
    ("/planning/runs", Access::Needs(Permission::PlanView)),
    ("/planning/runs/{id}", Access::Needs(Permission::PlanView)),
    ("/planning/solve", Access::Needs(Permission::PlanRun)),
    ("/planning/scenarios", Access::Needs(Permission::PlanView)),
    ("/planning/scenarios/{id}", Access::Needs(Permission::PlanView)),
    ("/planning/batches/{id}", Access::Needs(Permission::PlanView)),
    ("/dealers", Access::Needs(Permission::DealersView)),
    ("/dealers/{id}", Access::Needs(Permission::DealersView)),
    ("/dealers/{id}/records/prospect", Access::Needs(Permission::ProspectsView)),
    ("/dealers/{id}/records/{feed}", Access::Needs(Permission::ProspectsView)),
    ("/customers", Access::Needs(Permission::CustomersView)),
    ("/customers/new", Access::Needs(Permission::CustomersEdit)),
    ("/customers/{id}", Access::Needs(Permission::CustomersView)),
    ("/products", Access::Needs(Permission::InventoryView)),
    ("/products/new", Access::Needs(Permission::InventoryEdit)),
    ("/products/{id}", Access::Needs(Permission::InventoryView)),
    ("/exports", Access::Needs(Permission::AccessExport)),
    ("/data", Access::Needs(Permission::IngestView)),
    ("/data/import", Access::Needs(Permission::IngestUpload)),
    ("/data/import/{id}", Access::Needs(Permission::IngestView)),
    ("/jobs", Access::Needs(Permission::JobsView)),
    ("/jobs/schedules", Access::Needs(Permission::JobsView)),
    ("/jobs/schedules/{id}", Access::Needs(Permission::JobsManage)),
    ("/jobs/queues", Access::Needs(Permission::JobsView)),
    ("/jobs/act", Access::Needs(Permission::JobsManage)),
    ("/jobs/{id}", Access::Needs(Permission::JobsView)),
    ("/settings/cache", Access::Needs(Permission::OverviewView)),
    ("/overview/drill", Access::Needs(Permission::OverviewDrill)),
    ("/settings/demo", Access::Needs(Permission::SystemDemo)),
    ("/audit", Access::Needs(Permission::AuditView)),
    ("/audit/{id}", Access::Needs(Permission::AuditView)),
];
