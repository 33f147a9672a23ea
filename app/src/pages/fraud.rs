//! `/fraud`: the queue of cases.

pub mod backtest;
pub mod backtests;
pub mod case;
pub mod lists;
pub mod rule_set;
pub mod rules;

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::fraud::{NextCase, load_queue},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    fraud::{
        case::{CaseQuery, CaseRow, Queue},
        learned_points,
    },
    live::Topic,
    query,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_location;
use rust_decimal::Decimal;

/// The queue.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct FraudRoute {
    search: Memo<String>,
    queue: PageData<Queue>,
    next: ServerAction<NextCase>,
}

/// A learned probability of fraud in words, and its points.
pub(super) fn learned(probability: Decimal, locale: &str) -> (String, String) {
    let percent = (probability * Decimal::ONE_HUNDRED).round_dp(1).normalize();
    let points = learned_points(probability).round_dp(2).normalize();
    (
        format!("Learned score: fraud with {} %", format::number(percent, locale)),
        format!("+{}", format::number(points, locale)),
    )
}

impl LazyPage for FraudRoute {
    fn data() -> Self {
        let search = use_location().search;
        let changed = [Topic::Fraud, Topic::Transactions].map(use_topic);
        let next = ServerAction::new();
        let asked = move || (search.get(), changed.map(|topic| topic.get()));
        Self { search, queue: PageData::load(asked, |(query, _)| load_queue(query)), next }
    }

    fn view(this: Self) -> AnyView {
        let FraudRoute { search, queue, next } = this;
        let export = move |extension: &str| {
            let asked = CaseQuery::parse(query::pairs(&search.get())).to_query();
            format!("/api/v1/exports/fraud-cases.{extension}?{asked}")
        };
        view! {
            <PageHead title="Fraud review" scope="Held sales first, then by expected loss">
                <a class="btn" href="/fraud/rules">"Rules"</a>
                <a class="btn" href="/fraud/lists">"Lists"</a>
                {session().may(Permission::FraudReview).then(|| view! { <a class="btn" href="/fraud/backtests">"Backtests"</a> })}
                {session().may(Permission::AccessExport).then(|| view! {
                    <a class="btn" rel="external" href=move || export("csv")>"CSV"</a>
                    <a class="btn" rel="external" href=move || export("xlsx")>"XLSX"</a>
                })}
            </PageHead>
            <ErrorSummary state=FormState::of(next)/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(queue.await, move |queue| shown(queue, next, &search.get_untracked())) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(queue: Queue, next: ServerAction<NextCase>, search: &str) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let count = |n: i64| format::count(n, &locale);
    let query = search.trim_start_matches('?').to_owned();
    let tab = |label: String, with: &'static str| {
        let href = if with.is_empty() { "/fraud".to_owned() } else { format!("/fraud?{with}") };
        view! { <a href=href aria-current=(query == with).then_some("true")>{label}</a> }
    };
    let waiting = queue.held + queue.review;
    let tabs = [
        tab(format!("Waiting ({})", count(waiting)), ""),
        tab(format!("Mine ({})", count(queue.mine)), "mine=1"),
        tab(format!("Overdue ({})", count(queue.overdue)), "overdue=1"),
        tab("Closed".to_owned(), "state=closed"),
    ];
    let button = (queue.may_review && waiting > 0).then(|| {
        view! {
            <ActionForm action=next>
                <CsrfField/>
                <button class="btn primary" type="submit">"Next case"</button>
            </ActionForm>
        }
    });
    let list = if queue.items.is_empty() {
        view! { <Empty message="No case here."/> }.into_any()
    } else {
        table(queue.items, &locale).into_any()
    };
    view! {
        <div class="filters">
            <nav class="seg" aria-label="Cases">{tabs}</nav>
            {button}
        </div>
        <p class="sub">{format!("{} held, {} to review", count(queue.held), count(queue.review))}</p>
        {list}
    }
}

fn table(cases: Vec<CaseRow>, locale: &str) -> impl IntoView + use<> {
    let rows = cases
        .into_iter()
        .map(|case| {
            let customer = if case.customer.is_empty() { "Guest".to_owned() } else { case.customer.clone() };
            let due = if case.overdue { "Overdue since " } else { "Due " };
            let points = case.points.map_or_else(|| format::UNKNOWN.to_owned(), |points| format::number(points, locale));
            let state = case.claimed_by.clone().unwrap_or_else(|| case.state.label().to_owned());
            view! {
                <tr>
                    <td><a href=format!("/fraud/cases/{}", case.id)>{format!("Sale #{}", case.number)}</a>" "<span class=format!("badge {}", case.status.tone())>{case.status.words()}</span></td>
                    <td class="hide">{customer}</td>
                    <td class="r num">{format::money(case.total, case.currency, locale)}</td>
                    <td class="r num hide">{points}</td>
                    <td class="r num">{format::money(case.expected_loss.amount, case.expected_loss.currency, locale)}</td>
                    <td class="hide">{due}{when(case.due_at)}</td>
                    <td>{state}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Sale"</th><th scope="col">"Customer"</th><th scope="col" class="r">"Total"</th>
                    <th scope="col" class="r">"Points"</th><th scope="col" class="r">"Expected loss"</th>
                    <th scope="col">"Due"</th><th scope="col">"State"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learned_probability_is_told_with_its_points() {
        let told = |text: &str| learned(text.parse().unwrap(), "en-US");
        assert_eq!(told("0.731059"), ("Learned score: fraud with 73.1 %".to_owned(), "+43.86".to_owned()));
        assert_eq!(told("0"), ("Learned score: fraud with 0 %".to_owned(), "+0".to_owned()));
        assert_eq!(told("1"), ("Learned score: fraud with 100 %".to_owned(), "+60".to_owned()));
    }
}
