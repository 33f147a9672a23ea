//! The planning engine by the specification's own examples: every figure is theirs.

mod base;
mod checked;
mod examples;
mod faults;
mod published;
mod rows;
mod texts;
mod world;
