//! `/planning`: the plan that holds, what waits for a decision, and what was solved last.

use super::amounts::{Words, horizon};
use crate::{
    components::{
        age::Age,
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::plans::{PlanningHome, load_planning_home},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    live::Topic,
    planning::{PlanItem, RunItem},
};
use leptos::prelude::*;

#[derive(Debug)]
pub struct PlanningRoute {
    home: PageData<PlanningHome>,
}

impl LazyPage for PlanningRoute {
    fn data() -> Self {
        let changed = (use_topic(Topic::Planning), use_topic(Topic::Optimize));
        Self { home: PageData::load(move || (changed.0.get(), changed.1.get()), |_| load_planning_home()) }
    }

    fn view(this: Self) -> AnyView {
        let home = this.home;
        let may_run = session().may(Permission::PlanRun);
        view! {
            <PageHead title="Planning" scope="Supply plans: what holds, what waits for a decision, what was solved last">
                <a class="btn" href="/planning/network">"Network"</a>
                <a class="btn" href="/planning/map">"Map"</a>
                <a class="btn" href="/planning/scenarios">"Scenarios"</a>
                <a class="btn" href="/planning/compare">"Compare plans"</a>
                {may_run.then(|| view! { <a class="btn primary" href="/planning/solve">"Solve a plan"</a> })}
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(home.await, move |home| shown(home, may_run)) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(home: PlanningHome, may_run: bool) -> AnyView {
    let locale = session().business.locale;
    if home.promoted.is_empty() && home.proposed.is_empty() && home.runs.is_empty() {
        return view! {
            <Empty message="Nothing was solved yet. Bring a network as a document, or take the sample to see what comes of it.">
                {may_run.then(|| view! { <a class="btn primary" href="/planning/solve">"Solve a plan"</a> })}
            </Empty>
        }
        .into_any();
    }
    let none = home.promoted.is_empty().then(|| {
        view! {
            <section class="card" data-promoted="none">
                <header><h2>"No plan holds yet"</h2></header>
                <p>"A plan holds once somebody has proposed it and a second person has promoted it. Open a solved run and propose its plan."</p>
            </section>
        }
    });
    let promoted = home.promoted.into_iter().map(|plan| holding(plan, &locale)).collect_view();
    view! {
        {none}
        {promoted}
        {waiting(home.proposed, &locale)}
        {solved(home.runs, &locale)}
    }
    .into_any()
}

fn holding(plan: PlanItem, locale: &str) -> impl IntoView + use<> {
    let words = Words { currency: plan.currency.clone(), locale: locale.to_owned() };
    let href = format!("/planning/plans/{}", plan.plan_id);
    let tone = if plan.shortage_tonnes > 0.0 { "badge warn" } else { "badge good" };
    let missing = if plan.shortage_tonnes > 0.0 {
        format!("{} t missing", words.tonnes(plan.shortage_tonnes))
    } else {
        "No shortage".to_owned()
    };
    let decided = plan.decided_at.zip(plan.decided_by.clone());
    view! {
        <section class="card" data-promoted=plan.label.clone()>
            <header>
                <h2>"Holds now: "{plan.network.clone()}</h2>
                <a class="btn quiet" href=href>{plan.label.clone()}</a>
            </header>
            <p><span class=tone>{missing}</span></p>
            <dl class="details">
                <div><dt>"Cost in all"</dt><dd class="num">{words.money(Some(plan.total_cost))}</dd></div>
                <div><dt>"Demand served"</dt><dd class="num">{words.share(plan.service_level)}</dd></div>
                <div><dt>"Days"</dt><dd>{horizon(plan.from, plan.until)}</dd></div>
                <div><dt>"Scenario"</dt><dd>{plan.scenario_name.clone()}</dd></div>
                <div><dt>"Its data are from"</dt><dd><Age seconds=plan.input_age_seconds/></dd></div>
                {decided.map(|(at, by)| view! { <div><dt>"Promoted"</dt><dd>{when(at)}" by "{by}</dd></div> })}
            </dl>
        </section>
    }
}

fn waiting(plans: Vec<PlanItem>, locale: &str) -> Option<impl IntoView + use<>> {
    (!plans.is_empty()).then(|| {
        let rows = plans
            .into_iter()
            .map(|plan| {
                let words = Words { currency: plan.currency.clone(), locale: locale.to_owned() };
                let proposed = plan.proposed_at.zip(plan.proposed_by.clone());
                view! {
                    <tr>
                        <td><a href=format!("/planning/plans/{}", plan.plan_id)>{plan.label.clone()}</a><div class="sub">{plan.name.clone()}</div></td>
                        <td class="r num">{words.money(Some(plan.total_cost))}</td>
                        <td class="r num">{words.share(plan.service_level)}</td>
                        <td>{proposed.map(|(at, by)| view! { {when(at)}" by "{by} })}</td>
                        <td>{plan.reason.clone()}</td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <section class="card" data-waiting>
                <header><h2>"Waiting for a decision"</h2></header>
                <div class="table-wrap">
                    <table class="stack">
                        <thead><tr>
                            <th scope="col">"Plan"</th><th scope="col" class="r">"Cost"</th><th scope="col" class="r">"Demand served"</th>
                            <th scope="col">"Proposed"</th><th scope="col">"Why"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

fn solved(runs: Vec<RunItem>, locale: &str) -> Option<impl IntoView + use<>> {
    (!runs.is_empty()).then(|| {
        let rows = runs
            .into_iter()
            .map(|run| {
                let words = Words { currency: run.currency.clone(), locale: locale.to_owned() };
                let outcome = run.outcome.map(|of| view! { <span class=format!("badge {}", of.tone())>{of.label()}</span> });
                view! {
                    <tr>
                        <td><a href=format!("/planning/runs/{}", run.run_id)>{run.label}</a><div class="sub">{run.name}</div></td>
                        <td><span class=format!("badge {}", run.status.tone())>{run.status.label()}</span>" "{outcome}</td>
                        <td class="hide">{run.scenario_name}</td>
                        <td class="r num">{words.money(run.total_cost)}</td>
                        <td class="hide">{when(run.created_at)}</td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <section class="card">
                <header><h2>"Solved last"</h2><a class="btn quiet" href="/planning/runs">"All runs"</a></header>
                <div class="table-wrap">
                    <table class="stack">
                        <thead><tr>
                            <th scope="col">"Run"</th><th scope="col">"State"</th><th scope="col">"Scenario"</th>
                            <th scope="col" class="r">"Cost"</th><th scope="col">"Asked for"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}
