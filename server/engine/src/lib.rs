//! Pure and heavy: formulas that only the server runs. No database, no clock, no chance of its own.

pub mod alerts;
pub mod calendar;
pub mod dealers;
pub mod demo;
pub mod fraud;
pub mod ingest;
pub mod planning;
pub mod schedule;
pub mod segments;
