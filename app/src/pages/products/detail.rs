//! `/products/{id}`: one product, its prices and sales, and the form that changes it.

use super::form::fields;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::inventory::{EditProduct, RemoveProduct, load_product},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    inventory::{CategoryItem, ProductDetail, ProductForm},
    live::Topic,
    transactions::SaleRow,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::{use_params_map, use_query_map};

/// The page of a product.
#[derive(Debug)]
pub struct ProductRoute {
    product: PageData<Found>,
    /// What the form starts from: what is typed there stays while the rest comes up to date.
    form: Option<PageData<Found>>,
}

type Found = Option<(ProductDetail, Vec<CategoryItem>)>;

impl LazyPage for ProductRoute {
    fn data() -> Self {
        let (params, changed) = (use_params_map(), use_topic(Topic::Inventory));
        let id = move || params.read().get("id").unwrap_or_default();
        let may_edit = session().may(Permission::InventoryEdit);
        Self {
            product: PageData::load(move || (id(), changed.get()), |(id, _)| load_product(id)),
            form: may_edit.then(|| PageData::load(id, load_product)),
        }
    }

    fn view(this: Self) -> AnyView {
        let ProductRoute { product, form } = this;
        let saved = use_query_map().with_untracked(|q| q.get("saved").is_some());
        view! {
            {saved.then(|| view! { <p class="banner" role="status">"Saved."</p> })}
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(product.await, found) })}
            </Transition>
            {form.map(|form| view! {
                <Transition fallback=|| ()>
                    {move || Suspend::new(async move {
                        form.await.ok().flatten().map(|(product, categories)| edit(&product, categories))
                    })}
                </Transition>
            })}
        }
        .into_any()
    }
}

fn found(found: Found) -> AnyView {
    let Some((product, _)) = found else {
        set_status(404);
        return view! {
            <PageHead title="Product not found"/>
            <p><a class="btn" href="/products">"All products"</a></p>
        }
        .into_any();
    };
    let scope = format!("SKU {}", product.sku);
    let sales_href = format!("/transactions?product_id={}", product.id);
    let may_see_sales = session().may(Permission::TransactionsView);
    let (facts, prices) = (facts(&product), prices(&product));
    let sales = may_see_sales.then(|| sales(product.sales.clone(), sales_href.clone()));
    view! {
        <PageHead title=product.name scope>
            <a class="btn" href="/products">"All products"</a>
        </PageHead>
        <section class="grid2">
            {facts}
            {prices}
        </section>
        {sales}
    }
    .into_any()
}

fn facts(product: &ProductDetail) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let money = |amount| format::money(amount, product.currency, &locale);
    let stock = product.on_hand.zip(product.reserved).map(|(on_hand, reserved)| {
        let low = product.low_stock.then(|| view! { " "<span class="badge warn">"Low"</span> });
        let said = format!(
            "{} left ({} on hand, {} reserved)",
            format::number(on_hand - reserved, &locale),
            format::number(on_hand, &locale),
            format::number(reserved, &locale)
        );
        view! { <div><dt>"Stock"</dt><dd class="num">{said}{low}</dd></div> }
    });
    let state = match (product.archived_at, product.is_active) {
        (Some(at), _) => view! { <span class="badge">"Archived"</span>" "{when(at)} }.into_any(),
        (None, true) => view! { <span class="badge good">"Sold"</span> }.into_any(),
        (None, false) => view! { <span class="badge">"Not sold"</span> }.into_any(),
    };
    let demo = product.demo.then(|| view! { " "<span class="badge demo">"Demo"</span> });
    let more: Vec<_> = [
        ("Category", product.category.clone()),
        ("Description", product.description.clone()),
        ("Barcode", product.barcode.clone()),
        ("Weight", product.weight_kg.map(|kg| format!("{} kg", format::number(kg, &locale)))),
        ("Dimensions", product.dimensions.clone()),
        ("Warranty", product.warranty_months.map(|months| format!("{months} months"))),
        ("Cost", product.cost.map(money)),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some(view! { <div><dt>{name}</dt><dd>{text?}</dd></div> }))
    .collect();
    let price = format!("{} / {}", money(product.price), product.unit);
    let by = product.updated_by.clone().map(|by| format!(" · {by}"));
    view! {
        <article class="card">
            <header><h2>"Product"</h2></header>
            <dl class="details">
                <div><dt>"State"</dt><dd>{state}{demo}</dd></div>
                <div><dt>"Kind"</dt><dd>{product.kind.words()}</dd></div>
                <div><dt>"Price"</dt><dd class="num">{price}</dd></div>
                {stock}
                {more}
                <div><dt>"Changed"</dt><dd>{when(product.updated_at)}{by}</dd></div>
            </dl>
        </article>
    }
}

fn prices(product: &ProductDetail) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let rows = product
        .prices
        .iter()
        .map(|p| {
            let price = format::money(p.price, product.currency, &locale);
            view! { <tr><td>{when(p.valid_from)}</td><td class="r num">{price}</td><td class="hide">{p.by.clone()}</td></tr> }
        })
        .collect_view();
    view! {
        <article class="card">
            <header><h2>"Prices"</h2></header>
            <div class="table-wrap" tabindex="0">
                <table class="stack">
                    <thead><tr><th>"From"</th><th class="r">"Price"</th><th>"By"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </article>
    }
}

fn edit(product: &ProductDetail, categories: Vec<CategoryItem>) -> impl IntoView + use<> {
    let state = FormState::plain(EditProduct::PATH);
    let removing = FormState::plain(RemoveProduct::PATH);
    let form = ProductForm::of(product);
    let (id, version) = (product.id.to_string(), product.version.to_string());
    // What was typed belongs to the version that was read then.
    let read = state.typed("version", &version);
    let remove = product.archived_at.is_none().then(|| {
        view! {
            <form method="post" action=RemoveProduct::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=id.clone()/>
                <input type="hidden" name="version" value=version/>
                <button class="btn danger" type="submit">"Remove from the catalogue"</button>
            </form>
        }
    });
    view! {
        <section class="card" id="form">
            <header><h2>"Change"</h2></header>
            <ErrorSummary state/>
            <ErrorSummary state=removing/>
            <form class="form" method="post" action=EditProduct::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=id.clone()/>
                <input type="hidden" name="version" value=read/>
                {fields(state, &form, categories, false)}
                <div class="form-actions"><button class="btn primary" type="submit">"Save"</button></div>
            </form>
            {remove}
        </section>
    }
}

/// The latest sales, and the way to all of them.
pub fn sales(sales: Vec<SaleRow>, all: String) -> impl IntoView {
    let locale = session().business.locale;
    let body = if sales.is_empty() {
        view! { <Empty message="No sales yet."/> }.into_any()
    } else {
        let rows = sales
            .into_iter()
            .map(|sale| {
                let customer = sale.customer.map_or_else(|| "Guest".to_owned(), |c| c.label);
                view! {
                    <tr>
                        <td><a class="num" href=format!("/transactions/{}", sale.id)>{format!("#{}", sale.number)}</a></td>
                        <td class="num">{when(sale.timestamp)}</td>
                        <td class="hide">{customer}</td>
                        <td class="r num">{format::money(sale.total_amount, sale.currency, &locale)}</td>
                        <td class="r"><span class=format!("badge {}", sale.status.tone())>{sale.status.words()}</span></td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <div class="table-wrap" tabindex="0">
                <table class="stack">
                    <thead><tr><th>"Sale"</th><th>"Time"</th><th>"Customer"</th><th class="r">"Total"</th><th class="r">"Status"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card">
            <header><h2>"Sales"</h2><span class="meta"><a href=all>"All sales"</a></span></header>
            {body}
        </section>
    }
}
