//! Area cards of the home page: each loads, ages and fails by itself.

use super::tiles::delta;
use crate::{
    components::{
        age::Age,
        states::{Loading, section},
    },
    context::session,
    features::overview::attention::load_area,
    live::use_topic,
    page_data::PageData,
};
use domain::{
    live::Topic,
    overview::area::{Area, AreaCard, AreaFigure},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The cards that the reader may see. Made where the page's other data is.
#[derive(Debug, Clone, Copy)]
pub struct Areas([Option<PageData<AreaCard>>; Area::ALL.len()]);

impl Areas {
    /// Of the period in the address.
    #[must_use]
    pub fn of_address() -> Self {
        let session = session();
        Self(Area::ALL.map(|area| session.may(area.right()).then(|| load(area))))
    }
}

impl Areas {
    /// Asks again.
    pub fn refetch(self) {
        self.0.into_iter().flatten().for_each(PageData::refetch);
    }
}

fn load(area: Area) -> PageData<AreaCard> {
    let fetch = move |query| load_area(area.as_str().to_owned(), query);
    if area == Area::Sales {
        return PageData::of_figures(fetch);
    }
    let search = use_location().search;
    let changed = [Topic::Integrations, Topic::Jobs].map(use_topic);
    PageData::load(move || (search.get(), changed.map(|topic| topic.get())), move |(query, _)| fetch(query))
}

/// The cards in their order.
#[component]
pub fn AreaCards(of: Areas) -> impl IntoView {
    let cards = Area::ALL
        .into_iter()
        .zip(of.0)
        .filter_map(|(area, data)| {
            let data = data?;
            let title = format!("area-{}", area.as_str());
            let named = title.clone();
            Some(view! {
                <article class="card" data-area=area.as_str() aria-labelledby=named>
                    <header>
                        <h2 id=title>{area.label()}</h2>
                        <span class="meta"><a href=area.link() aria-label=format!("Open {}", area.label())>"Open"</a></span>
                    </header>
                    <Transition fallback=|| view! { <Loading lines=3/> }>
                        {move || Suspend::new(async move { section(area.label(), data.settled().await, shown) })}
                    </Transition>
                </article>
            })
        })
        .collect_view();
    view! { <section class="grid3" aria-label="Areas">{cards}</section> }
}

fn shown(card: AreaCard) -> impl IntoView {
    let AreaCard { figures, age_seconds, unavailable, .. } = card;
    let missing = unavailable.map(|message| view! { <p class="stale" role="status">{message}</p> });
    let age = age_seconds.map(|seconds| view! { <p class="age">"updated "<Age seconds/></p> });
    let figures = figures.into_iter().map(figure).collect_view();
    view! {
        {missing}
        <dl class="area">{figures}</dl>
        {age}
    }
}

fn figure(figure: AreaFigure) -> impl IntoView {
    let AreaFigure { label, text, note, change, link } = figure;
    let change = change.as_ref().map(delta);
    let value = match link {
        Some(href) => view! { <a class="num" href=href>{text}</a> }.into_any(),
        None => view! { <span class="num">{text}</span> }.into_any(),
    };
    view! {
        <div>
            <dt>{label}</dt>
            <dd>{value}{note.map(|note| view! { <small>{note}</small> })}{change.map(|change| view! { <small>{change}</small> })}</dd>
        </div>
    }
}
