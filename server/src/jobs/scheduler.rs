//! The scheduler: due times become fires and runs, each due time at most once.
//!
//! Every process ticks; the advisory lock of a firing transaction elects one of them at a time, so
//! there is nobody to wait for when a process dies. Fire row and run are written together, and the
//! fire's primary key makes a second run of the same due time impossible.

use super::{
    actors,
    enqueue::{JobRequest, enqueue, new_run},
    registry::Registry,
    runtime::Runtime,
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError, FieldError,
    access::Principal,
    jobs::{CatchUp, Overlap},
};
use engine::schedule::Timing;
use serde_json::Value;
use sqlx::PgConnection;
use std::{sync::Arc, time};
use store::schedules::ScheduleRow;

/// A due time older than this was missed: no scheduler ran.
const ON_TIME: Duration = Duration::seconds(60);
/// Due times looked at in one go: a day of a schedule that is due every second.
const MOST: usize = 86_400;

/// Rhythm and zone of a schedule; without a zone of its own it follows the business.
pub(crate) fn timing_of(row: &ScheduleRow, business_zone: &str) -> Result<Timing, Vec<FieldError>> {
    Timing::new(row.cron.as_deref(), row.every_seconds, row.zone.as_deref().unwrap_or(business_zone))
}

/// The request for a run of `row`; `None` when this release does not know the kind.
pub(crate) fn schedule_request(
    registry: &Registry,
    row: &ScheduleRow,
    due_at: Option<DateTime<Utc>>,
) -> Option<JobRequest> {
    let kind = registry.kind(&row.kind)?;
    let mut payload = row.payload.clone();
    if let (Some(due_at), Value::Object(fields)) = (due_at, &mut payload) {
        fields.insert("due_at".to_owned(), due_at.to_rfc3339().into());
    }
    let mut request = JobRequest::for_kind(kind, payload);
    request.schedule_id = Some(row.id.clone());
    request.timeout_seconds = row.timeout_seconds.unwrap_or(request.timeout_seconds);
    request.max_attempts = row.max_attempts.unwrap_or(request.max_attempts);
    request.run_at = due_at.filter(|_| row.jitter_seconds > 0).map(|due| due + jitter(row, due));
    Some(request)
}

/// The same delay for the same due time in every process.
fn jitter(row: &ScheduleRow, due: DateTime<Utc>) -> Duration {
    let seed = row.id.bytes().fold(due.timestamp(), |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    Duration::seconds(seed.rem_euclid(i64::from(row.jitter_seconds) + 1))
}

/// Ticks every second until the runtime stops.
pub(super) async fn keep_ticking(runtime: Arc<Runtime>) {
    let mut down = false;
    loop {
        if tokio::time::timeout(time::Duration::from_secs(1), runtime.stop.cancelled()).await.is_ok() {
            return;
        }
        match runtime.tick().await {
            Ok(_) => down = false,
            // Once an outage, not once a second.
            Err(error) if !std::mem::replace(&mut down, true) => {
                tracing::warn!(error = %error, "scheduler cannot tick")
            }
            Err(_) => {}
        }
    }
}

impl Runtime {
    /// Fires everything that is due now; returns how many runs were enqueued.
    ///
    /// # Errors
    /// When the database cannot be reached. A single schedule's fault is logged and does not hold up the others.
    pub async fn tick(&self) -> Result<usize, AppError> {
        let now = self.backend.clock.now();
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let zone = store::settings::business(&mut connection).await?.zone;
        let due = store::schedules::due(&mut connection, now, &zone).await?;
        drop(connection);
        let mut enqueued = 0;
        for id in due {
            match self.fire(&id, &zone, now).await {
                Ok(runs) => enqueued += runs,
                Err(error) => tracing::error!(schedule = %id, error = %error, "schedule not fired"),
            }
        }
        Ok(enqueued)
    }

    async fn fire(&self, id: &str, zone: &str, now: DateTime<Utc>) -> Result<usize, AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        if !store::schedules::elect(&mut tx).await? {
            return Ok(0);
        }
        let Some(row) = store::schedules::lock(&mut tx, id).await?.filter(|row| row.enabled) else { return Ok(0) };
        let zone = row.zone.as_deref().unwrap_or(zone);
        let Ok(timing) = timing_of(&row, zone) else {
            tracing::error!(schedule = %id, "schedule has no valid rhythm; it is switched off");
            store::schedules::set_next(&mut tx, id, None, zone, None).await?;
            store::commit(tx).await?;
            return Ok(0);
        };
        let runs = match row.next_due_at.filter(|_| row.due_zone.as_deref() == Some(zone)) {
            // New, or its zone has changed: nothing was promised yet.
            None => 0,
            // Another process was faster.
            Some(first) if first > now => return Ok(0),
            Some(first) => {
                let principal = actors::system(&format!("schedule {id}"), self.backend.clock.new_id());
                Firing { runtime: self, row: &row, who: &principal, now }.fire(&mut tx, &timing, first).await?
            }
        };
        let fired = row.next_due_at.is_some_and(|due| due <= now).then_some(now);
        store::schedules::set_next(&mut tx, id, timing.next_after(now), zone, fired).await?;
        store::commit(tx).await?;
        Ok(runs)
    }
}

/// One schedule's fires of one tick, in one transaction.
struct Firing<'a> {
    runtime: &'a Runtime,
    row: &'a ScheduleRow,
    who: &'a Principal,
    now: DateTime<Utc>,
}

impl Firing<'_> {
    async fn fire(
        &self,
        connection: &mut PgConnection,
        timing: &Timing,
        first: DateTime<Utc>,
    ) -> Result<usize, AppError> {
        let row = self.row;
        let window = self.now - Duration::seconds(row.catch_up_window_seconds.into()).max(ON_TIME);
        // `between` excludes its start.
        let mut due = timing.between(first.max(window) - Duration::milliseconds(1), self.now, MOST);
        let punctual = due.pop_if(|last| self.now - *last <= ON_TIME);
        let mut late = due;
        let mut runs = 0;
        match CatchUp::parse(&row.catch_up).unwrap_or(CatchUp::Latest) {
            CatchUp::None => {}
            // A punctual run makes up for all before it.
            CatchUp::Latest => {
                if let (None, Some(latest)) = (punctual, late.pop()) {
                    runs += self.start(connection, latest, "caught_up", false).await?;
                }
            }
            CatchUp::All => {
                for due in std::mem::take(&mut late) {
                    runs += self.start(connection, due, "caught_up", true).await?;
                }
            }
        }
        if !late.is_empty() {
            store::schedules::fire_without_run(connection, &row.id, &late, self.now, "missed").await?;
        }
        if let Some(due) = punctual {
            runs += self.start(connection, due, "enqueued", false).await?;
        }
        Ok(runs)
    }

    /// Enqueues the run of `due`, unless the one before is open and the schedule says to skip.
    /// `in_line`: stand behind the open ones instead.
    async fn start(
        &self,
        connection: &mut PgConnection,
        due: DateTime<Utc>,
        outcome: &str,
        in_line: bool,
    ) -> Result<usize, AppError> {
        let Some(mut request) = schedule_request(&self.runtime.registry, self.row, Some(due)) else {
            tracing::error!(schedule = %self.row.id, kind = %self.row.kind, "schedule of a kind this release does not know");
            store::schedules::fire_without_run(connection, &self.row.id, &[due], self.now, "missed").await?;
            return Ok(0);
        };
        let open = store::schedules::open_runs(connection, &self.row.id).await?;
        let overlap = Overlap::parse(&self.row.overlap).unwrap_or(Overlap::Skip);
        let waits = open.iter().any(|run| run.state == "queued");
        if !open.is_empty() && !in_line && (overlap == Overlap::Skip || (overlap == Overlap::BufferOne && waits)) {
            return self.skip(connection, due, &request).await;
        }
        if overlap == Overlap::CancelRunning && !in_line {
            for run in &open {
                let by = self.who.label();
                if !store::jobs::cancel_queued(connection, run.id, self.now, by).await? {
                    store::jobs::request_cancel(connection, run.id, self.now, by).await?;
                }
            }
        }
        if overlap != Overlap::Allow {
            // The same slot runs one at a time, so this one starts when those before it have ended.
            request.slot = open.last().map(|run| run.slot);
        }
        if !store::schedules::fire(connection, &self.row.id, due, self.now, outcome, None).await? {
            return Ok(0); // by a backfill
        }
        let run = enqueue(connection, self.runtime.backend.clock.as_ref(), self.who, request).await?;
        store::schedules::link_run(connection, &self.row.id, due, run.job_id.0).await?;
        Ok(1)
    }

    async fn skip(
        &self,
        connection: &mut PgConnection,
        due: DateTime<Utc>,
        request: &JobRequest,
    ) -> Result<usize, AppError> {
        let id = self.runtime.backend.clock.new_id();
        if store::schedules::fire(connection, &self.row.id, due, self.now, "skipped_overlap", Some(id)).await? {
            store::jobs::insert_skipped(connection, &new_run(request, id, self.now, self.who)).await?;
        }
        Ok(0)
    }
}
