//! `/alerts/rules/{id}`, and `new`: the form of a rule, what it would see now, what it knows. The form is the page's
//! URL while it is tried out, as that of a new sale.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::alerts::{ActOnRule, SaveRule, load_rule},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    AppError,
    access::Permission,
    alerts::{
        FORM_LEVELS, LevelForm, MetricReading, NoData, Op, RuleDetail, RuleForm, RuleInstance, RuleKind, RuleScreen,
        Severity,
    },
    format,
    live::Topic,
    query,
};
use leptos::{form::ActionForm, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::{use_location, use_params_map};

/// The page of a rule.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct RuleRoute {
    rule: PageData<Option<RuleScreen>>,
    act: ServerAction<ActOnRule>,
}

impl LazyPage for RuleRoute {
    fn data() -> Self {
        let (params, search) = (use_params_map(), use_location().search);
        let changed = use_topic(Topic::Alerts);
        let act = ServerAction::new();
        // A refused form comes back whole: what was typed stands over what the address says, for that rule.
        let typed = session().note.filter(|note| note.form == SaveRule::PATH);
        let typed = typed.map(|note| {
            let id = note.value("id").unwrap_or_default().to_owned();
            (id, query::write(note.values.iter().map(|(n, v)| (n.as_str(), v.as_str()))))
        });
        let asked = move || {
            let id = params.read().get("id").unwrap_or_default();
            let filled = typed.as_ref().filter(|(of, _)| *of == id).map(|(_, typed)| typed.clone());
            (id, filled.unwrap_or_else(|| search.get()), changed.get(), act.version().get())
        };
        Self { rule: PageData::load(asked, |(id, search, ..)| load_rule(id, search)), act }
    }

    fn view(this: Self) -> AnyView {
        let RuleRoute { rule, act } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(rule.await, move |rule| found(rule, act)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(screen: Option<RuleScreen>, act: ServerAction<ActOnRule>) -> AnyView {
    let Some(screen) = screen else {
        set_status(404);
        return view! {
            <PageHead title="Rule not found" scope="There is no rule with this address."/>
            <p><a class="btn" href="/alerts/rules">"All rules"</a></p>
        }
        .into_any();
    };
    let locale = session().business.locale;
    let title = screen.rule.as_ref().map_or_else(|| "New rule".to_owned(), |rule| rule.row.name.clone());
    let scope = screen.rule.as_ref().map_or_else(
        || "Choose what to watch, try it out, save it".to_owned(),
        |rule| if rule.row.enabled { "Watching".to_owned() } else { "Off".to_owned() },
    );
    let acts = screen.rule.as_ref().filter(|rule| rule.may_edit).map(|rule| acts(rule, act));
    let history = screen.rule.as_ref().filter(|_| session().may(Permission::AuditView)).map(|rule| {
        let href = format!("/audit?{}", query::write([("entity", format!("alert_rule/{}", rule.row.id).as_str())]));
        view! { <a class="btn" href=href>"History"</a> }
    });
    let states = screen.rule.as_ref().map(|rule| states(&rule.states, &rule.row.unit, &locale));
    let preview = screen.preview.clone().map(|preview| tried(preview, &locale));
    let kinds = (screen.may_edit && screen.rule.is_none()).then(|| kinds(screen.form.kind()));
    let form = screen.may_edit.then(|| form(&screen));
    view! {
        <PageHead title scope>
            <a class="btn" href="/alerts/rules">"All rules"</a>
            {history}
            {acts}
        </PageHead>
        <ErrorSummary state=FormState::of(act)/>
        <ErrorSummary state=FormState::plain(SaveRule::PATH)/>
        {preview}
        {kinds}
        {form}
        {states}
    }
    .into_any()
}

fn acts(rule: &RuleDetail, act: ServerAction<ActOnRule>) -> AnyView {
    let id = rule.row.id.to_string();
    let button = |how: &'static str, words: &'static str| {
        let id = id.clone();
        view! {
            <ActionForm action=act>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="how" value=how/>
                <button class="btn" type="submit">{words}</button>
            </ActionForm>
        }
    };
    let copy = format!("/alerts/rules/new?{}", RuleForm::of(&rule.row).to_query());
    let switch = if rule.row.enabled { button("disable", "Switch off") } else { button("enable", "Switch on") };
    let delete = rule.row.code.is_none().then(|| button("delete", "Delete"));
    view! { <a class="btn" href=copy>"Copy"</a>{switch}{delete} }.into_any()
}

fn choice(name: &str, label: &'static str, chosen: &str, options: Vec<(String, String)>) -> AnyView {
    let name = name.to_owned();
    let options = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <select id=name.clone() name=name>{options}</select>
        </div>
    }
    .into_any()
}

/// A closed list of words as choices.
fn words(pairs: impl Iterator<Item = (&'static str, &'static str)>) -> Vec<(String, String)> {
    pairs.map(|(value, words)| (value.to_owned(), words.to_owned())).collect()
}

fn input(name: &str, label: &'static str, value: &str, state: FormState) -> AnyView {
    let (name, value, error, of) = (name.to_owned(), value.to_owned(), state.error(), name.to_owned());
    let fault = Signal::derive(move || error.with(|e| e.as_ref().and_then(|e| e.of_field(&of)).map(str::to_owned)));
    let described = format!("{name}-error");
    view! {
        <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
            <label for=name.clone()>{label}</label>
            <input id=name.clone() name=name value=value maxlength="255" aria-describedby=described.clone()/>
            <p class="error" id=described>{move || fault.get()}</p>
        </div>
    }
    .into_any()
}

/// What a new rule judges: each kind has its own form.
fn kinds(chosen: RuleKind) -> impl IntoView {
    let links = RuleKind::ALL
        .iter()
        .map(|kind| {
            let current = (*kind == chosen).then_some("true");
            view! { <a href=format!("/alerts/rules/new?kind={}", kind.as_str()) aria-current=current>{kind.label()}</a> }
        })
        .collect_view();
    view! { <nav class="seg" aria-label="What it judges">{links}</nav> }
}

const fn explained(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Threshold => "The present value is compared.",
        RuleKind::Change => {
            "By how many percent the value of the window differs from that of as long a window right before it: -30 is a fall by 30 %. \
             Where there was nothing before, nothing is known."
        }
        RuleKind::Count => "Events of the window that ends now are counted.",
        RuleKind::Absent => {
            "Each source on its own: seconds since it was last heard of or, where it never was, since it is expected."
        }
    }
}

fn level(i: usize, level: &LevelForm, kind: RuleKind, state: FormState) -> impl IntoView + use<> {
    // A range is of values that may lie to either side.
    let range = |name: &str, label: &'static str, value: &str| {
        (!kind.only_at_least()).then(|| input(name, label, value, state))
    };
    let from = match kind {
        RuleKind::Threshold => "From",
        RuleKind::Change => "From, %",
        RuleKind::Count => "From so many",
        RuleKind::Absent => "Nothing for, s",
    };
    let name = |field: &str| format!("levels[{i}][{field}]");
    let severities = words(Severity::ALL.iter().rev().map(|s| (s.as_str(), s.label())));
    view! {
        <fieldset class="form-grid">
            <legend>{format!("Level {}", i + 1)}</legend>
            {choice(&name("severity"), "Severity", &level.severity, severities)}
            {input(&name("threshold"), from, &level.threshold, state)}
            {range(&name("threshold_2"), "To (of a range)", &level.threshold_2)}
            {input(&name("clear"), "Over at", &level.clear, state)}
            {range(&name("clear_2"), "to (of a range)", &level.clear_2)}
        </fieldset>
    }
}

fn form(screen: &RuleScreen) -> impl IntoView + use<> {
    let RuleForm {
        name,
        alert_type,
        metric_key,
        title,
        runbook,
        op,
        n_breaches,
        m_clears,
        for_seconds,
        every_seconds,
        window_seconds,
        ..
    } = &screen.form;
    let kind = screen.form.kind();
    let state = FormState::plain(SaveRule::PATH);
    let id = screen.rule.as_ref().map_or_else(|| "new".to_owned(), |rule| rule.row.id.to_string());
    let version = screen.rule.as_ref().map_or(0, |rule| rule.row.version);
    let page = format!("/alerts/rules/{id}");
    let metrics = screen
        .metrics
        .iter()
        .filter(|metric| metric.kinds.contains(&kind))
        .map(|metric| (metric.key.clone(), format!("{} ({})", metric.label, metric.unit)))
        .collect();
    let empty = LevelForm::default();
    let levels =
        (0..FORM_LEVELS).map(|i| level(i, screen.form.levels.get(i).unwrap_or(&empty), kind, state)).collect_view();
    let ops = (!kind.only_at_least())
        .then(|| choice("op", "A problem when", op, words(Op::ALL.iter().map(|op| (op.as_str(), op.label())))));
    let window = kind.has_window().then(|| input("window_seconds", "Window, s", window_seconds, state));
    view! {
        <form class="card" method="post" action=SaveRule::PATH>
            <header><h2>"The rule"</h2></header>
            <p class="sub">{explained(kind)}</p>
            <CsrfField/>
            <input type="hidden" name="kind" value=kind.as_str()/>
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="version" value=version/>
            <div class="form-grid">
                {input("name", "Name", name, state)}
                {input("alert_type", "Type of its alerts", alert_type, state)}
                {choice("metric_key", "Watches", metric_key, metrics)}
                {ops}
                {window}
                {input("title", "Title; {entity} and {value} are filled in", title, state)}
            </div>
            {levels}
            <div class="form-grid">
                {input("for_seconds", "For at least, s", for_seconds, state)}
                {input("n_breaches", "Bad looks in a row", n_breaches, state)}
                {input("m_clears", "Good looks until it is over", m_clears, state)}
                {input("every_seconds", "A look every, s", every_seconds, state)}
                {choice("no_data", "Without data", &screen.form.no_data, words(NoData::ALL.iter().map(|n| (n.as_str(), n.label()))))}
                {input("runbook", "What to do", runbook, state)}
            </div>
            <div class="form-actions">
                <button class="btn" type="submit" formmethod="get" formaction=page formnovalidate>"Try it out"</button>
                <button class="btn primary" type="submit">"Save"</button>
            </div>
        </form>
    }
}

/// What the rule as it is written would see now.
fn tried(preview: Result<Vec<MetricReading>, AppError>, locale: &str) -> impl IntoView + use<> {
    let body = match preview {
        Err(error) => view! { <p role="alert">{error.message}</p> }.into_any(),
        Ok(readings) => {
            let firing = readings.iter().filter(|reading| reading.severity.is_some()).count();
            let rows = readings
                .iter()
                .take(50)
                .map(|reading| {
                    let value = reading.value.map_or_else(|| format::UNKNOWN.to_owned(), |v| format::number(v, locale));
                    let says = reading.severity.map(|s| view! { <span class=format!("badge {}", s.tone())>{s.label()}</span> });
                    view! { <tr><td>{reading.entity_label.clone()}</td><td class="r num">{value}</td><td>{says}</td></tr> }
                })
                .collect_view();
            view! {
                <p>{format!("{firing} of {} would be a problem now.", readings.len())}</p>
                <div class="table-wrap" tabindex="0"><table>
                    <thead><tr><th scope="col">"What"</th><th scope="col" class="r">"Now"</th><th scope="col">"It says"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            }
            .into_any()
        }
    };
    view! { <section class="card"><header><h2>"Tried out"</h2></header>{body}</section> }
}

fn states(states: &[RuleInstance], unit: &str, locale: &str) -> impl IntoView + use<> {
    let rows = states
        .iter()
        .map(|state| {
            let value = state.value.map_or_else(|| format::UNKNOWN.to_owned(), |v| format!("{} {unit}", format::number(v, locale)));
            let health = match state.health.as_str() {
                "ok" => "",
                "no_data" => "No data",
                _ => "Cannot be read",
            };
            view! {
                <tr>
                    <td>{state.entity_label.clone()}</td>
                    <td class="r num">{value}</td>
                    <td>{state.state.label()}" "{state.severity.map(|s| view! { <span class=format!("badge {}", s.tone())>{s.label()}</span> })}</td>
                    <td class="hide">{when(state.since)}</td>
                    <td class="hide">{health}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"What it knows"</h2></header>
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"What"</th><th scope="col" class="r">"Last value"</th><th scope="col">"State"</th>
                    <th scope="col">"Since"</th><th scope="col">"Data"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
}
