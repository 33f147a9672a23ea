//! `/jobs/schedules`: what runs by the clock, and when next.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::jobs::{RunSchedule, SwitchSchedule, load_schedules},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{access::Permission, format, jobs::ScheduleView, live::Topic};
use leptos::{form::ActionForm, prelude::*};

/// The page of schedules.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct SchedulesRoute {
    schedules: PageData<Vec<ScheduleView>>,
    run: ServerAction<RunSchedule>,
    switch: ServerAction<SwitchSchedule>,
}

impl LazyPage for SchedulesRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Jobs);
        let (run, switch) = (ServerAction::new(), ServerAction::new());
        let source = move || (changed.get(), switch.version().get());
        Self { schedules: PageData::load(source, |_| load_schedules()), run, switch }
    }

    fn view(this: Self) -> AnyView {
        let SchedulesRoute { schedules, run, switch } = this;
        view! {
            <PageHead title="Schedules" scope="Times are in each schedule's zone">
                <a class="btn quiet" href="/jobs">"All runs"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(run)/>
            <ErrorSummary state=FormState::of(switch)/>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(schedules.await, move |all| table(all, run, switch)) })}
            </Transition>
        }
        .into_any()
    }
}

fn table(
    schedules: Vec<ScheduleView>,
    run: ServerAction<RunSchedule>,
    switch: ServerAction<SwitchSchedule>,
) -> AnyView {
    if schedules.is_empty() {
        return view! { <Empty message="Nothing is scheduled."/> }.into_any();
    }
    let rows = schedules.into_iter().map(|schedule| row(schedule, run, switch)).collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <caption class="visually-hidden">"Schedules by group"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Schedule"</th>
                        <th scope="col">"Rhythm"</th>
                        <th scope="col">"Next times"</th>
                        <th scope="col">"Last run"</th>
                        <th scope="col">"Switch"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(schedule: ScheduleView, run: ServerAction<RunSchedule>, switch: ServerAction<SwitchSchedule>) -> impl IntoView {
    let zone = schedule.zone.clone().unwrap_or_else(|| "business zone".to_owned());
    let last = match (&schedule.last_state, schedule.last_fire_at) {
        (state, Some(at)) => format!("{} · {}", state.as_deref().unwrap_or("open"), format::date_time(at)),
        (Some(state), None) => state.clone(),
        (None, None) => "never".to_owned(),
    };
    let times = if schedule.enabled {
        schedule.next.iter().map(|at| view! { <small>{format::date_time(*at)}</small> }).collect_view().into_any()
    } else {
        view! { <span class="badge neutral">"off"</span> }.into_any()
    };
    view! {
        <tr>
            <td>
                <a href=format!("/jobs?schedule={}", schedule.id)>{schedule.title.clone()}</a>
                <small>{schedule.id.clone()}</small>
            </td>
            <td><code>{schedule.rhythm()}</code><small>{zone}</small></td>
            <td>{times}</td>
            <td>{last}</td>
            <td>{controls(&schedule, run, switch)}</td>
        </tr>
    }
}

fn controls(
    schedule: &ScheduleView,
    run: ServerAction<RunSchedule>,
    switch: ServerAction<SwitchSchedule>,
) -> impl IntoView + use<> {
    let session = session();
    let (run_id, switch_id) = (schedule.id.clone(), schedule.id.clone());
    let edited = (schedule.id.clone(), schedule.title.clone());
    let (version, enabled) = (schedule.version, schedule.enabled);
    let named = schedule.title.clone();
    let switch_label = format!("Switch {} {}", if enabled { "off" } else { "on" }, schedule.title);
    view! {
        {session.may(Permission::JobsRun).then(|| view! {
            <ActionForm action=run>
                <CsrfField/>
                <input type="hidden" name="id" value=run_id/>
                <button class="btn" type="submit" aria-label=format!("Run now: {named}")>"Run now"</button>
            </ActionForm>
        })}
        {session.may(Permission::JobsManage).then(|| view! {
            <a class="btn" href=format!("/jobs/schedules/{}", edited.0) aria-label=format!("Edit {}", edited.1)>"Edit"</a>
            <ActionForm action=switch>
                <CsrfField/>
                <input type="hidden" name="id" value=switch_id/>
                <input type="hidden" name="version" value=version.to_string()/>
                <input type="hidden" name="enabled" value=(!enabled).to_string()/>
                <button class="btn quiet" type="submit" aria-label=switch_label>{if enabled { "Switch off" } else { "Switch on" }}</button>
            </ActionForm>
        })}
    }
}
