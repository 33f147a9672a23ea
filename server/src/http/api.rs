//! REST, one file an endpoint family. Handlers translate; services decide.

pub mod access;
pub mod alert_routes;
pub mod alerts;
pub mod analytics;
pub mod attention;
pub mod audit;
pub mod cache;
pub mod catalogue;
pub mod customers;
pub mod dashboard_socket;
pub mod demo;
pub mod exports;
pub mod fault_drill;
pub mod fraud;
pub mod ingest;
pub mod jobs;
pub mod live;
pub mod optimize;
pub mod overview;
pub mod reports;
pub mod search;
pub mod settings;
pub mod system;
pub mod targets;
pub mod transactions;
