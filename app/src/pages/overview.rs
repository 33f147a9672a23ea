//! `/`: how the day goes.

mod areas;
pub mod attention;
pub(crate) mod bars;
pub(crate) mod blocks;
pub mod drill;
pub mod fault_drill;
pub mod freshness;
pub mod kpis;
pub(crate) mod place;
mod receipt;
pub mod refresh;
mod rows;
pub(crate) mod scope_bar;
mod spark;
mod status;
pub mod targets;
mod tiles;
mod trend;

use crate::{
    components::{page::PageHead, states::Loading},
    context::session,
    fault::Fault,
    features::overview::load_overview,
    page_data::{PageData, Settled},
    pages::LazyPage,
};
use areas::{AreaCards, Areas};
use attention::{AttentionBlock, NeedsAttention};
use domain::{
    access::Permission,
    overview::{OverviewScreen, status::SystemStatus},
};
use leptos::prelude::*;
use place::Place;
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

impl LazyPage for OverviewRoute {
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
                    match screen.settled().await {
                        Settled::Ready(screen) => shown(screen, attention, None).into_any(),
                        Settled::Last(screen, fault) => shown(screen, attention, Some(fault)).into_any(),
                        Settled::Failed(fault) => blocks::no_screen("Overview", "/", fault),
                    }
                })}
            </Transition>
            <AttentionBlock of=attention/>
            <AreaCards of=areas/>
            <StatusLine of=status/>
            <RefreshControls refetch=move || {
                screen.refetch();
                attention.refetch();
                areas.refetch();
                status.refetch();
            }/>
        }
        .into_any()
    }
}

fn shown(screen: OverviewScreen, attention: NeedsAttention, stale: Option<Fault>) -> impl IntoView {
    let OverviewScreen { scope, today, zone, outage_since, tiles, bars, trend, recent, low_stock, .. } = screen;
    let course = trend.as_ref().ok();
    let tiles = tiles.into_iter().map(|tile| tiles::tile(tile, scope, Place::Home, course)).collect_view();
    let may_create = session().may(Permission::TransactionsCreate);
    view! {
        <PageHead title="Overview" critical=attention.critical() scope=scope_words(scope, &zone)>
            <a class="btn" href=format!("/overview/kpis{}", scope.link())>"All figures"</a>
            {may_create.then(|| view! { <a class="btn primary" href="/transactions/new">"New transaction"</a> })}
        </PageHead>
        {blocks::outage_note(outage_since)}
        {blocks::stale_note(stale)}
        <ScopeBar place=Place::Home scope today/>
        <section class="kpis" aria-label="Key figures">
            {tiles}
        </section>
        <section class="grid2">
            {blocks::or_failed("Revenue", bars, |bars| bars::bars_card(bars, scope, Place::Home))}
            {recent.map(|recent| blocks::or_failed("Recent transactions", recent, blocks::recent_card))}
        </section>
        {low_stock.map(|products| blocks::or_failed("Low stock", products, blocks::low_stock_card))}
        {blocks::or_failed("Trend", trend, |trend| trend::trend_section(trend, scope, Place::Home))}
    }
}
