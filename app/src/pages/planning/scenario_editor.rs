//! The form of an own scenario: its operations as JSON, and usual ones by their figures.

use crate::{
    components::form::{CsrfField, ErrorSummary, FormState, entry, fault},
    features::scenarios::ChangePlanScenario,
};
use domain::planning::ScenarioDetail;
use leptos::{form::ActionForm, prelude::*};
use serde_json::value::RawValue;

const FORM: &str = "scenario";

/// One operation a line, as they are written.
#[must_use]
pub fn lines(ops: &str) -> String {
    match serde_json::from_str::<Vec<&RawValue>>(ops) {
        Ok(list) if !list.is_empty() => {
            let list: Vec<_> = list.iter().map(|op| format!("  {}", op.get())).collect();
            format!("[\n{}\n]", list.join(",\n"))
        }
        _ => ops.to_owned(),
    }
}

pub fn shown(id: &str, scenario: &ScenarioDetail, change: ServerAction<ChangePlanScenario>) -> impl IntoView + use<> {
    let state = FormState::of(change);
    let text = ("text", None);
    let figure = ("text", Some("decimal"));
    let item = &scenario.scenario;
    let named = [
        entry(state, FORM, ("name", "Name"), text, &item.title),
        entry(state, FORM, ("description", "Description"), text, &item.description),
    ];
    let ops = operations(state, &scenario.ops.0);
    let factors = [("demand", "Demand ×"), ("capacity", "Capacity ×"), ("fuel", "Fuel price ×")];
    let factors = factors.map(|(name, label)| factor(state, name, label)).collect_view();
    let usual = [
        entry(state, FORM, ("outage_node", "Plant that stops"), text, ""),
        entry(state, FORM, ("outage_periods", "In the periods"), text, ""),
    ];
    let probability = scenario.probability.map(|share| share.to_string()).unwrap_or_default();
    let chance = [
        entry(state, FORM, ("seed", "Seed of its draws"), ("text", Some("numeric")), &scenario.seed.to_string()),
        entry(state, FORM, ("probability", "Weight in a batch, above 0 and at most 1"), figure, &probability),
    ];
    let id = id.to_owned();
    view! {
        <section class="card" data-editor>
            <header><h2>"Change it"</h2></header>
            <ErrorSummary state/>
            <ActionForm action=change>
                <CsrfField/>
                <input type="hidden" name="scenario[id]" value=id/>
                <div class="form">
                    {named}
                    {ops}
                    <fieldset class="choices">
                        <legend>"Usual operations, written behind the others"</legend>
                        {factors}
                        {usual}
                    </fieldset>
                    {chance}
                    <div class="form-actions"><button class="btn primary" type="submit">"Keep as a new version"</button></div>
                </div>
            </ActionForm>
        </section>
    }
}

/// A factor as a slider and as a figure: each follows the other, and without script the figure goes before the slider. At 1
/// nothing is changed.
fn factor(state: FormState, name: &'static str, label: &'static str) -> impl IntoView + use<> {
    let wrong = state.fault(name);
    let (named, slid) = (format!("{FORM}[{name}]"), format!("{FORM}[{name}_slide]"));
    let typed = RwSignal::new(state.typed(&named, ""));
    let first = state.typed(&slid, "1");
    let of_slider = first.clone();
    let place = move || match typed.get().trim().replace(',', ".") {
        text if text.is_empty() => of_slider.clone(),
        text => text,
    };
    let slide = move |event| {
        let value = event_target_value(&event);
        typed.set(if value == "1" { String::new() } else { value });
    };
    view! {
        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input type="range" name=slid min="0" max="2" step="0.05" value=first prop:value=place
                aria-label=format!("{label} slider, 0 to 2") on:input=slide/>
            <input id=name name=named type="text" inputmode="decimal" maxlength="40" autocomplete="off"
                value=typed.get_untracked() prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event))
                aria-describedby=format!("{name}-error") aria-invalid=move || wrong.get().is_some().then_some("true")/>
            {fault(state, name)}
        </div>
    }
}

/// The operations, and every fault of them by its path.
fn operations(state: FormState, ops: &str) -> impl IntoView + use<> {
    let text = state.typed("scenario[ops]", &lines(ops));
    let error = state.error();
    let deep = move || {
        let faults = error.get().map(|error| error.fields).unwrap_or_default();
        let faults = faults.into_iter().filter(|fault| fault.path.starts_with("ops["));
        faults.map(|fault| view! { <li>{format!("{}: {}", fault.path, fault.message)}</li> }).collect_view()
    };
    let wrong =
        move || error.with(|error| error.as_ref().is_some_and(|e| e.fields.iter().any(|f| f.path.starts_with("ops"))));
    view! {
        <div class="field" data-invalid=move || wrong().then_some("true")>
            <label for="ops">"Operations, millrace-scenario/1 as a JSON list"</label>
            <textarea id="ops" name="scenario[ops]" rows="8" spellcheck="false" aria-describedby="ops-help ops-error ops-faults">{text}</textarea>
            <p class="help" id="ops-help">"scale, add, set, insert, remove, outage, close_lane, fuel_price, random, pin, option; one after the other."</p>
            {fault(state, "ops")}
            <ul class="error" id="ops-faults">{deep}</ul>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_a_line_and_keeps_its_digits() {
        assert_eq!(lines(r#"[{"a": 1.50},{"b":2}]"#), "[\n  {\"a\": 1.50},\n  {\"b\":2}\n]");
        assert_eq!((lines("[]"), lines("{")), ("[]".to_owned(), "{".to_owned()));
    }
}
