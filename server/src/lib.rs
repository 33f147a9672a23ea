//! The back end of Millrace: configuration, database, services behind the ports of `domain`, HTTP,
//! sessions, jobs and the live bus. `main.rs` only reads the command line.

pub mod backend;
pub mod clock;
pub mod http;
pub mod services;
