//! Imports as sources, one a dataset. People load them; something is promised only where an interval is set.

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
use store::ingest::{
    arrivals,
    loads::{LastLoad, last_loads},
};

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
        let mut all = Vec::new();
        for target in Target::ALL {
            let load = loads.iter().find(|load| load.target == target.as_str());
            let interval = arrivals::interval(connection, *target).await?;
            all.push(Facts {
                expected_seconds: interval.map(|interval| i64::from(interval.hours) * 3_600),
                counted_from: interval.map(|interval| interval.set_at),
                ..facts(*target, load)
            });
        }
        Ok(all)
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
