//! `/jobs`: what runs in the background, and how it went. The filter is in the URL.

pub mod act;
pub mod detail;
mod filters;
pub mod queues;
pub mod schedule;
pub mod schedules;
mod table;

use crate::{
    components::{
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    features::jobs::load_jobs,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    jobs::{JobFilter, JobsScreen, QueueView},
    live::Topic,
};
use leptos::prelude::*;

/// The address of the list with `filter`.
fn list_href(filter: &JobFilter) -> String {
    let query = filter.to_query();
    if query.is_empty() { "/jobs".to_owned() } else { format!("/jobs?{query}") }
}

/// The list page.
#[derive(Debug)]
pub struct JobsRoute {
    screen: PageData<JobsScreen>,
}

impl LazyPage for JobsRoute {
    fn data() -> Self {
        Self { screen: PageData::of_address(Topic::Jobs, load_jobs) }
    }

    fn view(this: Self) -> AnyView {
        let JobsRoute { screen } = this;
        view! {
            <PageHead title="Jobs" scope="Work in the background: imports, schedules, upkeep">
                <a class="btn" href="/jobs/queues">"Queues"</a>
                <a class="btn" href="/jobs/schedules">"Schedules"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, screen_view) })}
            </Transition>
        }
        .into_any()
    }
}

fn screen_view(screen: JobsScreen) -> impl IntoView {
    let paused: Vec<_> = screen.queues.iter().filter(|q| q.paused_at.is_some()).cloned().collect();
    view! {
        {paused.into_iter().map(paused_banner).collect_view()}
        {filters::state_chips(&screen)}
        {filters::filter_bar(&screen)}
        {table::runs(&screen)}
    }
}

fn paused_banner(queue: QueueView) -> impl IntoView {
    let by = queue.paused_by.unwrap_or_default();
    let why = queue.pause_reason.unwrap_or_default();
    view! {
        <div class="banner" role="note">
            {format!("Queue {} is paused by {by}: {why} · {} waiting", queue.name, queue.queued)}
        </div>
    }
}
