//! The rows behind a figure as a file: those of its drill page, from one snapshot.

use super::{About, Export, Source};
use crate::{backend::Backend, services::overview::RowSource};
use domain::{
    AppError,
    access::{Permission, Principal},
};
use tokio::sync::OwnedSemaphorePermit;

/// Name of the dataset.
pub const KPI_ROWS: &str = "kpi-rows";

/// Opens the export of the figure that `metric` of `pairs` names, with the filter and order of its page.
///
/// # Errors
/// `forbidden` without `overview.view` and the right of the figure; `not_found` for an unknown one; `validation` of the filter.
pub(super) async fn read(
    backend: &Backend,
    pool: &dyn store::pool::Connections,
    who: &Principal,
    pairs: &[(String, String)],
    permit: Option<OwnedSemaphorePermit>,
) -> Result<Export, AppError> {
    who.require(Permission::OverviewView)?;
    let now = backend.clock.now();
    let mut tx = store::snapshot(pool).await?;
    let rows = RowSource::open(&mut tx, who, pairs, now).await?;
    let zone = rows.zone();
    let about = About {
        dataset: KPI_ROWS,
        filter: rows.filter(),
        zone: zone.name(),
        as_of: zone.local(now),
        by: who.label().to_owned(),
        rows: rows.total,
    };
    Ok(Export { about, headings: rows.headings(), source: Source::Figure(Box::new(rows)), zone, tx, _permit: permit })
}
