//! Jobs that failed after their last attempt, and schedules that were not seen to succeed.

use super::{About, Asked, AttentionSource};
use crate::{
    jobs::Registry,
    services::overview::rhythm::{Rhythm, rhythms},
};
use async_trait::async_trait;
use chrono::Duration;
use domain::{
    AppError, format,
    freshness::Declaration,
    overview::{
        attention::{AttentionAct, AttentionAction, AttentionItem, AttentionKind, Feature, Severity},
        declared,
        source::SourceState,
    },
};
use sqlx::PgConnection;
use store::overview::attention::{self as rows, FailedWork};

/// Failed work older than this is history.
const FAILED_DAYS: i64 = 7;
/// Schedules whose failure is high: the daily report, backups and the check of the audit log.
const GRAVE: [&str; 4] = ["daily_report", "backup", "restore_drill", "audit_verify"];

#[derive(Debug)]
pub struct JobsSource {
    registry: Registry,
}

#[async_trait]
impl AttentionSource for JobsSource {
    fn feature(&self) -> Feature {
        Feature::Jobs
    }

    fn declared(&self) -> &'static Declaration {
        &declared::JOBS_ATTENTION
    }

    async fn attention(&self, connection: &mut PgConnection, asked: &Asked) -> Result<Vec<AttentionItem>, AppError> {
        let schedules = rhythms(&mut *connection, &asked.business.zone, asked.now).await?;
        let since = asked.now - Duration::days(FAILED_DAYS);
        let failed = rows::failed_work(connection, since, asked.limit).await?;
        let schedules = schedules.iter().filter_map(|rhythm| schedule_item(asked, rhythm));
        Ok(schedules.chain(failed.iter().map(|work| self.work_item(asked, work))).collect())
    }
}

impl JobsSource {
    pub const fn new(registry: Registry) -> Self {
        Self { registry }
    }

    fn work_item(&self, asked: &Asked, work: &FailedWork) -> AttentionItem {
        let why = work.error_message.clone().unwrap_or_else(|| "It did not say why.".to_owned());
        let about = About {
            feature: Feature::Jobs,
            kind: AttentionKind::JobFailed,
            severity: Severity::Medium,
            title: format!("{} failed{}", self.registry.title(&work.kind), times(asked, work.times)),
            consequence: format!("{why} It is not tried again by itself."),
        };
        let link = format!("/jobs/{}", work.run);
        let mut item = asked.item(format!("jobs.run.{}", work.run), work.first_at, about, link);
        if self.registry.kind(&work.kind).is_some() {
            item.actions.push(AttentionAction::new(AttentionAct::RetryJob, "Retry", work.run.to_string()));
        }
        item
    }
}

fn times(asked: &Asked, n: i64) -> String {
    if n > 1 { format!(" {} times", asked.count(n)) } else { String::new() }
}

/// A schedule is one item, whether it failed, was missed, or both.
fn schedule_item(asked: &Asked, rhythm: &Rhythm) -> Option<AttentionItem> {
    let missed = rhythm.state(asked.now) == SourceState::Missing;
    let failed = rhythm.enabled && rhythm.failed_run.is_some();
    if !missed && !failed {
        return None;
    }
    let severity = if GRAVE.contains(&rhythm.id.as_str()) { Severity::High } else { Severity::Medium };
    let last = rhythm.last_success_at.map_or_else(
        || "It has never succeeded".to_owned(),
        |at| format!("It succeeded last {}", format::date_time(asked.zone.local(at))),
    );
    let why = rhythm.error_message.as_ref().map(|why| format!(" {why}")).unwrap_or_default();
    let (kind, title) = if missed {
        let n = rhythm.missed(asked.now);
        (AttentionKind::ScheduleMissed, format!("{}: missed {} times", rhythm.title, asked.count(n)))
    } else {
        (AttentionKind::JobFailed, format!("{}: the last run failed", rhythm.title))
    };
    let since = match (missed, rhythm.failed_since) {
        (false, Some(at)) | (true, Some(at)) if rhythm.last_success_at.is_none_or(|good| at > good) => at,
        _ => rhythm.due_since(asked.now),
    };
    let about = About {
        feature: Feature::Jobs,
        kind,
        severity,
        title,
        consequence: format!("{last}; what it keeps up to date is older than promised.{why}"),
    };
    let link = rhythm.failed_run.map_or_else(|| format!("/jobs?schedule={}", rhythm.id), |run| format!("/jobs/{run}"));
    let mut item = asked.item(format!("jobs.schedule.{}", rhythm.id), since, about, link);
    item.actions.push(AttentionAction::new(AttentionAct::RunSchedule, "Run now", rhythm.id.clone()));
    Some(item)
}
