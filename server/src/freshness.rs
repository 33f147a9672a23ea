//! Figures that are never blank (`platform.md` 3.6): declared once, kept in memory, in the database and in a
//! file with their age, refreshed once however many ask, and answered with their last value when the database is
//! away, slow or broken.

mod breaker;
mod catalogue;
mod faults;
mod figures;
mod last_good;
mod news;
mod probe;
mod slot;
mod statistics;

pub use breaker::{Breaker, Breakers};
pub use catalogue::{catalogue, declared};
pub use faults::{Drill, Faults};
pub use figures::{Figure, Figures, Kept, Landed, Recorded};
pub use last_good::{FILE as LAST_GOOD, load as load_last_good, save as save_last_good, watch as keep_last_good};
pub use news::News;
pub use probe::watch;
pub use slot::Answer;
pub use statistics::{AreaStatistics, Looks};
