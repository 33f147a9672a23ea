//! Planning: runs of the solver, plans and what is decided of them, plans side by side.

pub mod amounts;
pub mod compare;
pub mod decide;
pub mod home;
pub mod plan;
pub mod run;
pub mod runs;
pub mod solve;
