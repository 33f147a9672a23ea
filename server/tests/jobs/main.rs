//! Jobs, schedules and the live bus on a real Postgres.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its own functions too")]
#![allow(clippy::disallowed_methods, reason = "rows that a test makes need any id, and some tests the real time")]

mod imports;
mod kinds;
mod live;
mod runs;
mod schedules;
mod steering;
mod stopping;
mod summaries;
#[path = "../world.rs"]
mod world;
