//! `/exports`: files that were too large to download at once, while they are written and for a day after.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::exports::{RemoveExport, load_exports},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{exports::ExportItem, format, jobs::JobState, live::Topic};
use leptos::{form::ActionForm, prelude::*};

/// The page of the caller's large exports.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct ExportsRoute {
    exports: PageData<Vec<ExportItem>>,
    remove: ServerAction<RemoveExport>,
}

impl LazyPage for ExportsRoute {
    fn data() -> Self {
        let (changed, remove) = (use_topic(Topic::Notification), ServerAction::new());
        let version = remove.version();
        Self { exports: PageData::load(move || (changed.get(), version.get()), |_| load_exports()), remove }
    }

    fn view(this: Self) -> AnyView {
        let ExportsRoute { exports, remove } = this;
        view! {
            <PageHead title="Exports" scope="Files too large to download at once: written in the background, yours alone, kept for 24 hours"/>
            <ErrorSummary state=FormState::of(remove)/>
            <Transition fallback=|| view! { <Loading lines=5/> }>
                {move || Suspend::new(async move { ready_or_failed(exports.await, move |exports| table(exports, remove)) })}
            </Transition>
        }
        .into_any()
    }
}

fn table(exports: Vec<ExportItem>, remove: ServerAction<RemoveExport>) -> AnyView {
    if exports.is_empty() {
        return view! {
            <Empty message="No large exports. An export of more than 200,000 rows appears here; smaller ones download at once."/>
        }
        .into_any();
    }
    let rows = exports.into_iter().map(|export| row(export, remove)).collect_view();
    view! {
        <section class="card">
            <div class="table-wrap">
                <table class="stack">
                    <thead>
                        <tr>
                            <th>"File"</th><th>"State"</th><th class="r">"Rows"</th><th class="r">"Size"</th><th>"Asked for"</th>
                            <th>"Until"</th><th class="r"><span class="visually-hidden">"Actions"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(export: ExportItem, remove: ServerAction<RemoveExport>) -> impl IntoView {
    let locale = session().business.locale;
    let (tone, words) = match (export.file_id, export.state) {
        (Some(_), _) => ("good", "ready"),
        (None, Some(JobState::Succeeded)) => ("neutral", "over"),
        (None, Some(state)) => (state.tone(), state.as_str()),
        (None, None) => ("neutral", "over"),
    };
    let name = export.name();
    let file = match export.file_id {
        Some(id) => view! { <a rel="external" href=format!("/api/v1/files/{id}")>{name.clone()}</a> }.into_any(),
        None => name.clone().into_any(),
    };
    let filter = (!export.filter.is_empty()).then(|| view! { <div class="sub">{export.filter.clone()}</div> });
    let rows = if export.is_open() {
        format!("{} of {}", format::count(export.rows_done, &locale), format::count(export.rows, &locale))
    } else {
        format::count(export.rows, &locale)
    };
    let size = export.size_bytes.map(|bytes| format!("{} KB", format::count(bytes.div_euclid(1_000).max(1), &locale)));
    let error = export.error_message.clone().map(|error| view! { <p class="error">{error}</p> });
    let moment = |at| view! { <time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::date_time(at)}</time> };
    let act = if export.is_open() { "Cancel" } else { "Remove" };
    view! {
        <tr>
            <td data-label="File">{file}{filter}</td>
            <td data-label="State"><span class=format!("badge {tone}")>{words}</span>{error}</td>
            <td class="r num" data-label="Rows">{rows}</td>
            <td class="r num" data-label="Size">{size}</td>
            <td data-label="Asked for">{moment(export.created_at)}</td>
            <td data-label="Until">{export.expires_at.map(moment)}</td>
            <td class="r">
                <ActionForm action=remove>
                    <CsrfField/>
                    <input type="hidden" name="id" value=export.id.to_string()/>
                    <button class="btn" type="submit" aria-label=format!("{act} {name}")>{act}</button>
                </ActionForm>
            </td>
        </tr>
    }
}
