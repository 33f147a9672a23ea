//! `/alerts`: what is wrong, the gravest first. Filter and place are in the URL.

pub mod alert;
pub mod channels;
pub mod inbox;
pub mod new;
pub mod preferences;
pub mod routes;
pub mod rule;
pub mod rules;
pub mod silences;

use crate::{
    components::{
        filter::{Choice, Filters, Kept, Text},
        moment::when,
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
use domain::{
    access::Permission,
    alerts::{AlertCounts, AlertFeature, AlertRow, AlertScreen, AlertSort, Severity, ShownState},
    format,
    live::Topic,
    query,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

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
                {may(Permission::AlertsEdit).then(|| view! {
                    <a class="btn" href="/alerts/channels">"Channels"</a>
                    <a class="btn" href="/alerts/routes">"Routes"</a>
                })}
                {may(Permission::AlertsAck).then(|| view! { <a class="btn primary" href="/alerts/new">"New alert"</a> })}
            </PageHead>
            <FilterBar search/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(list.await, move |list| shown(list, &search.get())) })}
            </Transition>
        }
        .into_any()
    }
}

#[component]
fn FilterBar(search: Memo<String>) -> impl IntoView {
    let any = |words: &'static str| std::iter::once(("", words));
    let states = any("Not over").chain(ShownState::ALL.iter().map(|s| (s.as_str(), s.label()))).collect();
    let severities = any("Any severity").chain(Severity::ALL.iter().map(|s| (s.as_str(), s.label()))).collect();
    let features = any("Anything").chain(AlertFeature::ALL.iter().map(|f| (f.as_str(), f.label()))).collect();
    let sorts = any("Usual order").chain(AlertSort::ALL.iter().map(|s| (s.as_str(), s.label()))).collect();
    view! {
        <Filters action="/alerts" search>
            <Choice search name="state" label="State" options=states/>
            <Choice search name="severity" label="Severity" options=severities/>
            <Choice search name="feature" label="Of" options=features/>
            <Choice search name="sort" label="Order" options=sorts/>
            <Text search name="from" label="From day" kind="date"/>
            <Text search name="to" label="To day" kind="date"/>
            <Kept search name="alert_type"/>
            <Kept search name="entity_id"/>
        </Filters>
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
