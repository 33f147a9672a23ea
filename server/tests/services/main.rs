//! Services against a real Postgres, one file a feature.

#[path = "../world/figures.rs"]
mod figures;
#[path = "../world/shop.rs"]
mod shop;
#[path = "../world.rs"]
mod world;

mod database;
mod kill;
mod process;
mod demo;
mod settings;
mod ingest;
mod online_retail;
mod overview;
mod access;
mod transactions;
