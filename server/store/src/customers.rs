//! SQL of customers. Sealed columns go through as bytes: who has the key opens them.

pub mod detail;
pub mod list;
pub mod patterns;
pub mod record;
