//! Planning: documents, scenarios, runs and batches of them, their course, and the plans that came of them.

pub mod batches;
pub mod decisions;
pub mod inputs;
pub mod map;
pub mod network_imports;
pub mod network_rows;
pub mod networks;
pub mod plans;
pub mod pruning;
pub mod runs;
pub mod scenarios;
