//! Schedules as sources.

use super::{Facts, SourceProvider};
use crate::{backend::Backend, services::overview::rhythm::rhythms};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::Permission,
    overview::{attention::Feature, source::SourceKind},
};

#[derive(Debug)]
pub struct Schedules {
    backend: Backend,
}

impl Schedules {
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl SourceProvider for Schedules {
    fn feature(&self) -> Feature {
        Feature::Jobs
    }

    fn right(&self) -> Option<Permission> {
        Some(Permission::JobsView)
    }

    async fn sources(&self, now: DateTime<Utc>, business_zone: &str) -> Result<Vec<Facts>, AppError> {
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let rhythms = rhythms(&mut tx, business_zone, now).await?;
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
