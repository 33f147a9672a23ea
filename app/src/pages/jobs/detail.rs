//! `/jobs/{id}`: one run with its progress, log, payload and result.

use super::table::state_badge;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::jobs::{CancelJob, RetryJob, load_job},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use chrono::{DateTime, FixedOffset};
use domain::{
    format,
    jobs::{EventLevel, JobDetail, JobEvent, JobRow, JobState},
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

/// The page of a run.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct JobRoute {
    job: PageData<Option<JobDetail>>,
    cancel: ServerAction<CancelJob>,
    retry: ServerAction<RetryJob>,
}

impl LazyPage for JobRoute {
    fn data() -> Self {
        let params = use_params_map();
        let changed = use_topic(Topic::Jobs);
        let (cancel, retry) = (ServerAction::new(), ServerAction::new());
        let source = move || (params.read().get("id").unwrap_or_default(), changed.get(), cancel.version().get());
        Self { job: PageData::load(source, |(id, _, _)| load_job(id)), cancel, retry }
    }

    fn view(this: Self) -> AnyView {
        let JobRoute { job, cancel, retry } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(job.await, move |job| found(job, cancel, retry)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(job: Option<JobDetail>, cancel: ServerAction<CancelJob>, retry: ServerAction<RetryJob>) -> AnyView {
    let Some(job) = job else {
        set_status(404);
        return view! {
            <PageHead title="Run not found"/>
            <div class="empty">
                <p>"There is no such run, or its history has been removed after its keeping time."</p>
                <p><a class="btn" href="/jobs">"All runs"</a></p>
            </div>
        }
        .into_any();
    };
    let id = job.run.id.to_string();
    let (cancel_id, retry_id) = (id.clone(), id);
    view! {
        <PageHead title=job.run.title.clone() scope=format!("Run {}", job.run.id)>
            <a class="btn quiet" href="/jobs">"All runs"</a>
            {job.may_retry.then(|| view! {
                <ActionForm action=retry>
                    <CsrfField/>
                    <input type="hidden" name="id" value=retry_id/>
                    <button class="btn" type="submit">"Run again"</button>
                </ActionForm>
            })}
            {(job.may_cancel && !job.run.cancel_requested).then(|| view! {
                <ActionForm action=cancel>
                    <CsrfField/>
                    <input type="hidden" name="id" value=cancel_id/>
                    <button class="btn danger" type="submit">"Cancel run"</button>
                </ActionForm>
            })}
        </PageHead>
        <ErrorSummary state=FormState::of(cancel)/>
        <ErrorSummary state=FormState::of(retry)/>
        {progress_card(&job.run)}
        {facts_card(&job)}
        {values_card(&job)}
        {log_card(job.events)}
    }
    .into_any()
}

fn progress_card(run: &JobRow) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let progress = run.progress.clone();
    let bar = match (run.state, progress.total) {
        (JobState::Running, None) => Some(None),
        (_, Some(total)) if total > 0 => Some(Some((progress.done.to_string(), total.to_string()))),
        _ => None,
    };
    let state = match run.state {
        JobState::Failed => Some("failed"),
        JobState::Succeeded | JobState::Partial => Some("done"),
        _ => None,
    };
    let done = match progress.total {
        Some(total) => format!("{} of {}", format::count(progress.done, &locale), format::count(total, &locale)),
        None => format!("{} done", format::count(progress.done, &locale)),
    };
    #[allow(clippy::cast_possible_truncation, reason = "a rate for display")]
    let rate = progress
        .rate
        .filter(|_| run.state == JobState::Running)
        .map(|rate| format!("{} a second", format::count(rate.round() as i64, &locale)));
    let left = progress.eta_seconds.map(|seconds| format!("about {} left", format::duration(seconds)));
    view! {
        <section class="card" aria-label="Progress">
            <p>{state_badge(run)} " " {progress.step.clone()}</p>
            <div class="progress" data-state=state>
                {bar.map(|bar| match bar {
                    Some((value, max)) => view! { <progress value=value max=max aria-label="Items done"></progress> }.into_any(),
                    None => view! { <progress aria-label="At work"></progress> }.into_any(),
                })}
                <div class="progress-line">
                    <span>{done}</span>
                    <span>{rate}</span>
                    <span>{left}</span>
                </div>
            </div>
            {run.error_message.clone().map(|message| view! { <p class="error">{message}</p> })}
        </section>
    }
}

fn moment(at: DateTime<FixedOffset>) -> impl IntoView {
    view! {
        <time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::date_time(at)}</time>
    }
}

fn fact(term: &'static str, value: impl IntoView + 'static) -> AnyView {
    view! { <div><dt>{term}</dt><dd>{value}</dd></div> }.into_any()
}

fn facts_card(job: &JobDetail) -> impl IntoView + use<> {
    let run = &job.run;
    let mut facts = vec![
        fact("Job", run.kind.clone()),
        fact("Queue", run.queue.clone()),
        fact("Attempt", format!("{} of {}", run.attempt, run.max_attempts)),
        fact("Asked for by", run.requested_by.clone()),
        fact("Asked for at", moment(run.created_at)),
    ];
    if run.state == JobState::Queued {
        facts.push(fact("Starts at", moment(run.run_at)));
    }
    facts.extend(run.started_at.map(|at| fact("Started", moment(at))));
    facts.extend(run.finished_at.map(|at| fact("Ended", moment(at))));
    facts.extend(run.duration_seconds().map(|seconds| fact("Took", format::duration(seconds))));
    facts.push(fact("Time limit", format::duration(job.timeout_seconds.into())));
    facts.extend(
        run.schedule_id
            .clone()
            .map(|id| fact("Schedule", view! { <a href=format!("/jobs?schedule={id}")>{id.clone()}</a> })),
    );
    facts.extend(job.cancel_requested_by.clone().map(|by| fact("Cancelled by", by)));
    facts.extend(job.error_code.clone().map(|code| fact("Error code", code)));
    facts.extend(job.worker_id.clone().map(|worker| fact("Worker", worker)));
    facts.extend(job.parent_id.map(|id| fact("Repeats", view! { <a href=format!("/jobs/{id}")>{id.to_string()}</a> })));
    for id in &job.retries {
        let id = *id;
        facts.push(fact("Repeated by", view! { <a href=format!("/jobs/{id}")>{id.to_string()}</a> }));
    }
    view! {
        <section class="card" aria-label="Facts">
            <header><h2>"Facts"</h2></header>
            <dl class="details">{facts}</dl>
        </section>
    }
}

/// Payload, counters and result, as far as there are any.
fn values_card(job: &JobDetail) -> impl IntoView + use<> {
    let values = [
        ("Payload", Some(job.payload.clone())),
        ("Counters", Some(job.counters.clone())),
        ("Result", job.result.clone()),
    ];
    let shown: Vec<_> = values
        .into_iter()
        .filter_map(|(title, value)| {
            let value = value.filter(|v| !v.is_null() && v.as_object().is_none_or(|o| !o.is_empty()))?;
            let text = serde_json::to_string_pretty(&value).unwrap_or_default();
            Some(view! { <section class="card"><header><h2>{title}</h2></header><pre tabindex="0">{text}</pre></section> })
        })
        .collect();
    shown.collect_view()
}

fn log_card(events: Vec<JobEvent>) -> impl IntoView {
    let lines = events
        .into_iter()
        .map(|event| {
            let tone = match event.level {
                EventLevel::Info => None,
                EventLevel::Warn => Some("warn"),
                EventLevel::Error => Some("bad"),
            };
            view! { <li data-tone=tone><span>{event.message}</span><small>{moment(event.at)}</small></li> }
        })
        .collect_view();
    view! {
        <section class="card" aria-label="Log">
            <header><h2>"Log"</h2></header>
            <ol class="timeline">{lines}</ol>
        </section>
    }
}
