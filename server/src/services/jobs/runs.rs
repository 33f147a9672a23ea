//! Reading runs and figures.

use super::{JobsService, business_zone, local};
use crate::{jobs::Registry, services::dealers::scope_of};
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    ids::JobId,
    jobs::{
        EventLevel, JobDetail, JobEvent, JobFilter, JobRow, JobState, JobStats, KindStats, Progress, QueueView,
        StateCount,
    },
    paging::{DEFAULT_LIMIT, MAX_LIMIT, Page},
};
use sqlx::PgConnection;
use store::jobs::{EventRow, Filter, JobRecord, Position};

/// Days that figures look back.
const WINDOW_DAYS: i32 = 7;
/// Lines of the log on a run's page.
const LINES: i64 = 200;

impl JobsService {
    pub(super) async fn read_list(&self, who: &Principal, asked: &JobFilter) -> Result<Page<JobRow>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = business_zone(&mut connection).await?;
        let (mut filter, after, limit) = parse(asked)?;
        let scope = scope_of(&mut connection, self.backend.clock.now(), who, Permission::JobsView).await?;
        filter.scope = scope.codes().map(<[String]>::to_vec);
        let total = store::jobs::count(&mut connection, &filter).await?;
        let mut records = store::jobs::page(&mut connection, &filter, after, i64::from(limit) + 1).await?;
        let more = records.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        records.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next_cursor =
            records.last().filter(|_| more).map(|r| format!("{}-{}", r.created_at.timestamp_micros(), r.id.simple()));
        Ok(Page { items: records.iter().map(|r| row(r, &self.registry, zone)).collect(), next_cursor, total })
    }

    pub(super) async fn read_detail(&self, who: &Principal, id: JobId) -> Result<JobDetail, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = business_zone(&mut connection).await?;
        let record = self.visible(&mut connection, who, Permission::JobsView, id).await?;
        let events = store::jobs::last_events(&mut connection, id.0, LINES).await?;
        let retries = store::jobs::retries_of(&mut connection, id.0).await?;
        let run = row(&record, &self.registry, zone);
        Ok(JobDetail {
            may_cancel: run.state.is_open() && may_cancel(who, &record),
            may_retry: !run.state.is_open()
                && who.may(Permission::JobsRun)
                && self.registry.kind(&record.kind).is_some(),
            run,
            payload: record.payload,
            counters: record.counters,
            result: record.result,
            error_code: record.error_code,
            worker_id: record.worker_id,
            heartbeat_at: record.heartbeat_at.map(|at| local(at, zone)),
            cancel_requested_by: record.cancel_requested_by,
            timeout_seconds: record.timeout_seconds,
            dealer_id: record.dealer_id,
            parent_id: record.parent_id.map(JobId),
            retries: retries.into_iter().map(JobId).collect(),
            events: events.into_iter().map(|e| event(e, zone)).collect(),
        })
    }

    /// A run within the caller's scope; a run of another dealer is not there.
    pub(super) async fn visible(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        right: Permission,
        id: JobId,
    ) -> Result<JobRecord, AppError> {
        let found = store::jobs::detail(connection, id.0).await?;
        let record = found.ok_or_else(|| AppError::not_found("Job run"))?;
        let scope = scope_of(connection, self.backend.clock.now(), who, right).await?;
        let seen = match (&record.dealer_id, scope.codes()) {
            (Some(dealer), Some(codes)) => codes.contains(dealer),
            _ => true,
        };
        if seen { Ok(record) } else { Err(AppError::not_found("Job run")) }
    }

    pub(super) async fn read_events(&self, who: &Principal, id: JobId, after: i32) -> Result<Vec<JobEvent>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = business_zone(&mut connection).await?;
        self.visible(&mut connection, who, Permission::JobsView, id).await?;
        let events = store::jobs::events(&mut connection, id.0, after, 500).await?;
        Ok(events.into_iter().map(|e| event(e, zone)).collect())
    }

    pub(super) async fn read_stats(&self) -> Result<JobStats, AppError> {
        let now = self.backend.clock.now();
        let window = Duration::days(WINDOW_DAYS.into());
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let states = store::jobs::states(&mut connection, now - window).await?;
        let kinds = store::jobs::kinds(&mut connection, now - window - window, now - window).await?;
        #[allow(clippy::cast_precision_loss, reason = "a share for display")]
        let rate = |finished: i64, failed: i64| (finished > 0).then(|| (finished - failed) as f64 / finished as f64);
        Ok(JobStats {
            window_days: WINDOW_DAYS,
            states: states
                .into_iter()
                .filter_map(|(s, runs)| Some(StateCount { state: JobState::parse(&s)?, runs }))
                .collect(),
            kinds: kinds
                .into_iter()
                .map(|k| KindStats {
                    success_rate: rate(k.finished, k.failed),
                    kind: k.kind,
                    finished: k.finished,
                    failed: k.failed,
                    p50_seconds: k.p50_seconds,
                    p95_seconds: k.p95_seconds,
                    previous_p50_seconds: k.previous_p50_seconds,
                })
                .collect(),
        })
    }

    pub(super) async fn read_queues(&self) -> Result<Vec<QueueView>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = business_zone(&mut connection).await?;
        let queues = store::jobs::queues(&mut connection).await?;
        Ok(queues
            .into_iter()
            .map(|q| QueueView {
                name: q.name,
                concurrency: q.concurrency,
                per_key_concurrency: q.per_key_concurrency,
                queued: q.queued,
                running: q.running,
                paused_at: q.paused_at.map(|at| local(at, zone)),
                paused_by: q.paused_by,
                pause_reason: q.pause_reason,
            })
            .collect())
    }
}

/// Own runs with `jobs.run`, all with `jobs.manage`.
pub(super) fn may_cancel(who: &Principal, record: &JobRecord) -> bool {
    let own = record.requested_by.is_some() && record.requested_by == who.user_id().map(|u| u.0);
    who.may(Permission::JobsManage) || (own && who.may(Permission::JobsRun))
}

/// The filter as the store reads it, the place to go on from, and the size of the page.
pub(super) fn parse(asked: &JobFilter) -> Result<(Filter, Option<Position>, u32), AppError> {
    let mut faults = Vec::new();
    let text = |value: &Option<String>| value.as_deref().map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
    let states = match text(&asked.state).as_deref() {
        None => Vec::new(),
        Some("open") => JobState::ALL.iter().filter(|s| s.is_open()).map(|s| s.as_str()).collect(),
        Some(word) => JobState::parse(word).map_or_else(
            || {
                faults.push(FieldError::new("state", "Choose one of the states of a run, or \"open\"."));
                Vec::new()
            },
            |state| vec![state.as_str()],
        ),
    };
    let mut time = |path: &str, value: Option<String>| -> Option<DateTime<Utc>> {
        let parsed = DateTime::parse_from_rfc3339(&value?);
        if parsed.is_err() {
            faults.push(FieldError::new(path, "Give a time with its offset, such as 2026-03-10T12:00:00Z."));
        }
        parsed.ok().map(|at| at.with_timezone(&Utc))
    };
    let (from, to) = (time("from", text(&asked.from)), time("to", text(&asked.to)));
    let after = text(&asked.cursor).map(|cursor| {
        let parts = cursor.split_once('-').and_then(|(at, id)| {
            Some(Position { created_at: DateTime::from_timestamp_micros(at.parse().ok()?)?, id: id.parse().ok()? })
        });
        parts.ok_or_else(|| {
            FieldError::new("cursor", "This page address is not valid. Start again from the first page.")
        })
    });
    let after = after.transpose().map_err(|fault| faults.push(fault)).unwrap_or_default();
    if !faults.is_empty() {
        return Err(AppError::validation(faults));
    }
    let filter = Filter {
        states,
        kind: text(&asked.kind),
        queue: text(&asked.queue),
        schedule: text(&asked.schedule),
        dealer: text(&asked.dealer),
        requester: text(&asked.requester),
        text: text(&asked.q),
        from,
        to,
        ids: Vec::new(),
        scope: None,
    };
    Ok((filter, after, asked.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)))
}

fn row(record: &JobRecord, registry: &Registry, zone: Tz) -> JobRow {
    let progress = Progress {
        done: record.progress_done,
        total: record.progress_total,
        step: record.step.clone(),
        rate: record.progress_rate,
        eta_seconds: None,
    };
    JobRow {
        id: JobId(record.id),
        kind: record.kind.clone(),
        title: registry.title(&record.kind).to_owned(),
        queue: record.queue.clone(),
        // The column is checked against the same words.
        state: JobState::parse(&record.state).unwrap_or(JobState::Failed),
        priority: record.priority,
        attempt: record.attempt,
        max_attempts: record.max_attempts,
        progress: if record.state == "running" { progress.with_eta() } else { progress },
        schedule_id: record.schedule_id.clone(),
        requested_by: record.requested_label.clone(),
        error_message: record.error_message.clone(),
        created_at: local(record.created_at, zone),
        run_at: local(record.run_at, zone),
        started_at: record.started_at.map(|at| local(at, zone)),
        finished_at: record.finished_at.map(|at| local(at, zone)),
        cancel_requested: record.cancel_requested_at.is_some(),
    }
}

fn event(row: EventRow, zone: Tz) -> JobEvent {
    JobEvent {
        seq: row.seq,
        at: local(row.at, zone),
        level: EventLevel::parse(&row.level).unwrap_or(EventLevel::Info),
        step: row.step,
        message: row.message,
        data: row.data,
    }
}
