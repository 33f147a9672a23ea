//! The back end of Millrace: configuration, database, services behind the ports of `domain`, HTTP,
//! sessions, jobs and the live bus. `main.rs` only reads the command line.

// The type of a page is the nesting of its elements; release builds walk it to the bottom.
#![recursion_limit = "512"]

pub mod access;
pub mod backend;
pub mod business;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connectors;
pub mod database;
pub mod demo;
pub mod failure;
pub mod freshness;
pub mod health;
pub mod http;
pub mod jobs;
pub mod live;
pub mod logs;
pub mod metrics;
pub mod process;
pub mod services;
pub mod simulators;
