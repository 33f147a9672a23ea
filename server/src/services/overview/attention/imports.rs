//! Imports with rows that wait for a person.

use super::{About, Asked, AttentionSource};
use crate::backend::Backend;
use async_trait::async_trait;
use domain::{
    AppError, format,
    overview::attention::{AttentionAct, AttentionAction, AttentionItem, AttentionKind, AttentionSeverity, Feature},
};
use rust_decimal::Decimal;
use store::overview::attention::{self as rows, Quarantined};

/// Below this share of recorded rows, in percent, the matter is high.
const ACCEPTED_AT_LEAST: i64 = 70;

#[derive(Debug)]
pub struct ImportsSource {
    backend: Backend,
}

impl ImportsSource {
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl AttentionSource for ImportsSource {
    fn feature(&self) -> Feature {
        Feature::Ingest
    }

    async fn attention(&self, asked: Asked) -> Result<Vec<AttentionItem>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let waiting = rows::quarantined(&mut connection, asked.limit).await?;
        Ok(waiting.into_iter().map(|import| item(&asked, &import)).collect())
    }
}

fn item(asked: &Asked, import: &Quarantined) -> AttentionItem {
    let accepted = (import.lines - import.open_rows).max(0);
    let severity = if import.lines > 0 && accepted * 100 < import.lines * ACCEPTED_AT_LEAST {
        AttentionSeverity::High
    } else {
        AttentionSeverity::Medium
    };
    let share = (import.lines > 0).then(|| Decimal::from(accepted) / Decimal::from(import.lines));
    let share = share.map_or_else(|| format::UNKNOWN.to_owned(), |share| format::percent(share, 1));
    let about = About {
        feature: Feature::Ingest,
        kind: AttentionKind::Quarantine,
        severity,
        title: format!("Import #{}: {} in quarantine", import.number, asked.plural(import.open_rows, "row")),
        consequence: format!(
            "{share} of {} were accepted; the others are missing from every figure until they are mended or given up.",
            import.file_name
        ),
    };
    let link = format!("/data/import/{}", import.import);
    let mut item = asked.item(format!("ingest.import.{}", import.import), import.committed_at, about, link.clone());
    item.actions.push(AttentionAction::new(AttentionAct::Open, "Mend the rows", link));
    item
}
