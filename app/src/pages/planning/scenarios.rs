//! `/planning/scenarios`: what may come instead of the input as it is; many of them solved together.

use super::{amounts::Words, inputs};
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState, fault},
        moment::when,
        page::PageHead,
        plain::tick,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::scenarios::{CopyPlanScenario, ScenarioScreen, StartPlanBatch, load_plan_scenarios},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    live::Topic,
    planning::{BatchItem, RunItem, ScenarioItem},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct ScenariosRoute {
    /// The scenario that the address asks to copy.
    from: Memo<String>,
    screen: PageData<ScenarioScreen>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    copy: ServerAction<CopyPlanScenario>,
    start: ServerAction<StartPlanBatch>,
}

impl LazyPage for ScenariosRoute {
    fn data() -> Self {
        let query = use_query_map();
        let from = Memo::new(move |_| query.with(|query| query.get("from")).unwrap_or_default());
        let changed = use_topic(Topic::Planning);
        let acts = Acts { copy: ServerAction::new(), start: ServerAction::new() };
        Self { from, screen: PageData::load(move || changed.get(), |_| load_plan_scenarios()), acts }
    }

    fn view(this: Self) -> AnyView {
        let ScenariosRoute { from, screen, acts } = this;
        view! {
            <PageHead title="Scenarios" scope="What may come instead of the input as it is">
                <a class="btn" href="/planning/runs">"Solver runs"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, move |screen| shown(screen, &from.get(), acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: ScenarioScreen, from: &str, acts: Acts) -> impl IntoView + use<> {
    let ScenarioScreen { scenarios, batches, inputs } = screen;
    let (may_edit, may_run) = (session().may(Permission::PlanEditScenario), session().may(Permission::PlanRun));
    let copy = may_edit.then(|| copy_form(&scenarios, from, acts.copy));
    let many = may_run.then(|| batch_form(&scenarios, &inputs, acts.start));
    let rows = scenarios.into_iter().map(|scenario| row(scenario, may_edit)).collect_view();
    view! {
        <section class="card">
            <header><h2>"To choose from"</h2></header>
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr>
                        <th scope="col">"Scenario"</th><th scope="col">"Does"</th><th scope="col">"Version"</th>
                        <th scope="col"><span class="visually-hidden">"Copy"</span></th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
        {copy}
        {many}
        <section class="card">
            <header><h2>"Batches"</h2></header>
            {batches_of(batches.batches)}
        </section>
    }
}

fn row(scenario: ScenarioItem, may_edit: bool) -> impl IntoView {
    let does = match scenario.modifications.as_slice() {
        [] => "the input as it is".to_owned(),
        does => does.join("; "),
    };
    let version = scenario.version.map_or_else(|| "built in".to_owned(), |version| version.to_string());
    let copy = may_edit.then(|| {
        let (to, label) =
            (format!("/planning/scenarios?from={}#copy", scenario.name), format!("Copy {}", scenario.name));
        view! { <a class="btn quiet" href=to aria-label=label>"Copy"</a> }
    });
    view! {
        <tr>
            <td><a href=format!("/planning/scenarios/{}", scenario.name)>{scenario.name.clone()}</a><div class="sub">{scenario.title}</div></td>
            <td>{does}</td>
            <td>{version}</td>
            <td>{copy}</td>
        </tr>
    }
}

fn copy_form(scenarios: &[ScenarioItem], from: &str, copy: ServerAction<CopyPlanScenario>) -> AnyView {
    let state = FormState::of(copy);
    let chosen = state.typed("from", if from.is_empty() { "base" } else { from });
    let options = scenarios
        .iter()
        .map(|scenario| {
            let (name, selected) = (scenario.name.clone(), scenario.name == chosen);
            view! { <option value=name.clone() selected=selected>{name.clone()}</option> }
        })
        .collect_view();
    view! {
        <section class="card" id="copy">
            <header><h2>"A scenario of your own"</h2></header>
            <ErrorSummary state/>
            <ActionForm action=copy>
                <CsrfField/>
                <div class="form">
                    <div class="field">
                        <label for="from">"With the operations of"</label>
                        <select id="from" name="from">{options}</select>
                    </div>
                    <Field state name="code" label="Code" help="Runs ask for it: 1 to 40 letters, digits, _, . or -. It never changes."/>
                    <Field state name="name" label="Name" help="Empty: as the one it copies."/>
                    <div class="form-actions"><button class="btn primary" type="submit">"Copy and open"</button></div>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

fn batch_form(scenarios: &[ScenarioItem], runs: &[RunItem], start: ServerAction<StartPlanBatch>) -> AnyView {
    let state = FormState::of(start);
    let ticks = scenarios
        .iter()
        .enumerate()
        .map(|(n, scenario)| {
            let name = format!("scenarios[{n}]");
            let on = state.typed(&name, "") == scenario.name;
            tick(name, &scenario.name, scenario.name.clone(), on)
        })
        .collect_view();
    let over = inputs::choice(runs, "over", "over", &state.typed("over", "sample"));
    view! {
        <section class="card">
            <header><h2>"Solve many at once"</h2></header>
            <ErrorSummary state/>
            <ActionForm action=start>
                <CsrfField/>
                <div class="form">
                    <fieldset class="choices">
                        <legend>"Scenarios"</legend>
                        {ticks}
                        {fault(state, "scenarios")}
                    </fieldset>
                    {over}
                    <div class="form-actions"><button class="btn primary" type="submit">"Solve them all"</button></div>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

fn batches_of(batches: Vec<BatchItem>) -> AnyView {
    if batches.is_empty() {
        return view! { <Empty message="No batch was solved yet."/> }.into_any();
    }
    let locale = session().business.locale;
    let rows = batches
        .into_iter()
        .map(|batch| {
            let words = Words { currency: batch.currency.clone(), locale: locale.clone() };
            let what = match (&batch.scenario_name, batch.draws) {
                (Some(scenario), Some(draws)) => format!("{draws} draws of {scenario}"),
                _ => format!("{} scenarios", batch.runs),
            };
            let mean = words.money(batch.totals.as_ref().map(|totals| totals.mean));
            let ended = format!("{} of {}", format::count(batch.ended, &locale), format::count(batch.runs, &locale));
            view! {
                <tr>
                    <td><a href=format!("/planning/batches/{}", batch.batch_id)>{batch.label}</a><div class="sub">{batch.name}</div></td>
                    <td>{what}</td>
                    <td><span class=format!("badge {}", batch.status.tone())>{batch.status.label()}</span></td>
                    <td class="r num">{ended}</td>
                    <td class="r num">{mean}</td>
                    <td class="hide">{when(batch.created_at)}" by "{batch.created_by}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Batch"</th><th scope="col">"Of"</th><th scope="col">"State"</th><th scope="col" class="r">"Ended"</th>
                    <th scope="col" class="r">"Mean cost"</th><th scope="col">"Asked for"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
