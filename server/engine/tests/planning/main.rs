//! The planning engine by the specification's own examples: every figure is theirs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

mod base;
mod checked;
mod clinker;
mod examples;
mod explained;
mod faults;
mod finished;
mod pins;
mod properties;
mod published;
mod rows;
mod scenarios;
mod size;
mod texts;
mod workbook;
mod world;
