//! Where the import stands: the four steps, and the progress of a running check or commit.

use crate::{components::form::CsrfField, context::session, features::ingest::StopWork};
use domain::{format, ingest::Work};
use leptos::prelude::*;

/// File, columns, check, result; `at` is the current one, from 1.
#[component]
pub fn Steps(at: u8) -> impl IntoView {
    let steps = (1..).zip(["File", "Columns", "Check", "Result"]).map(|(number, label): (u8, _)| {
        view! {
            <li aria-current=(number == at).then_some("step") data-done=(number < at).then_some("true")>{label}</li>
        }
    });
    view! { <ol class="steps">{steps.collect_view()}</ol> }
}

/// Done, total, rate, time left, and a way to stop.
#[component]
pub fn Running(work: Work, stop: ServerAction<StopWork>, here: String) -> impl IntoView {
    let locale = session().business.locale;
    let title = match work.kind.as_str() {
        "import_commit" => "Importing",
        "import_undo" => "Taking the import back",
        _ => "Checking the rows",
    };
    let progress = work.progress;
    let total = progress.total.map(|t| t.max(1).to_string());
    // An undo goes by steps, not by rows.
    let by_rows = work.kind != "import_undo";
    let done = match progress.total {
        Some(total) if !by_rows => format!("Step {} of {total}", (progress.done + 1).min(total)),
        Some(total) => format!("{} of {}", format::count(progress.done, &locale), format::count(total, &locale)),
        None => "Waiting for a worker".to_owned(),
    };
    #[allow(clippy::cast_possible_truncation, reason = "a rate for the eye")]
    let rate = progress
        .rate
        .filter(|_| by_rows)
        .map(|r| format!("{} rows a second", format::count(r.round() as i64, &locale)));
    let left = progress.eta_seconds.map(|s| format!("about {} left", format::duration(s)));
    let stopping = work.cancel_requested;
    view! {
        <section class="card" aria-live="polite">
            <h2>{title}</h2>
            <div class="progress">
                <progress max=total.clone() value=total.is_some().then(|| progress.done.to_string()) aria-label=title></progress>
                <p class="progress-line"><span>{done}</span><span>{rate}</span><span>{left}</span></p>
            </div>
            <p class="sub">"You can leave this page; the work goes on and stays in the list."</p>
            <div class="tools">
                <a class="btn" href=here>"Refresh"</a>
                {if stopping {
                    view! { <span class="badge neutral">"Stopping"</span> }.into_any()
                } else {
                    view! {
                        <ActionForm action=stop>
                            <CsrfField/>
                            <input type="hidden" name="job_id" value=work.job_id.to_string()/>
                            <button class="btn danger" type="submit">"Stop"</button>
                        </ActionForm>
                    }.into_any()
                }}
            </div>
        </section>
    }
}
