//! What the figures stand on: a line on the home page, panels beside the figures. It loads and fails by itself.

use crate::{
    components::{
        age::Age,
        states::{Loading, section},
    },
    context::session,
    features::overview::attention::load_status,
    live::use_topic,
    page_data::PageData,
};
use domain::{
    access::Permission,
    format,
    live::Topic,
    overview::{
        source::SourceState,
        status::{Part, SystemStatus},
    },
};
use leptos::prelude::*;

/// Made where the page's other data is.
pub fn system_status() -> PageData<SystemStatus> {
    let changed = [Topic::Jobs, Topic::Integrations, Topic::System].map(use_topic);
    PageData::load(move || changed.map(|topic| topic.get()), |_| load_status())
}

fn badge(state: SourceState) -> impl IntoView {
    view! { <span class=format!("badge {}", state.tone())>{state.label()}</span> }
}

fn part(part: Part) -> impl IntoView {
    let age = part.age_seconds.map(|seconds| view! { ", "<Age seconds/> });
    let why = part.error_class.map(|why| format!(" ({why})"));
    view! { <span>{part.name}" "{badge(part.state)}{age}{why}</span> }
}

/// Database, live line, worker and sources, in one line.
#[component]
pub fn StatusLine(of: PageData<SystemStatus>) -> impl IntoView {
    view! {
        <Transition fallback=|| view! { <Loading lines=1/> }>
            {move || Suspend::new(async move { section("Status", of.settled().await, line) })}
        </Transition>
    }
}

fn line(status: SystemStatus) -> impl IntoView {
    let latency = status.latency().map(|ms| view! { <span class="num">"answers in "{ms}</span> });
    let n = |state| status.sources.get(state);
    let sources = format!(
        "Sources: {} on time, {} late, {} missing",
        n(SourceState::OnTime),
        n(SourceState::Late),
        n(SourceState::Missing)
    );
    view! {
        <section class="status-line" aria-label="Status" data-status>
            {part(status.database)}{latency}{part(status.live)}{part(status.worker)}
            <a href="/overview/freshness">{sources}</a>
        </section>
    }
}

/// The database and the kept figures in full, folded on the phone.
#[component]
pub fn StatusPanels(of: PageData<SystemStatus>) -> impl IntoView {
    view! {
        <Transition fallback=|| view! { <Loading lines=4/> }>
            {move || Suspend::new(async move { section("Status", of.settled().await, panels) })}
        </Transition>
    }
}

fn panels(status: SystemStatus) -> impl IntoView {
    let session = session();
    let locale = session.business.locale.clone();
    let may_clear = session.may(Permission::OverviewCacheClear);
    let reachable = match status.outage_since {
        Some(since) => format!("no, since {}", format::time(since)),
        None => "yes".to_owned(),
    };
    let last = status.database.last_success.map_or_else(|| format::UNKNOWN.to_owned(), format::date_time_full);
    let latency = status.latency().unwrap_or_else(|| format::UNKNOWN.to_owned());
    let replica = status.replica();
    let pools = status
        .pools
        .iter()
        .map(|pool| {
            view! {
                <tr>
                    <td>{pool.face.clone()}</td>
                    <td class="r num">{pool.in_use}</td><td class="r num">{pool.idle}</td><td class="r num">{pool.most}</td>
                </tr>
            }
        })
        .collect_view();
    let kept = status
        .kept
        .iter()
        .map(|area| {
            let rate = area.hit_rate.map_or_else(|| format::UNKNOWN.to_owned(), |rate| format!("{rate:.1}\u{a0}%"));
            view! {
                <tr>
                    <td>{area.area.clone()}</td>
                    <td class="r num">{format::count(area.keys, &locale)}</td>
                    <td class="r num">{format::bytes(area.bytes)}</td>
                    <td class="r num">{format::count(area.looks(), &locale)}</td>
                    <td class="r num">{rate}</td>
                </tr>
            }
        })
        .collect_view();
    let clear =
        may_clear.then(|| view! { <span class="meta"><a href="/settings/cache">"Ages, and clearing"</a></span> });
    view! {
        <section class="grid2">
            <article class="card" data-panel="database">
                <header><h2>"Database"</h2>{badge(status.database.state)}</header>
                <dl class="details">
                    <div><dt>"Reachable"</dt><dd>{reachable}</dd></div>
                    <div><dt>"Answers in"</dt><dd class="num">{latency}</dd></div>
                    <div><dt>"Last answer"</dt><dd class="num">{last}</dd></div>
                    <div><dt>"Replica"</dt><dd>{replica}</dd></div>
                </dl>
                <details class="twin">
                    <summary>"Connections"</summary>
                    <div class="table-wrap" tabindex="0"><table>
                        <thead><tr>
                            <th scope="col">"Face"</th><th scope="col" class="r">"In use"</th>
                            <th scope="col" class="r">"Idle"</th><th scope="col" class="r">"At most"</th>
                        </tr></thead>
                        <tbody>{pools}</tbody>
                    </table></div>
                </details>
            </article>
            <article class="card" data-panel="kept">
                <header><h2>"Kept figures"</h2>{clear}</header>
                <div class="table-wrap" tabindex="0"><table>
                    <thead><tr>
                        <th scope="col">"Area"</th><th scope="col" class="r">"Figures"</th><th scope="col" class="r">"Memory"</th>
                        <th scope="col" class="r">"Looks"</th><th scope="col" class="r">"Hit rate"</th>
                    </tr></thead>
                    <tbody>{kept}</tbody>
                </table></div>
            </article>
        </section>
    }
}
