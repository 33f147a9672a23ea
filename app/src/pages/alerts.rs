//! `/alerts`: what is wrong, the gravest first. Filter and place are in the URL.

pub mod alert;
pub mod channels;
pub mod inbox;
pub mod new;
pub mod rule;
pub mod rules;
pub mod silences;

use crate::{
    components::{
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::alerts::load_alerts,
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use chrono::{DateTime, FixedOffset};
use domain::{
    access::Permission,
    alerts::{AlertCounts, AlertRow, AlertScreen, AlertSort, Severity, ShownState},
    format,
    live::Topic,
    query,
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_location};

/// The list.
#[derive(Debug)]
pub struct AlertsRoute {
    search: Memo<String>,
    list: PageData<AlertScreen>,
}

impl LazyPage for AlertsRoute {
    fn data() -> Self {
        let search = use_location().search;
        let changed = use_topic(Topic::Alerts);
        Self { search, list: PageData::load(move || (search.get(), changed.get()), |(search, _)| load_alerts(search)) }
    }

    fn view(this: Self) -> AnyView {
        let AlertsRoute { search, list } = this;
        let may = |right| session().may(right);
        view! {
            <PageHead title="Alerts" scope="What is wrong, the gravest first">
                <a class="btn" href="/alerts/rules">"Rules"</a>
                <a class="btn" href="/alerts/silences">"Silences"</a>
                {may(Permission::AlertsEdit).then(|| view! { <a class="btn" href="/alerts/channels">"Channels"</a> })}
                {may(Permission::AlertsAck).then(|| view! { <a class="btn primary" href="/alerts/new">"New alert"</a> })}
            </PageHead>
            {move || filters(&search.get())}
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(list.await, move |list| shown(list, &search.get())) })}
            </Transition>
        }
        .into_any()
    }
}

fn filters(search: &str) -> impl IntoView + use<> {
    let pairs = query::pairs(search);
    let now = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let choice = |name: &'static str, label: &'static str, options: Vec<(&'static str, &'static str)>| {
        let chosen = now(name);
        let options = options
            .into_iter()
            .map(|(value, words)| view! { <option value=value selected=chosen == value>{words}</option> })
            .collect_view();
        let id = format!("f-{name}");
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <select id=id.clone() name=name>{options}</select>
            </div>
        }
    };
    let states = std::iter::once(("", "Not over")).chain(ShownState::ALL.iter().map(|s| (s.as_str(), s.label())));
    let severities = std::iter::once(("", "Any severity")).chain(Severity::ALL.iter().map(|s| (s.as_str(), s.label())));
    let sorts = std::iter::once(("", "Usual order")).chain(AlertSort::ALL.iter().map(|s| (s.as_str(), s.label())));
    let q = now("q");
    let (state, severity, sort) = (
        choice("state", "State", states.collect()),
        choice("severity", "Severity", severities.collect()),
        choice("sort", "Order", sorts.collect()),
    );
    view! {
        <Form method="get" action="/alerts" attr:class="filters">
            <div class="field">
                <label for="f-q">"Search"</label>
                <input id="f-q" name="q" type="search" maxlength="100" value=q/>
            </div>
            {state}
            {severity}
            {sort}
            <button class="btn" type="submit">"Filter"</button>
        </Form>
    }
}

fn shown(screen: AlertScreen, search: &str) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let AlertScreen { page, counts } = screen;
    let without: Vec<(String, String)> =
        query::pairs(search).into_iter().filter(|(name, _)| name != "cursor").collect();
    let address = |cursor: Option<&str>| {
        let pairs =
            without.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain(cursor.map(|cursor| ("cursor", cursor)));
        format!("/alerts?{}", query::write(pairs))
    };
    let first = query::pairs(search).iter().any(|(name, _)| name == "cursor").then(|| address(None));
    let next = page.next_cursor.as_deref().map(|cursor| address(Some(cursor)));
    let list = if page.items.is_empty() {
        view! { <Empty message="No alert here."/> }.into_any()
    } else {
        table(page.items, &locale).into_any()
    };
    view! {
        <p class="sub">{summary(&counts, &locale)}" · "{format::count(page.total, &locale)}" here"</p>
        {list}
        <Pager first next/>
    }
}

fn summary(counts: &AlertCounts, locale: &str) -> String {
    let part = |n: i64, word: &str| (n > 0).then(|| format!("{} {word}", format::count(n, locale)));
    let parts = [
        part(counts.critical, "critical"),
        part(counts.high, "high"),
        part(counts.medium, "medium"),
        part(counts.low, "low"),
        part(counts.silenced, "of them silenced"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "Nothing is wrong".to_owned() } else { parts.join(", ") }
}

/// A moment, in full for who asks.
pub(super) fn when(at: DateTime<FixedOffset>) -> impl IntoView {
    view! { <time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::date_time(at)}</time> }
}

/// "96 % (> 90)", where both are known.
fn measured(alert: &AlertRow, locale: &str) -> String {
    let unit = alert.unit.as_deref().unwrap_or_default();
    match (alert.value, alert.threshold) {
        (Some(value), Some(threshold)) => {
            format!("{} {unit} (limit {})", format::number(value, locale), format::number(threshold, locale))
        }
        (Some(value), None) => format!("{} {unit}", format::number(value, locale)),
        _ => format::UNKNOWN.to_owned(),
    }
}

pub(super) fn table(alerts: Vec<AlertRow>, locale: &str) -> impl IntoView + use<> {
    let rows = alerts
        .into_iter()
        .map(|alert| {
            let measured = measured(&alert, locale);
            view! {
                <tr>
                    <td><span class=format!("badge {}", alert.severity.tone())>{alert.severity.label()}</span></td>
                    <td><a href=format!("/alerts/{}", alert.id)>{alert.title}</a></td>
                    <td class="num hide">{measured}</td>
                    <td class="hide">{when(alert.created_at)}</td>
                    <td class="r num hide">{format::count(alert.occurrences.into(), locale)}</td>
                    <td><span class=format!("badge {}", alert.state.tone())>{alert.state.label()}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Severity"</th><th scope="col">"Alert"</th><th scope="col">"Value"</th>
                    <th scope="col">"Since"</th><th scope="col" class="r">"Times"</th><th scope="col">"State"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
