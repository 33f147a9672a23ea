//! Planning: runs of the solver, and a plan's figures.

pub mod amounts;
pub mod plan;
pub mod run;
pub mod runs;
pub mod solve;
