//! Servers that speak the protocols of the systems outside, for demo dealers and tests, and misbehave when told to.

pub mod dgi;
pub mod faults;
pub mod loopback;
