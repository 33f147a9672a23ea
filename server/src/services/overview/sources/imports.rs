//! Imports as sources, one a dataset. People load them, so nothing is promised for any time.

use super::{Facts, SourceProvider};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    freshness::Declaration,
    ingest::Target,
    overview::{attention::Feature, declared, source::SourceKind},
};
use sqlx::PgConnection;
use store::ingest::loads::{LastLoad, last_loads};

#[derive(Debug)]
pub struct Imports;

#[async_trait]
impl SourceProvider for Imports {
    fn feature(&self) -> Feature {
        Feature::Ingest
    }

    fn declared(&self) -> &'static Declaration {
        &declared::IMPORT_SOURCES
    }

    fn feeds(&self) -> &'static [&'static str] {
        // Conversion and orders per visitor count sales, too.
        &["sales", "shop"]
    }

    async fn sources(&self, connection: &mut PgConnection, _: DateTime<Utc>, _: &str) -> Result<Vec<Facts>, AppError> {
        let loads = last_loads(connection).await?;
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
