//! Schedules: shown, edited, run out of turn.

use super::{JobsService, local};
use crate::{
    jobs::{enqueue, schedule_request, timing_of},
    services::idempotency::{Request, once},
};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::JobId,
    jobs::{
        Backfill, BackfillForm, BackfillResult, CatchUp, DueTimes, Enqueued, Overlap, ScheduleDraft, ScheduleEdit,
        ScheduleView,
    },
    live::Topic,
};
use engine::{calendar::BusinessZone, schedule::Timing};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::Act,
    schedules::{Edited, ScheduleRow},
};

/// Due times that one backfill covers at most.
const BACKFILL: usize = 1_000;

impl JobsService {
    pub(super) async fn read_schedules(&self) -> Result<Vec<ScheduleView>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = store::settings::business(&mut connection).await?.zone;
        let rows = store::schedules::list(&mut connection).await?;
        Ok(rows.into_iter().map(|row| self.view(row, &zone)).collect())
    }

    fn view(&self, row: ScheduleRow, business_zone: &str) -> ScheduleView {
        let timing = timing_of(&row, business_zone).ok();
        let zone = timing.as_ref().map_or(chrono_tz::UTC, Timing::zone);
        let time = |at: Option<DateTime<Utc>>| at.map(|at| local(at, zone));
        let from = self.backend.clock.now();
        ScheduleView {
            next: timing.iter().flat_map(|t| t.after(from).take(5)).map(|at| local(at, zone)).collect(),
            next_due_at: time(row.next_due_at),
            last_fire_at: time(row.last_fire_at),
            last_success_at: time(row.last_success_at),
            id: row.id,
            title: row.title,
            group_name: row.group_name,
            owner_feature: row.owner_feature,
            kind: row.kind,
            cron: row.cron,
            every_seconds: row.every_seconds,
            zone: row.zone,
            enabled: row.enabled,
            overlap: Overlap::parse(&row.overlap).unwrap_or(Overlap::Skip),
            catch_up: CatchUp::parse(&row.catch_up).unwrap_or(CatchUp::Latest),
            catch_up_window_seconds: row.catch_up_window_seconds,
            jitter_seconds: row.jitter_seconds,
            timeout_seconds: row.timeout_seconds,
            max_attempts: row.max_attempts,
            last_state: row.last_state,
            version: row.version,
        }
    }

    pub(super) async fn change_schedule(
        &self,
        who: &Principal,
        id: &str,
        edit: ScheduleEdit,
    ) -> Result<ScheduleView, AppError> {
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let old = store::schedules::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("Schedule"))?;
        if old.version != edit.version {
            return Err(AppError::conflict(format!(
                "Somebody changed this schedule in the meantime (version {} now). Reload and change it again.",
                old.version
            )));
        }
        let business_zone = store::settings::business(&mut tx).await?.zone;
        let (cron, every_seconds) = match (&edit.cron, edit.every_seconds) {
            (Some(cron), None) => (Some(cron.trim()), None),
            (None, Some(seconds)) => (None, Some(seconds)),
            _ => (old.cron.as_deref(), old.every_seconds),
        };
        let zone = edit.zone.as_deref().map_or(old.zone.as_deref(), |zone| Some(zone.trim()).filter(|z| !z.is_empty()));
        let due_zone = zone.unwrap_or(&business_zone);
        let mut faults = edit.validate().err().unwrap_or_default();
        let timing = Timing::new(cron, every_seconds, due_zone).map_err(|more| faults.extend(more)).ok();
        let Some(timing) = timing.filter(|_| faults.is_empty()) else {
            return Err(AppError::validation(faults));
        };
        let enabled = edit.enabled.unwrap_or(old.enabled);
        let same_rhythm =
            cron == old.cron.as_deref() && every_seconds == old.every_seconds && zone == old.zone.as_deref();
        let next_due_at = match old.next_due_at {
            // Switched on after a pause: the time it was off is not to be caught up.
            Some(due) if same_rhythm && old.enabled => Some(due),
            _ => timing.next_after(self.backend.clock.now()),
        };
        let edited = Edited {
            enabled,
            cron,
            every_seconds,
            zone,
            overlap: edit.overlap.map_or(&old.overlap, |o| o.as_str()),
            catch_up: edit.catch_up.map_or(&old.catch_up, |c| c.as_str()),
            catch_up_window_seconds: edit.catch_up_window_seconds.unwrap_or(old.catch_up_window_seconds),
            jitter_seconds: edit.jitter_seconds.unwrap_or(old.jitter_seconds),
            timeout_seconds: edit.timeout_seconds.or(old.timeout_seconds),
            max_attempts: edit.max_attempts.or(old.max_attempts),
            next_due_at,
            due_zone,
        };
        store::schedules::update(&mut tx, id, &edited).await?;
        let before = json!({"enabled": old.enabled, "cron": old.cron, "every_seconds": old.every_seconds, "zone": old.zone,
            "overlap": old.overlap, "catch_up": old.catch_up});
        let after = json!({"enabled": enabled, "cron": cron, "every_seconds": every_seconds, "zone": zone,
            "overlap": edited.overlap, "catch_up": edited.catch_up});
        self.audit(&mut tx, who, Act::done("jobs.schedule_edit", "schedule", id).before(before).after(after)).await?;
        store::live::emit(&mut tx, Topic::Jobs, "").await?;
        let row = store::schedules::get(&mut tx, id).await?.ok_or_else(|| AppError::not_found("Schedule"))?;
        store::commit(tx).await?;
        Ok(self.view(row, &business_zone))
    }

    pub(super) async fn run_schedule_now(
        &self,
        who: &Principal,
        id: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answered<Result<Enqueued, AppError>>, AppError> {
        who.require(Permission::JobsRun)?;
        let route = format!("POST /api/v1/schedules/{id}/run");
        let request = Request { who, key, route: &route, body: &(), status: 202 };
        let at = self.backend.clock.now();
        once(&self.backend.pools.admin, at, request, async |connection: &mut PgConnection| {
            self.begin_scheduled(connection, who, id).await
        })
        .await
    }

    async fn begin_scheduled(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: &str,
    ) -> Result<Enqueued, AppError> {
        let row = store::schedules::lock(connection, id).await?.ok_or_else(|| AppError::not_found("Schedule"))?;
        let open = store::schedules::open_runs(connection, id).await?;
        if let Some(run) = open.first().filter(|_| row.overlap != "allow") {
            return Ok(Enqueued { job_id: JobId(run.id), deduplicated: true });
        }
        let request = schedule_request(&self.registry, &row, None).ok_or_else(|| unknown_kind(&row))?;
        let enqueued = enqueue(connection, self.backend.clock.as_ref(), who, request).await?;
        let act = Act::done("jobs.schedule_run", "schedule", id).after(json!({"job": enqueued.job_id}));
        self.audit(connection, who, act).await?;
        Ok(enqueued)
    }

    pub(super) async fn backfill_schedule(
        &self,
        who: &Principal,
        id: &str,
        range: &Backfill,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answered<Result<BackfillResult, AppError>>, AppError> {
        who.require(Permission::JobsManage)?;
        let route = format!("POST /api/v1/schedules/{id}/backfill");
        let request = Request { who, key, route: &route, body: range, status: 202 };
        let at = self.backend.clock.now();
        once(&self.backend.pools.admin, at, request, async |connection: &mut PgConnection| {
            self.begin_late(connection, who, id, range).await
        })
        .await
    }

    async fn begin_late(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: &str,
        range: &Backfill,
    ) -> Result<BackfillResult, AppError> {
        range.validate().map_err(AppError::validation)?;
        let row = store::schedules::lock(connection, id).await?.ok_or_else(|| AppError::not_found("Schedule"))?;
        let zone = store::settings::business(connection).await?.zone;
        let timing = timing_of(&row, &zone).map_err(AppError::validation)?;
        let now = self.backend.clock.now();
        let just_before = chrono::Duration::milliseconds(1);
        let last = range.to.with_timezone(&Utc).min(now) - just_before;
        let due = timing.between(range.from.with_timezone(&Utc) - just_before, last, BACKFILL + 1);
        if due.len() > BACKFILL {
            return Err(AppError::field(
                "to",
                format!("This range holds more than {BACKFILL} due times. Choose a shorter one."),
            ));
        }
        let mut result = BackfillResult { enqueued: 0, already_fired: 0 };
        // One behind the other: backfilled runs never overlap.
        let mut slot = store::schedules::open_runs(connection, id).await?.last().map(|run| run.slot);
        for due_at in due {
            if !store::schedules::fire(connection, id, due_at, now, "caught_up", None).await? {
                result.already_fired += 1;
                continue;
            }
            let mut request = schedule_request(&self.registry, &row, Some(due_at)).ok_or_else(|| unknown_kind(&row))?;
            request.slot = slot;
            let run = enqueue(connection, self.backend.clock.as_ref(), who, request).await?;
            store::schedules::link_run(connection, id, due_at, run.job_id.0).await?;
            if slot.is_none() {
                slot = store::schedules::open_runs(connection, id).await?.last().map(|run| run.slot);
            }
            result.enqueued += 1;
        }
        let act = Act::done("jobs.schedule_backfill", "schedule", id)
            .after(json!({"from": range.from, "to": range.to, "enqueued": result.enqueued}));
        self.audit(connection, who, act).await?;
        Ok(result)
    }

    /// The instants that the form means in the schedule's zone.
    pub(super) async fn range_of(&self, id: &str, form: &BackfillForm) -> Result<Backfill, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let row = store::schedules::get(&mut connection, id).await?.ok_or_else(|| AppError::not_found("Schedule"))?;
        let business = store::settings::business(&mut connection).await?.zone;
        let zone = row.zone.as_deref().unwrap_or(&business);
        let zone = BusinessZone::parse(zone).map_err(|why| AppError::field("from", why))?;
        let [from, to] =
            form.times().map_err(AppError::validation)?.map(|time| zone.local(zone.earliest_instant(time)));
        Ok(Backfill { from, to })
    }

    pub(super) async fn due_times_of(&self, id: &str, count: u32) -> Result<DueTimes, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let row = store::schedules::get(&mut connection, id).await?.ok_or_else(|| AppError::not_found("Schedule"))?;
        let zone = store::settings::business(&mut connection).await?.zone;
        let timing = timing_of(&row, &zone).map_err(AppError::validation)?;
        Ok(self.due(&timing, count))
    }

    pub(super) async fn due_times(&self, draft: ScheduleDraft, count: u32) -> Result<DueTimes, AppError> {
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = store::settings::business(&mut connection).await?.zone;
        let given = |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        let zone = given(&draft.zone).unwrap_or(zone);
        let timing =
            Timing::new(given(&draft.cron).as_deref(), draft.every_seconds, &zone).map_err(AppError::validation)?;
        Ok(self.due(&timing, count))
    }

    fn due(&self, timing: &Timing, count: u32) -> DueTimes {
        let count = usize::try_from(count.clamp(1, 100)).unwrap_or(5);
        let next = timing.after(self.backend.clock.now()).take(count).map(|at| local(at, timing.zone())).collect();
        DueTimes { zone: timing.zone().name().to_owned(), next }
    }
}

fn unknown_kind(row: &ScheduleRow) -> AppError {
    AppError::conflict(format!("This release does not know the job {} of this schedule.", row.kind))
}
