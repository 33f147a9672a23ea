//! `/products`: the catalogue. Filters and place are in the URL.

pub mod detail;
mod form;
pub mod new;

use crate::{
    components::{
        filter::{Choice, Filters, param},
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::inventory::{load_categories, load_products},
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
use leptos_router::hooks::use_location;

const PATH: &str = "/products";

/// The list page.
#[derive(Debug)]
pub struct ProductsRoute {
    search: Memo<String>,
    categories: PageData<Vec<CategoryItem>>,
    list: PageData<ProductList>,
}

impl LazyPage for ProductsRoute {
    fn data() -> Self {
        let search = use_location().search;
        let categories = PageData::load(|| (), |()| load_categories());
        Self { search, categories, list: PageData::of_address(Topic::Inventory, load_products) }
    }

    fn view(this: Self) -> AnyView {
        let ProductsRoute { search, categories, list } = this;
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
            <FilterBar search categories/>
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
    let ProductList { page, query } = list;
    let locale = session().business.locale;
    let noun = if page.total == 1 { "product" } else { "products" };
    let total = format!("{} {noun}", format::count(page.total, &locale));
    let first = query.cursor.is_some().then(|| href(PATH, &query.first_page()));
    let next = page.next_cursor.map(|cursor| href(PATH, &query.page_after(cursor)));
    if page.items.is_empty() {
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
    }
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

#[component]
fn FilterBar(search: Memo<String>, categories: PageData<Vec<CategoryItem>>) -> impl IntoView {
    let chosen = param(search, "category");
    let low = param(search, "low_stock");
    let states = vec![("", "Sold"), (ProductState::Inactive.as_str(), "Not sold"), (ProductState::All.as_str(), "All")];
    let mut kinds = vec![("", "Any")];
    kinds.extend(ProductKind::ALL.map(|kind| (kind.as_str(), kind.words())));
    let option = move |c: CategoryItem| {
        let key = c.id.to_string();
        let value = key.clone();
        view! { <option value=value selected=move || chosen.with(|id| *id == key)>{c.name}</option> }
    };
    view! {
        <Filters action=PATH search>
            <div class="field">
                <label for="f-category">"Category"</label>
                <Transition fallback=|| ()>
                    {move || Suspend::new(async move {
                        let options = categories.await.unwrap_or_default().into_iter().map(option).collect_view();
                        view! { <select id="f-category" name="category"><option value="">"Any"</option>{options}</select> }
                    })}
                </Transition>
            </div>
            <Choice search name="kind" label="Kind" options=kinds/>
            <Choice search name="active" label="State" options=states/>
            <label>
                <input type="checkbox" name="low_stock" value="true" checked=low.get_untracked() == "true"
                    prop:checked=move || low.with(|on| on == "true")/>
                " Low stock"
            </label>
        </Filters>
    }
}
