//! Planning: runs of the solver and what comes of them.

pub mod child;
