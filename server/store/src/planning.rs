//! Planning: documents, scenarios, runs and batches of them, their course, and the plans that came of them.

pub mod batches;
pub mod inputs;
pub mod plans;
pub mod runs;
pub mod scenarios;
