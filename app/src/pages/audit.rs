//! `/audit`: who did what. The filter is in the URL.

pub mod entry;

use crate::{
    components::{
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::audit::load_audit,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::{ActorKind, Permission},
    audit::{AuditFilter, AuditPage, AuditRow, FEATURES, OUTCOMES},
    format,
    live::Topic,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

const PATH: &str = "/audit";

/// The list page.
#[derive(Debug)]
pub struct AuditRoute {
    list: PageData<(AuditFilter, AuditPage)>,
}

impl LazyPage for AuditRoute {
    fn data() -> Self {
        Self { list: PageData::of_address(Topic::Audit, load_audit) }
    }

    fn view(this: Self) -> AnyView {
        let list = this.list;
        let search = use_location().search;
        view! {
            <PageHead title="Audit" scope="Who did what, when, and what it changed"/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    let loaded = list.await;
                    // The filter stays in sight when it cannot be read.
                    let asked = AuditFilter::from_query(&search.get_untracked());
                    view! { {filter_bar(&asked)} {ready_or_failed(loaded, |(filter, page)| rows(&filter, page))} }
                })}
            </Transition>
        }
        .into_any()
    }
}

/// The address of the list with `filter`.
fn href(filter: &AuditFilter) -> String {
    let query = filter.to_query();
    if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
}

fn rows(filter: &AuditFilter, page: AuditPage) -> AnyView {
    let locale = session().business.locale;
    if page.items.is_empty() {
        return view! { <Empty message="No act fits this filter."><p><a class="btn" href=PATH>"Show all acts"</a></p></Empty> }
            .into_any();
    }
    let whole = filter.clone().first_page();
    let total = format::count(page.total, &locale);
    let total = if page.total_is_bound { format!("more than {total}") } else { total };
    let first = filter.cursor.is_some().then(|| href(&whole));
    let next = page.next_cursor.map(|cursor| href(&AuditFilter { cursor: Some(cursor), ..filter.clone() }));
    let export = session().may(Permission::AuditExport).then(|| exports(&whole));
    let lines = page.items.into_iter().map(line).collect_view();
    view! {
        <p class="total">{total} " acts"</p>
        {export}
        <div class="table-wrap">
            <table class="stack">
                <caption class="visually-hidden">"Acts, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Time"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"Action"</th>
                        <th scope="col">"On"</th>
                        <th scope="col">"Outcome"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
        <Pager first next/>
    }
    .into_any()
}

fn exports(filter: &AuditFilter) -> impl IntoView + use<> {
    let query = AuditFilter { limit: None, ..filter.clone() }.to_query();
    let file = |kind: &str| format!("/api/v1/audit/export.{kind}?{query}");
    view! {
        <p class="tools">
            <a class="btn quiet" href=file("csv") rel="external" download="">"Export CSV"</a>
            <a class="btn quiet" href=file("jsonl") rel="external" download="">"Export JSON lines"</a>
        </p>
    }
}

fn line(row: AuditRow) -> impl IntoView {
    let tone = (row.tone() != "good").then(|| row.tone());
    let badge = format!("badge {}", row.tone());
    view! {
        <tr data-tone=tone>
            <td>
                <a class="row-link" href=format!("{PATH}/{}", row.id)>
                    <time datetime=format::date_time_machine(row.at) title=format::date_time_full(row.at)>
                        {format::date_time(row.at)}
                    </time>
                </a>
            </td>
            <td>{row.actor.clone()}</td>
            <td><code>{row.action.clone()}</code></td>
            <td class="hide">{row.entity()}</td>
            <td>
                <span class=badge>{row.outcome.clone()}</span>
                {row.pii_read.then(|| view! { " " <span class="badge warn">"personal data"</span> })}
                {row.reason.clone().map(|reason| view! { " " <small>{reason}</small> })}
            </td>
        </tr>
    }
}

fn filter_bar(filter: &AuditFilter) -> impl IntoView + use<> {
    let kinds = ActorKind::ALL.map(ActorKind::as_str);
    view! {
        <form class="filters" method="get" action=PATH role="search" aria-label="Filter acts">
            {search_field("q", "Text", "In action, entity, reason or values", filter.q.as_deref())}
            {search_field("actor", "Who", "Part of the name", filter.actor.as_deref())}
            {choice("kind", "Kind of actor", &kinds, filter.kind.as_deref())}
            {choice("feature", "Feature", FEATURES, filter.feature.as_deref())}
            {search_field("action", "Action", "access.sign_in", filter.action.as_deref())}
            {search_field("entity", "On", "transaction, or type/id", filter.entity.as_deref())}
            {choice("outcome", "Outcome", OUTCOMES, filter.outcome.as_deref())}
            {day("from", "From", filter.from.as_deref())}
            {day("to", "To", filter.to.as_deref())}
            <button class="btn" type="submit">"Apply"</button>
            <a class="btn quiet" href=PATH>"Clear"</a>
        </form>
    }
}

fn search_field(
    name: &'static str,
    label: &'static str,
    placeholder: &'static str,
    value: Option<&str>,
) -> impl IntoView + use<> {
    let id = format!("filter-{name}");
    let value = value.unwrap_or_default().to_owned();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id name=name type="search" maxlength="200" placeholder=placeholder value=value/>
        </div>
    }
}

fn choice(
    name: &'static str,
    label: &'static str,
    words: &[&'static str],
    chosen: Option<&str>,
) -> impl IntoView + use<> {
    let id = format!("filter-{name}");
    let options = words
        .iter()
        .map(|word| {
            let selected = chosen == Some(*word);
            view! { <option value=*word selected=selected>{*word}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name><option value="">"Any"</option>{options}</select>
        </div>
    }
}

/// A day; a time that an address may carry instead is not for this input, and stays in the address.
fn day(name: &'static str, label: &'static str, value: Option<&str>) -> impl IntoView + use<> {
    let id = format!("filter-{name}");
    let value = value.map(|v| v.chars().take(10).collect::<String>()).unwrap_or_default();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id name=name type="date" value=value/>
        </div>
    }
}
