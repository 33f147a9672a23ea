//! Jobs, schedules and the live bus on a real Postgres.

mod imports;
mod kinds;
mod live;
mod runs;
mod schedules;
mod steering;
mod stopping;
#[path = "../world.rs"]
mod world;
