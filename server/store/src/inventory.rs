//! SQL of the catalogue.

pub mod detail;
pub mod list;
pub mod record;
