//! Imports with rows that wait for a person.

use super::{About, Asked, AttentionSource};
use async_trait::async_trait;
use domain::{
    AppError, format,
    freshness::Declaration,
    overview::{
        attention::{AttentionAct, AttentionAction, AttentionItem, AttentionKind, Feature, Severity},
        declared,
    },
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use store::overview::attention::{self as rows, Quarantined};

/// Below this share of recorded rows, in percent, the matter is high.
const ACCEPTED_AT_LEAST: i64 = 70;

#[derive(Debug)]
pub struct ImportsSource;

#[async_trait]
impl AttentionSource for ImportsSource {
    fn feature(&self) -> Feature {
        Feature::Ingest
    }

    fn declared(&self) -> &'static Declaration {
        &declared::IMPORTS_ATTENTION
    }

    async fn attention(&self, connection: &mut PgConnection, asked: &Asked) -> Result<Vec<AttentionItem>, AppError> {
        let waiting = rows::quarantined(connection, asked.limit).await?;
        Ok(waiting.into_iter().map(|import| item(asked, &import)).collect())
    }
}

fn item(asked: &Asked, import: &Quarantined) -> AttentionItem {
    let accepted = (import.lines - import.open_rows).max(0);
    let severity = if import.lines > 0 && accepted * 100 < import.lines * ACCEPTED_AT_LEAST {
        Severity::High
    } else {
        Severity::Medium
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
