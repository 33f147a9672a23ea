//! Commands of the binary that need no database.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

mod child;
mod instance;
mod pipe;
mod solve;
