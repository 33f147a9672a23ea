//! `/data/import`: choose a file. A plain form, so that it works without script; the page comes back
//! with the reason when the file cannot be read.

use crate::components::{
    form::{CsrfField, ErrorSummary, FormState},
    page::PageHead,
};
use crate::pages::LazyPage;
use domain::ingest::Target;
use leptos::prelude::*;

/// The upload page.
#[derive(Debug)]
pub struct UploadRoute;

impl LazyPage for UploadRoute {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
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
        }
        .into_any()
    }
}
