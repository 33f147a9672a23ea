//! Planning: scenarios, runs of the solver and batches of them, plans and what is decided of them, plans side by side.

pub mod amounts;
pub mod batch;
pub mod compare;
pub mod decide;
mod force;
pub mod home;
mod inputs;
pub mod map;
pub mod network;
pub mod plan;
pub mod run;
pub mod runs;
pub mod scenario;
mod scenario_editor;
pub mod scenarios;
pub mod solve;
