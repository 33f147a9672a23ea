//! The form of a draft. A refused one comes back as it was typed, each fault under its field.

use crate::{
    components::{
        form::CsrfField,
        plain::{Plain, tick},
    },
    context::session,
    features::fraud::rules::SaveRuleSet,
};
use domain::{
    AppError,
    fraud::{
        model::LearnedModel,
        set::{MOST_RULES, RuleSetScreen, ShownFeature},
        set_form::{FREE_RULES, RuleTexts, SetForm},
    },
};
use leptos::{prelude::*, server_fn::ServerFn};

/// The message of the field at `path`; a formula's fault may lie deeper within it.
fn told(error: Option<&AppError>, paths: &[String]) -> Option<String> {
    let within = |of: &str| {
        paths.iter().any(|path| of == path || of.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    };
    let faults: Vec<String> = error?
        .fields
        .iter()
        .filter(|fault| within(&fault.path))
        .map(|fault| {
            let deeper = fault.path.split_once(".expression.").map(|(_, at)| format!(" (at {at})"));
            format!("{}{}", fault.message, deeper.unwrap_or_default())
        })
        .collect();
    (!faults.is_empty()).then(|| faults.join(" "))
}

fn rule(n: usize, rule: &RuleTexts, error: Option<&AppError>, numbers: &[(String, String)]) -> AnyView {
    let entry = |field: &str, label: &'static str, value: &str| {
        let mut paths = vec![format!("rules[{n}].{field}")];
        if field == "formula" {
            paths.push(format!("rules[{n}].expression"));
        }
        Plain {
            name: format!("set[rules][{n}][{field}]"),
            label,
            value: value.to_owned(),
            fault: told(error, &paths),
            ..Plain::default()
        }
    };
    let times = format!("set[rules][{n}][times]");
    let fault = told(error, &[format!("rules[{n}].times")]);
    let wrong = fault.is_some().then_some("true");
    let options = numbers
        .iter()
        .map(|(key, words)| {
            view! { <option value=key.clone() selected=*key == rule.times>{words.clone()}</option> }
        })
        .collect_view();
    let legend = if rule.code.is_empty() { "A new rule".to_owned() } else { rule.code.clone() };
    view! {
        <fieldset class="form-grid">
            <legend>{legend}</legend>
            {entry("code", "Code", &rule.code).input(None, "field")}
            {entry("name", "Name", &rule.name).input(None, "field")}
            {entry("points", "Points", &rule.points).input(Some("decimal"), "field")}
            <div class="field" data-invalid=wrong>
                <label for=times.clone()>"Points times"</label>
                <select id=times.clone() name=times><option value="">"1"</option>{options}</select>
                <p class="error">{fault}</p>
            </div>
            {entry("text", "What a reviewer reads", &rule.text).input(None, "field wide")}
            {entry("formula", "Hits when", &rule.formula).area("formula")}
            {tick(format!("set[rules][{n}][enabled]"), "true", "Ask this rule".to_owned(), !rule.enabled.is_empty())}
            {tick(format!("set[rules][{n}][remove]"), "true", "Take it away".to_owned(), !rule.remove.is_empty())}
        </fieldset>
    }
    .into_any()
}

fn words(features: &[ShownFeature]) -> AnyView {
    let items = features
        .iter()
        .map(|feature| {
            let kind = if feature.is_number { "number" } else { "yes or no" };
            view! { <div><dt><code>{feature.key.clone()}</code></dt><dd>{feature.words.clone()}" ("{kind}")"</dd></div> }
        })
        .collect_view();
    view! {
        <details>
            <summary>"What formulas are made of"</summary>
            <p>"Compare with = != < <= > >=, "<code>"in (1, 2)"</code>" and "<code>"between 1 and 3"</code>"; reckon with + - * / and parentheses; join with "<code>"and"</code>", "<code>"or"</code>", "<code>"not"</code>". What is unknown does not hit."</p>
            <dl class="details">{items}</dl>
        </details>
    }
    .into_any()
}

/// The choice of a learned score.
fn model(models: &[LearnedModel], chosen: &str, fault: Option<String>) -> AnyView {
    let options = models
        .iter()
        .map(|of| {
            let number = of.number.to_string();
            view! { <option value=number.clone() selected=number == chosen>{of.label()}</option> }
        })
        .collect_view();
    let wrong = fault.is_some().then_some("true");
    let help = if models.is_empty() {
        view! { <p class="help" id="learned-help">"There is none yet: a backtest with days to learn from keeps one."</p> }.into_any()
    } else {
        view! { <p class="help" id="learned-help">"A sure fraud gets 60 points of it."</p> }.into_any()
    };
    view! {
        <div class="field wide" data-invalid=wrong>
            <label for="set[learned_model]">"Learned score"</label>
            <select id="set[learned_model]" name="set[learned_model]" aria-describedby="learned-help learned-error" aria-invalid=wrong>
                <option value="">"None"</option>{options}
            </select>
            {help}
            <p class="error" id="learned-error">{fault}</p>
        </div>
    }
    .into_any()
}

pub(super) fn form(screen: &RuleSetScreen) -> AnyView {
    let of = screen.set.row.number.to_string();
    let note = session().note.filter(|note| note.form == SaveRuleSet::PATH && note.value("number") == Some(&of));
    let mut texts = note.as_ref().map_or_else(|| SetForm::of(&screen.set), |note| SetForm::parse(&note.values));
    let error = note.as_ref().map(|note| &note.error);
    let free = texts.rules.iter().rev().take_while(|rule| **rule == RuleTexts::default()).count();
    let wanted = (texts.rules.len() + FREE_RULES.saturating_sub(free)).min(MOST_RULES + FREE_RULES);
    texts.rules.resize(wanted, RuleTexts { enabled: "true".to_owned(), ..RuleTexts::default() });
    let numbers: Vec<_> = screen
        .features
        .iter()
        .filter(|feature| feature.is_number)
        .map(|feature| (feature.key.clone(), feature.key.clone()))
        .collect();
    let head = |field: &str, label: &'static str, value: &str| {
        let mut paths = vec![field.to_owned()];
        if field == "review_at" {
            paths.push("thresholds".to_owned());
        }
        Plain {
            name: format!("set[{field}]"),
            label,
            value: value.to_owned(),
            fault: told(error, &paths),
            ..Plain::default()
        }
    };
    let learned = model(&screen.models, &texts.learned_model, told(error, &["learned_model".to_owned()]));
    let rules: Vec<_> = texts.rules.iter().enumerate().map(|(n, of)| rule(n, of, error, &numbers)).collect();
    let (number, version) = (screen.set.row.number, screen.set.row.version);
    view! {
        <form class="card desk-only" method="post" action=SaveRuleSet::PATH>
            <header><h2>"The draft"</h2></header>
            <CsrfField/>
            <input type="hidden" name="number" value=number/>
            <input type="hidden" name="version" value=version/>
            <div class="form-grid">
                {head("name", "Name", &texts.name).input(None, "field")}
                {head("review_at", "Review from, points", &texts.review_at).input(Some("decimal"), "field")}
                {head("hold_at", "Hold from, points", &texts.hold_at).input(Some("decimal"), "field")}
                {head("decline_at", "Decline from, points", &texts.decline_at).input(Some("decimal"), "field")}
                {learned}
                {head("note", "Note", &texts.note).input(None, "field wide")}
            </div>
            {words(&screen.features)}
            {rules}
            <p class="help">"Two rules without a code are free for new ones; save to get more room."</p>
            <div class="form-actions"><button class="btn primary" type="submit">"Save the draft"</button></div>
        </form>
    }
    .into_any()
}
