//! Planning: scenarios, runs of the solver and batches of them, and what comes of them.

mod batches;
pub(crate) mod batching;
mod checks;
pub mod child;
pub(crate) mod decisions;
mod files;
pub(crate) mod networks;
mod overlay;
mod queueing;
mod reading;
mod resolving;
mod runs;
mod scenarios;
pub(crate) mod solving;
mod variants;

pub use files::{FileForm, PlanFile};

use crate::backend::Backend;
pub use batches::BatchesService;
pub use networks::NetworksService;
pub use scenarios::ScenariosService;
use std::{fmt, path::PathBuf};

/// Memory of one solve.
const MEMORY_MIB: u64 = 2_048;

/// The service behind [`domain::planning::PlanningPort`] and [`domain::planning::PlansPort`].
#[derive(Clone)]
pub struct PlanningService {
    backend: Backend,
}

impl fmt::Debug for PlanningService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanningService").finish_non_exhaustive()
    }
}

impl PlanningService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

/// The program that solves as a child of this one.
#[derive(Debug, Clone)]
pub struct SolverHost {
    pub program: PathBuf,
    pub memory_mib: u64,
}

impl SolverHost {
    #[must_use]
    pub const fn of(program: PathBuf) -> Self {
        Self { program, memory_mib: MEMORY_MIB }
    }

    /// This program itself.
    #[must_use]
    pub fn own() -> Self {
        Self::of(std::env::current_exe().unwrap_or_else(|_| PathBuf::from("millrace")))
    }
}
