//! The bulk writes of a commit, all inside the caller's transaction. A record names its table and
//! columns once and writes its cells in that order; [`insert`] copies any of them.

mod parties;
mod refunds;
mod sales;
mod stock;
mod visits;

pub use parties::{Customer, Price, Product};
pub use refunds::{Links, Refund, RefundLine, refund_recorded};
pub use sales::{Additions, Event, Sale, SaleLine, close_sales, extend_sales};
pub use stock::{Shortage, take_stock};
pub use visits::Visit;

use super::rows::{Rows, copy};
use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// What all rows of one import share.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    pub import_id: Uuid,
    pub origin: &'a str,
    pub currency: &'a str,
    pub site: Uuid,
    /// Shown as the doer of events, prices and movements: "import #12".
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// A row of a bulk insert.
pub trait Record {
    /// The `COPY` statement.
    const COPY: &'static str;

    /// Its cells in the order of [`Record::COPY`], and the row's end.
    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows);
}

/// # Errors
/// When the statement fails.
pub async fn insert<R: Record>(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    records: impl IntoIterator<Item = R>,
) -> Result<()> {
    insert_watched(connection, stamp, records, &|_| true).await.map(drop)
}

/// `watch` hears the rows sent and answers whether to go on; `false`: stopped.
///
/// # Errors
/// When the statement fails.
pub async fn insert_watched<R: Record>(
    connection: &mut PgConnection,
    stamp: Stamp<'_>,
    records: impl IntoIterator<Item = R>,
    watch: &(dyn Fn(u64) -> bool + Sync),
) -> Result<bool> {
    copy(connection, R::COPY, records, |out, record| record.write(&stamp, out), watch).await
}

/// The site that imports belong to.
///
/// # Errors
/// When the statement fails.
pub async fn default_site(connection: &mut PgConnection) -> Result<Uuid> {
    Ok(sqlx::query_scalar!("select id from stock.sites where is_default").fetch_one(connection).await?)
}
