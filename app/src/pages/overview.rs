//! `/`: how the day goes.

mod areas;
pub mod attention;
mod blocks;
pub mod drill;
pub mod fault_drill;
pub mod freshness;
pub mod kpis;
mod refresh;
mod rows;
mod scope_bar;
mod status;
pub mod targets;
mod tiles;

use crate::{
    components::{page::PageHead, states::Loading},
    context::session,
    features::overview::load_overview,
    page_data::PageData,
};
use areas::{AreaCards, Areas};
use attention::{AttentionBlock, NeedsAttention};
use domain::{
    access::Permission,
    overview::{OverviewScreen, Scope, Tile, status::SystemStatus},
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};
use refresh::RefreshControls;
use scope_bar::{ScopeBar, scope_words};
use status::{StatusLine, system_status};

/// The overview.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct OverviewRoute {
    screen: PageData<OverviewScreen>,
    attention: NeedsAttention,
    areas: Areas,
    status: PageData<SystemStatus>,
}

#[lazy_route]
impl LazyRoute for OverviewRoute {
    fn data() -> Self {
        Self {
            screen: PageData::of_figures(load_overview),
            attention: NeedsAttention::of_all(),
            areas: Areas::of_address(),
            status: system_status(),
        }
    }

    fn view(this: Self) -> AnyView {
        let OverviewRoute { screen, attention, areas, status } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    match screen.await {
                        Ok(screen) => shown(screen, attention).into_any(),
                        Err(fault) => blocks::no_screen("Overview", "/", fault),
                    }
                })}
            </Transition>
            <AttentionBlock of=attention/>
            <AreaCards of=areas/>
            <StatusLine of=status/>
            <RefreshControls refetch=move || screen.refetch()/>
        }
        .into_any()
    }
}

fn shown(screen: OverviewScreen, attention: NeedsAttention) -> impl IntoView {
    let OverviewScreen { scope, today, zone, outage_since, tiles, bars, trend, recent, .. } = screen;
    let may_create = session().may(Permission::TransactionsCreate);
    view! {
        <PageHead title="Overview" critical=attention.critical() scope=scope_words(scope, &zone)>
            <a class="btn" href=format!("/overview/kpis{}", scope.link())>"All figures"</a>
            {may_create.then(|| view! { <a class="btn primary" href="/transactions/new">"New transaction"</a> })}
        </PageHead>
        {blocks::outage_note(outage_since)}
        <ScopeBar path="/" scope today/>
        <section class="kpis" aria-label="Key figures">
            {tiles.into_iter().map(|tile| tiles::tile(tile, scope)).collect_view()}
        </section>
        <section class="grid2">
            {blocks::or_failed("Revenue", bars, |bars| blocks::bars_card(bars, scope))}
            {recent.map(|recent| blocks::or_failed("Recent transactions", recent, blocks::recent_card))}
        </section>
        {blocks::or_failed("Trend", trend, |trend| blocks::trend_cards(trend, scope))}
    }
}

/// Link to the rows behind a figure, which name the value that was looked at.
fn drill_href(tile: &Tile, scope: Scope) -> String {
    let scope = scope.link();
    let seen = tile.snapshot_id.map(|id| format!("{}seen={id}", if scope.is_empty() { '?' } else { '&' }));
    format!("/overview/kpis/{}{scope}{}", tile.key, seen.unwrap_or_default())
}
