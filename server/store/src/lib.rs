//! Postgres: SQL and row mapping, nothing else. Every function takes `&mut PgConnection`, so the
//! caller owns the transaction; rows are private to the module that reads them.

pub mod audit;
mod error;
pub mod live;
pub mod pool;
pub mod schema;
pub mod settings;

pub use error::{Result, StoreError, begin, commit};

/// The forward-only migrations, one concern a file.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");
