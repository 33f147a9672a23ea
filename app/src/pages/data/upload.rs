//! `/data/import`: choose a file. A plain form, so that it works without script; the page comes back
//! with the reason when the file cannot be read.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, entry},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::ingest::{ExpectFiles, load_expected},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    ingest::{ExpectedFiles, Target},
};
use leptos::{form::ActionForm, prelude::*};

/// The upload page.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct UploadRoute {
    expected: PageData<Vec<ExpectedFiles>>,
    expect: ServerAction<ExpectFiles>,
}

impl LazyPage for UploadRoute {
    fn data() -> Self {
        // What was typed stays in the fields, kept or refused: nothing is loaded again.
        Self { expected: PageData::load(|| (), |()| load_expected()), expect: ServerAction::new() }
    }

    fn view(this: Self) -> AnyView {
        let Self { expected, expect } = this;
        let state = FormState::plain("/data/import");
        let (fault, sheet_fault) = (state.fault("file"), state.fault("sheet"));
        view! {
            <PageHead title="Import a file" scope="Sales or visits from a table: CSV, TSV, Excel or OpenDocument"/>
            <super::work::Steps at=1/>
            <section class="card">
                <form class="form" method="post" action="/data/import" enctype="multipart/form-data">
                    <CsrfField/>
                    <ErrorSummary state/>
                    <div class="field">
                        <label for="target">"What is in the file"</label>
                        <select id="target" name="target">
                            {Target::ALL.iter().map(|t| view! { <option value=t.as_str()>{t.title()}</option> }).collect_view()}
                        </select>
                    </div>
                    <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
                        <label for="file">"File"</label>
                        <input id="file" name="file" type="file" required aria-describedby="file-help file-error"
                            accept=".csv,.tsv,.txt,.gz,.xlsx,.xls,.ods"/>
                        <p class="help" id="file-help">
                            "At most 64 MiB; CSV and TSV may be gzip-compressed. The first row names the columns. Nothing is recorded before you have seen the check."
                        </p>
                        <p class="error" id="file-error">{move || fault.get()}</p>
                    </div>
                    <div class="field" data-invalid=move || sheet_fault.get().is_some().then_some("true")>
                        <label for="sheet">"Sheet of the workbook"</label>
                        <input id="sheet" name="sheet" maxlength="100" autocomplete="off" aria-describedby="sheet-help sheet-error"/>
                        <p class="help" id="sheet-help">"Empty: the first that holds rows."</p>
                        <p class="error" id="sheet-error">{move || sheet_fault.get()}</p>
                    </div>
                    <button class="btn primary" type="submit">"Upload"</button>
                </form>
            </section>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move {
                    ready_or_failed(expected.await, move |expected| expectation(&expected, expect))
                })}
            </Transition>
        }
        .into_any()
    }
}

/// How often files are expected: to set for who may record imports, to read for others.
fn expectation(expected: &[ExpectedFiles], expect: ServerAction<ExpectFiles>) -> impl IntoView + use<> {
    let help = "A day that is over and of which nothing arrived is then shown as \u{201c}no data received\u{201d}, and a file that does not come makes its source late.";
    let body = if session().may(Permission::IngestPromote) {
        let state = FormState::of(expect);
        let fields = expected.iter().map(|one| {
            let label = match one.target {
                Target::SalesTransactions => "Sales: a file is expected every \u{2026} hours",
                Target::Visits => "Visits: a file is expected every \u{2026} hours",
            };
            let hours = one.hours.map_or_else(String::new, |hours| hours.to_string());
            entry(state, "expected", (one.target.as_str(), label), ("text", Some("numeric")), &hours)
        });
        let fields = fields.collect_view();
        view! {
            <ActionForm action=expect>
                <CsrfField/>
                <div class="form">
                    <ErrorSummary state/>
                    {fields}
                    <p class="help">"Empty: none is expected. "{help}</p>
                    <div class="form-actions"><button class="btn" type="submit">"Keep"</button></div>
                </div>
            </ActionForm>
        }
        .into_any()
    } else {
        let lines = expected.iter().map(|one| {
            let said = one.hours.map_or_else(
                || "no file is expected".to_owned(),
                |hours| format!("a file is expected every {hours} hours"),
            );
            view! { <li>{one.target.title()}": "{said}</li> }
        });
        view! { <ul>{lines.collect_view()}</ul><p class="help">{help}</p> }.into_any()
    };
    view! { <section class="card" data-expected><h2>"Expected files"</h2>{body}</section> }
}
