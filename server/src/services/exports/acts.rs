//! The audit log as a file: exactly the filter of its list, with before and after.

use super::{About, Export, ExportsService, Format, Source};
use crate::services::{audit::filtered, transactions::zone_of};
use domain::{
    AppError,
    access::{Permission, Principal},
};
use store::audit::reading;

/// A filter as the store reads it, and in the words of its address.
#[derive(Debug)]
pub struct Filtered {
    pub filter: reading::Filter,
    pub words: String,
}

impl ExportsService {
    /// Opens the export of the audit log with the filter of `pairs`.
    ///
    /// # Errors
    /// `forbidden` without `audit.export` and `audit.view`; `validation` of the filter; `unavailable`
    /// when too many run already.
    pub async fn open_audit(
        &self,
        who: &Principal,
        format: Format,
        pairs: &[(String, String)],
    ) -> Result<Export, AppError> {
        who.require(Permission::AuditExport)?;
        who.require(Permission::AuditView)?;
        let permit = self.slot()?;
        let now = self.backend.clock.now();
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let Filtered { filter, words } = filtered(pairs, zone)?;
        let rows = reading::count(&mut tx, &filter, None).await?;
        reading::declare(&mut tx, &filter).await?;
        let about = About {
            dataset: "audit",
            filter: words,
            zone: zone.name(),
            as_of: zone.local(now),
            by: who.label().to_owned(),
            rows,
        };
        self.log(who, &about, format).await?;
        let headings = reading::HEADINGS.to_vec();
        Ok(Export { about, headings, source: Source::Audit, zone, tx, _permit: Some(permit) })
    }
}
