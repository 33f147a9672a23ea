//! Cleaning proposals of the last check: accept or refuse each. None applies by itself.

use crate::{
    components::form::{CsrfField, ErrorSummary, FormState},
    context::session,
    features::ingest::CleanRows,
};
use domain::{
    format,
    ingest::{ImportDetail, Proposal},
};
use leptos::prelude::*;

#[component]
pub fn Cleanings(import: ImportDetail, action: ServerAction<CleanRows>) -> impl IntoView {
    let state = FormState::of(action);
    let locale = session().business.locale;
    let rows = (0..)
        .zip(&import.proposals)
        .map(|(at, proposal)| row(at, proposal, import.mapping.cleanings.contains(&proposal.cleaning), &locale))
        .collect_view();
    view! {
        <section class="card">
            <h2>"Could be cleaned"</h2>
            <p class="sub">"Nothing of this applies by itself. Tick what is right; what is not ticked stays as it is written."</p>
            <ActionForm action=action>
                <CsrfField/>
                <input type="hidden" name="id" value=import.summary.id.to_string()/>
                <ErrorSummary state/>
                <div class="table-wrap">
                    <table class="stack">
                        <thead>
                            <tr><th>"Accept"</th><th>"What"</th><th>"As written"</th><th>"Becomes"</th><th class="r">"Rows"</th></tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <button class="btn" type="submit">"Clean what is ticked and check again"</button>
            </ActionForm>
        </section>
    }
}

fn row(at: u32, proposal: &Proposal, accepted: bool, locale: &str) -> impl IntoView + use<> {
    let cleaning = &proposal.cleaning;
    let what = format!("{}: {}", cleaning.field.label(), cleaning.rule.label());
    let id = format!("clean-{at}");
    let example = if cleaning.word.is_none() { "for example " } else { "" };
    view! {
        <tr>
            <td data-label="Accept">
                <input type="checkbox" id=id.clone() name="keys[]" value=cleaning.key() checked=accepted/>
            </td>
            <td data-label="What"><label for=id>{what}</label></td>
            <td data-label="As written">{example}<code>{proposal.before.clone()}</code></td>
            <td data-label="Becomes"><code>{proposal.after.clone()}</code></td>
            <td class="r" data-label="Rows">{format::count(proposal.rows.into(), locale)}</td>
        </tr>
    }
}
