//! `/products`: the catalogue. Filters and place are in the URL.

pub mod detail;
mod form;
pub mod new;

use crate::{
    components::{
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::inventory::load_products,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    inventory::{CategoryItem, ProductItem, ProductKind, ProductList, ProductQuery, ProductState},
    live::Topic,
    query,
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_location};

const PATH: &str = "/products";

/// The list page.
#[derive(Debug)]
pub struct ProductsRoute {
    search: Memo<String>,
    list: PageData<ProductList>,
}

impl LazyPage for ProductsRoute {
    fn data() -> Self {
        let search = use_location().search;
        Self { search, list: PageData::of_address(Topic::Inventory, load_products) }
    }

    fn view(this: Self) -> AnyView {
        let ProductsRoute { search, list } = this;
        let may_edit = session().may(Permission::InventoryEdit);
        let export = move |extension: &'static str| {
            let whole = ProductQuery::parse(query::pairs(&search.get())).unwrap_or_default().whole();
            href(&format!("/api/v1/exports/products.{extension}"), &whole)
        };
        view! {
            <PageHead title="Products" scope="What can be sold, its price, and what is left of it">
                <a class="btn" rel="external" href=move || export("csv")>"Export CSV"</a>
                <a class="btn" rel="external" href=move || export("xlsx")>"Export XLSX"</a>
                {may_edit.then(|| view! { <a class="btn primary" href="/products/new">"New product"</a> })}
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(list.await, shown) })}
            </Transition>
        }
        .into_any()
    }
}

fn href(path: &str, query: &ProductQuery) -> String {
    let query = query.to_query();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn shown(list: ProductList) -> AnyView {
    let ProductList { page, query, categories } = list;
    let locale = session().business.locale;
    let noun = if page.total == 1 { "product" } else { "products" };
    let total = format!("{} {noun}", format::count(page.total, &locale));
    let first = query.cursor.is_some().then(|| href(PATH, &query.first_page()));
    let next = page.next_cursor.map(|cursor| href(PATH, &query.page_after(cursor)));
    let body = if page.items.is_empty() {
        let message = if query.is_narrowed() { "No product matches these filters." } else { "No products yet." };
        view! { <p class="total" role="status">{total}</p><Empty message/> }.into_any()
    } else {
        let rows = page.items.into_iter().map(|product| row(product, &locale)).collect_view();
        view! {
            <section class="card">
                <p class="total" role="status">{total}</p>
                <div class="table-wrap">
                    <table class="stack">
                        <thead><tr>
                            <th>"Product"</th><th>"SKU"</th><th>"Category"</th><th class="r">"Price"</th><th class="r">"Left"</th><th class="r">"State"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <Pager first next/>
            </section>
        }
        .into_any()
    };
    view! { {filters(&query, categories)} {body} }.into_any()
}

fn row(product: ProductItem, locale: &str) -> impl IntoView + use<> {
    let left = product.stock_left.map_or_else(|| "–".to_owned(), |left| format::number(left, locale));
    let low = product.low_stock.then(|| view! { <span class="badge warn">"Low"</span>" " });
    let state = if product.is_active { ("good", "Sold") } else { ("", "Not sold") };
    let demo = product.demo.then(|| view! { " "<span class="badge demo">"Demo"</span> });
    view! {
        <tr>
            <td><a class="row-link" href=format!("{PATH}/{}", product.id)>{product.name}</a></td>
            <td>{product.sku}</td>
            <td class="hide">{product.category}</td>
            <td class="r num">{format::money(product.price, product.currency, locale)}</td>
            <td class="r num">{low}{left}</td>
            <td class="r"><span class=format!("badge {}", state.0)>{state.1}</span>{demo}</td>
        </tr>
    }
}

fn option(key: String, words: String, chosen: bool) -> impl IntoView {
    view! { <option value=key selected=chosen>{words}</option> }
}

/// A GET form whose fields are the list's own parameters.
fn filters(query: &ProductQuery, categories: Vec<CategoryItem>) -> impl IntoView + use<> {
    let f = query.filter.clone();
    let states = ProductState::ALL.map(|state| {
        let words = match state {
            ProductState::Active => "Sold",
            ProductState::Inactive => "Not sold",
            ProductState::All => "All",
        };
        let key = if state == ProductState::default() { "" } else { state.as_str() };
        option(key.to_owned(), words.to_owned(), state == f.state)
    });
    let kinds =
        ProductKind::ALL.map(|kind| option(kind.as_str().to_owned(), kind.words().to_owned(), f.kind == Some(kind)));
    let categories =
        categories.into_iter().map(|c| option(c.id.to_string(), c.name, f.category == Some(c.id))).collect_view();
    view! {
        <Form method="get" action=PATH attr:class="filters">
            <div class="field">
                <label for="f-q">"Search"</label>
                <input id="f-q" name="q" type="search" maxlength="100" value=f.q/>
            </div>
            <details class="filter-sheet">
                <summary class="btn">"Filters"</summary>
                <div>
                    <div class="field">
                        <label for="f-category">"Category"</label>
                        <select id="f-category" name="category"><option value="">"Any"</option>{categories}</select>
                    </div>
                    <div class="field">
                        <label for="f-kind">"Kind"</label>
                        <select id="f-kind" name="kind"><option value="">"Any"</option>{kinds}</select>
                    </div>
                    <div class="field">
                        <label for="f-active">"State"</label>
                        <select id="f-active" name="active">{states}</select>
                    </div>
                    <label><input type="checkbox" name="low_stock" value="true" checked=f.low_stock/>" Low stock"</label>
                    <button class="btn" type="submit">"Apply"</button>
                    <a class="btn quiet" href=PATH>"Clear"</a>
                </div>
            </details>
        </Form>
    }
}
