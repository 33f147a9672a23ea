//! Planning: documents, runs, their course, and the plans that came of them.

pub mod decisions;
pub mod inputs;
pub mod plans;
pub mod pruning;
pub mod runs;
