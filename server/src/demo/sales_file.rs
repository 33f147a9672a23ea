//! The sales file goes in as any other file does: through the import, with its checks and its quarantine.

use crate::services::ingest::{IngestService, Upload};
use async_trait::async_trait;
use domain::{
    AppError,
    access::Principal,
    demo::SalesFile,
    ingest::{Mapping, MappingOptions, Target},
    settings::Business,
};
use engine::ingest::Meter;
use std::sync::Arc;

/// Imports a sales file whole, as demo rows.
#[async_trait]
pub trait SalesImport: Send + Sync + 'static {
    /// `business` tells the zone of the file's times and the currency of its prices.
    async fn import(
        &self,
        who: &Principal,
        name: &str,
        file: Vec<u8>,
        business: &Business,
    ) -> Result<SalesFile, AppError>;
}

#[async_trait]
impl SalesImport for IngestService {
    async fn import(
        &self,
        who: &Principal,
        name: &str,
        file: Vec<u8>,
        business: &Business,
    ) -> Result<SalesFile, AppError> {
        let options = MappingOptions { screen: true, ..MappingOptions::of(business) };
        import(self.clone(), who.clone(), name.to_owned(), file, options).await
    }
}

/// Takes everything by value: of borrowed arguments the compiler cannot prove that the future is `Send`.
async fn import(
    service: IngestService,
    who: Principal,
    name: String,
    file: Vec<u8>,
    options: MappingOptions,
) -> Result<SalesFile, AppError> {
    let upload = Upload { origin: "demo", ..Upload::of(Target::SalesTransactions, &name, file) };
    let received = service.receive(&who, upload).await?;
    let id = received.summary.id;
    service.map(&who, id, Mapping { options, ..received.mapping }, None).await?;
    service.preview_now(&who, id, Arc::new(Meter::default())).await?;
    let committed = service.commit_now(&who, id, Arc::new(Meter::default())).await?;
    let counts = committed.summary.counts.unwrap_or_default();
    Ok(SalesFile {
        rows: counts.lines,
        imported: counts.sale_lines,
        quarantined: counts.quarantined(),
        screened: counts.screened,
    })
}
