//! Services against a real Postgres, one file a feature.

#[path = "../world/figures.rs"]
mod figures;
#[path = "../world/shop.rs"]
mod shop;

mod database;
mod settings;
mod ingest;
mod overview;
mod transactions;
