//! Server functions of jobs.

use crate::{fault::Fault, page_data::Packed};
use domain::jobs::{JobDetail, JobsScreen, ScheduleView};
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
    let run = port::<dyn JobsPort>()?.run_schedule(&principal()?, &id).await?;
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
