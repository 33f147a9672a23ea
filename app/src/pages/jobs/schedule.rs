//! `/jobs/schedules/{id}`: when one schedule runs. The form is the page's address, so that the next times
//! follow the typing; without script a button shows them.

use crate::{
    browser,
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::set_status,
    features::jobs::{BackfillSchedule, EditSchedule, load_schedule},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    AppError, format,
    jobs::{BackfillResult, CatchUp, DueTimes, Overlap, ScheduleForm, ScheduleScreen},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_params_map},
};

/// The page of one schedule.
#[derive(Debug)]
pub struct ScheduleRoute {
    screen: PageData<Option<ScheduleScreen>>,
}

impl LazyPage for ScheduleRoute {
    fn data() -> Self {
        let (params, search) = (use_params_map(), use_location().search);
        let asked = move || (params.read().get("id").unwrap_or_default(), search.get());
        Self { screen: PageData::load(asked, |(id, query)| load_schedule(id, query)) }
    }

    fn view(this: Self) -> AnyView {
        let screen = this.screen;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, found) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(screen: Option<ScheduleScreen>) -> AnyView {
    let Some(ScheduleScreen { schedule, form, due, filled }) = screen else {
        set_status(404);
        return view! {
            <PageHead title="Schedule not found"/>
            <p><a class="btn" href="/jobs/schedules">"All schedules"</a></p>
        }
        .into_any();
    };
    let state = FormState::plain(EditSchedule::PATH);
    let path = format!("/jobs/schedules/{}", schedule.id);
    let late = backfill(&schedule.id, schedule.zone.as_deref(), filled);
    let (navigate, target) = (use_navigate(), path.clone());
    let follow = move |event: leptos::ev::Event| {
        if let Some(query) = browser::form_query(&event) {
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate(&format!("{target}?{query}"), options);
        }
    };
    view! {
        <PageHead title=schedule.title.clone() scope=format!("Schedule {} · job {}", schedule.id, schedule.kind)>
            <a class="btn quiet" href="/jobs/schedules">"All schedules"</a>
        </PageHead>
        <ErrorSummary state/>
        <form class="form-page" method="post" action=EditSchedule::PATH on:change=follow>
            <CsrfField/>
            <input type="hidden" name="id" value=schedule.id.clone()/>
            <input type="hidden" name="version" value=schedule.version.to_string()/>
            {fields(&form, state)}
            {next_times(due)}
            <div class="form-actions">
                <button class="btn primary" type="submit">"Save"</button>
                <button class="btn" type="submit" formmethod="get" formaction=path>"Show the next times"</button>
            </div>
        </form>
        {late}
    }
    .into_any()
}

fn fields(form: &ScheduleForm, state: FormState) -> impl IntoView + use<> {
    let enabled = state.typed("enabled", &form.enabled);
    let words = |words: &'static [(&'static str, &'static str)]| words.to_vec();
    let overlap = words(&[
        ("skip", "Skip the new run"),
        ("buffer_one", "Keep one waiting"),
        ("allow", "Run beside it"),
        ("cancel_running", "Cancel the old run"),
    ]);
    let catch_up = words(&[("none", "Leave them out"), ("latest", "Run the latest"), ("all", "Run each")]);
    debug_assert!(overlap.len() == Overlap::ALL.len() && catch_up.len() == CatchUp::ALL.len());
    view! {
        <section class="card">
            <div class="form-grid">
                {choice("enabled", "Runs", vec![("true", "On"), ("false", "Off")], &enabled)}
                {text("cron", "text", "Cron line", "Minute, hour, day, month, weekday: 30 1 * * *", &form.cron, state)}
                {text("every_seconds", "text", "Or every so many seconds", "Leave one of the two empty", &form.every_seconds, state)}
                {text("zone", "text", "Time zone", "Empty: the business zone", &form.zone, state)}
                {choice("overlap", "While its last run is open", overlap, &state.typed("overlap", &form.overlap))}
                {choice("catch_up", "Times missed while nothing ran", catch_up, &state.typed("catch_up", &form.catch_up))}
            </div>
        </section>
    }
}

fn text(
    name: &'static str,
    kind: &'static str,
    label: &'static str,
    help: &'static str,
    value: &str,
    state: FormState,
) -> AnyView {
    let fault = state.fault(name);
    let (help_id, error_id) = (format!("{name}-help"), format!("{name}-error"));
    let described = format!("{help_id} {error_id}");
    view! {
        <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input id=name name=name type=kind maxlength=(kind == "text").then_some("120") value=state.typed(name, value) autocomplete="off" aria-describedby=described/>
            <p class="help" id=help_id>{help}</p>
            <p class="error" id=error_id>{move || fault.get()}</p>
        </div>
    }
    .into_any()
}

fn choice(
    name: &'static str,
    label: &'static str,
    options: Vec<(&'static str, &'static str)>,
    chosen: &str,
) -> AnyView {
    let options = options
        .into_iter()
        .map(|(value, words)| view! { <option value=value selected=value == chosen>{words}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select id=name name=name>{options}</select>
        </div>
    }
    .into_any()
}

/// A form of its own: it makes runs, whatever is typed above.
fn backfill(id: &str, zone: Option<&str>, filled: Option<BackfillResult>) -> impl IntoView + use<> {
    let state = FormState::plain(BackfillSchedule::PATH);
    let clock = format!("Times of {}. ", zone.unwrap_or("the business zone"));
    let done = filled.map(|done| {
        let runs =
            if done.enqueued == 1 { "1 run was made".to_owned() } else { format!("{} runs were made", done.enqueued) };
        let had = match done.already_fired {
            0 => String::new(),
            1 => "; 1 due time had its run already".to_owned(),
            n => format!("; {n} due times had their runs already"),
        };
        let href = format!("/jobs?schedule={id}");
        view! { <p class="banner" role="status">{format!("{runs}{had}. ")}<a href=href>"Show them"</a></p> }
    });
    view! {
        <section class="card">
            <header><h2>"Run past due times"</h2></header>
            {done}
            <ErrorSummary state/>
            <form class="form" method="post" action=BackfillSchedule::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=id.to_owned()/>
                <div class="form-grid">
                    {text("from", "datetime-local", "From", "Included", "", state)}
                    {text("to", "datetime-local", "Until", "Not included; times to come are left out", "", state)}
                </div>
                <p class="help">{clock}"Each due time of the range without a run gets one, one after the other; at most 1,000 at once."</p>
                <div class="form-actions"><button class="btn" type="submit">"Make the runs"</button></div>
            </form>
        </section>
    }
}

fn next_times(due: Result<DueTimes, AppError>) -> impl IntoView {
    let shown = match due {
        Ok(due) if due.next.is_empty() => view! { <p>"Never again."</p> }.into_any(),
        Ok(due) => {
            let zone = due.zone;
            let times = due
                .next
                .into_iter()
                .map(|at| view! { <li><time datetime=format::date_time_machine(at)>{format::date_time_full(at)}</time></li> })
                .collect_view();
            view! { <ol>{times}</ol><p class="help">{format!("In {zone}.")}</p> }.into_any()
        }
        Err(error) => {
            let faults = error.fields.iter().map(|f| view! { <li>{f.message.clone()}</li> }).collect_view();
            view! { <div class="error-summary" role="status"><p>{error.message}</p><ul>{faults}</ul></div> }.into_any()
        }
    };
    view! { <section class="card" aria-live="polite"><header><h2>"Next times"</h2></header>{shown}</section> }
}
