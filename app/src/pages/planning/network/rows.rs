//! Rows of a section: read, filtered, typed in and taken away.

use super::{Acts, PATH};
use crate::{
    browser,
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        states::Empty,
    },
    context::session,
    features::networks::address,
};
use domain::{
    access::Permission,
    planning::{FieldInput, SectionField, SectionRows, TypedRow},
    query,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::components::Form;
use std::collections::BTreeMap;

pub(super) fn shown(code: &str, section: &str, page: SectionRows, search: &str, acts: Acts) -> AnyView {
    let SectionRows { fields, rows, editing, next_cursor } = page;
    let given = |name: &str| query::last(search, name).unwrap_or_default();
    let filter = filter(code, section, &given("q"), &given("node"));
    let here = Here { code, section, search };
    let edit = editing.map(|row| editor(here, &fields, Some(&row), acts));
    let may_add = session().may(Permission::PlanEditNetwork);
    let add = (may_add && edit.is_none()).then(|| {
        let form = editor(here, &fields, None, acts);
        // The browser has turned it by then.
        let turned = move |event: leptos::ev::Event| acts.adding.set(browser::is_open(&event));
        view! { <details open=move || acts.adding.get() on:toggle=turned><summary>"Add a row"</summary>{form}</details> }
    });
    let removing = FormState::of(acts.remove_row);
    let next = next_cursor.map(|cursor| {
        let to = here.address(Some(("cursor", &cursor)));
        view! { <nav class="pager" aria-label="Pages"><a class="btn" href=to>"Next page"</a></nav> }
    });
    let table = if rows.is_empty() {
        view! { <Empty message="No row is like this."/> }.into_any()
    } else {
        table(here, &fields, rows, acts)
    };
    view! {
        {filter}
        <ErrorSummary state=removing/>
        {edit}
        {table}
        {next}
        {add}
    }
    .into_any()
}

/// The section that is shown, and the address it is shown at.
#[derive(Clone, Copy)]
struct Here<'a> {
    code: &'a str,
    section: &'a str,
    search: &'a str,
}

impl Here<'_> {
    /// The same rows with one thing more asked for, or with the editor closed.
    fn address(self, more: Option<(&str, &str)>) -> String {
        let asked = |name: &'static str| query::last(self.search, name).filter(|value| !value.is_empty());
        let kept: Vec<_> = ["q", "node", "cursor"]
            .into_iter()
            .filter(|name| more.is_none_or(|(other, _)| other != *name))
            .filter_map(|name| Some((name, asked(name)?)))
            .collect();
        let pairs = [("network", self.code), ("section", self.section)];
        let kept = kept.iter().map(|(name, value)| (*name, value.as_str()));
        format!("{PATH}?{}", query::write(pairs.into_iter().chain(kept).chain(more)))
    }
}

fn filter(code: &str, section: &str, q: &str, node: &str) -> impl IntoView + use<> {
    let (code, section, q, node) = (code.to_owned(), section.to_owned(), q.to_owned(), node.to_owned());
    let clear = address(&code, &section);
    view! {
        <Form method="get" action=PATH attr:class="filters">
            <input type="hidden" name="network" value=code/>
            <input type="hidden" name="section" value=section/>
            <div class="field">
                <label for="f-q">"Key or name"</label>
                <input id="f-q" name="q" type="search" maxlength="100" value=q/>
            </div>
            <div class="field">
                <label for="f-node">"Node"</label>
                <input id="f-node" name="node" maxlength="40" value=node/>
            </div>
            <button class="btn" type="submit">"Apply"</button>
            <a class="btn quiet" href=clear>"Clear"</a>
        </Form>
    }
}

fn table(here: Here<'_>, fields: &[SectionField], rows: Vec<TypedRow>, acts: Acts) -> AnyView {
    // Columns that no row of the page uses say nothing.
    let used: Vec<_> = fields
        .iter()
        .filter(|field| field.is_required || rows.iter().any(|row| row.fields.contains_key(&field.name)))
        .cloned()
        .collect();
    let number = |field: &SectionField| field.input == FieldInput::Number;
    let headings = used
        .iter()
        .map(|field| view! { <th scope="col" class=number(field).then_some("r")>{field.name.replace('_', " ")}</th> })
        .collect_view();
    let body = rows
        .into_iter()
        .map(|row| {
            let cells = used
                .iter()
                .map(|field| {
                    let text = match row.fields.get(&field.name).map(String::as_str) {
                        Some("null") => "no limit".to_owned(),
                        Some(text) => text.to_owned(),
                        None => String::new(),
                    };
                    view! { <td class=number(field).then_some("r num")>{text}</td> }
                })
                .collect_view();
            let act = row.is_open.then(|| acts_of(here, &row, acts));
            view! { <tr>{cells}<td class="hide num" title=format!("by {}", row.updated_by)>{when(row.updated_at)}</td><td>{act}</td></tr> }
        })
        .collect_view();
    view! {
        <div class="table-wrap" tabindex="0"><table>
            <thead><tr>{headings}<th scope="col" class="hide">"Changed"</th><th scope="col"><span class="visually-hidden">"What to do"</span></th></tr></thead>
            <tbody>{body}</tbody>
        </table></div>
    }
    .into_any()
}

fn acts_of(here: Here<'_>, row: &TypedRow, acts: Acts) -> impl IntoView + use<> {
    let id = row.id.to_string();
    let edit = format!("{}#edit", here.address(Some(("edit", &id))));
    let (change, remove) = (format!("Edit {}", row.key), format!("Remove {}", row.key));
    let (code, section, version) = (here.code.to_owned(), here.section.to_owned(), row.version);
    view! {
        <div class="actions">
            <a class="btn quiet" href=edit aria-label=change>"Edit"</a>
            <ActionForm action=acts.remove_row>
                <CsrfField/>
                <input type="hidden" name="network" value=code/>
                <input type="hidden" name="section" value=section/>
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="version" value=version/>
                <button class="btn quiet" type="submit" aria-label=remove>"Remove"</button>
            </ActionForm>
        </div>
    }
}

fn editor(here: Here<'_>, fields: &[SectionField], row: Option<&TypedRow>, acts: Acts) -> AnyView {
    let state = FormState::of(acts.save);
    let none = BTreeMap::new();
    let values = row.map_or(&none, |row| &row.fields);
    let entries = fields
        .iter()
        .map(|field| {
            let value = values.get(&field.name).map_or("", String::as_str);
            entry(state, field, &state.typed(&format!("row[fields][{}]", field.name), value))
        })
        .collect_view();
    let id = row.map(|row| row.id.to_string()).unwrap_or_default();
    let version = row.map(|row| row.version.to_string()).unwrap_or_default();
    let title = row.map_or_else(|| "A new row".to_owned(), |row| format!("Edit {}", row.key));
    let (back, button) = (here.address(None), if row.is_some() { "Keep the row" } else { "Add the row" });
    let (code, section) = (here.code.to_owned(), here.section.to_owned());
    let cancel = row.is_some().then(|| view! { <a class="btn quiet" href=back>"Leave it"</a> });
    view! {
        <div id="edit" data-editor>
            <h3>{title}</h3>
            <ErrorSummary state/>
            <ActionForm action=acts.save>
                <CsrfField/>
                <input type="hidden" name="row[network]" value=code/>
                <input type="hidden" name="row[section]" value=section/>
                <input type="hidden" name="row[id]" value=id/>
                <input type="hidden" name="row[version]" value=version/>
                <div class="form">
                    {entries}
                    <div class="form-actions"><button class="btn primary" type="submit">{button}</button>{cancel}</div>
                </div>
            </ActionForm>
        </div>
    }
    .into_any()
}

/// What is wrong with a field, or with a part of it.
fn wrong(state: FormState, name: String) -> Signal<Option<String>> {
    let error = state.error();
    Signal::derive(move || {
        error.with(|error| {
            let fields = error.as_ref().map(|error| error.fields.as_slice()).unwrap_or_default();
            let of =
                |path: &str| path == name || path.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('['));
            fields.iter().find(|fault| of(&fault.path)).map(|fault| fault.message.clone())
        })
    })
}

fn entry(state: FormState, field: &SectionField, value: &str) -> AnyView {
    let (name, id) = (format!("row[fields][{}]", field.name), format!("row-{}", field.name));
    let described = format!("{id}-help {id}-error");
    let wrong = wrong(state, field.name.clone());
    let label =
        if field.is_required { format!("{} *", field.name.replace('_', " ")) } else { field.name.replace('_', " ") };
    let help = match &field.input {
        FieldInput::Rows(parts) => {
            format!(
                "{}; the next after a semicolon.",
                parts.iter().map(|part| part.replace('_', " ")).collect::<Vec<_>>().join(", ")
            )
        }
        _ if field.may_be_null => "Empty: as the row of all periods, or none; null: no limit.".to_owned(),
        _ => String::new(),
    };
    let invalid = move || wrong.get().is_some().then_some("true");
    let control = match &field.input {
        FieldInput::Choice(choices) => {
            options(&id, &name, &described, std::iter::once("").chain(choices.iter().map(String::as_str)), value)
        }
        FieldInput::Flag => options(&id, &name, &described, ["", "true", "false"].into_iter(), value),
        of => {
            let kind = if *of == FieldInput::Date { "date" } else { "text" };
            let mode = (*of == FieldInput::Number).then_some("decimal");
            view! {
                <input id=id.clone() name=name type=kind inputmode=mode maxlength="4000" autocomplete="off" value=value.to_owned()
                    aria-describedby=described aria-invalid=invalid/>
            }
            .into_any()
        }
    };
    view! {
        <div class="field" data-invalid=invalid>
            <label for=id.clone()>{label}</label>
            {control}
            <p class="help" id=format!("{id}-help")>{help}</p>
            <p class="error" id=format!("{id}-error")>{move || wrong.get()}</p>
        </div>
    }
    .into_any()
}

fn options<'a>(id: &str, name: &str, described: &str, choices: impl Iterator<Item = &'a str>, value: &str) -> AnyView {
    let options = choices
        .map(|choice| {
            let (of, selected) = (choice.to_owned(), choice == value);
            let words = if choice.is_empty() { "–".to_owned() } else { choice.replace('_', " ") };
            view! { <option value=of selected=selected>{words}</option> }
        })
        .collect_view();
    let (id, name, described) = (id.to_owned(), name.to_owned(), described.to_owned());
    view! { <select id=id name=name aria-describedby=described>{options}</select> }.into_any()
}
