//! `/alerts`: what is wrong, the gravest first. Filter and place are in the URL.

pub mod act;
pub mod alert;
pub mod channels;
pub mod inbox;
pub mod new;
pub mod preferences;
pub mod routes;
pub mod rule;
pub mod rules;
pub mod silences;
pub mod stats;

use crate::{
    components::{
        filter::{Choice, Filters, More, Text},
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
    alerts::{
        AlertCounts, AlertFeature, AlertQuery, AlertRow, AlertScreen, AlertSort, BulkAction, Severity, ShownState,
        as_on_the_desk,
    },
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
        let export = move |extension: &str| {
            let asked = as_on_the_desk(query::pairs(&search.get()));
            let kept = |name: &str| name == "sort" || AlertQuery::NARROWING.contains(&name);
            let asked = asked.iter().filter(|(name, value)| kept(name) && !value.is_empty());
            let asked = query::write(asked.map(|(name, value)| (name.as_str(), value.as_str())));
            format!("/api/v1/exports/alerts.{extension}?{asked}")
        };
        view! {
            <PageHead title="Alerts" scope="What is wrong, the gravest first">
                <a class="btn" href="/alerts/stats">"Statistics"</a>
                <a class="btn" href="/alerts/rules">"Rules"</a>
                <a class="btn" href="/alerts/silences">"Silences"</a>
                {may(Permission::AlertsEdit).then(|| view! {
                    <a class="btn" href="/alerts/channels">"Channels"</a>
                    <a class="btn" href="/alerts/routes">"Routes"</a>
                })}
                {may(Permission::AccessExport).then(|| view! {
                    <a class="btn" rel="external" href=move || export("csv")>"CSV"</a>
                    <a class="btn" rel="external" href=move || export("xlsx")>"XLSX"</a>
                })}
                {may(Permission::AlertsAck).then(|| view! { <a class="btn primary" href="/alerts/new">"New alert"</a> })}
            </PageHead>
            <FilterBar search/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(list.await, move |list| shown(list, &search.get_untracked())) })}
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
    let people = any("Anybody").chain([("me", "Me"), ("none", "Nobody")]).collect();
    let deleted = session().may(Permission::AlertsEdit).then(|| {
        let options = any("Left out").chain([("true", "Shown too")]).collect();
        view! { <Choice search name="include_deleted" label="Deleted ones" options/> }
    });
    let sorts = any("Usual order").chain(AlertSort::ALL.iter().map(|s| (s.as_str(), s.label()))).collect();
    view! {
        <Filters action="/alerts" search>
            <Choice search name="state" label="State" options=states/>
            <Choice search name="severity" label="Severity" options=severities/>
            <Choice search name="feature" label="Of" options=features/>
            <Choice search name="assignee" label="Worked on by" options=people/>
            <Choice search name="sort" label="Order" options=sorts/>
            <More search names=&["alert_type", "entity_type", "entity_id", "from", "to", "include_deleted"]>
                <Text search name="alert_type" label="Type"/>
                <Text search name="entity_type" label="About: kind"/>
                <Text search name="entity_id" label="About: which"/>
                <Text search name="from" label="From day" kind="date"/>
                <Text search name="to" label="To day" kind="date"/>
                {deleted}
            </More>
        </Filters>
    }
}

fn shown(screen: AlertScreen, search: &str) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let may_act = session().may(Permission::AlertsAck);
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
        let rows = table(page.items, &locale, may_act);
        if may_act {
            view! { <form method="get" action="/alerts/act">{rows}{acts(&without, page.total, &locale)}</form> }
                .into_any()
        } else {
            rows.into_any()
        }
    };
    view! {
        <p class="sub">{summary(&counts, &locale)}" · "{format::count(page.total, &locale)}" here"</p>
        {list}
        <Pager first next/>
    }
}

/// The filter of the list as hidden fields, and the buttons. They lead to a page that says what would happen.
fn acts(pairs: &[(String, String)], total: i64, locale: &str) -> impl IntoView + use<> {
    let hidden = as_on_the_desk(pairs.to_vec())
        .into_iter()
        .filter(|(name, value)| AlertQuery::NARROWING.contains(&name.as_str()) && !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    let buttons = BulkAction::ALL
        .iter()
        .map(|action| {
            view! { <button class="btn" type="submit" name="action" value=action.as_str()>{action.label()}"\u{2026}"</button> }
        })
        .collect_view();
    let help = format!(
        "With the selected alerts or, when none is selected, with all {} of this list:",
        format::count(total, locale)
    );
    view! { {hidden} <div class="form-actions"><p class="help">{help}</p>{buttons}</div> }
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

/// What it is about and what it may cost, under its title.
fn beside(alert: &AlertRow, locale: &str) -> Option<String> {
    let money = alert.money_at_risk.map(|money| {
        format!("{} {} at risk", format::number(money, locale), alert.currency.as_deref().unwrap_or_default())
    });
    let parts: Vec<String> = alert.entity_label.clone().into_iter().chain(money).collect();
    (!parts.is_empty()).then(|| parts.join(" \u{b7} "))
}

pub(super) fn table(alerts: Vec<AlertRow>, locale: &str, select: bool) -> impl IntoView + use<> {
    let rows = alerts
        .into_iter()
        .map(|alert| {
            let measured = measured(&alert, locale);
            let beside = beside(&alert, locale).map(|text| view! { <div class="sub">{text}</div> });
            let check = select.then(|| {
                let label = format!("Select #{} {}", alert.number, alert.title);
                view! { <td class="check"><label><input type="checkbox" name="ids" value=alert.id.to_string() aria-label=label/></label></td> }
            });
            view! {
                <tr>
                    {check}
                    <td><span class=format!("badge {}", alert.severity.tone())>{alert.severity.label()}</span></td>
                    <td><a href=format!("/alerts/{}", alert.id)>{alert.title}</a>{beside}</td>
                    <td class="num hide">{measured}</td>
                    <td class="hide">{when(alert.created_at)}</td>
                    <td class="r num hide">{format::count(alert.occurrences.into(), locale)}</td>
                    <td class="hide">{alert.assignee.map(|person| person.name)}</td>
                    <td><span class=format!("badge {}", alert.state.tone())>{alert.state.label()}</span></td>
                </tr>
            }
        })
        .collect_view();
    let check =
        select.then(|| view! { <th scope="col" class="check"><span class="visually-hidden">"Select"</span></th> });
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    {check}
                    <th scope="col">"Severity"</th><th scope="col">"Alert"</th><th scope="col">"Value"</th>
                    <th scope="col">"Since"</th><th scope="col" class="r">"Times"</th><th scope="col">"Worked on by"</th>
                    <th scope="col">"State"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
