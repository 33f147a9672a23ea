//! What Millrace is about, without any machinery: types, units, validation,
//! permissions, errors and the ports through which pages reach the back end.
//!
//! Compiled for the server and for the browser; depends on neither.

pub mod access;
pub mod alerts;
pub mod analytics;
pub mod audit;
pub mod clock;
pub mod customers;
pub mod dealers;
pub mod demo;
pub mod error;
pub mod exports;
pub mod format;
pub mod fraud;
pub mod freshness;
pub mod idempotency;
pub mod ids;
pub mod ingest;
pub mod inventory;
pub mod jobs;
pub mod live;
pub mod money;
pub mod overview;
pub mod paging;
pub mod planning;
pub mod query;
pub mod search;
pub mod settings;
pub mod severity;
pub mod system;
pub mod transactions;
mod words;

pub use error::{AppError, ErrorCode, FieldError};
