//! `/dealers`: the dealers that the reader has in scope.

pub mod detail;
mod fetches;
pub mod prospects;
pub mod records;

use crate::{
    components::{
        filter::{Choice, Text},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::dealers::load_dealers,
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    dealers::{DealerItem, DealerSource, KeysState},
    live::Topic,
    paging::Page,
    query,
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_location};

const PATH: &str = "/dealers";

#[derive(Debug)]
pub struct DealersRoute {
    search: Memo<String>,
    dealers: PageData<Page<DealerItem>>,
}

impl LazyPage for DealersRoute {
    fn data() -> Self {
        let search = use_location().search;
        let changed = use_topic(Topic::Dealers);
        Self {
            search,
            dealers: PageData::load(move || (search.get(), changed.get()), |(search, _)| load_dealers(search)),
        }
    }

    fn view(this: Self) -> AnyView {
        let DealersRoute { search, dealers } = this;
        let active = vec![("", "Active or not"), ("true", "Active"), ("false", "Not active")];
        view! {
            <PageHead title="Dealers" scope="Whose records are collected, and whether their system can be asked"/>
            <Form method="get" action=PATH attr:class="filters">
                <Text search name="search" label="Code or name" kind="search"/>
                <Choice search name="is_active" label="Active" options=active/>
                <button class="btn" type="submit">"Apply"</button>
                <a class="btn quiet" href=PATH>"Clear"</a>
            </Form>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(dealers.await, move |page| shown(page, &search.get_untracked())) })}
            </Transition>
        }
        .into_any()
    }
}

/// What kind of records a dealer has; simulated ones are never without it.
pub(super) fn source_badge(source: DealerSource) -> AnyView {
    let tone = if source == DealerSource::Live { "badge neutral" } else { "badge demo" };
    view! { <span class=tone>{source.label()}</span> }.into_any()
}

pub(super) const fn tone(state: KeysState) -> &'static str {
    match state {
        KeysState::Passed => "badge good",
        KeysState::Failed => "badge bad",
        KeysState::Missing | KeysState::Untested => "badge warn",
    }
}

fn shown(page: Page<DealerItem>, search: &str) -> AnyView {
    if page.items.is_empty() {
        let narrowed =
            ["search", "is_active"].iter().any(|name| query::last(search, name).is_some_and(|v| !v.is_empty()));
        let message = if narrowed { "No dealer is like this." } else { "You have no dealer in your scope." };
        return view! { <Empty message/> }.into_any();
    }
    let rows = page.items.into_iter().map(|dealer| {
        let to = format!("{PATH}/{}", dealer.dealer_id);
        let active = if dealer.is_active { "Active" } else { "Not active" };
        let active_tone = if dealer.is_active { "badge good" } else { "badge neutral" };
        view! {
            <tr>
                <td><a href=to>{dealer.dealer_id}</a><div class="sub">{dealer.dealer_name}</div></td>
                <td>{dealer.main_dealer}</td>
                <td>{source_badge(dealer.source)}</td>
                <td><span class=active_tone>{active}</span></td>
                <td><span class=tone(dealer.credentials)>{dealer.credentials.label()}</span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let next = page.next_cursor.map(|cursor| {
        let kept: Vec<_> = query::pairs(search).into_iter().filter(|(name, _)| name != "cursor").collect();
        let pairs = kept.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([("cursor", cursor.as_str())]);
        view! { <nav class="pager" aria-label="Pages"><a class="btn" href=format!("{PATH}?{}", query::write(pairs))>"Next page"</a></nav> }
    });
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Dealer"</th><th scope="col">"Main dealer"</th><th scope="col">"Records"</th>
                    <th scope="col">"State"</th><th scope="col">"Keys"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {next}
    }
    .into_any()
}
