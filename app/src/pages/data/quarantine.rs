//! Rejected rows of a committed import: mend, run again, give up, take home.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        pager::Pager,
    },
    features::ingest::{DiscardRows, EditRow, RunAgain},
};
use domain::{
    ingest::{Field, StagedRow},
    paging::Page,
};
use leptos::prelude::*;

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
    let grid = rows.items.into_iter().map(|row| row_view(&id, row, repairs.edit, may_edit)).collect_view();
    let csv = format!("/api/v1/ingest/imports/{id}/rejected.csv");
    let (rerun_id, discard_id) = (id.clone(), id);
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
                    <thead><tr><th class="r">"Row"</th><th>"Why"</th><th>"Values"</th></tr></thead>
                    <tbody>{grid}</tbody>
                </table>
            </div>
            <Pager first next/>
            {may_edit.then(|| view! {
                <details>
                    <summary>"Give up all open rows"</summary>
                    <ActionForm action=repairs.discard>
                        <CsrfField/>
                        <input type="hidden" name="id" value=discard_id/>
                        <div class="field">
                            <label for="reason">"Reason"</label>
                            <input id="reason" name="reason" required maxlength="500" autocomplete="off"/>
                            <p class="help">"The rows stay on record with this reason, but are never imported."</p>
                        </div>
                        <button class="btn danger" type="submit">{format!("Give up {total} rows")}</button>
                    </ActionForm>
                </details>
            })}
        </section>
    }
}

fn row_view(id: &str, row: StagedRow, edit: ServerAction<EditRow>, may_edit: bool) -> impl IntoView + use<> {
    let number = row.row_no;
    let why = if row.issues.is_empty() {
        view! { <span class="badge good">"Ready to import"</span> }.into_any()
    } else {
        let issues = row.issues.iter().map(|issue| {
            let proposal = issue.suggestion.as_ref().map(|s| format!(" Proposal: {s}"));
            view! { <li>{issue.message.clone()}{proposal}</li> }
        });
        let issues = issues.collect_view();
        view! { <ul>{issues}</ul> }.into_any()
    };
    let shown: Vec<Field> = Field::ALL
        .iter()
        .copied()
        .filter(|f| f.required() || row.mapped.contains_key(f) || row.issues.iter().any(|i| i.field == Some(*f)))
        .collect();
    let cells = row.raw.join(" · ");
    let id = id.to_owned();
    let values = if may_edit {
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
        .into_any()
    } else {
        ().into_any()
    };
    view! {
        <tr>
            <td class="r" data-label="Row">{number}</td>
            <td data-label="Why">{why}</td>
            <td data-label="Values"><p>{cells}</p>{values}</td>
        </tr>
    }
}
