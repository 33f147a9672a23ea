//! `/planning/scenarios/{id}`: what a scenario does, what it changes of an input, and its runs.

use super::{inputs, scenario_editor};
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
        table::table_card,
    },
    context::{session, set_status},
    features::scenarios::{
        ArchivePlanScenario, ChangePlanScenario, RunPlanScenario, ScenarioPage, StartPlanBatch, load_plan_scenario,
    },
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    AppError,
    access::Permission,
    planning::{RunItem, ScenarioDetail, ScenarioDifference},
    query,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::{
    components::Form,
    hooks::{use_location, use_params_map},
};

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct ScenarioRoute {
    search: Memo<String>,
    page: PageData<Option<ScenarioPage>>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    change: ServerAction<ChangePlanScenario>,
    archive: ServerAction<ArchivePlanScenario>,
    run: ServerAction<RunPlanScenario>,
    start: ServerAction<StartPlanBatch>,
}

impl LazyPage for ScenarioRoute {
    fn data() -> Self {
        let (params, search) = (use_params_map(), use_location().search);
        let asked = move || (params.read().get("id").unwrap_or_default(), search.get());
        let acts = Acts {
            change: ServerAction::new(),
            archive: ServerAction::new(),
            run: ServerAction::new(),
            start: ServerAction::new(),
        };
        Self { search, page: PageData::load(asked, |(id, search)| load_plan_scenario(id, search)), acts }
    }

    fn view(this: Self) -> AnyView {
        let ScenarioRoute { search, page, acts } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(page.await, move |page| found(page, &search.get_untracked(), acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(page: Option<ScenarioPage>, search: &str, acts: Acts) -> AnyView {
    let Some(ScenarioPage { scenario, difference, inputs }) = page else {
        set_status(404);
        return view! {
            <PageHead title="Scenario not found" scope="There is no scenario with this address."/>
            <p><a class="btn" href="/planning/scenarios">"All scenarios"</a></p>
        }
        .into_any();
    };
    let item = &scenario.scenario;
    let (name, own) = (item.name.clone(), item.id.is_some());
    let id = item.id.map_or_else(|| name.clone(), |id| id.to_string());
    let scope =
        item.version.map_or_else(|| format!("{name}, built in"), |version| format!("{name}, version {version}"));
    let (archived, newest) = (scenario.archived_at.is_some(), scenario.newest);
    let is_current = !archived && newest.is_none();
    let open = own && is_current && session().may(Permission::PlanEditScenario);
    let may_run = is_current && session().may(Permission::PlanRun);
    let chosen = query::last(search, "input").unwrap_or_default();
    let newer = newest.map(|id| {
        let to = format!("/planning/scenarios/{id}");
        view! { <p class="banner warn" role="status">"There is a newer version. "<a href=to>"Open it"</a></p> }
    });
    let archived = scenario.archived_at.map(|at| {
        view! { <p class="banner warn" role="status">"Archived "{when(at)}": it is not run any more. A copy can be."</p> }
    });
    let copy = session().may(Permission::PlanEditScenario).then(|| {
        view! { <a class="btn" href=format!("/planning/scenarios?from={name}#copy")>"Copy"</a> }
    });
    let draws = item.has_chance.then(|| draws_form(&name, &chosen, scenario.seed, acts.start));
    let run = may_run.then(|| run_form(&name, &chosen, acts.run));
    view! {
        <PageHead title=item.title.clone() scope=scope>
            {copy}
            <a class="btn" href="/planning/scenarios">"All scenarios"</a>
        </PageHead>
        {newer}
        {archived}
        {does(&scenario)}
        {compared(&id, &inputs, search, difference)}
        {run}
        {draws.filter(|_| may_run)}
        {open.then(|| scenario_editor::shown(&id, &scenario, acts.change))}
        {(!open).then(|| operations(&scenario))}
        {versions(&scenario)}
        {open.then(|| archive_form(&id, acts.archive))}
    }
    .into_any()
}

fn does(scenario: &ScenarioDetail) -> impl IntoView + use<> {
    let item = &scenario.scenario;
    let does = match item.modifications.as_slice() {
        [] => view! { <p>"It leaves the input as it is."</p> }.into_any(),
        does => {
            let lines = does.iter().map(|does| view! { <li>{does.clone()}</li> }).collect_view();
            view! { <ol>{lines}</ol> }.into_any()
        }
    };
    let probability = scenario.probability.map(|share| format!("Weight in a batch of scenarios: {share}."));
    view! {
        <section class="card" data-does>
            <header><h2>"What it does"</h2></header>
            {(!item.description.is_empty()).then(|| view! { <p>{item.description.clone()}</p> })}
            {does}
            {probability.map(|words| view! { <p class="sub">{words}</p> })}
        </section>
    }
}

/// The difference to an input, and the choice of that input.
fn compared(id: &str, runs: &[RunItem], search: &str, difference: Result<ScenarioDifference, AppError>) -> AnyView {
    let (chosen, draw) =
        (query::last(search, "input").unwrap_or_default(), query::last(search, "draw").unwrap_or_default());
    let to = format!("/planning/scenarios/{id}");
    let choice = inputs::choice(runs, "input", "input", &chosen);
    let told = match difference {
        Ok(difference) => differences(difference),
        Err(error) => {
            let lines = error.fields.iter().map(|field| format!("{}: {}", field.path, field.message));
            let lines = lines.map(|line| view! { <li>{line}</li> }).collect_view();
            view! { <div class="error-summary" role="alert"><p>"It does not fit this input."</p><ul>{lines}</ul></div> }
                .into_any()
        }
    };
    view! {
        <section class="card" data-difference>
            <header><h2>"What it changes"</h2></header>
            <Form method="get" action=to attr:class="filters">
                {choice}
                <div class="field">
                    <label for="draw">"Draw, from 0"</label>
                    <input id="draw" name="draw" type="number" min="0" max="999999" inputmode="numeric" value=draw/>
                </div>
                <button class="btn" type="submit">"Compare"</button>
            </Form>
            {told}
        </section>
    }
    .into_any()
}

fn differences(difference: ScenarioDifference) -> AnyView {
    if difference.total == 0 {
        return view! { <p>"Nothing is changed."</p> }.into_any();
    }
    let sections = difference
        .sections
        .iter()
        .map(|of| format!("{}: {} changed, {} added, {} removed", of.section, of.changed, of.added, of.removed))
        .map(|line| view! { <li>{line}</li> })
        .collect_view();
    let warnings = difference.warnings.iter().map(|words| view! { <li>{words.clone()}</li> }).collect_view();
    let warnings = (!difference.warnings.is_empty()).then(|| view! { <ul class="banner warn">{warnings}</ul> });
    let first = difference.changes.len();
    let cut = (difference.total > i64::try_from(first).unwrap_or(i64::MAX))
        .then(|| format!("The first {first} of {} fields.", difference.total));
    let value = |value: Option<String>| value.unwrap_or_else(|| "not there".to_owned());
    let rows = difference.changes.into_iter().map(|change| {
        let period = change.period.unwrap_or_else(|| "all".to_owned());
        view! {
            <tr>
                <td>{change.section}<div class="sub">{change.key}</div></td><td class="r">{period}</td><td class="r">{change.field}</td>
                <td class="r num">{value(change.before)}</td><td class="r num">{value(change.after)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view().into_any();
    view! {
        {warnings}
        <ul>{sections}</ul>
        {table_card("Field by field", &["Row", "Period", "Field", "Before", "After"], rows, cut)}
    }
    .into_any()
}

fn run_form(name: &str, chosen: &str, run: ServerAction<RunPlanScenario>) -> AnyView {
    let (name, over) = (name.to_owned(), chosen.to_owned());
    view! {
        <section class="card">
            <header><h2>"Solve it"</h2></header>
            <ErrorSummary state=FormState::of(run)/>
            <ActionForm action=run>
                <CsrfField/>
                <input type="hidden" name="scenario_name" value=name/>
                <input type="hidden" name="over" value=over/>
                <p class="help">"With the input that is compared above."</p>
                <div class="form-actions"><button class="btn primary" type="submit">"Check and solve"</button></div>
            </ActionForm>
        </section>
    }
    .into_any()
}

fn draws_form(name: &str, chosen: &str, seed: i64, start: ServerAction<StartPlanBatch>) -> AnyView {
    let state = FormState::of(start);
    let (name, over) = (name.to_owned(), chosen.to_owned());
    let help = format!("The same seed draws the same documents again; empty: the scenario's own, {seed}.");
    view! {
        <section class="card">
            <header><h2>"Solve many draws"</h2></header>
            <ErrorSummary state/>
            <ActionForm action=start>
                <CsrfField/>
                <input type="hidden" name="scenario" value=name/>
                <input type="hidden" name="over" value=over/>
                <div class="form">
                    <Field state name="draws" label="Draws" value="50" help="1 to 200, each with the input that is compared above."/>
                    <Field state name="seed" label="Seed of the draws" help=help/>
                    <div class="form-actions"><button class="btn" type="submit">"Solve the draws"</button></div>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

/// The operations where they cannot be changed.
fn operations(scenario: &ScenarioDetail) -> impl IntoView + use<> {
    let text = scenario_editor::lines(&scenario.ops.0);
    view! {
        <section class="card">
            <header><h2>"Operations"</h2></header>
            <pre tabindex="0">{text}</pre>
        </section>
    }
}

fn versions(scenario: &ScenarioDetail) -> Option<AnyView> {
    let own = scenario.scenario.id;
    (scenario.versions.len() > 1).then(|| {
        let rows = scenario
            .versions
            .iter()
            .map(|one| {
                let (to, words) = (format!("/planning/scenarios/{}", one.id), format!("Version {}", one.version));
                let this = (Some(one.id) == own).then_some("page");
                let by = one.created_by.clone();
                view! { <li><a href=to aria-current=this>{words}</a>", "{when(one.created_at)}" by "{by}</li> }
            })
            .collect_view();
        view! {
            <section class="card">
                <header><h2>"Versions"</h2></header>
                <ul>{rows}</ul>
            </section>
        }
        .into_any()
    })
}

fn archive_form(id: &str, archive: ServerAction<ArchivePlanScenario>) -> AnyView {
    let id = id.to_owned();
    view! {
        <ErrorSummary state=FormState::of(archive)/>
        <ActionForm action=archive>
            <CsrfField/>
            <input type="hidden" name="id" value=id/>
            <div class="form-actions"><button class="btn danger" type="submit">"Archive this scenario"</button></div>
        </ActionForm>
    }
    .into_any()
}
