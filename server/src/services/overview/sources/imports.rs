//! Imports as sources, one a dataset. People load them, so nothing is promised for any time.

use super::{Facts, SourceProvider};
use crate::backend::Backend;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::Permission,
    ingest::Target,
    overview::{attention::Feature, source::SourceKind},
};
use store::ingest::loads::{LastLoad, last_loads};

#[derive(Debug)]
pub struct Imports {
    backend: Backend,
}

impl Imports {
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl SourceProvider for Imports {
    fn feature(&self) -> Feature {
        Feature::Ingest
    }

    fn right(&self) -> Option<Permission> {
        Some(Permission::IngestView)
    }

    async fn sources(&self, _: DateTime<Utc>, _: &str) -> Result<Vec<Facts>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let loads = last_loads(&mut connection).await?;
        let facts = Target::ALL.iter().map(|target| {
            let load = loads.iter().find(|load| load.target == target.as_str());
            facts(*target, load)
        });
        Ok(facts.collect())
    }
}

fn facts(target: Target, load: Option<&LastLoad>) -> Facts {
    let name = format!("Imports: {}", target.title().to_lowercase());
    let unknown = Facts::unknown(format!("import.{target}"), SourceKind::Import, name, "ingest");
    let Some(load) = load else { return Facts { link: Some("/data".to_owned()), ..unknown } };
    Facts {
        last_success: load.committed_at,
        demo: load.origin.as_deref() == Some("demo"),
        error_class: load.failed_since.then(|| "failed".to_owned()),
        rows: load.rows,
        link: Some(load.id.map_or_else(|| "/data".to_owned(), |id| format!("/data/import/{id}"))),
        ..unknown
    }
}
