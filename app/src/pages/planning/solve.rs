//! `/planning/solve`: a document, a file, or the sample, into the queue of the solver. A plain form, so that a file can be
//! sent without script; the page comes back with everything that is wrong.

use crate::{
    components::{
        form::{CsrfField, Field, FormState, fault},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    features::planning::load_plan_choices,
    page_data::PageData,
    pages::LazyPage,
};
use domain::planning::ScenarioItem;
use leptos::prelude::*;

/// The page's address, which is also its form's.
pub const PATH: &str = "/planning/solve";
/// Fields of the form; every other fault is the document's.
const FIELDS: [&str; 6] = ["source", "input_data", "file", "scenario_name", "time_limit", "mip_gap"];

#[derive(Debug)]
pub struct SolveRoute {
    scenarios: PageData<Vec<ScenarioItem>>,
}

impl LazyPage for SolveRoute {
    fn data() -> Self {
        Self { scenarios: PageData::load(|| (), |()| load_plan_choices()) }
    }

    fn view(this: Self) -> AnyView {
        let SolveRoute { scenarios } = this;
        view! {
            <PageHead title="Solve a plan" scope="Everything wrong with it is said before anything runs">
                <a class="btn" href="/planning/runs">"All runs"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(scenarios.await, form) })}
            </Transition>
        }
        .into_any()
    }
}

/// What is wrong, of a document with the place: a path, or sheet and cell.
fn summary(state: FormState) -> impl IntoView {
    let error = state.error();
    view! {
        <div aria-live="assertive">
            {move || error.get().map(|error| {
                let places = error.fields.iter().filter(|field| !FIELDS.contains(&field.path.as_str())).map(|field| {
                    view! { <li data-finding><code>{field.path.clone()}</code>" "{field.message.clone()}</li> }
                });
                let places = places.collect::<Vec<_>>();
                let places = (!places.is_empty()).then(|| view! { <ul>{places}</ul> });
                view! {
                    <div class="error-summary" role="alert">
                        <p>{error.message.clone()}</p>
                        {places}
                    </div>
                }
            })}
        </div>
    }
}

fn form(scenarios: Vec<ScenarioItem>) -> impl IntoView {
    let state = FormState::plain(PATH);
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
    let (document, file) = (source == "document", source == "file");
    let sample = !document && !file;
    let text = state.typed("input_data", "");
    let (wrong, wrong_file) = (state.fault("input_data"), state.fault("file"));
    view! {
        {summary(state)}
        <section class="card">
            <form method="post" action=PATH enctype="multipart/form-data">
                <CsrfField/>
                <div class="form">
                    <fieldset class="choices">
                        <legend>"What to solve"</legend>
                        <label><input type="radio" name="source" value="sample" checked=sample/>" The sample: two plants, two customers, two periods"</label>
                        <label><input type="radio" name="source" value="document" checked=document/>" A document"</label>
                        <label><input type="radio" name="source" value="file" checked=file/>" A file"</label>
                    </fieldset>
                    <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                        <label for="input_data">"Document, millrace-plan/1 as JSON"</label>
                        <textarea id="input_data" name="input_data" rows="10" spellcheck="false" aria-describedby="input_data-help input_data-error">{text}</textarea>
                        <p class="help" id="input_data-help">
                            "Begin with "<a rel="external" href="/api/v1/optimize/model-template">"the template"</a>", which names every field."
                        </p>
                        <p class="error" id="input_data-error">{move || wrong.get()}</p>
                    </div>
                    <div class="field" data-invalid=move || wrong_file.get().is_some().then_some("true")>
                        <label for="file">"File"</label>
                        <input id="file" name="file" type="file" accept=".xlsx,.zip" aria-describedby="file-help file-error"/>
                        <p class="help" id="file-help">
                            "A workbook, or a zip of CSV files, one a sheet; at most 64 MiB. Begin with the sample "
                            <a rel="external" href="/api/v1/optimize/model-template?format=xlsx">"as a workbook"</a>", "
                            <a rel="external" href="/api/v1/optimize/model-template?format=csv">"as CSV"</a>", or with "
                            <a rel="external" href="/api/v1/optimize/model-template?format=xlsx&empty=true">"an empty workbook"</a>
                            " that says what each column holds."
                        </p>
                        {fault(state, "file")}
                    </div>
                    <div class="field">
                        <label for="scenario_name">"Scenario"</label>
                        <select id="scenario_name" name="scenario_name">{options}</select>
                    </div>
                    <Field state name="time_limit" label="Time limit, seconds" help="1 to 3600; empty: what the document says, or 300."/>
                    <Field state name="mip_gap" label="Good enough: gap to the bound" help="A share such as 0.01; empty: what the document says, or 0.0001."/>
                    <div class="form-actions"><button class="btn primary" type="submit">"Check and solve"</button></div>
                </div>
            </form>
        </section>
    }
}
