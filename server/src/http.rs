//! HTTP: one route table, each entry with the right it needs; no logic lives here.

pub mod api;
pub mod caller;
pub mod content_security;
pub mod error;
pub mod pages;
pub mod routes;
