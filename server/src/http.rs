//! HTTP: one route table, each entry with the right it needs; no logic lives here.

pub mod api;
pub mod assets;
pub mod authenticate;
pub mod body;
pub mod caller;
pub mod client;
pub mod content_security;
pub mod cors;
pub mod cross_site;
pub mod error;
pub mod face;
pub mod form_note;
pub mod headers;
pub mod idempotency;
pub mod import_page;
pub mod listener;
pub mod metrics_listener;
pub mod openapi;
pub mod pages;
pub mod plan_page;
pub mod rate;
pub mod request;
pub mod router;
pub mod routes;
mod session;
pub mod sse;
mod versions;
