//! Rejected rows of a committed import: mend, take a proposal, run again, give up, take home and bring back.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        pager::Pager,
    },
    features::ingest::{DiscardRows, EditRow, RunAgain},
};
use domain::{
    ingest::{Field, Issue, StagedRow, Target},
    paging::Page,
};
use leptos::prelude::*;

/// The form that the ticks of the grid belong to.
const GIVE_UP: &str = "give-up";

/// The actions of the grid.
#[allow(missing_debug_implementations, reason = "leptos actions have none")]
#[derive(Clone, Copy)]
pub struct Repairs {
    pub edit: ServerAction<EditRow>,
    pub rerun: ServerAction<RunAgain>,
    pub discard: ServerAction<DiscardRows>,
}

#[component]
pub fn Quarantine(
    id: String,
    target: Target,
    rows: Page<StagedRow>,
    repairs: Repairs,
    may_edit: bool,
    may_apply: bool,
    paged: bool,
) -> impl IntoView {
    let total = rows.total;
    let next = rows.next_cursor.map(|cursor| format!("/data/import/{id}?cursor={cursor}"));
    let first = paged.then(|| format!("/data/import/{id}"));
    let edit_state = FormState::of(repairs.edit);
    let rerun_state = FormState::of(repairs.rerun);
    let discard_state = FormState::of(repairs.discard);
    let grid = rows.items.into_iter().map(|row| row_view(&id, target, row, repairs.edit, may_edit)).collect_view();
    let csv = format!("/api/v1/ingest/imports/{id}/rejected.csv");
    let rerun_id = id.clone();
    view! {
        <section class="card">
            <h2>"Rows in quarantine"</h2>
            <p class="total" role="status">{total}" open rows"</p>
            <ErrorSummary state=edit_state/>
            <ErrorSummary state=rerun_state/>
            <ErrorSummary state=discard_state/>
            <div class="tools">
                <a class="btn" rel="external" download href=csv>"Download as CSV"</a>
                {may_apply.then(|| view! {
                    <ActionForm action=repairs.rerun>
                        <CsrfField/>
                        <input type="hidden" name="id" value=rerun_id/>
                        <button class="btn primary" type="submit">"Import the mended rows"</button>
                    </ActionForm>
                })}
            </div>
            <div class="table-wrap">
                <table class="stack">
                    <thead>
                        <tr>
                            {may_edit.then(|| view! { <th>"Tick"</th> })}
                            <th class="r">"Row"</th><th>"Why"</th><th>"Values"</th>
                        </tr>
                    </thead>
                    <tbody>{grid}</tbody>
                </table>
            </div>
            <Pager first next/>
            {may_edit.then(|| bring_back(&id))}
            {may_edit.then(|| give_up(id.clone(), total, repairs.discard))}
        </section>
    }
}

/// The repaired `rejected.csv`. A plain form, so that it works without script.
fn bring_back(id: &str) -> impl IntoView + use<> {
    let action = format!("/data/import/{id}/upload");
    let state = FormState::plain(&action);
    let fault = state.fault("file");
    view! {
        <details open=state.error().get_untracked().is_some()>
            <summary>"Upload the mended CSV"</summary>
            <form method="post" action=action enctype="multipart/form-data">
                <CsrfField/>
                <ErrorSummary state/>
                <div class="field">
                    <label for="repaired">"Mended rejected.csv"</label>
                    <input id="repaired" name="file" type="file" required accept=".csv,.tsv,.txt,.gz,.xlsx,.xls,.ods"
                        aria-describedby="repaired-help repaired-error"/>
                    <p class="help" id="repaired-help">
                        "Mend the cells in the downloaded file and keep its column \"row\". Each line replaces the row of that number; rows you leave out stay as they are."
                    </p>
                    <p class="error" id="repaired-error">{move || fault.get()}</p>
                </div>
                <button class="btn" type="submit">"Upload the mended rows"</button>
            </form>
        </details>
    }
}

/// Gives up the ticked rows, or all.
fn give_up(id: String, total: i64, discard: ServerAction<DiscardRows>) -> impl IntoView {
    view! {
        <details>
            <summary>"Give up rows"</summary>
            <ActionForm action=discard attr:id=GIVE_UP>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <div class="field">
                    <label for="reason">"Reason"</label>
                    <input id="reason" name="reason" required maxlength="500" autocomplete="off"/>
                    <p class="help">"The rows stay on record with this reason, but are never imported."</p>
                </div>
                <div class="tools">
                    <button class="btn danger" type="submit">"Give up the ticked rows"</button>
                    <button class="btn danger" type="submit" name="all" value="true">{format!("Give up all {total} rows")}</button>
                </div>
            </ActionForm>
        </details>
    }
}

fn row_view(
    id: &str,
    target: Target,
    row: StagedRow,
    edit: ServerAction<EditRow>,
    may_edit: bool,
) -> impl IntoView + use<> {
    let number = row.row_no;
    let why = if row.issues.is_empty() {
        view! { <span class="badge good">"Ready to import"</span> }.into_any()
    } else {
        let issues = row.issues.iter().map(|issue| issue_view(id, number, issue, edit, may_edit));
        let issues = issues.collect_view();
        view! { <ul>{issues}</ul> }.into_any()
    };
    let cells = row.raw.join(" · ");
    let tick = may_edit.then(|| {
        let name = format!("Row {number}");
        view! {
            <td data-label="Tick">
                <input type="checkbox" form=GIVE_UP name="rows[]" value=number.to_string() aria-label=name/>
            </td>
        }
    });
    let values = may_edit.then(|| mend(id, target, row, edit));
    view! {
        <tr>
            {tick}
            <td class="r" data-label="Row">{number}</td>
            <td data-label="Why">{why}</td>
            <td data-label="Values"><p>{cells}</p>{values}</td>
        </tr>
    }
}

/// What is wrong, and a button for the value that would mend it.
fn issue_view(
    id: &str,
    number: u32,
    issue: &Issue,
    edit: ServerAction<EditRow>,
    may_edit: bool,
) -> impl IntoView + use<> {
    let proposal = issue.field.zip(issue.suggestion.clone()).map(|(field, value)| {
        if !may_edit {
            return view! { <p>{format!("Proposal: {value}")}</p> }.into_any();
        }
        let (name, id) = (format!("values[{}]", field.key()), id.to_owned());
        view! {
            <ActionForm action=edit>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="row_no" value=number.to_string()/>
                <input type="hidden" name=name value=value.clone()/>
                <button class="btn quiet" type="submit">{format!("Take {value}")}</button>
            </ActionForm>
        }
        .into_any()
    });
    view! { <li>{issue.message.clone()}{proposal}</li> }
}

fn mend(id: &str, target: Target, row: StagedRow, edit: ServerAction<EditRow>) -> impl IntoView + use<> {
    let number = row.row_no;
    let shown: Vec<Field> = target
        .fields()
        .iter()
        .copied()
        .filter(|f| f.required() || row.mapped.contains_key(f) || row.issues.iter().any(|i| i.field == Some(*f)))
        .collect();
    let inputs = shown.into_iter().map(move |field| {
        let input = format!("row-{number}-{}", field.key());
        let name = format!("values[{}]", field.key());
        let wrong = row.issues.iter().any(|i| i.field == Some(field));
        view! {
            <div class="field" data-invalid=wrong.then_some("true")>
                <label for=input.clone()>{field.label()}</label>
                <input id=input name=name value=row.mapped.get(&field).cloned().unwrap_or_default() autocomplete="off"
                    aria-invalid=wrong.then_some("true")/>
            </div>
        }
    });
    let inputs = inputs.collect_view();
    let id = id.to_owned();
    view! {
        <details>
            <summary>{format!("Mend row {number}")}</summary>
            <ActionForm action=edit>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="row_no" value=number.to_string()/>
                <div class="filters">{inputs}</div>
                <button class="btn" type="submit">"Keep the changes"</button>
            </ActionForm>
        </details>
    }
}
