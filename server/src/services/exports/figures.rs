//! The rows behind a figure as a file: those of its drill page, from one snapshot.

use super::{About, Export, ExportsService, Format, Source};
use crate::services::overview::RowSource;
use domain::{
    AppError,
    access::{Permission, Principal},
};

/// Name of the dataset.
pub const KPI_ROWS: &str = "kpi-rows";

impl ExportsService {
    /// Opens the export of the figure that `metric` of `pairs` names, with the filter and order of its page.
    ///
    /// # Errors
    /// `forbidden` without `access.export` and `overview.view`; `not_found` for an unknown figure;
    /// `validation` of the filter; `unavailable` when too many run already.
    pub async fn open_figure(
        &self,
        who: &Principal,
        format: Format,
        pairs: &[(String, String)],
    ) -> Result<Export, AppError> {
        who.require(Permission::AccessExport)?;
        who.require(Permission::OverviewView)?;
        let permit = self.slot()?;
        let now = self.backend.clock.now();
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let rows = RowSource::open(&mut tx, pairs, now).await?;
        let (filter, zone) = (rows.filter(), rows.zone());
        self.log(who, KPI_ROWS, format, &filter, rows.total).await?;
        let about = About {
            dataset: KPI_ROWS,
            filter,
            zone: zone.name(),
            as_of: zone.local(now),
            by: who.label().to_owned(),
            rows: rows.total,
        };
        Ok(Export {
            about,
            headings: rows.headings(),
            source: Source::Figure(Box::new(rows)),
            zone,
            tx,
            _permit: permit,
        })
    }
}
