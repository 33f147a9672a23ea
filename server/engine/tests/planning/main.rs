//! The planning engine by the specification's own examples: every figure is theirs.

mod base;
mod checked;
mod examples;
mod explained;
mod faults;
mod published;
mod rows;
mod scenarios;
mod texts;
mod world;
