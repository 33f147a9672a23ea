//! "Force it": one figure of a plan made another, solved again, and what that costs.

use super::amounts::Words;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        table::table_card,
    },
    features::plans::ForcePlanFigure,
};
use domain::{
    ids::PlanId,
    planning::{ForcedFrom, MovedFamily, PlanPage, RunResults},
    query,
};
use leptos::{form::ActionForm, prelude::*};
use std::collections::{BTreeMap, BTreeSet};

/// Of the column that leads to the form.
pub const HEADING: &str = "Force it";

/// Without the last one where nothing can be forced.
#[must_use]
pub fn headings(plan: Option<PlanId>, all: &'static [&'static str]) -> &'static [&'static str] {
    if plan.is_some() { all } else { &all[..all.len() - 1] }
}

/// The cell that leads to the form of a row.
pub fn link(plan: Option<PlanId>, family: MovedFamily, row: usize, what: &str) -> Option<AnyView> {
    let plan = plan?;
    let to = format!("/planning/plans/{plan}?force={}.{row}#force", family.as_str());
    let label = format!("Force another figure: {what}");
    Some(view! { <td class="r"><a href=to aria-label=label>"Change"</a></td> }.into_any())
}

/// The row that an address names: its family and place, what it is in words, and its tonnes.
fn chosen(search: &str, page: &PlanPage, words: &Words) -> Option<(MovedFamily, String, String, f64)> {
    let asked = query::last(search, "force")?;
    let (family, place) = asked.split_once('.')?;
    let (family, row) = (MovedFamily::parse(family)?, place.parse::<usize>().ok()?);
    let results = &page.results;
    let (what, tonnes) = match family {
        MovedFamily::Production => {
            let row = results.production.get(row)?;
            (format!("{} {} {} in {}", row.node, row.line, row.product, row.period), row.tonnes)
        }
        MovedFamily::Shipments => {
            let row = results.shipments.get(row)?;
            (format!("{} to {} by {} in {}", row.from, row.to, row.mode, row.period), row.tonnes)
        }
    };
    Some((family, row.to_string(), format!("{what}: {} t in this plan.", words.tonnes(tonnes)), tonnes))
}

/// The form, where the address names a row of the plan.
pub fn form(search: &str, page: &PlanPage, words: &Words, force: ServerAction<ForcePlanFigure>) -> Option<AnyView> {
    let plan = page.results.plan_id.filter(|_| !page.results.is_relaxed)?;
    let (family, row, what, tonnes) = chosen(search, page, words)?;
    let state = FormState::of(force);
    let wrong = state.fault("tonnes");
    let typed = state.typed("tonnes", &tonnes.to_string());
    Some(
        view! {
            <section class="card" id="force" data-force>
                <header><h2>"Force it"</h2></header>
                <p>{what}</p>
                <ErrorSummary state/>
                <ActionForm action=force>
                    <CsrfField/>
                    <input type="hidden" name="plan" value=plan.to_string()/>
                    <input type="hidden" name="family" value=family.as_str()/>
                    <input type="hidden" name="row" value=row/>
                    <div class="form">
                        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                            <label for="tonnes">"Tonnes instead"</label>
                            <input id="tonnes" name="tonnes" type="text" inputmode="decimal" autocomplete="off" value=typed
                                aria-describedby="tonnes-help tonnes-error"/>
                            <p class="help" id="tonnes-help">"This figure stands, the others are found anew. A scenario of its own keeps it."</p>
                            <p class="error" id="tonnes-error">{move || wrong.get()}</p>
                        </div>
                        <div class="form-actions"><button class="btn primary" type="submit">"Solve with it"</button></div>
                    </div>
                </ActionForm>
            </section>
        }
        .into_any(),
    )
}

/// What the forced figure costs, component by component.
pub fn difference(from: &ForcedFrom, results: &RunResults, words: &Words) -> Option<AnyView> {
    let plan = results.plan_id.filter(|_| !results.is_relaxed)?;
    let signed = |value: f64| {
        let money = words.money(Some(value));
        if value > 0.0 { format!("+{money}") } else { money }
    };
    let row = |name: String, before: f64, now: f64| {
        let cells = [words.money(Some(before)), words.money(Some(now)), signed(now - before)];
        let cells = cells.map(|cell| view! { <td class="r num">{cell}</td> }).collect_view();
        view! { <tr><td>{name}</td>{cells}</tr> }
    };
    let of = |costs: &BTreeMap<String, f64>, name: &str| costs.get(name).copied().unwrap_or(0.0);
    let names: BTreeSet<&String> = from.costs.keys().chain(results.costs.keys()).collect();
    let mut rows: Vec<_> = names
        .into_iter()
        .map(|name| (name.replace('_', " "), of(&from.costs, name), of(&results.costs, name)))
        .filter(|(_, before, now)| *before != 0.0 || *now != 0.0)
        .map(|(name, before, now)| row(name, before, now))
        .collect();
    rows.push(row("In all".to_owned(), from.costs.values().sum(), results.costs.values().sum()));
    let compare = format!("/planning/compare?a={}&b={plan}", from.plan_id);
    let table = table_card(
        "What the forced figure costs",
        &["Component", "Before", "Now", "Difference"],
        rows.collect_view().into_any(),
        Some(format!("Against the plan of {}.", from.label)),
    );
    Some(
        view! { <div data-forced>{table}<p><a class="btn" href=compare>"Compare the two row by row"</a></p></div> }
            .into_any(),
    )
}
