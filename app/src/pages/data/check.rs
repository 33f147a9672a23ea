//! Step "Check" and "Result": the account of the file, issues by rule, examples.

use crate::context::session;
use domain::{
    format,
    ingest::{Counts, Example, ImportDetail, ImportState, RuleCount, Severity, Target},
    money::Currency,
};
use leptos::prelude::*;

/// Rows shown of the examples that are kept.
const SHOWN: usize = 20;

/// Counts, issues and examples of a checked or committed import.
#[component]
pub fn Findings(import: ImportDetail) -> impl IntoView {
    let locale = session().business.locale;
    let committed = import.summary.state.is_committed() || import.summary.state == ImportState::Undone;
    let currency = import.mapping.options.currency;
    let examples = import.examples;
    let issues = import.issues;
    let account = import.summary.counts.map(|counts| {
        let kinds = match import.summary.target {
            Target::SalesTransactions => sales_figures(&counts, currency, &locale),
            Target::Visits => visit_figures(&counts, &locale),
        };
        account(&counts, kinds, committed.then_some(import.summary.open_rows), &locale)
    });
    view! {
        {account}
        {(!issues.is_empty()).then(|| issues_table(&issues, &locale))}
        {(!committed).then(|| view! {
            {examples_table("Rows to be recorded", &examples.create)}
            {examples_table("Rejected rows", &examples.rejected)}
            {examples_table("Repeated rows", &examples.duplicate_in_source)}
            {examples_table("Rows of the same visits", &examples.merged)}
            {examples_table("Rows recorded already", &examples.same)}
        })}
    }
}

fn figure(label: &'static str, value: u32, locale: &str) -> impl IntoView + use<> {
    view! { <dt>{label}</dt><dd>{format::count(value.into(), locale)}</dd> }
}

/// `kinds`: what the lines are by the target's own words, and what they come to.
fn account(counts: &Counts, kinds: (AnyView, AnyView), open: Option<u32>, locale: &str) -> impl IntoView + use<> {
    let figure = |label: &'static str, value: u32| figure(label, value, locale);
    let (lines, totals) = kinds;
    let unchanged = counts.is_no_change().then(|| {
        view! {
            <p class="stale" role="status">"Every row is recorded already: going on changes nothing."</p>
        }
    });
    view! {
        <section class="card">
            <h2>"Every row of the file"</h2>
            {unchanged}
            <dl class="details">
                {figure("Rows in the file", counts.lines)}
                {lines}
                {figure("Recorded already", counts.same)}
                {figure("Rejected", counts.rejected)}
                {figure("Left out by a filter", counts.filtered)}
                {open.map(|open| figure("Still in quarantine", open))}
                {totals}
            </dl>
        </section>
    }
}

fn sales_figures(counts: &Counts, currency: Currency, locale: &str) -> (AnyView, AnyView) {
    let figure = |label: &'static str, value: u32| figure(label, value, locale);
    let lines = view! {
        {figure("Sale lines", counts.sale_lines)}
        {figure("Refund lines", counts.refund_lines)}
        {figure("Repeated in the file", counts.duplicate_in_source)}
    };
    let totals = view! {
        {(counts.in_scope > 0).then(|| view! {
            {figure("Sales recorded for these days", counts.in_scope)}
            {figure("Of these lacking in the file, closed", counts.closed)}
            {figure("Lacking too, but refunded, so kept", counts.kept)}
        })}
        {(counts.screened > 0).then(|| view! {
            {figure("Sales judged for fraud", counts.screened)}
            {figure("Of these suspicious", counts.suspicious)}
        })}
        {figure("Sales", counts.sales)}
        {figure("Refunds", counts.refunds)}
        {figure("Refund lines without a known sale", counts.unmatched_refund_lines)}
        {figure("New customers", counts.new_customers)}
        {figure("New products", counts.new_products)}
        <dt>"Gross sales"</dt><dd>{format::money(counts.gross, currency, locale)}</dd>
        <dt>"Refunded"</dt><dd>{format::money(counts.refunded, currency, locale)}</dd>
    };
    (lines.into_any(), totals.into_any())
}

fn visit_figures(counts: &Counts, locale: &str) -> (AnyView, AnyView) {
    let lines = view! {
        {figure("New visits", counts.visits, locale)}
        {figure("Of the same visits", counts.merged, locale)}
    };
    let note = view! {
        <dt>"One visit"</dt><dd>"Rows of one browser and session less than 30 minutes apart"</dd>
    };
    (lines.into_any(), note.into_any())
}

fn issues_table(issues: &[RuleCount], locale: &str) -> impl IntoView + use<> {
    let rows = issues.iter().map(|rule| {
        let (class, word) = match rule.severity {
            Severity::Error => ("badge bad", "Rejected"),
            Severity::Warning => ("badge warn", "Noted"),
        };
        view! {
            <tr>
                <td data-label="Rule"><span class=class>{word}</span>" "<code>{rule.code.clone()}</code></td>
                <td data-label="Field">{rule.field.map(domain::ingest::Field::label)}</td>
                <td class="r" data-label="Rows">{format::count(rule.rows.into(), locale)}</td>
                <td data-label="For example">{rule.message.clone()}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card">
            <h2>"Issues by rule"</h2>
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th>"Rule"</th><th>"Field"</th><th class="r">"Rows"</th><th>"For example"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn examples_table(title: &'static str, examples: &[Example]) -> Option<impl IntoView + use<>> {
    if examples.is_empty() {
        return None;
    }
    let rows = examples.iter().take(SHOWN).map(|example| {
        let values = example
            .mapped
            .iter()
            .map(|(field, value)| format!("{} {value}", field.label()))
            .collect::<Vec<_>>()
            .join(" · ");
        let why = example.issues.iter().map(|i| i.message.clone()).collect::<Vec<_>>().join(" ");
        view! {
            <tr>
                <td class="r" data-label="Row">{example.row_no}</td>
                <td data-label="Values">{values}</td>
                <td data-label="Why">{why}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let summary = format!("{title}: {} examples", examples.len().min(SHOWN));
    Some(view! {
        <details class="card">
            <summary>{summary}</summary>
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th class="r">"Row"</th><th>"Values"</th><th>"Why"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    })
}
