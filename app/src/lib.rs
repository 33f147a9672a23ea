//! What people see: pages, components, and the server functions both sides share.
//!
//! Compiled twice: with `ssr` into the server, with `hydrate` into the browser. A server function
//! reaches the back end only through a port of `domain`.

#![recursion_limit = "256"]

pub mod browser;
pub mod charts;
pub mod components;
pub mod context;
pub mod fault;
pub mod features;
pub mod layout;
pub mod live;
pub mod page_data;
pub mod pages;
pub mod passing;
mod root;

pub use root::{App, shell};
