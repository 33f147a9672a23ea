//! Chips by state and the filter form, both plain GETs.

use super::list_href;
use crate::context::session;
use domain::{
    format,
    jobs::{JobFilter, JobState, JobsScreen},
};
use leptos::prelude::*;

/// One chip a state, with its count over the window; the chosen one is marked.
pub fn state_chips(screen: &JobsScreen) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let chosen = screen.filter.state.clone();
    let count = |wanted: &dyn Fn(JobState) -> bool| {
        let runs: i64 = screen.states.iter().filter(|s| wanted(s.state)).map(|s| s.runs).sum();
        format::count(runs, &locale)
    };
    let mut chips = vec![
        (None, format!("All {}", count(&|_| true))),
        (Some("open"), format!("Open {}", count(&JobState::is_open))),
    ];
    for state in JobState::ALL {
        chips.push((Some(state.as_str()), format!("{} {}", capital(state.as_str()), count(&|s| s == *state))));
    }
    let filter = screen.filter.clone();
    let links = chips
        .into_iter()
        .map(|(state, label)| {
            let href = list_href(&JobFilter { state: state.map(str::to_owned), cursor: None, ..filter.clone() });
            let current = (chosen.as_deref() == state).then_some("true");
            view! { <li><a href=href aria-current=current>{label}</a></li> }
        })
        .collect_view();
    view! { <ul class="chips" aria-label=format!("Runs of the last {} days by state", screen.window_days)>{links}</ul> }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn options(any: &'static str, values: Vec<(String, String)>, chosen: Option<&str>) -> impl IntoView + use<> {
    let chosen = chosen.unwrap_or_default().to_owned();
    let listed = values
        .into_iter()
        .map(|(value, label)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{label}</option> }
        })
        .collect_view();
    view! { <option value="">{any}</option> {listed} }
}

/// The filter form.
pub fn filter_bar(screen: &JobsScreen) -> impl IntoView + use<> {
    let filter = screen.filter.clone();
    let kinds = screen.kinds.iter().map(|k| (k.kind.clone(), k.title.clone())).collect();
    let queues = screen.queues.iter().map(|q| (q.name.clone(), q.name.clone())).collect();
    view! {
        <form class="filters" method="get" action="/jobs" role="search" aria-label="Filter runs">
            {filter.state.clone().map(|state| view! { <input type="hidden" name="state" value=state/> })}
            <div class="field">
                <label for="filter-q">"Text"</label>
                <input id="filter-q" name="q" type="search" maxlength="200" placeholder="Payload, step or error"
                    value=filter.q.clone().unwrap_or_default()/>
            </div>
            <div class="field">
                <label for="filter-kind">"Job"</label>
                <select id="filter-kind" name="kind">{options("Any", kinds, filter.kind.as_deref())}</select>
            </div>
            <div class="field">
                <label for="filter-queue">"Queue"</label>
                <select id="filter-queue" name="queue">{options("Any", queues, filter.queue.as_deref())}</select>
            </div>
            <button class="btn" type="submit">"Apply"</button>
            <a class="btn quiet" href="/jobs">"Clear"</a>
        </form>
    }
}
