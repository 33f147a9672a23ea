//! The web side in process: layers, routes and server functions as they are served.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its own functions too")]
#![allow(clippy::disallowed_methods, reason = "rows that a test makes need any id, and some tests the real time")]

#[path = "../world/shop.rs"]
mod shop;
mod shop_front;
#[path = "../world.rs"]
mod world;

mod alert_routes;
mod answers;
mod attention;
mod audit;
mod browser;
mod catalogue;
mod customers;
mod described;
mod expected_files;
mod exports;
mod forms;
mod fraud_rules;
mod idempotency;
mod imports;
mod job_pages;
mod large_exports;
mod networks;
mod optimize;
mod outage;
mod overview;
mod permission_walk;
mod plan_files;
mod plans;
mod sales_pages;
mod scenarios;
mod search;
mod sections;
mod sign_in;
mod socket;
mod statements;
mod system;
mod targets;
mod transactions;
mod variants;
mod wire;
