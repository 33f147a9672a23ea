//! `/overview/kpis`: every figure of a period, and the trends.

use super::{
    blocks,
    place::Place,
    refresh::RefreshControls,
    scope_bar::{ScopeBar, scope_words},
    status::{StatusPanels, system_status},
    tiles,
    trend::trend_section,
};
use crate::{
    components::{page::PageHead, states::Loading},
    fault::Fault,
    features::overview::load_kpis,
    page_data::{PageData, Settled},
    pages::LazyPage,
};
use domain::overview::{KpisScreen, status::SystemStatus};
use leptos::prelude::*;

#[derive(Debug)]
pub struct KpisRoute {
    screen: PageData<KpisScreen>,
    status: PageData<SystemStatus>,
}

impl LazyPage for KpisRoute {
    fn data() -> Self {
        Self { screen: PageData::of_figures(load_kpis), status: system_status() }
    }

    fn view(this: Self) -> AnyView {
        let KpisRoute { screen, status } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    match screen.settled().await {
                        Settled::Ready(screen) => shown(screen, None).into_any(),
                        Settled::Last(screen, fault) => shown(screen, Some(fault)).into_any(),
                        Settled::Failed(fault) => blocks::no_screen("Figures", "/overview/kpis", fault),
                    }
                })}
            </Transition>
            <StatusPanels of=status/>
            <RefreshControls refetch=move || {
                screen.refetch();
                status.refetch();
            }/>
        }
        .into_any()
    }
}

fn shown(screen: KpisScreen, stale: Option<Fault>) -> impl IntoView {
    let KpisScreen { scope, today, zone, outage_since, tiles, trend, .. } = screen;
    let course = trend.as_ref().ok();
    // As each tile brings it: the browser's code has no formula of its own.
    let formulas = tiles
        .iter()
        .map(|tile| view! { <div><dt>{tile.key.label()}</dt><dd>{tile.formula.clone()}"."</dd></div> })
        .collect_view();
    let tiles = tiles.into_iter().map(|tile| tiles::tile(tile, scope, Place::Figures, course)).collect_view();
    view! {
        <PageHead title="Figures" scope=scope_words(scope, &zone)>
            <a class="btn" href="/overview/targets">"Targets"</a>
        </PageHead>
        {blocks::outage_note(outage_since)}
        {blocks::stale_note(stale)}
        <ScopeBar place=Place::Figures scope today/>
        <section class="kpis" aria-label="Figures">
            {tiles}
        </section>
        {blocks::or_failed("Trend", trend, |trend| trend_section(trend, scope, Place::Figures))}
        <article class="card">
            <header><h2>"What the figures mean"</h2></header>
            <dl class="details">{formulas}</dl>
        </article>
    }
}
