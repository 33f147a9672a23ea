//! Bringing a file in: what it would change is shown before anything is.

use super::{PATH, words};
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
    },
    features::networks::CommitNetworkImport,
};
use domain::planning::{ImportChange, NetworkImport};
use leptos::{form::ActionForm, prelude::*};

/// What is wrong with what was sent, each with its place.
pub(super) fn summary(state: FormState) -> impl IntoView {
    let error = state.error().get_untracked();
    error.map(|error| {
        let places = error.fields.iter().map(|field| {
            view! { <li data-finding><code>{field.path.clone()}</code>" "{field.message.clone()}</li> }
        });
        let places = places.collect_view();
        view! { <div class="error-summary" role="alert"><p>{error.message.clone()}</p><ul>{places}</ul></div> }
    })
}

pub(super) fn form(code: &str) -> impl IntoView + use<> {
    let state = FormState::plain(PATH);
    let mine = (state.typed("act", "") == "import").then(|| summary(state));
    view! {
        <section class="card" id="bring">
            <header><h2>"Bring a file in"</h2></header>
            {mine}
            <form method="post" action=PATH enctype="multipart/form-data">
                <CsrfField/>
                <input type="hidden" name="act" value="import"/>
                <input type="hidden" name="network" value=code.to_owned()/>
                <div class="form">
                    <div class="field">
                        <label for="bring-file">"Workbook or zip of CSV files"</label>
                        <input id="bring-file" name="file" type="file" accept=".xlsx,.zip" required aria-describedby="bring-help"/>
                        <p class="help" id="bring-help">"Every fault of the file is said at once, with sheet and cell. What it would change is shown before it is kept."</p>
                    </div>
                    <div class="form-actions"><button class="btn" type="submit">"Check the file"</button></div>
                </div>
            </form>
        </section>
    }
}

pub(super) fn shown(import: NetworkImport, may_edit: bool, commit: ServerAction<CommitNetworkImport>) -> AnyView {
    let counts = import.counts.iter().map(|of| {
        view! {
            <tr>
                <td>{words(&of.section)}</td><td class="r num">{of.created}</td><td class="r num">{of.updated}</td>
                <td class="r num">{of.same}</td><td class="r num">{of.missing}</td>
            </tr>
        }
    });
    let counts = counts.collect_view();
    let changed: i64 = import.counts.iter().map(|of| of.created + of.updated).sum();
    let missing: i64 = import.counts.iter().map(|of| of.missing).sum();
    let whole = import.head_changes.then(|| view! { <p>"Name, currency, penalties or options change, too."</p> });
    let nothing = changed == 0 && missing == 0 && !import.head_changes;
    let file = import.file_name.clone().unwrap_or_else(|| "A document".to_owned());
    let done = import.committed_at.map(|at| view! { <p class="banner ok">"Kept "{when(at)}"."</p> });
    let open = import.committed_at.is_none();
    let keep = (open && may_edit && !nothing).then(|| keep_form(&import, missing, commit));
    let same = (open && nothing).then(|| view! { <p>"Nothing would change: the network is as the file says."</p> });
    let changes = open.then(|| changes(import.changes)).flatten();
    view! {
        <section class="card" data-import>
            <header><h2>"What the file changes"</h2></header>
            <p class="sub">{file}", checked "{when(import.created_at)}" by "{import.created_by}</p>
            {done}
            {same}
            {whole}
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"Section"</th><th scope="col" class="r">"New"</th><th scope="col" class="r">"Changed"</th>
                    <th scope="col" class="r">"Same"</th><th scope="col" class="r">"Not in the file"</th>
                </tr></thead>
                <tbody>{counts}</tbody>
            </table></div>
            {changes}
            {keep}
        </section>
    }
    .into_any()
}

fn keep_form(import: &NetworkImport, missing: i64, commit: ServerAction<CommitNetworkImport>) -> impl IntoView + use<> {
    let (id, seen) = (import.import_id.to_string(), import.network_changed_at.to_rfc3339());
    let remove = (missing > 0).then(|| {
        let label = format!(" Remove the {missing} rows that the file does not have");
        view! { <label class="choice"><input type="checkbox" name="remove_missing" value="true"/>{label}</label> }
    });
    view! {
        <ErrorSummary state=FormState::of(commit)/>
        <ActionForm action=commit>
            <CsrfField/>
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="seen" value=seen/>
            {remove}
            <div class="form-actions"><button class="btn primary" type="submit">"Keep these changes"</button></div>
        </ActionForm>
    }
}

fn changes(changes: Vec<ImportChange>) -> Option<AnyView> {
    if changes.is_empty() {
        return None;
    }
    let value = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let rows = changes.into_iter().map(|change| {
        let verdict = match change.verdict.as_str() {
            "created" => "new",
            "updated" => "changed",
            _ => "not in the file",
        };
        let fields = change.fields.into_iter().map(|(name, before, after)| {
            let words = match verdict {
                "new" => format!("{name} {}", value(after)),
                "changed" => format!("{name} {} → {}", value(before), value(after)),
                _ => format!("{name} {}", value(before)),
            };
            view! { <li>{words}</li> }
        });
        view! {
            <tr><td>{words(&change.section)}<div class="sub">{change.key}</div></td><td>{verdict}</td><td><ul class="plain">{fields.collect_view()}</ul></td></tr>
        }
    });
    let rows = rows.collect_view();
    Some(
        view! {
            <details>
                <summary>"Row by row"</summary>
                <div class="table-wrap" tabindex="0"><table>
                    <thead><tr><th scope="col">"Row"</th><th scope="col">"Is"</th><th scope="col">"Fields"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            </details>
        }
        .into_any(),
    )
}
