//! `/overview/freshness`: every source against its promise, the worst state first.

use super::attention::{unavailable, with_status};
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::{jobs::RunSchedule, overview::attention::load_freshness},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    format,
    live::Topic,
    overview::{
        Badge,
        source::{FreshnessScreen, Source, SourceList, SourceQuery, SourceState},
    },
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_location;

/// The page.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct FreshnessRoute {
    screen: PageData<FreshnessScreen>,
    run: ServerAction<RunSchedule>,
}

impl LazyPage for FreshnessRoute {
    fn data() -> Self {
        let search = use_location().search;
        let changed = [Topic::Jobs, Topic::Integrations].map(use_topic);
        let source = move || (search.get(), changed.map(|topic| topic.get()));
        Self { screen: PageData::load(source, |(query, _)| load_freshness(query)), run: ServerAction::new() }
    }

    fn view(this: Self) -> AnyView {
        let FreshnessRoute { screen, run } = this;
        view! {
            <PageHead title="Freshness" scope="How old everything is, against what was promised">
                <a class="btn quiet" href="/overview/attention">"Needs attention"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(run)/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(with_status(screen.await), move |screen| shown(screen, run)) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: FreshnessScreen, run: ServerAction<RunSchedule>) -> impl IntoView {
    let FreshnessScreen { query, sources } = screen;
    let SourceList { items, counts, unavailable: missing, total } = sources;
    let chosen = query.wanted_state().ok().flatten();
    let all = (None, format!("All {}", counts.total()));
    let by_state = SourceState::ALL.map(|state| (Some(state), format!("{} {}", state.label(), counts.get(state))));
    let chips = std::iter::once(all)
        .chain(by_state)
        .map(|(state, label)| {
            let href = format!("/overview/freshness{}", query.link(state));
            view! { <li><a href=href aria-current=(state == chosen).then_some("true")>{label}</a></li> }
        })
        .collect_view();
    let body = if items.is_empty() {
        view! { <Empty message="No source is in this state."><a class="btn" href="/overview/freshness">"All sources"</a></Empty> }
            .into_any()
    } else {
        table(items, run).into_any()
    };
    let feature = query.feature.clone().map(|feature| {
        let all = SourceQuery { feature: None, ..query };
        view! {
            <p class="sub">"Sources of "{feature}". "<a href=format!("/overview/freshness{}", all.link(chosen))>"All features"</a></p>
        }
    });
    view! {
        <ul class="chips" aria-label="Sources by state">{chips}</ul>
        {feature}
        {unavailable(missing)}
        <section class="card" aria-label="Sources">
            <p class="total" role="status">{if total == 1 { "1 source".to_owned() } else { format!("{total} sources") }}</p>
            {body}
        </section>
    }
}

fn table(sources: Vec<Source>, run: ServerAction<RunSchedule>) -> impl IntoView {
    let rows = sources.into_iter().map(|source| row(source, run)).collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack" data-sources>
                <caption class="visually-hidden">"Sources, the worst state first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Source"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Last success"</th>
                        <th scope="col">"Promised"</th>
                        <th scope="col" class="r">"Missed"</th>
                        <th scope="col" class="r">"Rows"</th>
                        <th scope="col">"Next run"</th>
                        <th scope="col"><span class="visually-hidden">"Refresh"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn row(source: Source, run: ServerAction<RunSchedule>) -> impl IntoView {
    let locale = session().business.locale;
    let number = |n: i64| format::count(n, &locale);
    let name = match source.link.clone() {
        Some(href) => view! { <a href=href>{source.name.clone()}</a> }.into_any(),
        None => source.name.clone().into_any(),
    };
    let badge = (source.badge != Badge::Live)
        .then(|| view! { <span class=format!("badge {}", source.badge.tone())>{source.badge.label()}</span> });
    let last = match (source.last_success, source.age_seconds) {
        (Some(at), Some(age)) => view! {
            <time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::when(at, age)}</time>
        }
        .into_any(),
        _ => "never".into_any(),
    };
    let promised = source
        .expected_seconds
        .map_or_else(|| "nothing".to_owned(), |seconds| format!("every {}", format::age(seconds)));
    let error = source.error_class.clone().map(|class| view! { <small>"Last try: "{class}</small> });
    let next = match source.next_run {
        Some(at) => view! {
            <time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::date_time(at)}</time>
        }
        .into_any(),
        None => format::UNKNOWN.into_any(),
    };
    let refresh = source.refresh.clone().map(|id| {
        view! {
            <ActionForm action=run>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <button class="btn" type="submit" aria-label=format!("Refresh: {}", source.name)>"Refresh"</button>
            </ActionForm>
        }
    });
    let tone = matches!(source.state, SourceState::Missing | SourceState::Late).then(|| source.state.tone());
    view! {
        <tr data-source=source.key.clone() data-state=source.state.as_str() data-tone=tone>
            <td>{name}<small>{source.kind.label()}" · "{source.feature.clone()}</small></td>
            <td><span class=format!("badge {}", source.state.tone())>{source.state.label()}</span> " " {badge}</td>
            <td>{last}{error}</td>
            <td data-label="Promised">{promised}</td>
            <td class="r num" data-label="Missed">{number(source.missed)}</td>
            <td class="r num" data-label="Rows">{source.rows.map_or_else(|| format::UNKNOWN.to_owned(), number)}</td>
            <td data-label="Next">{next}</td>
            <td>{refresh}</td>
        </tr>
    }
}
