//! Services against a real Postgres, one file a feature.

#[path = "../world/shop.rs"]
mod shop;

mod ingest;
mod transactions;
