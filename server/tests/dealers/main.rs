//! Dealers: their simulator and client over a real socket, their rows in a real Postgres.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its own functions too")]

#[path = "../world.rs"]
mod world;

mod calls;
mod fetches;
mod records;
mod rows;
mod running;
mod support;
