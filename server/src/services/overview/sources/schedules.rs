//! Schedules as sources.

use super::{Facts, SourceProvider};
use crate::services::overview::rhythm::rhythms;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    freshness::Declaration,
    overview::{attention::Feature, declared, source::SourceKind},
};
use sqlx::PgConnection;

#[derive(Debug)]
pub struct Schedules;

#[async_trait]
impl SourceProvider for Schedules {
    fn feature(&self) -> Feature {
        Feature::Jobs
    }

    fn declared(&self) -> &'static Declaration {
        &declared::SCHEDULE_SOURCES
    }

    async fn sources(
        &self,
        connection: &mut PgConnection,
        now: DateTime<Utc>,
        business_zone: &str,
    ) -> Result<Vec<Facts>, AppError> {
        let rhythms = rhythms(connection, business_zone, now).await?;
        let facts = rhythms.into_iter().map(|rhythm| Facts {
            // One whose rhythm cannot be read never runs.
            enabled: rhythm.enabled && rhythm.period_seconds.is_some(),
            last_success: rhythm.last_success_at,
            counted_from: rhythm.counted_from(),
            expected_seconds: rhythm.period_seconds,
            grace_seconds: rhythm.grace_seconds,
            error_class: rhythm.failed_run.map(|_| rhythm.error_code.unwrap_or_else(|| "failed".to_owned())),
            rows: rhythm.rows,
            next_run: rhythm.next_due_at,
            link: Some(format!("/jobs?schedule={}", rhythm.id)),
            refresh: Some(rhythm.id.clone()),
            ..Facts::unknown(format!("schedule.{}", rhythm.id), SourceKind::Schedule, rhythm.title, rhythm.feature)
        });
        Ok(facts.collect())
    }
}
