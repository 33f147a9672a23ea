//! What was fetched of a dealer: what it covers, its newest runs, and the form that asks for more.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, fault},
        moment::when,
        states::Empty,
    },
    context::session,
    features::dealers::{FetchDealer, SwitchDealerFeed},
};
use domain::{
    access::Permission,
    dealers::{DealerDetail, DealerFetches, Feed, FeedCoverage, FetchRange, FetchRow},
};
use leptos::{form::ActionForm, prelude::*};

/// Asks for records of a range.
pub(super) fn form(dealer: &DealerDetail, fetch: ServerAction<FetchDealer>) -> AnyView {
    if !dealer.is_active {
        let told = "This dealer is not active: nothing is fetched.";
        return view! { <section class="card"><header><h2>"Fetch"</h2></header><p>{told}</p></section> }.into_any();
    }
    let state = FormState::of(fetch);
    let moment = |name: &'static str, label: &'static str| {
        let wrong = state.fault(name);
        let value = state.typed(name, "");
        view! {
            <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                <label for=name>{label}</label>
                <input id=name name=name type="datetime-local" step="1" value=value aria-describedby=format!("{name}-error fetch-help")
                    aria-invalid=move || wrong.get().is_some().then_some("true")/>
                {fault(state, name)}
            </div>
        }
    };
    let (from, to) = (moment("from_time", "From"), moment("to_time", "To"));
    let feeds =
        Feed::ALL.iter().map(|feed| view! { <option value=feed.as_str()>{feed.label()}</option> }).collect_view();
    let (id, zone) = (dealer.dealer_id.clone(), dealer.timezone.clone());
    view! {
        <section class="card" data-fetch>
            <header><h2>"Fetch"</h2></header>
            <p class="sub" id="fetch-help">{format!("In the zone {zone}. Left empty: from the beginning of today, until now.")}</p>
            <ErrorSummary state/>
            <ActionForm action=fetch>
                <CsrfField/>
                <input type="hidden" name="dealer_id" value=id/>
                <div class="form">
                    <div class="field">
                        <label for="fetch_type">"What"</label>
                        <select id="fetch_type" name="fetch_type">{feeds}</select>
                        {fault(state, "fetch_type")}
                    </div>
                    {from}
                    {to}
                    <div class="form-actions"><button class="btn primary" type="submit">"Fetch"</button></div>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

/// What the reader may do beside reading.
#[derive(Clone)]
pub(super) struct May {
    pub dealer: String,
    /// See the records.
    pub list: bool,
    /// Switch feeds on and off.
    pub switch: Option<ServerAction<SwitchDealerFeed>>,
}

/// What is kept and how it came.
pub(super) fn shown(fetches: DealerFetches, may: &May) -> AnyView {
    let back = (fetches.open_rejects > 0)
        .then(|| view! { " "<span class="badge warn">{format!("{} kept back", fetches.open_rejects)}</span> });
    let list = may.list.then(|| view! { " "<a href=path(may, Feed::Prospect)>"See them"</a> });
    let coverage = fetches.coverage.into_iter().map(|one| covered(one, may)).collect_view();
    let switch = may.switch.map(|_| view! { <th scope="col">"Fetched"</th> });
    let runs = if fetches.runs.is_empty() {
        view! { <Empty message="Nothing was fetched yet."/> }.into_any()
    } else {
        table(fetches.runs)
    };
    view! {
        <section class="card" data-feeds>
            <header><h2>"Records"</h2></header>
            <p><span data-prospects>{fetches.prospects}</span>" prospects"{back}{list}</p>
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr>
                        <th scope="col">"Feed"</th><th scope="col" class="r">"Records"</th><th scope="col">"Fetched up to"</th>
                        <th scope="col">"Gaps"</th>{switch}
                    </tr></thead>
                    <tbody>{coverage}</tbody>
                </table>
            </div>
        </section>
        <section class="card" data-fetches>
            <header><h2>"Latest fetches"</h2></header>
            {runs}
        </section>
    }
    .into_any()
}

fn path(may: &May, feed: Feed) -> String {
    format!("/dealers/{}/records/{}", may.dealer, feed.as_str())
}

fn range(range: FetchRange) -> AnyView {
    view! { {when(range.from)}" – "{when(range.to)} }.into_any()
}

fn covered(one: FeedCoverage, may: &May) -> AnyView {
    let until = one.watermark.map_or_else(|| "Never".into_any(), |at| when(at).into_any());
    let feed = one.feed;
    let name = match may.list {
        true => view! { <a href=path(may, feed)>{feed.label()}</a> }.into_any(),
        false => feed.label().into_any(),
    };
    let gaps = one.gaps;
    let missing = if gaps.is_empty() {
        "None".into_any()
    } else {
        let told = if gaps.len() == 1 { "1 range".to_owned() } else { format!("{} ranges", gaps.len()) };
        let each = gaps.into_iter().map(|gap| view! { <li>{range(gap)}</li> }).collect_view();
        view! { <details><summary>{told}</summary><ul>{each}</ul></details> }.into_any()
    };
    let why = one.reason.map(|reason| view! { <p class="sub">{reason}</p> });
    let off = (!one.is_enabled).then(|| view! { " "<span class="badge warn">"Off"</span> });
    let switch = may.switch.map(|switch| {
        let (to, told) = if one.is_enabled { ("false", "Switch off") } else { ("true", "Switch on") };
        let (name, dealer) = (format!("{told}: {}", feed.label()), may.dealer.clone());
        view! {
            <td data-label="Fetched">
                <ActionForm action=switch>
                    <CsrfField/>
                    <input type="hidden" name="dealer_id" value=dealer/>
                    <input type="hidden" name="feed" value=feed.as_str()/>
                    <input type="hidden" name="is_enabled" value=to/>
                    <button class="btn quiet" type="submit" aria-label=name>{told}</button>
                </ActionForm>
            </td>
        }
    });
    view! {
        <tr data-feed=feed.as_str()>
            <th scope="row" data-label="Feed">{name}{off}{why}</th>
            <td class="r num" data-label="Records">{one.records}</td>
            <td data-label="Fetched up to">{until}</td>
            <td data-label="Gaps">{missing}</td>
            {switch}
        </tr>
    }
    .into_any()
}

fn table(runs: Vec<FetchRow>) -> AnyView {
    let rows = runs.into_iter().map(row).collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Range"</th><th scope="col">"Feed"</th><th scope="col">"State"</th><th scope="col" class="r num">"Received"</th>
                    <th scope="col" class="r num">"New"</th><th scope="col" class="r num">"Changed"</th>
                    <th scope="col" class="r num">"Kept back"</th><th scope="col">"Asked for"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(run: FetchRow) -> AnyView {
    let counts = run.counters;
    let badge = view! { <span class=format!("badge {}", run.status.tone())>{run.status.as_str()}</span> };
    let state = if session().may(Permission::JobsView) {
        view! { <a href=format!("/jobs/{}", run.task_id)>{badge}</a> }.into_any()
    } else {
        badge.into_any()
    };
    let why = run.error.map(|error| view! { <p class="sub">{error.message}</p> });
    let number = |label: &'static str, count: i64| view! { <td class="r num" data-label=label>{count}</td> };
    view! {
        <tr>
            <th scope="row" data-label="Range">{range(FetchRange { from: run.from, to: run.to })}</th>
            <td data-label="Feed">{run.fetch_type.label()}</td>
            <td data-label="State">
                {state}
                {why}
            </td>
            {number("Received", counts.received)}
            {number("New", counts.inserted)}
            {number("Changed", counts.updated)}
            {number("Kept back", counts.rejected)}
            <td data-label="Asked for">{when(run.created_at)}" by "{run.requested_by}</td>
        </tr>
    }
    .into_any()
}
