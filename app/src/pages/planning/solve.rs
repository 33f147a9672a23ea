//! `/planning/solve`: a document, a file, or the sample, into the queue of the solver. A plain form, so that a file can be
//! sent without script; the page comes back with everything that is wrong.

use crate::{
    components::{
        form::{CsrfField, Field, FormState, fault},
        page::PageHead,
        states::{Loading, ready_or_failed},
        table::table_card,
    },
    context::session,
    features::planning::{PlanChoices, load_plan_choices},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    format,
    planning::{Finding, InputCheck, NetworkItem, ReadinessPoint, Verdict},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The page's address, which is also its form's.
pub const PATH: &str = "/planning/solve";
/// Value of the button that checks without solving.
pub const CHECK: &str = "check";
/// Fields of the form; every other fault is the document's.
const FIELDS: [&str; 7] = ["source", "network", "input_data", "file", "scenario_name", "time_limit", "mip_gap"];

#[derive(Debug)]
pub struct SolveRoute {
    asked: Memo<String>,
    choices: PageData<PlanChoices>,
}

impl LazyPage for SolveRoute {
    fn data() -> Self {
        let query = use_query_map();
        let asked = Memo::new(move |_| query.with(|query| query.get("network")).unwrap_or_default());
        Self { asked, choices: PageData::load(|| (), |()| load_plan_choices()) }
    }

    fn view(this: Self) -> AnyView {
        let SolveRoute { asked, choices } = this;
        view! {
            <PageHead title="Solve a plan" scope="Everything wrong with it is said before anything runs">
                <a class="btn" href="/planning/runs">"All runs"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(choices.await, move |choices| form(choices, &asked.get())) })}
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

/// Networks that were frozen; `chosen` is the code of one.
fn of_network(networks: &[NetworkItem], chosen: &str, on: bool, state: FormState) -> Option<AnyView> {
    let options = networks.iter().map(|network| {
        let (code, selected) = (network.code.clone(), network.code == chosen);
        let current = network.freeze.as_ref().is_some_and(|freeze| freeze.is_current);
        let words =
            format!("{}: {}{}", network.code, network.name, if current { "" } else { ", changed since it was frozen" });
        view! { <option value=code selected=selected>{words}</option> }
    });
    let options = options.collect_view();
    (!networks.is_empty()).then(|| {
        view! {
            <label><input type="radio" name="source" value="network" checked=on/>" A network, as it was frozen last"</label>
            <div class="field">
                <label for="network">"Network"</label>
                <select id="network" name="network">{options}</select>
                {fault(state, "network")}
            </div>
        }
        .into_any()
    })
}

fn form(choices: PlanChoices, asked: &str) -> impl IntoView + use<> {
    let PlanChoices { scenarios, networks } = choices;
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
    let source = state.typed("source", if asked.is_empty() { "sample" } else { "network" });
    let (document, file) = (source == "document", source == "file");
    let on = source == "network" && !networks.is_empty();
    let sample = !document && !file && !on;
    let network = of_network(&networks, &state.typed("network", asked), on, state);
    let text = state.typed("input_data", "");
    let (wrong, wrong_file) = (state.fault("input_data"), state.fault("file"));
    let told = state.told().and_then(|told| serde_json::from_str::<InputCheck>(&told).ok());
    let filled = told.is_some() && document;
    let filled = filled.then(|| view! { <p class="sub">"The form below goes on with what was checked."</p> });
    view! {
        {summary(state)}
        {told.map(checked)}
        {filled}
        <section class="card">
            <form method="post" action=PATH enctype="multipart/form-data">
                <CsrfField/>
                <div class="form">
                    <fieldset class="choices">
                        <legend>"What to solve"</legend>
                        {network}
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
                    <div class="form-actions">
                        <button class="btn primary" type="submit">"Check and solve"</button>
                        <button class="btn" type="submit" name="act" value=CHECK>"Check only"</button>
                    </div>
                </div>
            </form>
        </section>
    }
}

/// What was said of the input, with its scenario laid over it: the verdict, every finding with its place, and how much can be
/// served at most.
fn checked(check: InputCheck) -> AnyView {
    let of = check.validation;
    let (tone, said) = match of.overall {
        Verdict::Pass => ("good", "It can be solved."),
        Verdict::Warn => ("warn", "It can be solved; look at what is doubtful first."),
        Verdict::Fail => ("bad", "It cannot be solved before its errors are mended."),
    };
    let locale = session().business.locale;
    let count = |n: i64| format::count(n, &locale);
    let sizes = [
        ("Plants", count(of.summary.plants_count)),
        ("Places with demand", count(of.summary.customers_count)),
        ("Periods", count(of.summary.periods_count)),
        ("Lanes", count(of.summary.routes_count)),
        ("Demand", tonnes(of.summary.total_demand)),
    ];
    let sizes =
        sizes.map(|(name, value)| view! { <div><dt>{name}</dt><dd class="num">{value}</dd></div> }).collect_view();
    let mut findings: Vec<Finding> = of.errors;
    findings.extend(of.warnings);
    let findings = (!findings.is_empty()).then(|| {
        let rows = findings.into_iter().map(|finding| {
            let tone = if finding.severity == "error" { "bad" } else { "warn" };
            view! {
                <tr data-finding>
                    <td><span class=format!("badge {tone}")>{finding.code}</span></td><td><code>{finding.path}</code></td>
                    <td>{finding.message}</td>
                </tr>
            }
        });
        let rows = rows.collect_view();
        view! {
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr><th scope="col">"Code"</th><th scope="col">"Where"</th><th scope="col">"What"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
    });
    let title = format!("{}, scenario {}", check.name, check.scenario_name);
    view! {
        <section class="card" data-check>
            <header><h2>"Before the solve"</h2></header>
            <p><span class=format!("badge {tone}")>{of.overall.as_str()}</span>" "{said}</p>
            <p class="sub">{title}</p>
            <dl class="details">{sizes}</dl>
            {findings}
        </section>
        {(!of.readiness.is_empty()).then(|| ceilings(&of.readiness))}
    }
    .into_any()
}

fn tonnes(value: f64) -> String {
    let words = super::amounts::Words { currency: String::new(), locale: session().business.locale };
    words.weight(Some(value))
}

fn ceilings(points: &[ReadinessPoint]) -> AnyView {
    let rows = points.iter().map(|point| {
        let cells = [
            format::percent(point.share, 2),
            point.supply_tonnes.map_or_else(|| "no limit".to_owned(), tonnes),
            tonnes(point.demand_tonnes),
            tonnes(point.gap_tonnes),
        ];
        let cells = cells.map(|cell| view! { <td class="r num">{cell}</td> }).collect_view();
        view! { <tr><td>{point.period.clone()}</td>{cells}</tr> }
    });
    table_card(
        "How much can be served at most",
        &["Until the end of", "Ceiling", "Supply", "Demand", "Missing"],
        rows.collect_view().into_any(),
        Some(
            "From the first period on: opening stock and all capacity against demand, whatever the lanes take."
                .to_owned(),
        ),
    )
}
