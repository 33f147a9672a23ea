//! `/transactions`: the list of sales. Filters, order and place are in the URL.

mod acts;
pub mod detail;
mod filters;
pub mod new;
mod table;

use crate::{
    components::{
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::transactions::load_sales,
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    live::Topic,
    query,
    transactions::{SaleList, SaleQuery},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The address of the list with `query`.
fn list_href(query: &SaleQuery) -> String {
    with_query("/transactions", &query.to_query())
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The list page.
#[derive(Debug)]
pub struct TransactionsRoute {
    search: Memo<String>,
    list: PageData<SaleList>,
}

impl LazyPage for TransactionsRoute {
    fn data() -> Self {
        let search = use_location().search;
        // A sale of anybody brings the list up to date.
        let changed = use_topic(Topic::Transactions);
        Self { search, list: PageData::load(move || (search.get(), changed.get()), |(search, _)| load_sales(search)) }
    }

    fn view(this: Self) -> AnyView {
        let TransactionsRoute { search, list } = this;
        let may_create = session().may(Permission::TransactionsCreate);
        // No attribute "download": a large export leads to the page where its file will be.
        // Exports follow the filter and order shown, never the page of it.
        let export = move |extension: &'static str| {
            let whole = SaleQuery::parse(query::pairs(&search.get())).unwrap_or_default().first_page();
            let pairs = whole.to_pairs();
            let text = query::write(pairs.iter().filter(|(n, _)| *n != "limit").map(|(n, v)| (*n, v.as_str())));
            with_query(&format!("/api/v1/exports/transactions.{extension}"), &text)
        };
        view! {
            <PageHead title="Transactions" scope="Every sale, newest first unless sorted otherwise">
                <a class="btn" rel="external" href=move || export("csv")>"Export CSV"</a>
                <a class="btn" rel="external" href=move || export("xlsx")>"Export XLSX"</a>
                {may_create.then(|| view! { <a class="btn primary" href="/transactions/new">"New transaction"</a> })}
            </PageHead>
            <filters::FilterBar search/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(list.await, table::list_view) })}
            </Transition>
        }
        .into_any()
    }
}
