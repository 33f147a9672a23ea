//! The filter bar: a GET form whose fields are the list's own parameters.

use domain::{
    query,
    transactions::{PaymentMethod, SaleStatus},
};
use leptos::{html, prelude::*};
use leptos_router::components::Form;

/// The value of parameter `name` in the address.
pub fn param(search: Memo<String>, name: &'static str) -> Signal<String> {
    Signal::derive(move || {
        search.with(|s| query::pairs(s).into_iter().rev().find(|(n, _)| n == name).map(|(_, v)| v).unwrap_or_default())
    })
}

#[component]
pub fn Text(
    search: Memo<String>,
    name: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] mode: Option<&'static str>,
) -> impl IntoView {
    let value = param(search, name);
    let id = format!("f-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id.clone() name=name type=kind inputmode=mode maxlength="100" value=value.get_untracked() prop:value=move || value.get()/>
        </div>
    }
}

#[component]
pub fn Choice(
    search: Memo<String>,
    name: &'static str,
    label: &'static str,
    options: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let value = param(search, name);
    let id = format!("f-{name}");
    let options = options
        .into_iter()
        .map(|(key, words)| view! { <option value=key selected=move || value.with(|v| v == key)>{words}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id.clone() name=name>{options}</select>
        </div>
    }
}

/// Carries a parameter that has no field of its own (a product or customer the list was opened for).
#[component]
fn Kept(search: Memo<String>, name: &'static str) -> impl IntoView {
    let value = param(search, name);
    view! { <input type="hidden" name=name value=value.get_untracked() prop:value=move || value.get()/> }
}

/// The sheet of a filter bar. On the phone it lies over the list: it goes away with the filter it set.
pub fn sheet_of(search: Memo<String>) -> NodeRef<html::Details> {
    let sheet = NodeRef::<html::Details>::new();
    Effect::new(move |before: Option<String>| {
        let now = search.get();
        if let Some(sheet) = sheet.get_untracked().filter(|_| before.is_some_and(|before| before != now)) {
            sheet.set_open(false);
        }
        now
    });
    sheet
}

#[component]
pub fn FilterBar(search: Memo<String>) -> impl IntoView {
    let mut statuses = vec![("", "Any status"), ("completed", "Completed"), ("flagged", "Held (flagged)")];
    statuses.extend(SaleStatus::ALL.map(|s| (s.as_str(), s.words())));
    let mut methods = vec![("", "Any payment")];
    methods.extend(PaymentMethod::ALL.map(|m| (m.as_str(), m.words())));
    let sheet = sheet_of(search);
    view! {
        <Form method="get" action="/transactions" attr:class="filters">
            <Text search name="q" label="Search" kind="search"/>
            <details class="filter-sheet" node_ref=sheet>
                <summary class="btn">"Filters"</summary>
                <div>
                    <Text search name="from" label="From day" kind="date"/>
                    <Text search name="to" label="To day" kind="date"/>
                    <Choice search name="status" label="Status" options=statuses/>
                    <Choice search name="payment_method" label="Payment" options=methods/>
                    <Choice search name="suspicious" label="Risk" options=vec![("", "Any risk"), ("true", "Suspicious"), ("false", "Not suspicious")]/>
                    <Text search name="min_amount" label="Total from" mode="decimal"/>
                    <Text search name="max_amount" label="Total to" mode="decimal"/>
                    <Kept search name="customer_id"/>
                    <Kept search name="product_id"/>
                    <Kept search name="import_id"/>
                    <Kept search name="hours"/>
                    <Kept search name="sort"/>
                    <button class="btn" type="submit">"Apply"</button>
                    <a class="btn quiet" href="/transactions">"Clear"</a>
                </div>
            </details>
        </Form>
    }
}
