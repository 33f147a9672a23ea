//! The demo world: loaded from the generator of `engine` and through the real import, and removed
//! again to the last row (`platform.md` 3.15).

mod load;
pub mod logins;
mod plan;
mod removal;
mod sales_file;

pub use logins::{LogIn, LogIns};
pub use sales_file::SalesImport;

use crate::backend::Backend;
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    demo::{DemoBatch, DemoLoaded, DemoPart, DemoPort, DemoRemoved, DemoView, LoadDemo, TableRows},
    live::Topic,
};
use sqlx::{PgConnection, Postgres, Transaction};
use std::{fmt, sync::Arc};
use store::demo::Table;

/// What pages show that the demo world feeds.
const FED: [Topic; 8] = [
    Topic::Transactions,
    Topic::Inventory,
    Topic::Customers,
    Topic::Dashboard,
    Topic::Settings,
    Topic::System,
    Topic::Planning,
    Topic::Dealers,
];

/// Loads and removes the demo world.
#[derive(Clone)]
pub struct DemoService {
    backend: Backend,
    sales: Arc<dyn SalesImport>,
    logins: LogIns,
}

impl fmt::Debug for DemoService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoService").field("logins", &self.logins).finish_non_exhaustive()
    }
}

impl DemoService {
    #[must_use]
    pub fn new(backend: Backend, sales: Arc<dyn SalesImport>, logins: LogIns) -> Self {
        Self { backend, sales, logins }
    }

    fn now(&self) -> DateTime<Utc> {
        self.backend.clock.now()
    }

    /// The transaction that keeps everybody else from loading or removing while it is open. It has a
    /// connection of another pool than the work, so that one connection each is enough.
    async fn lock(&self) -> Result<Transaction<'static, Postgres>, AppError> {
        let mut lock = store::begin(&self.backend.pools.admin).await?;
        if store::demo::try_lock(&mut lock).await? {
            Ok(lock)
        } else {
            Err(AppError::conflict("Demo data is being loaded or removed just now. Try again when that is done."))
        }
    }

    async fn announce(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        act: store::audit::Act<'_>,
    ) -> Result<(), AppError> {
        store::audit::record(connection, self.backend.clock.new_id(), self.now(), who, act).await?;
        for topic in FED.into_iter().chain([Topic::Audit]) {
            store::live::emit(connection, topic, "").await?;
        }
        Ok(())
    }
}

#[async_trait]
impl DemoPort for DemoService {
    async fn view(&self, who: &Principal) -> Result<DemoView, AppError> {
        who.require(Permission::SystemDemo)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let zone = plan::zone_of(&store::settings::business(&mut tx).await?);
        store::dealers::enter_all(&mut tx).await?;
        let tables = store::demo::tables(&mut tx).await?;
        let rows = store::demo::demo_counts(&mut tx, &tables).await?;
        let obstacles = removal::obstacles(&store::demo::dependences(&mut tx, &tables).await?);
        let batches = store::demo::current_batches(&mut tx).await?;
        let rows = table_rows(rows);
        Ok(DemoView {
            batches: batches.iter().filter_map(|b| batch_of(b, |at| zone.local(at))).collect(),
            total: rows.iter().map(|t| t.rows).sum(),
            rows,
            obstacles,
        })
    }

    async fn load(&self, who: &Principal, command: LoadDemo) -> Result<DemoLoaded, AppError> {
        who.require(Permission::SystemDemo)?;
        self.load_parts(who, &command).await
    }

    async fn remove(&self, who: &Principal) -> Result<DemoRemoved, AppError> {
        who.require(Permission::SystemDemo)?;
        self.remove_all(who).await
    }
}

fn batch_of(batch: &store::demo::Batch, local: impl Fn(DateTime<Utc>) -> DateTime<FixedOffset>) -> Option<DemoBatch> {
    Some(DemoBatch {
        part: DemoPart::parse(&batch.dataset)?,
        seed: batch.seed,
        as_of: batch.as_of,
        loaded_at: local(batch.loaded_at),
        complete: plan::Details::read(&batch.details).complete,
    })
}

fn table_rows(counts: Vec<(Table, i64)>) -> Vec<TableRows> {
    counts
        .into_iter()
        .map(|(table, rows)| TableRows { table: format!("{}.{}", table.schema, table.name), rows })
        .collect()
}
