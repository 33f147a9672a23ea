//! Period and counting rule as links and one form: the scope is in the URL.

use super::place::Place;
use chrono::NaiveDate;
use domain::{
    format,
    overview::{Basis, Compare, DayRange, Period, Scope, TREND_DAYS},
};
use leptos::prelude::*;

/// `Wed 1 Dec 2010 · Europe/London`.
pub fn scope_words(scope: Scope, zone: &str) -> String {
    let DayRange { from, to } = scope.days;
    let days = if from == to {
        format::date_long(from)
    } else {
        format!("{} to {}", format::date_long(from), format::date_long(to))
    };
    format!("{days} · {zone}")
}

const fn counting(basis: Basis) -> &'static str {
    match basis {
        Basis::Net => "Recognised sales less refunds",
        Basis::Gross => "Recognised sales, refunds not taken off",
        Basis::All => "Every order of whatever status",
    }
}

/// Choices of period, counting rule and comparison.
#[component]
pub fn ScopeBar(place: Place, scope: Scope, today: NaiveDate) -> impl IntoView {
    let one = DayRange { from: today, to: today };
    let periods = [
        ("Today", Scope { period: Period::Today, days: one, ..scope }),
        ("7 days", Scope { period: Period::Days7, days: DayRange::ending(today, 7), ..scope }),
        ("30 days", Scope { period: Period::Days30, days: DayRange::ending(today, 30), ..scope }),
    ];
    let href = |scope: Scope| place.href(scope);
    let periods = periods
        .into_iter()
        .map(|(label, choice)| {
            let current = (choice.period == scope.period).then_some("true");
            view! { <a href=href(choice) aria-current=current>{label}</a> }
        })
        .collect_view();
    let rules = place
        .rules()
        .iter()
        .copied()
        .map(|basis| {
            let current = (basis == scope.basis).then_some("true");
            view! { <a href=href(scope.with_basis(basis)) aria-current=current title=counting(basis)>{basis.label()}</a> }
        })
        .collect_view();
    let basis = (scope.basis != Basis::default())
        .then(|| view! { <input type="hidden" name="basis" value=scope.basis.as_str()/> });
    let comparisons = [Compare::All, Compare::Week, Compare::Yesterday, Compare::Year, Compare::None]
        .into_iter()
        .map(|compare| {
            let current = (compare == scope.compare).then_some("true");
            let label = if compare == Compare::None { "Nothing" } else { compare.label() };
            view! { <a href=href(scope.with_compare(compare)) aria-current=current>{label}</a> }
        })
        .collect_view();
    let compare = (scope.compare != place.usual())
        .then(|| view! { <input type="hidden" name="compare" value=scope.compare.as_str()/> });
    let fraud = [
        (false, "All sales", "Confirmed fraud counts as any sale"),
        (true, "Without fraud", "Confirmed fraud and its refunds are left out"),
    ]
    .into_iter()
    .map(|(clean, label, title)| {
        let current = (clean == scope.clean).then_some("true");
        view! { <a href=href(scope.with_clean(clean)) aria-current=current title=title>{label}</a> }
    })
    .collect_view();
    let clean = scope.clean.then(|| view! { <input type="hidden" name="clean" value="1"/> });
    let days = (scope.trend_days != TREND_DAYS)
        .then(|| view! { <input type="hidden" name="days" value=scope.trend_days.to_string()/> });
    view! {
        <div class="filters">
            <nav class="seg" aria-label="Period">{periods}</nav>
            <nav class="seg" aria-label="Counting rule">{rules}</nav>
            <details class="filter-sheet">
                <summary class="btn">"Compared with"</summary>
                <nav class="seg" aria-label="Compared with">{comparisons}</nav>
            </details>
            <nav class="seg" aria-label="Confirmed fraud">{fraud}</nav>
            <details class="filter-sheet">
                <summary class="btn">"Other days"</summary>
                <form class="filters" method="get" action=place.path() aria-label="Other days">
                    <div class="field">
                        <label for="scope-from">"First day"</label>
                        <input id="scope-from" type="date" name="from" value=scope.days.from.to_string()/>
                    </div>
                    <div class="field">
                        <label for="scope-to">"Last day"</label>
                        <input id="scope-to" type="date" name="to" value=scope.days.to.to_string()/>
                    </div>
                    {basis}
                    {compare}
                    {days}
                    {clean}
                    <button class="btn" type="submit">"Show"</button>
                </form>
            </details>
        </div>
    }
}
