//! Planning: scenarios, runs of the solver and batches of them, and a plan's figures.

pub mod amounts;
pub mod batch;
mod inputs;
pub mod plan;
pub mod run;
pub mod runs;
pub mod scenario;
mod scenario_editor;
pub mod scenarios;
pub mod solve;
