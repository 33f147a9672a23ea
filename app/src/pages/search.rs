//! `/search?q=`: the palette for those without script, and its longer answer.

use crate::{
    components::{
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::search::find,
    page_data::PageData,
    pages::LazyPage,
};
use domain::search::{SearchGroup, SearchResults};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The search page.
#[derive(Debug)]
pub struct SearchRoute {
    q: Memo<String>,
    results: PageData<SearchResults>,
}

impl LazyPage for SearchRoute {
    fn data() -> Self {
        let map = use_query_map();
        let q = Memo::new(move |_| map.with(|m| m.get("q").unwrap_or_default()));
        Self { q, results: PageData::load(move || q.get(), find) }
    }

    fn view(this: Self) -> AnyView {
        let SearchRoute { q, results } = this;
        view! {
            <PageHead title="Search" scope="Pages, actions, products by SKU or name, customers and transactions by number or reference"/>
            <form class="filters" role="search" method="get" action="/search">
                <div class="field">
                    <label for="search-q">"Search for"</label>
                    <input id="search-q" name="q" type="search" maxlength="100" value=q.get_untracked() prop:value=move || q.get()/>
                </div>
                <button class="btn primary" type="submit">"Search"</button>
            </form>
            <Transition fallback=|| view! { <Loading/> }>
                {move || Suspend::new(async move {
                    let asked = q.get();
                    ready_or_failed(results.await, move |found| groups(found, &asked))
                })}
            </Transition>
        }
        .into_any()
    }
}

fn groups(found: SearchResults, asked: &str) -> AnyView {
    if found.groups.is_empty() {
        let message = if asked.is_empty() {
            "Type a SKU, a number, or a name.".to_owned()
        } else {
            format!("Nothing matches \"{asked}\". Try fewer letters.")
        };
        return view! { <Empty message/> }.into_any();
    }
    found.groups.into_iter().map(group).collect_view().into_any()
}

fn group(group: SearchGroup) -> impl IntoView {
    let items = group
        .items
        .into_iter()
        .map(|hit| view! { <li><div><a href=hit.path>{hit.title}</a>" "<small>{hit.subtitle}</small></div></li> })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>{group.kind.words()}</h2></header>
            <ul class="list">{items}</ul>
        </section>
    }
}
