//! The demo world in the database: what was loaded, its rows, and how all of them leave again.

mod batches;
mod removal;
mod world;

pub use batches::{Batch, current_batches, mark_removed, set_details, start_batch};
pub use removal::{
    Dependence, Table, delete_demo_rows, delete_demo_users, demo_counts, dependences, live_rows_exist, tables,
};
pub use world::{
    NewCustomer, NewProduct, NewVisit, insert_categories, insert_customers, insert_products, insert_stock,
    insert_visits,
};

use crate::Result;
use sqlx::PgConnection;

/// Loading and removing exclude each other, in all processes.
const LOCK: i64 = 0x6d69_6c6c_6465_6d6f;

/// Holds the lock until the caller's transaction ends; `false`: somebody else is at it.
///
/// # Errors
/// When the statement fails.
pub async fn try_lock(connection: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar("select pg_try_advisory_xact_lock($1)").bind(LOCK).fetch_one(connection).await?)
}

/// Demo rows exist, so every page says so. Reads one small table.
///
/// # Errors
/// When the statement fails.
pub async fn exists(connection: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar("select exists (select from ops.demo_batches where removed_at is null)")
        .fetch_one(connection)
        .await?)
}
