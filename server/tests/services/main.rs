//! Services against a real Postgres, one file a feature.

#[path = "../world/figures.rs"]
mod figures;
#[path = "../world/shop.rs"]
mod shop;
#[path = "../world.rs"]
mod world;

mod access;
mod database;
mod demo;
mod ingest;
mod kill;
mod online_retail;
mod overview;
mod process;
mod settings;
mod transactions;
