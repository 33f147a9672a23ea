//! Who would be told of a sample alert: a GET form, so the question stands in the address.

use crate::components::moment::when;
use domain::{
    AppError,
    alerts::{AlertFeature, ProbeTold, RouteProbe, Severity},
};
use leptos::prelude::*;

pub(super) fn probe(answer: Option<&Result<RouteProbe, AppError>>, asked: &[(String, String)]) -> AnyView {
    let given = |name: &str| asked.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
    let fault = |name: &str| {
        let error = answer.and_then(|answer| answer.as_ref().err());
        error.and_then(|error| error.of_field(name)).map(str::to_owned)
    };
    let text = |name: &'static str, label: &'static str| {
        let (id, wrong, told) = (format!("probe-{name}"), fault(name).is_some().then_some("true"), fault(name));
        view! {
            <div class="field" data-invalid=wrong>
                <label for=id.clone()>{label}</label>
                <input id=id name=name value=given(name) maxlength="200" autocomplete="off" aria-invalid=wrong/>
                <p class="error">{told}</p>
            </div>
        }
    };
    let select = |name: &'static str, label: &'static str, options: Vec<(&'static str, &'static str)>| {
        let (id, chosen) = (format!("probe-{name}"), given(name));
        let options = options
            .into_iter()
            .map(|(value, words)| view! { <option value=value selected=chosen == value>{words}</option> })
            .collect_view();
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <select id=id name=name>{options}</select>
                <p class="error">{fault(name)}</p>
            </div>
        }
    };
    let features = AlertFeature::ALL.iter().map(|feature| (feature.as_str(), feature.label())).collect();
    let severities = Severity::ALL.iter().map(|severity| (severity.as_str(), severity.label())).collect();
    let answer = answer.map(|answer| match answer {
        Ok(answer) => shown(answer),
        Err(error) => view! { <p role="alert">{error.message.clone()}</p> }.into_any(),
    });
    view! {
        <section class="card">
            <header><h2>"Who would be told"</h2></header>
            <form method="get" action="/alerts/routes">
                <div class="form-grid">
                    {text("alert_type", "Type of the alert")}
                    {select("feature", "Feature", features)}
                    {select("severity", "Severity", severities)}
                    {text("entity_type", "About: kind")}
                    {text("entity_id", "About: which")}
                </div>
                <div class="form-actions"><button class="btn" type="submit">"Ask"</button></div>
            </form>
            {answer}
        </section>
    }
    .into_any()
}

fn shown(answer: &RouteProbe) -> AnyView {
    let by = match answer.routes.as_slice() {
        [] => "No route matches: the administrators are told, and who made the rule.".to_owned(),
        places => format!("By route {}.", places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    };
    let silenced = answer.silenced_until.map(|until| {
        view! { <p><span class="badge warn">"Silenced"</span>" All of it is held back until "{when(until)}"."</p> }
    });
    let row = |one: &ProbeTold| {
        let way = match one.way.as_str() {
            "in_app" => "Inbox",
            "email" => "E-mail",
            _ => "Webhook",
        };
        let time = match (one.step, one.after_seconds) {
            (_, 0) => "At once".to_owned(),
            (None, after) => format!("Within {}", super::span(after)),
            (Some(step), after) => format!("Step {step}, after {}", super::span(after)),
        };
        let state = match &one.kept_back {
            Some(why) => view! { <span class="badge neutral">"Not told"</span>" "{why.clone()} }.into_any(),
            None => view! { <span class="badge good">"Told"</span> }.into_any(),
        };
        view! { <tr><td>{one.name.clone()}<div class="sub">{way}</div></td><td>{time}</td><td>{state}</td></tr> }
    };
    let rows = answer.told.iter().map(row).collect_view();
    view! {
        <p role="status">{by}</p>
        {silenced}
        <div class="table-wrap" tabindex="0"><table class="stack">
            <thead><tr><th scope="col">"Who"</th><th scope="col">"When"</th><th scope="col">"State"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}
