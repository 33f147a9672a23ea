//! What is to be said of a network as a whole: whether it can be solved, when it was frozen, its own fields.

use super::Acts;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
    },
    context::session,
    pages::planning::amounts::Words,
};
use domain::{
    access::Permission,
    format,
    planning::{Finding, NetworkDetail, Validation, Verdict},
};
use leptos::{form::ActionForm, prelude::*};

/// Findings that are shown at once.
const MOST_FINDINGS: usize = 50;

const fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "badge good",
        Verdict::Warn => "badge warn",
        Verdict::Fail => "badge bad",
    }
}

pub(super) fn shown(detail: &NetworkDetail, may_edit: bool, acts: Acts) -> impl IntoView + use<> {
    let network = &detail.network;
    let frozen = match &network.freeze {
        Some(freeze) => {
            let state = if freeze.is_current { "as it stands" } else { "changed since" };
            let hash: String = freeze.sha256.chars().take(12).collect();
            view! { <p class="sub">"Frozen "{when(freeze.frozen_at)}" by "{freeze.frozen_by.clone()}", "{state}", input "<code>{hash}</code></p> }
                .into_any()
        }
        None => view! { <p class="sub">"Not frozen yet: runs cannot solve it."</p> }.into_any(),
    };
    let ready = detail.validation.valid;
    let current = network.freeze.as_ref().is_some_and(|freeze| freeze.is_current);
    let code = network.code.clone();
    let freeze = (may_edit && ready && !current).then(|| {
        let code = code.clone();
        view! {
            <ActionForm action=acts.freeze>
                <CsrfField/>
                <input type="hidden" name="network" value=code/>
                <button class="btn primary" type="submit">"Freeze the input"</button>
            </ActionForm>
        }
    });
    let to = format!("/planning/solve?{}", domain::query::write([("network", code.as_str())]));
    let solve = (network.freeze.is_some() && session().may(Permission::PlanRun))
        .then(|| view! { <a class="btn" href=to>"Solve it"</a> });
    let demo = network.is_demo.then(|| view! { <span class="badge demo">"Demo"</span> });
    let title = format!("{} · {}", network.code, network.name);
    view! {
        <section class="card" data-network>
            <header><h2>{title}</h2>{demo}</header>
            <p class="sub">"Changed "{when(network.changed_at)}", money in "{network.currency.clone()}</p>
            {frozen}
            {readiness(&detail.validation)}
            <ErrorSummary state=FormState::of(acts.freeze)/>
            <div class="form-actions">{freeze}{solve}</div>
        </section>
    }
}

fn readiness(validation: &Validation) -> impl IntoView + use<> {
    let words = Words { currency: String::new(), locale: session().business.locale };
    let count = |n: i64| format::count(n, &words.locale);
    let of = &validation.summary;
    let sums = format!(
        "{} plants, {} nodes with demand, {} lanes, {} periods, {} t of demand",
        count(of.plants_count),
        count(of.customers_count),
        count(of.routes_count),
        count(of.periods_count),
        words.tonnes(of.total_demand)
    );
    let says = match validation.overall {
        Verdict::Pass => "PASS: it can be solved.",
        Verdict::Warn => "WARN: it can be solved; look at these first.",
        Verdict::Fail => "FAIL: mend these before it can be frozen.",
    };
    let all = validation.errors.len() + validation.warnings.len();
    let listed = validation.errors.iter().chain(&validation.warnings).take(MOST_FINDINGS).map(finding);
    let listed = (all > 0).then(|| view! { <ul data-findings>{listed.collect_view()}</ul> });
    let cut =
        (all > MOST_FINDINGS).then(|| view! { <p class="sub">{format!("The first {MOST_FINDINGS} of {all}.")}</p> });
    let short = validation.readiness.iter().filter(|point| point.gap_tonnes > 1e-6).map(|point| {
        let (share, gap) = (words.share(Some(point.share)), words.weight(Some(point.gap_tonnes)));
        view! { <li>{format!("Until period {} at most {share} of the demand can be served: {gap} are missing.", point.period)}</li> }
    });
    let short = short.collect::<Vec<_>>();
    let short = (!short.is_empty()).then(|| view! { <ul>{short}</ul> });
    view! {
        <p><span class=tone(validation.overall)>{validation.overall.as_str()}</span>" "{says.split_once(": ").map_or(says, |(_, rest)| rest)}</p>
        <p class="sub">{sums}</p>
        {listed}
        {cut}
        {short}
    }
}

fn finding(finding: &Finding) -> impl IntoView + use<> {
    view! { <li data-finding><code>{finding.path.clone()}</code>" "{finding.message.clone()}" ("{finding.code.clone()}")"</li> }
}

/// Fields of the whole that are typed here: path, label.
const FIELDS: &[(&str, &str)] = &[
    ("name", "Name"),
    ("currency", "Currency, ISO 4217"),
    ("description", "Description"),
    ("timezone", "Time zone"),
    ("quantity_label", "Unit shown for tonnes"),
    ("constant_cost", "Constant cost"),
    ("penalties.shortage_cost_per_tonne", "Price of a missing tonne; 10000 when empty"),
    ("penalties.safety_shortfall_cost_per_tonne", "Price of a tonne below safety stock; 5000 when empty"),
    ("options.mip_gap", "Gap that is good enough; 0.0001 when empty"),
    ("options.time_limit_seconds", "Time limit, seconds; 300 when empty"),
    ("options.safety_stock_mode", "Safety stock: soft or hard"),
    ("options.shortage_mode", "Shortage: soft or hard"),
];

/// The text of a value in the head.
fn text_of(head: &serde_json::Value, path: &str) -> String {
    let value = path.split('.').try_fold(head, |value, part| value.get(part));
    match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

pub(super) fn settings(detail: &NetworkDetail, acts: Acts) -> impl IntoView + use<> {
    let state = FormState::of(acts.change);
    let head: serde_json::Value = serde_json::from_str(&detail.head.0).unwrap_or_default();
    let open = state.error().get_untracked().is_some();
    let fields = FIELDS.iter().map(|(path, label)| {
        let (name, id) = (format!("head[fields][{path}]"), format!("head-{}", path.replace('.', "-")));
        let value = state.typed(&name, &text_of(&head, path));
        let wrong = state.fault(path);
        view! {
            <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                <label for=id.clone()>{*label}</label>
                <input id=id.clone() name=name maxlength="400" autocomplete="off" value=value aria-describedby=format!("{id}-error")
                    aria-invalid=move || wrong.get().is_some().then_some("true")/>
                <p class="error" id=format!("{id}-error")>{move || wrong.get()}</p>
            </div>
        }
    });
    let fields = fields.collect_view();
    let (code, version) = (detail.network.code.clone(), detail.version);
    let removing = FormState::of(acts.remove);
    let wrong = removing.fault("typed");
    let (of_form, of_removal) = (code.clone(), code.clone());
    view! {
        <details class="card" open=open>
            <summary>"Name, prices and options"</summary>
            <ErrorSummary state/>
            <ActionForm action=acts.change>
                <CsrfField/>
                <input type="hidden" name="head[network]" value=of_form/>
                <input type="hidden" name="head[version]" value=version/>
                <div class="form">
                    {fields}
                    <div class="form-actions"><button class="btn" type="submit">"Keep"</button></div>
                </div>
            </ActionForm>
            <ErrorSummary state=removing/>
            <ActionForm action=acts.remove>
                <CsrfField/>
                <input type="hidden" name="network" value=of_removal/>
                <div class="form">
                    <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                        <label for="typed">{format!("Type {code} to remove the network with all its rows")}</label>
                        <input id="typed" name="typed" autocomplete="off" aria-describedby="typed-error"/>
                        <p class="error" id="typed-error">{move || wrong.get()}</p>
                    </div>
                    <div class="form-actions"><button class="btn danger" type="submit">"Remove the network"</button></div>
                </div>
            </ActionForm>
        </details>
    }
}
