//! The planning engine by the specification's own examples: every figure is theirs.

mod base;
mod examples;
mod world;
