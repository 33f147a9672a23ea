//! `/planning/solve`: a document, or the sample, into the queue of the solver.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    features::planning::{StartPlanRun, load_plan_choices},
    page_data::PageData,
    pages::LazyPage,
};
use domain::planning::ScenarioItem;
use leptos::{form::ActionForm, prelude::*};

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct SolveRoute {
    scenarios: PageData<Vec<ScenarioItem>>,
    start: ServerAction<StartPlanRun>,
}

impl LazyPage for SolveRoute {
    fn data() -> Self {
        Self { scenarios: PageData::load(|| (), |()| load_plan_choices()), start: ServerAction::new() }
    }

    fn view(this: Self) -> AnyView {
        let SolveRoute { scenarios, start } = this;
        view! {
            <PageHead title="Solve a plan" scope="Everything wrong with it is said before anything runs">
                <a class="btn" href="/planning/runs">"All runs"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(scenarios.await, move |scenarios| form(scenarios, start)) })}
            </Transition>
        }
        .into_any()
    }
}

fn form(scenarios: Vec<ScenarioItem>, start: ServerAction<StartPlanRun>) -> impl IntoView {
    let state = FormState::of(start);
    let chosen = state.typed("scenario_name", "base");
    let options = scenarios
        .into_iter()
        .map(|of| {
            let selected = of.name == chosen;
            let words = of.modifications.first().map_or_else(|| of.name.clone(), |does| format!("{}: {does}", of.name));
            view! { <option value=of.name selected=selected>{words}</option> }
        })
        .collect_view();
    let source = state.typed("source", "sample");
    let (document, sample) = (source == "document", source != "document");
    let text = state.typed("input_data", "");
    let wrong = state.fault("input_data");
    view! {
        <ErrorSummary state/>
        <section class="card">
            <ActionForm action=start>
                <CsrfField/>
                <div class="form">
                    <fieldset class="choices">
                        <legend>"What to solve"</legend>
                        <label><input type="radio" name="source" value="sample" checked=sample/>" The sample: two plants, two customers, two periods"</label>
                        <label><input type="radio" name="source" value="document" checked=document/>" A document"</label>
                    </fieldset>
                    <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                        <label for="input_data">"Document, millrace-plan/1 as JSON"</label>
                        <textarea id="input_data" name="input_data" rows="10" spellcheck="false" aria-describedby="input_data-help input_data-error">{text}</textarea>
                        <p class="help" id="input_data-help">
                            "Begin with "<a rel="external" href="/api/v1/optimize/model-template">"the template"</a>", which names every field."
                        </p>
                        <p class="error" id="input_data-error">{move || wrong.get()}</p>
                    </div>
                    <div class="field">
                        <label for="scenario_name">"Scenario"</label>
                        <select id="scenario_name" name="scenario_name">{options}</select>
                    </div>
                    <Field state name="time_limit" label="Time limit, seconds" help="1 to 3600; empty: what the document says, or 300."/>
                    <Field state name="mip_gap" label="Good enough: gap to the bound" help="A share such as 0.01; empty: what the document says, or 0.0001."/>
                    <div class="form-actions"><button class="btn primary" type="submit">"Check and solve"</button></div>
                </div>
            </ActionForm>
        </section>
    }
}
