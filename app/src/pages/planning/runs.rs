//! `/planning/runs`: runs of the solver, the newest first.

use super::amounts::Words;
use crate::{
    components::{
        filter::{Choice, Text},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::planning::load_plan_runs,
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    live::Topic,
    planning::{RunItem, RunList, RunOutcome, RunState},
    query,
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_location};

#[derive(Debug)]
pub struct PlanRunsRoute {
    search: Memo<String>,
    runs: PageData<RunList>,
}

impl LazyPage for PlanRunsRoute {
    fn data() -> Self {
        let search = use_location().search;
        let changed = use_topic(Topic::Optimize);
        Self {
            search,
            runs: PageData::load(move || (search.get(), changed.get()), |(search, _)| load_plan_runs(search)),
        }
    }

    fn view(this: Self) -> AnyView {
        let PlanRunsRoute { search, runs } = this;
        let states =
            std::iter::once(("", "Any state")).chain(RunState::ALL.iter().map(|s| (s.as_str(), s.label()))).collect();
        let outcomes = std::iter::once(("", "Any outcome"))
            .chain(RunOutcome::ALL.iter().map(|o| (o.as_str(), o.label())))
            .collect();
        let may_run = session().may(Permission::PlanRun);
        view! {
            <PageHead title="Solver runs" scope="Supply plans solved to optimality, the newest first">
                {may_run.then(|| view! { <a class="btn primary" href="/planning/solve">"Solve a plan"</a> })}
            </PageHead>
            <Form method="get" action="/planning/runs" attr:class="filters">
                <Choice search name="status" label="State" options=states/>
                <Choice search name="outcome" label="Outcome" options=outcomes/>
                <Text search name="scenario" label="Scenario"/>
                <Text search name="person" label="Person"/>
                <button class="btn" type="submit">"Apply"</button>
                <a class="btn quiet" href="/planning/runs">"Clear"</a>
            </Form>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(runs.await, move |runs| shown(runs, &search.get_untracked(), may_run)) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(list: RunList, search: &str, may_run: bool) -> AnyView {
    let narrowed = ["status", "outcome", "scenario", "person"]
        .iter()
        .any(|name| query::last(search, name).is_some_and(|value| !value.is_empty()));
    if list.runs.is_empty() {
        let message = match (narrowed, may_run) {
            (true, _) => "No run is like this.",
            (false, true) => "Nothing was solved yet. Take the sample to see what comes of it.",
            (false, false) => "Nothing was solved yet.",
        };
        return view! { <Empty message=message/> }.into_any();
    }
    let locale = session().business.locale;
    let total = format!("{} in all", format::count(list.total_count, &locale));
    let rows = list.runs.into_iter().map(|run| row(run, &locale)).collect_view();
    let next = list.next_cursor.map(|cursor| {
        let kept = query::pairs(search).into_iter().filter(|(name, _)| name != "cursor").collect::<Vec<_>>();
        let pairs = kept.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([("cursor", cursor.as_str())]);
        view! { <nav class="pager" aria-label="Pages"><a class="btn" href=format!("/planning/runs?{}", query::write(pairs))>"Next page"</a></nav> }
    });
    view! {
        <p class="scope">{total}</p>
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Run"</th><th scope="col">"State"</th><th scope="col">"Outcome"</th><th scope="col">"Scenario"</th>
                    <th scope="col" class="r">"Cost"</th><th scope="col" class="r">"Gap"</th><th scope="col">"Asked for"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {next}
    }
    .into_any()
}

fn row(run: RunItem, locale: &str) -> impl IntoView + use<> {
    let words = Words { currency: run.currency.clone(), locale: locale.to_owned() };
    let outcome = run.outcome.map(|of| view! { <span class=format!("badge {}", of.tone())>{of.label()}</span> });
    view! {
        <tr>
            <td><a href=format!("/planning/runs/{}", run.run_id)>{run.label}</a><div class="sub">{run.name}</div></td>
            <td><span class=format!("badge {}", run.status.tone())>{run.status.label()}</span></td>
            <td>{outcome}</td>
            <td class="hide">{run.scenario_name}</td>
            <td class="r num">{words.money(run.total_cost)}</td>
            <td class="r num hide">{words.share(run.gap)}</td>
            <td class="hide">{when(run.created_at)}" by "{run.created_by}</td>
        </tr>
    }
}
