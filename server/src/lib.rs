//! The back end of Millrace: configuration, database, services behind the ports of `domain`, HTTP,
//! sessions, jobs and the live bus. `main.rs` only reads the command line.

// The type of a page is the nesting of its elements; release builds walk it to the bottom.
#![recursion_limit = "512"]

pub mod backend;
pub mod clock;
pub mod http;
pub mod services;
