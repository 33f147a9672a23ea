//! Clients of the systems outside.

pub mod dgi;
