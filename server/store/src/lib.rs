//! Postgres: SQL and row mapping, nothing else. Every function takes `&mut PgConnection`, so the
//! caller owns the transaction; rows are private to the module that reads them.

pub mod access;
pub mod alerts;
pub mod analytics;
pub mod audit;
pub mod customers;
pub mod dealers;
pub mod demo;
pub mod drill_runs;
mod error;
pub mod exports;
pub mod figures;
pub mod frames;
pub mod fraud;
pub mod health;
pub mod idempotency;
pub mod ingest;
pub mod inventory;
pub mod jobs;
pub mod live;
pub mod overview;
pub mod planning;
pub mod pool;
pub mod schedules;
pub mod schema;
pub mod search;
pub mod settings;
pub mod snapshots;
pub mod transactions;

pub use error::{Result, StoreError, acquire, begin, commit, part, rollback, snapshot};

/// The forward-only migrations, one concern a file.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");
