//! The planning engine by the specification's own examples: every figure is theirs.

mod base;
mod checked;
mod examples;
mod explained;
mod faults;
mod properties;
mod published;
mod rows;
mod scenarios;
mod size;
mod texts;
mod world;
