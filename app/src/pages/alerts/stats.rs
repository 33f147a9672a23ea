//! `/alerts/stats`: how fast alerts are seen and ended, and what makes the most of them. The days are in the URL.

use crate::{
    components::{
        filter::Text,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::alerts::load_alert_stats,
    page_data::PageData,
    pages::LazyPage,
};
use chrono::Days;
use domain::{
    alerts::{Figures, Lasting, Noisy, OfPerson, OfSeverity, OfType, Stats},
    format,
    live::Topic,
    query,
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_location};

const NO_DATA: &str = "No data";

/// The report.
#[derive(Debug)]
pub struct AlertStatsRoute {
    search: Memo<String>,
    stats: PageData<Stats>,
}

impl LazyPage for AlertStatsRoute {
    fn data() -> Self {
        Self { search: use_location().search, stats: PageData::of_address(Topic::Alerts, load_alert_stats) }
    }

    fn view(this: Self) -> AnyView {
        let AlertStatsRoute { search, stats } = this;
        view! {
            <PageHead title="Alert statistics" scope="How fast alerts are seen and ended">
                <a class="btn" href="/alerts">"All alerts"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(stats.await, move |stats| shown(stats, search)) })}
            </Transition>
        }
        .into_any()
    }
}

/// Seven, thirty or ninety days up to the last one shown, or any others.
fn period(stats: &Stats, search: Memo<String>) -> impl IntoView + use<> {
    let length = (stats.to - stats.from).num_days() + 1;
    let choices = [(7, "7 days"), (30, "30 days"), (90, "90 days")].map(|(days, words)| {
        let from = stats.to.checked_sub_days(Days::new(days - 1)).unwrap_or(stats.to);
        let (from, to) = (from.to_string(), stats.to.to_string());
        let href = format!("/alerts/stats?{}", query::write([("from", from.as_str()), ("to", to.as_str())]));
        let current = (i64::try_from(days) == Ok(length)).then_some("true");
        view! { <a href=href aria-current=current>{words}</a> }
    });
    view! {
        <div class="filters">
            <nav class="seg" aria-label="Period">{choices}</nav>
            <details class="filter-sheet">
                <summary class="btn">"Other days"</summary>
                <Form method="get" action="/alerts/stats" attr:class="filters" attr:aria-label="Other days">
                    <Text search name="from" label="From day" kind="date"/>
                    <Text search name="to" label="To day" kind="date"/>
                    <button class="btn" type="submit">"Show"</button>
                </Form>
            </details>
        </div>
    }
}

fn duration(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| NO_DATA.to_owned(), format::duration)
}

/// "2 min 40 s", or that there is none.
fn lasting(of: Lasting) -> impl IntoView {
    view! {
        <td class="r num">{duration(of.mean_seconds)}</td>
        <td class="r num">{duration(of.p50_seconds)}</td>
        <td class="r num">{duration(of.p90_seconds)}</td>
    }
}

fn shown(stats: Stats, search: Memo<String>) -> impl IntoView {
    let locale = session().business.locale;
    let days = format!("{} to {}", format::date_long(stats.from), format::date_long(stats.to));
    view! {
        {period(&stats, search)}
        <p class="sub">{days}</p>
        {whole(stats.all, &locale)}
        {by_type(&stats.by_type, &locale)}
        {by_severity(&stats.by_severity, &locale)}
        {by_person(&stats.by_person, &locale)}
        {noisiest(&stats.noisiest, &locale)}
    }
}

fn whole(all: Figures, locale: &str) -> impl IntoView + use<> {
    let row = |what: &'static str, of: Lasting| {
        view! { <tr><th scope="row">{what}</th>{lasting(of)}<td class="r num">{format::count(of.n, locale)}</td></tr> }
    };
    view! {
        <section class="card">
            <header><h2>"All alerts"</h2></header>
            <p>{format!("{} opened, {} resolved.", format::count(all.opened, locale), format::count(all.resolved, locale))}</p>
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"How long"</th><th scope="col" class="r">"Mean"</th><th scope="col" class="r">"Half within"</th>
                    <th scope="col" class="r">"Nine of ten within"</th><th scope="col" class="r">"n"</th>
                </tr></thead>
                <tbody>
                    {row("Until acknowledged (MTTA)", all.to_acknowledge)}
                    {row("Until resolved (MTTR)", all.to_resolve)}
                </tbody>
            </table></div>
        </section>
    }
}

/// Opened, resolved, and both times with their n.
fn group(name: AnyView, of: &Figures, locale: &str) -> impl IntoView + use<> {
    view! {
        <tr>
            <td>{name}</td>
            <td class="r num">{format::count(of.opened, locale)}</td>
            <td class="r num">{format::count(of.resolved, locale)}</td>
            {times(of.to_acknowledge, of.to_resolve, locale)}
        </tr>
    }
}

fn times(acknowledge: Lasting, resolve: Lasting, locale: &str) -> impl IntoView + use<> {
    view! {
        {lasting(acknowledge)}
        <td class="r num">{format::count(acknowledge.n, locale)}</td>
        {lasting(resolve)}
        <td class="r num">{format::count(resolve.n, locale)}</td>
    }
}

fn groups(title: &'static str, what: &'static str, opened: bool, rows: Vec<AnyView>) -> impl IntoView {
    let body = if rows.is_empty() {
        view! { <Empty message="Nothing in these days."/> }.into_any()
    } else {
        let opened = opened.then(|| view! { <th scope="col" class="r">"Opened"</th> });
        let heads = ["MTTA", "MTTR"]
            .map(|time| {
                view! {
                    <th scope="col" class="r">{time}</th>
                    <th scope="col" class="r">{time}", half within"</th>
                    <th scope="col" class="r">{time}", nine of ten within"</th>
                    <th scope="col" class="r">"n"</th>
                }
            })
            .collect_view();
        view! {
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">{what}</th>{opened}<th scope="col" class="r">"Resolved"</th>{heads}
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any()
    };
    view! { <section class="card"><header><h2>{title}</h2></header>{body}</section> }
}

fn by_type(types: &[OfType], locale: &str) -> impl IntoView + use<> {
    let rows = types.iter().map(|of| {
        let href = format!("/alerts?{}", query::write([("alert_type", of.alert_type.as_str())]));
        let name = view! { <a href=href>{of.alert_type.clone()}</a> }.into_any();
        group(name, &of.figures, locale).into_any()
    });
    groups("By type", "Type", true, rows.collect())
}

fn by_severity(severities: &[OfSeverity], locale: &str) -> impl IntoView + use<> {
    let rows = severities.iter().map(|of| {
        let name =
            view! { <span class=format!("badge {}", of.severity.tone())>{of.severity.label()}</span> }.into_any();
        group(name, &of.figures, locale).into_any()
    });
    groups("By severity", "Severity", true, rows.collect())
}

fn by_person(people: &[OfPerson], locale: &str) -> impl IntoView + use<> {
    let rows = people.iter().map(|of| {
        view! {
            <tr>
                <td>{of.person.clone()}</td>
                <td class="r num">{format::count(of.resolved, locale)}</td>
                {times(of.to_acknowledge, of.to_resolve, locale)}
            </tr>
        }
        .into_any()
    });
    groups("By person", "Person", false, rows.collect())
}

fn noisiest(entities: &[Noisy], locale: &str) -> impl IntoView + use<> {
    let body = if entities.is_empty() {
        view! { <Empty message="Nothing in these days."/> }.into_any()
    } else {
        let rows = entities
            .iter()
            .map(|of| {
                let kind = of.entity_type.clone().unwrap_or_default();
                let pairs = [("entity_type", kind.as_str()), ("entity_id", of.entity_id.as_str()), ("sort", "newest")];
                let href =
                    format!("/alerts?{}", query::write(pairs.into_iter().filter(|(_, value)| !value.is_empty())));
                let label = of.entity_label.clone().unwrap_or_else(|| of.entity_id.clone());
                view! {
                    <tr>
                        <td><a href=href>{label}</a></td>
                        <td>{kind}</td>
                        <td class="r num">{format::count(of.alerts, locale)}</td>
                        <td class="r num">{format::count(of.occurrences, locale)}</td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"About"</th><th scope="col">"Kind"</th><th scope="col" class="r">"Alerts"</th>
                    <th scope="col" class="r">"Times told of"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any()
    };
    view! { <section class="card"><header><h2>"The most alerts"</h2></header>{body}</section> }
}
