//! `/analytics`: what sold when, of what, of which kind, to whom.

mod categories;
mod products;
mod segments;

use crate::{
    components::{page::PageHead, states::Loading},
    fault::Fault,
    features::analytics::load_analytics,
    page_data::{PageData, Settled},
    pages::{
        LazyPage,
        overview::{
            bars::bars_card,
            blocks,
            place::Place,
            refresh::RefreshControls,
            scope_bar::{ScopeBar, scope_words},
        },
    },
};
use categories::categories_card;
use domain::analytics::AnalyticsScreen;
use leptos::prelude::*;
use products::products_card;
use segments::segments_card;

#[derive(Debug)]
pub struct AnalyticsRoute {
    screen: PageData<AnalyticsScreen>,
}

impl LazyPage for AnalyticsRoute {
    fn data() -> Self {
        Self { screen: PageData::of_figures(load_analytics) }
    }

    fn view(this: Self) -> AnyView {
        let AnalyticsRoute { screen } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    match screen.settled().await {
                        Settled::Ready(screen) => shown(screen, None).into_any(),
                        Settled::Last(screen, fault) => shown(screen, Some(fault)).into_any(),
                        Settled::Failed(fault) => blocks::no_screen("Analytics", "/analytics", fault),
                    }
                })}
            </Transition>
            <RefreshControls refetch=move || screen.refetch()/>
        }
        .into_any()
    }
}

fn shown(screen: AnalyticsScreen, stale: Option<Fault>) -> impl IntoView {
    let AnalyticsScreen { scope, today, zone, outage_since, category, bars, products, categories, segments } = screen;
    let named = category.and_then(|id| {
        let categories = categories.as_ref().ok()?;
        categories.items.iter().find(|c| c.category_id == Some(id)).map(categories::name)
    });
    let filter = category.map(|_| {
        let words = named.unwrap_or_else(|| "One category".to_owned());
        view! { <a class="btn" href=Place::Analytics.href(scope)>{words}" ×"<span class="visually-hidden">" Show all categories"</span></a> }
    });
    // Of the last day that may be over.
    let last = scope.days.to.min(today.pred_opt().unwrap_or(today));
    let report = format!("/reports/daily/{last}");
    view! {
        <PageHead title="Analytics" scope=scope_words(scope, &zone)>
            {filter}
            <a class="btn" href=report>"Daily report"</a>
        </PageHead>
        {blocks::outage_note(outage_since)}
        {blocks::stale_note(stale)}
        <ScopeBar place=Place::Analytics scope today/>
        {blocks::or_failed("Revenue", bars, |bars| bars_card(bars, scope, Place::Analytics))}
        <section class="grid2">
            {blocks::or_failed("Top products", products, |products| products_card(products, scope, category))}
            {blocks::or_failed("Categories", categories, |categories| categories_card(categories, scope))}
        </section>
        {blocks::or_failed("Customer segments", segments, segments_card)}
    }
}

/// Days and choices of `scope` as the exports and the API take them.
fn asked(scope: domain::overview::Scope) -> String {
    let clean = if scope.clean { "&clean=1" } else { "" };
    format!("from={}&to={}{clean}", scope.days.from, scope.days.to)
}

/// Where a card's rows can be had as a file.
fn export_link(dataset: &str, query: &str) -> impl IntoView + use<> {
    let href = format!("/api/v1/exports/{dataset}.csv?{query}");
    crate::context::session()
        .may(domain::access::Permission::AccessExport)
        .then(|| view! { <a rel="external" href=href>"Export"</a> })
}
