//! Services on a real Postgres, as the unprivileged role.

#[path = "../world.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod world;

mod transactions;
