//! Fields of filter bars: GET forms whose fields are the list's own parameters.

use domain::query;
use leptos::{html, prelude::*};
use leptos_router::components::Form;

/// The value of parameter `name` in the address.
pub fn param(search: Memo<String>, name: &'static str) -> Signal<String> {
    Signal::derive(move || search.with(|s| query::last(s, name)).unwrap_or_default())
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
pub fn Kept(search: Memo<String>, name: &'static str) -> impl IntoView {
    let value = param(search, name);
    view! { <input type="hidden" name=name value=value.get_untracked() prop:value=move || value.get()/> }
}

/// Fields that are seldom used, folded away; open where one of them narrows the list.
#[component]
pub fn More(search: Memo<String>, names: &'static [&'static str], children: Children) -> impl IntoView {
    let used =
        search.with_untracked(|s| query::pairs(s).iter().any(|(n, v)| names.contains(&n.as_str()) && !v.is_empty()));
    view! {
        <details class="filter-more" open=used>
            <summary>"More"</summary>
            <div>{children()}</div>
        </details>
    }
}

/// The bar: a search for `q`, and the other fields in a sheet. It stands still while the list comes up to date; on the
/// phone the sheet lies over the list and goes away with the filter it set.
#[component]
pub fn Filters(
    /// The page of the list.
    action: &'static str,
    search: Memo<String>,
    children: Children,
) -> impl IntoView {
    let sheet = NodeRef::<html::Details>::new();
    Effect::new(move |before: Option<String>| {
        let now = search.get();
        if let Some(sheet) = sheet.get_untracked().filter(|_| before.is_some_and(|before| before != now)) {
            sheet.set_open(false);
        }
        now
    });
    let fields = children();
    view! {
        <Form method="get" action attr:class="filters">
            <Text search name="q" label="Search" kind="search"/>
            <details class="filter-sheet" node_ref=sheet>
                <summary class="btn">"Filters"</summary>
                <div>
                    {fields}
                    <button class="btn" type="submit">"Apply"</button>
                    <a class="btn quiet" href=action>"Clear"</a>
                </div>
            </details>
        </Form>
    }
}
