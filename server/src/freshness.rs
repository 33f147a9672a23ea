//! Figures that are never blank (`platform.md` 3.6): kept in memory with their age, refreshed once however
//! many ask, and answered with their last value when the database is away, slow or broken.

mod breaker;
mod probe;
mod shelf;

pub use breaker::Breaker;
pub use probe::watch;
pub use shelf::{Answer, Shelf, Stamped, TTL_SECONDS};
