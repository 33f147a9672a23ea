//! `/settings/cache`: the kept figures, how often they served, and clearing them.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::overview::cache::{ClearCache, load_cache},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    freshness::State,
    live::Topic,
    overview::cache::{CacheArea, CacheStatistics, CachedFigure},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use rust_decimal::Decimal;

/// The page of the kept figures.
#[derive(Debug)]
pub struct CacheRoute {
    statistics: PageData<CacheStatistics>,
}

impl LazyPage for CacheRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Metric);
        Self { statistics: PageData::load(move || changed.get(), |_| load_cache()) }
    }

    fn view(this: Self) -> AnyView {
        let statistics = this.statistics;
        let cleared = use_query_map().with_untracked(|q| q.get("cleared").and_then(|n| n.parse::<i64>().ok()));
        let locale = session().business.locale;
        view! {
            <PageHead title="Kept figures" scope="What this server holds in memory, and how often it served"/>
            {cleared.map(|n| view! {
                <p class="banner" role="status">{format!("{} will be computed anew at the next look.", count(n, &locale))}</p>
            })}
            {session().may(Permission::OverviewCacheClear).then(clear_form)}
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(statistics.await, shown) })}
            </Transition>
        }
        .into_any()
    }
}

fn count(n: i64, locale: &str) -> String {
    format!("{} figure{}", format::count(n, locale), if n == 1 { "" } else { "s" })
}

fn shown(statistics: CacheStatistics) -> AnyView {
    let locale = session().business.locale;
    let areas = statistics.namespaces.into_iter().map(|area| area_row(&area, &locale)).collect_view();
    let figures = statistics.figures.into_iter().map(|figure| figure_row(figure, &locale)).collect_view();
    let summary = format!(
        "{} in {}; {} of all looks were answered at once. As of {}.",
        count(statistics.keys, &locale),
        format::bytes(statistics.memory),
        rate(statistics.hit_rate),
        format::time(statistics.as_of)
    );
    if statistics.keys == 0 {
        return view! { <Empty message="Nothing is kept yet. Open the overview, and its figures are here."/> }
            .into_any();
    }
    view! {
        <section class="card" aria-labelledby="cache-areas">
            <header><h2 id="cache-areas">"By area"</h2></header>
            <p class="sub">{summary}</p>
            <div class="table-wrap" tabindex="0">
                <table class="stack">
                    <thead><tr>
                        <th scope="col">"Area"</th><th scope="col" class="r">"Figures"</th><th scope="col" class="r">"Memory"</th>
                        <th scope="col" class="r">"Hits"</th><th scope="col" class="r">"Stale hits"</th>
                        <th scope="col" class="r">"Misses"</th><th scope="col" class="r">"Coalesced"</th>
                        <th scope="col" class="r">"Failures"</th><th scope="col" class="r">"Hit rate"</th>
                    </tr></thead>
                    <tbody>{areas}</tbody>
                </table>
            </div>
        </section>
        <section class="card" aria-labelledby="cache-figures">
            <header><h2 id="cache-figures">"Figures"</h2></header>
            <div class="table-wrap" tabindex="0">
                <table class="stack">
                    <thead><tr>
                        <th scope="col">"Figure"</th><th scope="col">"Asked by"</th><th scope="col">"Class"</th>
                        <th scope="col">"State"</th><th scope="col" class="r">"Age"</th><th scope="col" class="r">"Memory"</th>
                    </tr></thead>
                    <tbody>{figures}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn rate(rate: Option<Decimal>) -> String {
    rate.map_or_else(|| format::UNKNOWN.to_owned(), |rate| format::percent(rate / Decimal::ONE_HUNDRED, 1))
}

fn area_row(area: &CacheArea, locale: &str) -> impl IntoView + use<> {
    let n = |n: i64| format::count(n, locale);
    view! {
        <tr>
            <td data-label="Area"><code>{area.area.clone()}</code></td>
            <td data-label="Figures" class="r num">{n(area.keys)}</td>
            <td data-label="Memory" class="r num">{format::bytes(area.bytes)}</td>
            <td data-label="Hits" class="r num">{n(area.hits)}</td>
            <td data-label="Stale hits" class="r num">{n(area.stale_hits)}</td>
            <td data-label="Misses" class="r num">{n(area.misses)}</td>
            <td data-label="Coalesced" class="r num">{n(area.coalesced)}</td>
            <td data-label="Failures" class="r num">{n(area.failures)}</td>
            <td data-label="Hit rate" class="r num">{rate(area.hit_rate)}</td>
        </tr>
    }
}

fn figure_row(figure: CachedFigure, _locale: &str) -> impl IntoView + use<> {
    let fresh = figure.freshness.state == State::Fresh;
    let words = figure.freshness.words().unwrap_or_else(|| "as the data is".to_owned());
    let at = figure.computed_at;
    view! {
        <tr>
            <td data-label="Figure">{figure.label}" "<small><code>{figure.key}</code></small></td>
            <td data-label="Asked by"><small>{figure.scope}</small></td>
            <td data-label="Class">{figure.class.as_str()}" "<small>{format!("{} s", figure.ttl_seconds)}</small></td>
            <td data-label="State"><span class=format!("badge {}", if fresh { "good" } else { figure.freshness.tone() })>{words}</span></td>
            <td data-label="Age" class="r num">
                <time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::ago(figure.age_seconds)}</time>
            </td>
            <td data-label="Memory" class="r num">{format::bytes(figure.bytes)}</td>
        </tr>
    }
}

fn clear_form() -> impl IntoView {
    let state = FormState::plain(ClearCache::PATH);
    let pattern = state.typed("pattern", "");
    let fault = state.fault("pattern");
    let is_admin = session().may(Permission::SystemView);
    view! {
        <section class="card" aria-labelledby="cache-clear">
            <header><h2 id="cache-clear">"Clear"</h2></header>
            <ErrorSummary state/>
            <form class="form" method="post" action=ClearCache::PATH>
                <CsrfField/>
                <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
                    <label for="pattern">"Figures"</label>
                    <input id="pattern" name="pattern" value=pattern required autocomplete="off" aria-describedby="pattern-help pattern-error"/>
                    <p class="help" id="pattern-help">"A key such as sales.orders, or its start and a star: sales.*, or * for all. They are computed anew at the next look; until then the last value stands."</p>
                    <p class="error" id="pattern-error">{move || fault.get()}</p>
                </div>
                {is_admin.then(|| view! {
                    <label class="check"><input type="checkbox" name="hard" value="yes"/>" Drop the last values too: until they are computed there is nothing to show"</label>
                })}
                <div class="form-actions"><button class="btn primary" type="submit">"Clear"</button></div>
            </form>
        </section>
    }
}
