//! `/jobs/act`: says how many runs an action would change, and does it when told so.

use super::list_href;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::jobs::{ActOnJobs, preview_act},
    page_data::{PageData, own_search},
    pages::LazyPage,
};
use domain::{
    format,
    jobs::{BulkAction, BulkScreen},
};
use leptos::{form::ActionForm, prelude::*};

/// The page that asks before it acts.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct ActRoute {
    query: Memo<String>,
    screen: PageData<BulkScreen>,
    act: ServerAction<ActOnJobs>,
}

impl LazyPage for ActRoute {
    fn data() -> Self {
        let query = own_search("/jobs/act");
        Self { query, screen: PageData::load(move || query.get(), preview_act), act: ServerAction::new() }
    }

    fn view(this: Self) -> AnyView {
        let ActRoute { query, screen, act } = this;
        view! {
            <PageHead title="Many runs at once" scope="Nothing is changed before it is confirmed">
                <a class="btn quiet" href="/jobs">"All runs"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(act)/>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move {
                    let asked = query.get();
                    ready_or_failed(screen.await, move |screen| shown(screen, asked, act))
                })}
            </Transition>
        }
        .into_any()
    }
}

const fn words(action: BulkAction) -> (&'static str, &'static str) {
    match action {
        BulkAction::Cancel => ("Cancel", "cancelled or asked to stop"),
        BulkAction::Retry => ("Run again", "put into their queues again"),
        BulkAction::Delete => ("Delete", "deleted"),
    }
}

fn shown(screen: BulkScreen, asked: String, act: ServerAction<ActOnJobs>) -> AnyView {
    let locale = session().business.locale;
    let back = list_href(&screen.filter);
    let (verb, done) = words(screen.action);
    let runs = |n: i64| format!("{} {}", format::count(n, &locale), if n == 1 { "run" } else { "runs" });
    if let Some(changed) = screen.changed {
        return view! {
            <section class="card">
                <p role="status">{format!("{} {done}.", runs(changed))}</p>
                <p><a class="btn" href=back>"Back to the list"</a></p>
            </section>
        }
        .into_any();
    }
    let which = if screen.selected { "of those selected" } else { "of all that match the filter" };
    if screen.matched == 0 {
        return view! {
            <section class="card">
                <p role="status">{format!("No run {which} can be {done}.")}</p>
                <p><a class="btn" href=back>"Back to the list"</a></p>
            </section>
        }
        .into_any();
    }
    let (question, answer) =
        (format!("{} {which} will be {done}.", runs(screen.matched)), format!("{verb}: {}", runs(screen.matched)));
    let class = if screen.action == BulkAction::Retry { "btn primary" } else { "btn danger" };
    view! {
        <section class="card">
            <p role="status">{question}</p>
            <ActionForm action=act>
                <CsrfField/>
                <input type="hidden" name="query" value=asked/>
                <div class="form-actions">
                    <button class=class type="submit">{answer}</button>
                    <a class="btn quiet" href=back>"Change nothing"</a>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}
