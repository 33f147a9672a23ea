//! `/jobs/queues`: how much waits where, and pausing.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::jobs::{PauseQueue, ResumeQueue, load_queues},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{access::Permission, format, jobs::QueueView, live::Topic};
use leptos::{form::ActionForm, prelude::*};

/// The page of queues.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct QueuesRoute {
    queues: PageData<Vec<QueueView>>,
    pause: ServerAction<PauseQueue>,
    resume: ServerAction<ResumeQueue>,
}

impl LazyPage for QueuesRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Jobs);
        let (pause, resume) = (ServerAction::new(), ServerAction::new());
        let source = move || (changed.get(), pause.version().get(), resume.version().get());
        Self { queues: PageData::load(source, |_| load_queues()), pause, resume }
    }

    fn view(this: Self) -> AnyView {
        let QueuesRoute { queues, pause, resume } = this;
        view! {
            <PageHead title="Queues" scope="Runs at work go on when their queue is paused; waiting ones wait">
                <a class="btn quiet" href="/jobs">"All runs"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(pause)/>
            <ErrorSummary state=FormState::of(resume)/>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(queues.await, move |all| table(all, pause, resume)) })}
            </Transition>
        }
        .into_any()
    }
}

fn table(queues: Vec<QueueView>, pause: ServerAction<PauseQueue>, resume: ServerAction<ResumeQueue>) -> AnyView {
    let rows = queues.into_iter().map(|queue| row(queue, pause, resume)).collect_view();
    view! {
        <section class="card">
            <div class="table-wrap">
                <table class="stack">
                    <caption class="visually-hidden">"Queues by name"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Queue"</th>
                            <th scope="col" class="r">"At once"</th>
                            <th scope="col" class="r">"Waiting"</th>
                            <th scope="col" class="r">"Running"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Switch"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(queue: QueueView, pause: ServerAction<PauseQueue>, resume: ServerAction<ResumeQueue>) -> impl IntoView {
    let session = session();
    let locale = session.business.locale.clone();
    let at_once = match queue.per_key_concurrency {
        Some(each) => format!("{} ({each} a dealer)", queue.concurrency),
        None => queue.concurrency.to_string(),
    };
    let state = match queue.paused_at {
        Some(at) => {
            let by = queue.paused_by.clone().unwrap_or_default();
            let why = queue.pause_reason.clone().unwrap_or_default();
            view! {
                <span class="badge warn">"paused"</span>" "<small>{format!("{by}, {}: {why}", format::date_time(at))}</small>
            }
            .into_any()
        }
        None => view! { <span class="badge good">"open"</span> }.into_any(),
    };
    let controls = session.may(Permission::JobsManage).then(|| controls(&queue, pause, resume));
    view! {
        <tr>
            <td><a href=format!("/jobs?queue={}&state=open", queue.name)>{queue.name.clone()}</a></td>
            <td class="r num" data-label="At once">{at_once}</td>
            <td class="r num" data-label="Waiting">{format::count(queue.queued, &locale)}</td>
            <td class="r num" data-label="Running">{format::count(queue.running, &locale)}</td>
            <td>{state}</td>
            <td>{controls}</td>
        </tr>
    }
}

fn controls(
    queue: &QueueView,
    pause: ServerAction<PauseQueue>,
    resume: ServerAction<ResumeQueue>,
) -> impl IntoView + use<> {
    let name = queue.name.clone();
    if queue.paused_at.is_some() {
        return view! {
            <ActionForm action=resume>
                <CsrfField/>
                <input type="hidden" name="queue" value=name.clone()/>
                <button class="btn primary" type="submit" aria-label=format!("Resume {name}")>"Resume"</button>
            </ActionForm>
        }
        .into_any();
    }
    let field = format!("reason-{name}");
    view! {
        <ActionForm action=pause>
            <CsrfField/>
            <input type="hidden" name="queue" value=name.clone()/>
            <label class="visually-hidden" for=field.clone()>{format!("Why {name} is paused")}</label>
            <input id=field name="reason" type="text" maxlength="300" required placeholder="Reason"/>
            <button class="btn" type="submit" aria-label=format!("Pause {name}")>"Pause"</button>
        </ActionForm>
    }
    .into_any()
}
