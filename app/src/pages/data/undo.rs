//! Undo: what it would take back, the button, and what an undo did.

use crate::{
    components::form::{CsrfField, ErrorSummary, FormState},
    context::session,
    features::ingest::UndoImport,
};
use domain::{
    format,
    ingest::{ImportDetail, ImportLink, LeftRow, Target, UndoReport, Undoable},
};
use leptos::prelude::*;

/// Takes a committed import back; folded away, because it is rarely wanted.
#[component]
pub fn UndoForm(id: String, target: Target, undoable: Undoable, action: ServerAction<UndoImport>) -> impl IntoView {
    let state = FormState::of(action);
    let locale = session().business.locale;
    let count = |n: u32| format::count(n.into(), &locale);
    let restored = (undoable.restored > 0)
        .then(|| format!(" {} recorded sales get back what they were before it.", count(undoable.restored)));
    let left = (undoable.left > 0).then(|| {
        let text = format!(
            "{} sales were changed since the import. They and their refunds stay as they are.",
            count(undoable.left)
        );
        view! { <p class="stale" role="status">{text}</p> }
    });
    let until = format!("Possible until {}.", format::date_time(undoable.until));
    let (what, button) = match target {
        Target::SalesTransactions => (
            "Everything this import recorded is taken out again, in one step or not at all: sales, refunds, and customers and products that nothing else uses. Stock it took is given back; rows in quarantine are given up.",
            format!("Take {} sales out again", count(undoable.sales)),
        ),
        Target::Visits => (
            "Every visit this import recorded is taken out again, in one step or not at all; rows in quarantine are given up.",
            format!("Take {} visits out again", count(undoable.visits)),
        ),
    };
    view! {
        <section class="card">
            <details>
                <summary>"Undo this import"</summary>
                <p>{what}{restored}" "{until}</p>
                {left}
                <ErrorSummary state/>
                <ActionForm action=action>
                    <CsrfField/>
                    <input type="hidden" name="id" value=id/>
                    <button class="btn danger" type="submit">{button}</button>
                </ActionForm>
            </details>
        </section>
    }
}

/// What an undo did, on its own page and on that of the import it took back.
#[component]
pub fn Undone(import: ImportDetail) -> impl IntoView {
    let link = |words: &str, to: &ImportLink| {
        view! { <p class="sub">{words.to_owned()}" "<a href=format!("/data/import/{}", to.id)>{format!("import #{}", to.number)}</a>"."</p> }
    };
    let undo_of = import.undo_of.as_ref().map(|to| link("This took back", to));
    let undone_by = import.undone_by.as_ref().map(|to| link("Taken back by", to));
    let target = import.summary.target;
    let report = import.undo.map(|report| report_view(target, report));
    view! {
        <section class="card">
            <h2>"Taken back"</h2>
            {undo_of}
            {undone_by}
            {report}
        </section>
    }
}

fn report_view(target: Target, report: UndoReport) -> impl IntoView {
    let locale = session().business.locale;
    let figure = |label: &'static str, value: u64| {
        let value = format::count(i64::try_from(value).unwrap_or(i64::MAX), &locale);
        view! { <dt>{label}</dt><dd>{value}</dd> }
    };
    let left = (!report.left_rows.is_empty()).then(|| left_table(&report.left_rows));
    if target == Target::Visits {
        return view! {
            <dl class="details">
                {figure("Visits taken out", report.visits)}
                {figure("Rows given up in quarantine", report.discarded)}
            </dl>
        }
        .into_any();
    }
    view! {
        <dl class="details">
            {figure("Sales taken out", report.sales)}
            {figure("Sale lines taken out", report.sale_lines)}
            {figure("Refunds taken out", report.refunds)}
            {figure("Sales put back as they were", report.restored)}
            {figure("Customers taken out", report.customers)}
            {figure("Customers kept, in use", report.kept_customers)}
            {figure("Products taken out", report.products)}
            {figure("Products kept, in use", report.kept_products)}
            {figure("Products given back to stock", report.stock)}
            {figure("Rows given up in quarantine", report.discarded)}
            {figure("Left because changed since", report.left)}
        </dl>
        {left}
    }
    .into_any()
}

fn left_table(rows: &[LeftRow]) -> impl IntoView + use<> {
    let rows = rows.iter().map(|row| {
        view! {
            <tr>
                <td data-label="What">{if row.kind == "refund" { "Refund" } else { "Sale" }}</td>
                <td data-label="Reference">{row.reference.clone()}</td>
                <td data-label="Why">{row.why.clone()}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr><th>"Left"</th><th>"Reference"</th><th>"Why"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
