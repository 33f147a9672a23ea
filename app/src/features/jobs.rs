//! Server functions of jobs.

#![allow(clippy::too_many_arguments, reason = "the fields of a form are the arguments of its function")]

use crate::{fault::Fault, page_data::Packed};
use domain::jobs::{BulkScreen, JobDetail, JobsScreen, QueueView, ScheduleScreen, ScheduleView};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// `/jobs` with the filter in `query`, the query part of its address.
#[server(prefix = "/fn", endpoint = "jobs/list", input = GetUrl)]
pub async fn load_jobs(query: String) -> Result<Packed<JobsScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::jobs::{JobFilter, JobsPort, KindChoice};
    let (who, jobs, filter) = (principal()?, port::<dyn JobsPort>()?, JobFilter::from_query(&query));
    let page = jobs.list(&who, filter.clone()).await?;
    let stats = jobs.stats(&who).await?;
    let kinds = jobs.kinds(&who).await?.into_iter();
    let kinds =
        kinds.map(|k| KindChoice { kind: k.kind.to_owned(), title: k.title.to_owned(), by_hand: k.by_hand }).collect();
    let queues = jobs.queues(&who).await?;
    Packed::of(&JobsScreen { filter, page, states: stats.states, window_days: stats.window_days, kinds, queues })
}

/// One run; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "jobs/detail", input = GetUrl)]
pub async fn load_job(id: String) -> Result<Packed<Option<JobDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, jobs::JobsPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    let found = match port::<dyn JobsPort>()?.detail(&principal()?, id).await {
        Err(error) if error.code == ErrorCode::NotFound => None,
        found => Some(found?),
    };
    Packed::of(&found)
}

#[server(prefix = "/fn", endpoint = "jobs/cancel")]
pub async fn cancel_job(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, jobs::JobsPort};
    let id = id.parse().map_err(|_| AppError::not_found("Job run"))?;
    Ok(port::<dyn JobsPort>()?.cancel(&principal()?, id).await?)
}

/// Runs the same work again and goes to the new run.
#[server(prefix = "/fn", endpoint = "jobs/retry")]
pub async fn retry_job(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, jobs::JobsPort};
    let id = id.parse().map_err(|_| AppError::not_found("Job run"))?;
    let run = port::<dyn JobsPort>()?.retry(&principal()?, id).await?;
    redirect(&format!("/jobs/{}", run.job_id));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "jobs/schedules", input = GetUrl)]
pub async fn load_schedules() -> Result<Packed<Vec<ScheduleView>>, Fault> {
    use crate::context::{port, principal};
    use domain::jobs::JobsPort;
    Packed::of(&port::<dyn JobsPort>()?.schedules(&principal()?).await?)
}

/// Runs a schedule out of turn and goes to the run.
#[server(prefix = "/fn", endpoint = "jobs/run_schedule")]
pub async fn run_schedule(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::jobs::JobsPort;
    let run = port::<dyn JobsPort>()?.run_schedule(&principal()?, &id, None).await.value?;
    redirect(&format!("/jobs/{}", run.job_id));
    Ok(())
}

/// Switches a schedule on or off.
#[server(prefix = "/fn", endpoint = "jobs/switch_schedule")]
pub async fn switch_schedule(id: String, version: i32, enabled: bool) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::jobs::{JobsPort, ScheduleEdit};
    let edit = ScheduleEdit { version, enabled: Some(enabled), ..ScheduleEdit::default() };
    port::<dyn JobsPort>()?.edit_schedule(&principal()?, &id, edit).await?;
    Ok(())
}

#[server(prefix = "/fn", endpoint = "jobs/queues", input = GetUrl)]
pub async fn load_queues() -> Result<Packed<Vec<QueueView>>, Fault> {
    use crate::context::{port, principal};
    use domain::jobs::JobsPort;
    Packed::of(&port::<dyn JobsPort>()?.queues(&principal()?).await?)
}

/// Runs at work go on; waiting ones wait until the queue is resumed.
#[server(prefix = "/fn", endpoint = "jobs/pause")]
pub async fn pause_queue(queue: String, reason: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::jobs::{JobsPort, PauseQueue};
    port::<dyn JobsPort>()?.pause(&principal()?, &queue, PauseQueue { reason }).await?;
    redirect("/jobs/queues");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "jobs/resume")]
pub async fn resume_queue(queue: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::jobs::JobsPort;
    port::<dyn JobsPort>()?.resume(&principal()?, &queue).await?;
    redirect("/jobs/queues");
    Ok(())
}

/// What the action in `query` would change; nothing is changed.
#[server(prefix = "/fn", endpoint = "jobs/act_preview", input = GetUrl)]
pub async fn preview_act(query: String) -> Result<Packed<BulkScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        jobs::{BulkJobs, JobsPort},
        query::pairs,
    };
    let asked = BulkJobs::from_query(&query)?;
    let changed =
        pairs(&query).into_iter().find(|(name, _)| name == "changed").and_then(|(_, value)| value.parse().ok());
    let (action, selected, filter) = (asked.action, !asked.ids.is_empty(), asked.filter.clone());
    let dry = BulkJobs { dry_run: true, ..asked };
    let matched = port::<dyn JobsPort>()?.bulk(&principal()?, dry).await?.matched;
    Packed::of(&BulkScreen { action, matched, selected, filter, changed })
}

/// Does what the action in `query` says, and comes back with the number of runs it changed.
#[server(prefix = "/fn", endpoint = "jobs/act")]
pub async fn act_on_jobs(query: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::jobs::{BulkJobs, JobsPort};
    let asked = BulkJobs::from_query(&query)?;
    let (action, filter) = (asked.action, asked.filter.to_query());
    let done = port::<dyn JobsPort>()?.bulk(&principal()?, asked).await?;
    redirect(&format!("/jobs/act?action={action}&changed={}&{filter}", done.changed));
    Ok(())
}

/// One schedule with its form as `query` fills it in; `None`: there is no such schedule.
#[server(prefix = "/fn", endpoint = "jobs/schedule", input = GetUrl)]
pub async fn load_schedule(id: String, query: String) -> Result<Packed<Option<ScheduleScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        jobs::{BackfillResult, JobsPort, ScheduleForm},
        query::pairs,
    };
    let (who, jobs) = (principal()?, port::<dyn JobsPort>()?);
    let Some(schedule) = jobs.schedules(&who).await?.into_iter().find(|schedule| schedule.id == id) else {
        return Packed::of(&None);
    };
    let form = ScheduleForm::from_query(&query).unwrap_or_else(|| ScheduleForm::of(&schedule));
    let due = match form.to_draft() {
        Ok(draft) => jobs.preview(&who, draft, 5).await,
        Err(faults) => Err(AppError::validation(faults)),
    };
    let number =
        |wanted: &str| pairs(&query).into_iter().find(|(name, _)| name == wanted).and_then(|(_, n)| n.parse().ok());
    let filled = number("made").zip(number("had"));
    let filled = filled.map(|(enqueued, already_fired)| BackfillResult { enqueued, already_fired });
    Packed::of(&Some(ScheduleScreen { schedule, form, due, filled }))
}

#[server(prefix = "/fn", endpoint = "jobs/edit_schedule")]
pub async fn edit_schedule(
    id: String,
    version: i32,
    #[server(default)] enabled: String,
    #[server(default)] cron: String,
    #[server(default)] every_seconds: String,
    #[server(default)] zone: String,
    #[server(default)] overlap: String,
    #[server(default)] catch_up: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        jobs::{JobsPort, ScheduleForm},
    };
    let trimmed = |text: String| text.trim().to_owned();
    let form = ScheduleForm {
        enabled,
        cron: trimmed(cron),
        every_seconds: trimmed(every_seconds),
        zone: trimmed(zone),
        overlap,
        catch_up,
    };
    let edit = form.to_edit(version).map_err(AppError::validation)?;
    port::<dyn JobsPort>()?.edit_schedule(&principal()?, &id, edit).await?;
    redirect("/jobs/schedules");
    Ok(())
}

/// Runs the due times of a range late, and comes back with the number of runs it made.
#[server(prefix = "/fn", endpoint = "jobs/backfill_schedule")]
pub async fn backfill_schedule(
    id: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::jobs::{BackfillForm, JobsPort};
    let done = port::<dyn JobsPort>()?.backfill_local(&principal()?, &id, BackfillForm { from, to }).await?;
    redirect(&format!("/jobs/schedules/{id}?made={}&had={}", done.enqueued, done.already_fired));
    Ok(())
}
