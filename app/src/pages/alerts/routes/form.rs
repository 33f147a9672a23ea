//! The form of a route. A refused one comes back as it was typed, each fault under its field.

use crate::{
    components::{
        form::CsrfField,
        plain::{Plain, tick},
    },
    context::session,
    features::alert_routes::SaveRoute,
};
use domain::{
    AppError,
    access::{PermSet, Role},
    alerts::{
        Channel, FORM_MATCHERS, FORM_STEPS, GroupField, MatcherField, MatcherForm, Recipients, Route, RouteForm,
        RoutesScreen, StepForm,
    },
};
use leptos::{prelude::*, server_fn::ServerFn};

/// The fault of a field.
fn told(error: Option<&AppError>, name: &str) -> Option<String> {
    error.and_then(|error| error.of_field(name)).map(str::to_owned)
}

fn input(name: String, label: &'static str, value: &str, help: &'static str, error: Option<&AppError>) -> AnyView {
    let fault = told(error, &name);
    Plain { name, label, value: value.to_owned(), help, fault }.input(None, "field")
}

fn matcher(i: usize, of: &MatcherForm, error: Option<&AppError>) -> AnyView {
    let name = format!("route[matchers][{i}][field]");
    let options = MatcherField::ALL
        .iter()
        .map(|field| {
            let selected = field.as_str() == of.field;
            view! { <option value=field.as_str() selected=selected>{field.label()}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=name.clone()>{format!("Condition {}", i + 1)}</label>
            <select id=name.clone() name=name>{options}</select>
        </div>
        {input(format!("route[matchers][{i}][values]"), "is one of", &of.values, "Parted by commas; empty: no condition", error)}
    }
    .into_any()
}

/// Boxes of channels, roles, sets and those whose alert it is, and the addresses of people.
fn whom(of: &str, words: &[String], people: &str, channels: &[Channel], error: Option<&AppError>) -> AnyView {
    let choices = channels
        .iter()
        .map(|channel| (format!("channel:{}", channel.id), format!("Channel {}", channel.name)))
        .chain(Role::ALL.iter().map(|role| (format!("role:{}", role.as_str()), format!("Role {}", role.as_str()))))
        .chain(PermSet::ALL.iter().map(|set| (format!("set:{}", set.as_str()), format!("Set {}", set.as_str()))))
        .chain([
            ("assignee".to_owned(), "Who it is assigned to".to_owned()),
            ("owner".to_owned(), "Who made the rule".to_owned()),
        ]);
    let boxes = choices
        .enumerate()
        .map(|(n, (word, label))| tick(format!("{of}[whom][{n}]"), &word, label, words.contains(&word)))
        .collect_view();
    view! {
        {boxes}
        <p class="error">{told(error, &format!("{of}[whom]"))}</p>
        {input(format!("{of}[people]"), "People", people, "Their addresses, parted by commas", error)}
    }
    .into_any()
}

fn step(i: usize, of: &StepForm, channels: &[Channel], error: Option<&AppError>) -> AnyView {
    let path = format!("route[steps][{i}]");
    view! {
        <details open=!of.after_seconds.is_empty()>
            <summary>{format!("Step {}", i + 1)}</summary>
            <fieldset class="form-grid">
                <legend>{format!("Step {}: told while nobody has acknowledged it", i + 1)}</legend>
                {input(format!("{path}[after_seconds]"), "After, s", &of.after_seconds, "Empty: no step", error)}
                {whom(&path, &of.whom, &of.people, channels, error)}
            </fieldset>
        </details>
    }
    .into_any()
}

/// `edit` is the id of a route, or `new`; an id that is not there gets no form.
pub(super) fn form(screen: &RoutesScreen, edit: &str) -> Option<AnyView> {
    let route = screen.list.routes.iter().find(|route| route.id.is_some_and(|id| id.to_string() == edit));
    let new = Route { recipients: Recipients::usual(), ..Route::default() };
    let route = route.or((edit == "new").then_some(&new))?;
    let title = if edit == "new" { "New route" } else { "The route" };
    // What was typed belongs to the route it was typed for.
    let note = session().note.filter(|note| note.form == SaveRoute::PATH && note.value("id") == Some(edit));
    let form =
        note.as_ref().map_or_else(|| RouteForm::of(route, &screen.people), |note| RouteForm::parse(&note.values));
    let error = note.as_ref().map(|note| &note.error);
    let (no_matcher, no_step) = (MatcherForm::default(), StepForm::default());
    let filled = form.matchers.iter().filter(|matcher| !matcher.values.is_empty()).count();
    let matchers = (0..form.matchers.len().max(FORM_MATCHERS.max(filled + 1)))
        .map(|i| matcher(i, form.matchers.get(i).unwrap_or(&no_matcher), error))
        .collect_view();
    let filled = form.steps.iter().filter(|step| !step.after_seconds.is_empty()).count();
    let steps = (0..form.steps.len().max(FORM_STEPS.max(filled + 1)))
        .map(|i| step(i, form.steps.get(i).unwrap_or(&no_step), &screen.channels, error))
        .collect_view();
    let groups = GroupField::ALL
        .iter()
        .enumerate()
        .map(|(n, field)| {
            let on = form.group_by.iter().any(|chosen| chosen == field.as_str());
            tick(format!("route[group_by][{n}]"), field.as_str(), field.label().to_owned(), on)
        })
        .collect_view();
    let number = |field: &str, label: &'static str, value: &str, help: &'static str| {
        input(format!("route[{field}]"), label, value, help, error)
    };
    let (id, version) = (edit.to_owned(), screen.list.version);
    let body = view! {
        <form class="card form desk-only" method="post" action=SaveRoute::PATH>
            <header><h2>{title}</h2></header>
            <CsrfField/>
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="version" value=version/>
            <fieldset class="form-grid"><legend>"Of which alerts; all conditions must hold"</legend>{matchers}</fieldset>
            <fieldset class="form-grid">
                <legend>"Who is told"</legend>
                {whom("route", &form.whom, &form.people, &screen.channels, error)}
            </fieldset>
            <fieldset class="form-grid"><legend>"One message for alerts that are equal in"</legend>{groups}</fieldset>
            <div class="form-grid">
                {number("group_wait_seconds", "The first waits for others, s", &form.group_wait_seconds, "Critical ones never wait")}
                {number("group_interval_seconds", "Later ones of a group, s", &form.group_interval_seconds, "After its last message")}
                {number("repeat_seconds", "Told again every, s", &form.repeat_seconds, "While it fires and nobody has acknowledged it; empty: never")}
            </div>
            {steps}
            <div class="form-grid">
                {tick("route[continues]".to_owned(), "true", "Look at the next routes as well".to_owned(), !form.continues.is_empty())}
                {tick("route[enabled]".to_owned(), "true", "On".to_owned(), !form.enabled.is_empty())}
            </div>
            <div class="form-actions">
                <button class="btn primary" type="submit">"Save"</button>
                <a class="btn quiet" href="/alerts/routes">"Leave"</a>
            </div>
        </form>
    };
    Some(body.into_any())
}
