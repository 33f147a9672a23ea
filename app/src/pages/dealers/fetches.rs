//! What was fetched of a dealer: what it covers, its newest runs, and the form that asks for more.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, fault},
        moment::when,
        states::Empty,
    },
    features::dealers::FetchDealer,
};
use domain::dealers::{DealerDetail, DealerFetches, FeedCoverage, FetchRange, FetchRow};
use leptos::{form::ActionForm, prelude::*};

/// Asks for prospects of a range.
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
                    {from}
                    {to}
                    <div class="form-actions"><button class="btn primary" type="submit">"Fetch prospects"</button></div>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

/// What is kept and how it came.
pub(super) fn shown(fetches: DealerFetches, list: Option<String>) -> AnyView {
    let back = (fetches.open_rejects > 0)
        .then(|| view! { " "<span class="badge warn">{format!("{} kept back", fetches.open_rejects)}</span> });
    let list = list.map(|to| view! { " "<a href=to>"See them"</a> });
    let coverage = fetches.coverage.into_iter().map(covered).collect_view();
    let runs = if fetches.runs.is_empty() {
        view! { <Empty message="Nothing was fetched yet."/> }.into_any()
    } else {
        table(fetches.runs)
    };
    view! {
        <section class="card" data-fetches>
            <header><h2>"Records"</h2></header>
            <p><span data-prospects>{fetches.prospects}</span>" prospects"{back}{list}</p>
            {coverage}
            {runs}
        </section>
    }
    .into_any()
}

fn range(range: FetchRange) -> AnyView {
    view! { {when(range.from)}" – "{when(range.to)} }.into_any()
}

fn covered(one: FeedCoverage) -> AnyView {
    let until = match one.watermark {
        Some(at) => view! { ": fetched up to "{when(at)} }.into_any(),
        None => ": never fetched".into_any(),
    };
    let gaps = one.gaps;
    let missing = (!gaps.is_empty()).then(|| {
        let told = match gaps.len() {
            1 => "1 range that can still be asked for was not fetched".to_owned(),
            many => format!("{many} ranges that can still be asked for were not fetched"),
        };
        let each = gaps.into_iter().map(|gap| view! { <li>{range(gap)}</li> }).collect_view();
        view! { <details><summary>{told}</summary><ul>{each}</ul></details> }
    });
    view! { <p>{one.feed.label()}{until}</p>{missing} }.into_any()
}

fn table(runs: Vec<FetchRow>) -> AnyView {
    let rows = runs.into_iter().map(row).collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Range"</th><th scope="col">"State"</th><th scope="col" class="r num">"Received"</th>
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
    let why = run.error.map(|error| view! { <p class="sub">{error.message}</p> });
    let number = |label: &'static str, count: i64| view! { <td class="r num" data-label=label>{count}</td> };
    view! {
        <tr>
            <th scope="row" data-label="Range">{range(FetchRange { from: run.from, to: run.to })}</th>
            <td data-label="State">
                <a href=format!("/jobs/{}", run.task_id)><span class=format!("badge {}", run.status.tone())>{run.status.as_str()}</span></a>
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
