//! `/customers`: the list. Filters and place are in the URL.

pub mod detail;
mod form;
pub mod new;

use crate::{
    components::{
        filter::{Choice, Text},
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::customers::load_customers,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    customers::{CustomerItem, CustomerList, CustomerQuery, Tier},
    format,
    live::Topic,
    query,
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_location};

const PATH: &str = "/customers";

/// The list page.
#[derive(Debug)]
pub struct CustomersRoute {
    search: Memo<String>,
    list: PageData<CustomerList>,
}

impl LazyPage for CustomersRoute {
    fn data() -> Self {
        let search = use_location().search;
        Self { search, list: PageData::of_address(Topic::Customers, load_customers) }
    }

    fn view(this: Self) -> AnyView {
        let CustomersRoute { search, list } = this;
        let may_edit = session().may(Permission::CustomersEdit);
        let export = move |extension: &'static str| {
            let whole = CustomerQuery::parse(query::pairs(&search.get())).unwrap_or_default().whole();
            href(&format!("/api/v1/exports/customers.{extension}"), &whole)
        };
        view! {
            <PageHead title="Customers" scope="Names and addresses are masked in lists">
                <a class="btn" rel="external" href=move || export("csv")>"Export CSV"</a>
                <a class="btn" rel="external" href=move || export("xlsx")>"Export XLSX"</a>
                {may_edit.then(|| view! { <a class="btn primary" href="/customers/new">"New customer"</a> })}
            </PageHead>
            <FilterBar search/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(list.await, shown) })}
            </Transition>
        }
        .into_any()
    }
}

fn href(path: &str, query: &CustomerQuery) -> String {
    let query = query.to_query();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn shown(list: CustomerList) -> AnyView {
    let CustomerList { page, query } = list;
    let locale = session().business.locale;
    let noun = if page.total == 1 { "customer" } else { "customers" };
    let total = format!("{} {noun}", format::count(page.total, &locale));
    let first = query.cursor.is_some().then(|| href(PATH, &query.first_page()));
    let next = page.next_cursor.map(|cursor| href(PATH, &query.page_after(cursor)));
    if page.items.is_empty() {
        let message = if query.is_narrowed() { "No customer matches these filters." } else { "No customers yet." };
        view! { <p class="total" role="status">{total}</p><Empty message/> }.into_any()
    } else {
        let rows = page.items.into_iter().map(row).collect_view();
        view! {
            <section class="card">
                <p class="total" role="status">{total}</p>
                <div class="table-wrap">
                    <table class="stack">
                        <thead><tr>
                            <th>"Customer"</th><th>"E-mail"</th><th>"Phone"</th><th>"Country"</th><th>"Since"</th><th class="r">"Tier"</th>
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

fn row(customer: CustomerItem) -> impl IntoView {
    let demo = customer.demo.then(|| view! { " "<span class="badge demo">"Demo"</span> });
    view! {
        <tr>
            <td><a class="row-link" href=format!("{PATH}/{}", customer.id)>{customer.label}</a></td>
            <td>{customer.email}</td>
            <td class="num hide">{customer.phone}</td>
            <td class="hide">{customer.country}</td>
            <td class="num hide">{format::date(customer.registration_date)}</td>
            <td class="r">{customer.loyalty_tier.words()}{demo}</td>
        </tr>
    }
}

/// A GET form whose fields are the list's own parameters. It stands still while the list comes up to date.
#[component]
fn FilterBar(search: Memo<String>) -> impl IntoView {
    let mut tiers = vec![("", "Any")];
    tiers.extend(Tier::ALL.map(|tier| (tier.as_str(), tier.words())));
    view! {
        <Form method="get" action=PATH attr:class="filters">
            <Text search name="q" label="Search" kind="search"/>
            <Choice search name="tier" label="Tier" options=tiers/>
            <button class="btn" type="submit">"Apply"</button>
            <a class="btn quiet" href=PATH>"Clear"</a>
        </Form>
    }
}
