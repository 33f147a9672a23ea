//! The rows behind a figure as tables.

use domain::{
    format,
    money::Currency,
    overview::{BuyerRow, DrillSort, FactRow, ProductRow, VisitorRow},
};
use leptos::prelude::*;

pub const fn sort_words(sort: DrillSort) -> &'static str {
    match sort {
        DrillSort::Newest => "Newest first",
        DrillSort::Oldest => "Oldest first",
        DrillSort::AmountDown => "Largest amount first",
        DrillSort::AmountUp => "Smallest amount first",
        DrillSort::OrdersDown => "Most orders first",
        DrillSort::OrdersUp => "Fewest orders first",
        DrillSort::StockUp => "Least left first",
        DrillSort::StockDown => "Most left first",
    }
}

/// `partially_refunded` as words.
fn status_words(status: &str) -> String {
    let words = status.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub fn facts(rows: Vec<FactRow>, base: Currency, locale: &str) -> impl IntoView + use<> {
    let rows = rows
        .into_iter()
        .map(|row| {
            let name = row.number.map(|n| format!("#{n}")).or(row.external_ref).unwrap_or_else(|| format::UNKNOWN.to_owned());
            let name = match row.transaction_id {
                Some(id) => view! { <a href=format!("/transactions/{id}")>{name}</a> }.into_any(),
                None => name.into_any(),
            };
            let customer = if row.customer.is_empty() { "Guest".to_owned() } else { row.customer };
            let own = (row.amount.currency != base).then(|| format!(" ({})", format::money(row.amount.amount, row.amount.currency, locale)));
            let amount = row.base_amount.map_or_else(|| format::UNKNOWN.to_owned(), |amount| format::money(amount, base, locale));
            view! {
                <tr>
                    <td>{row.kind.label()}" "{name}</td>
                    <td class="num"><time datetime=format::date_time_machine(row.at) title=format::date_time_full(row.at)>{format::date_time(row.at)}</time></td>
                    <td class="hide">{customer}</td>
                    <td class="hide">{status_words(&row.status)}</td>
                    <td class="r num">{amount}{own}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Row"</th><th scope="col">"Time"</th><th scope="col">"Customer"</th>
                    <th scope="col">"Status"</th><th scope="col" class="r">"Amount"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

pub fn buyers(rows: Vec<BuyerRow>, base: Currency, locale: &str) -> impl IntoView + use<> {
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a href=format!("/customers/{}", row.customer_id)>{row.customer}</a></td>
                    <td class="r num">{format::count(row.orders, locale)}</td>
                    <td class="r num">{format::money(row.amount, base, locale)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr><th scope="col">"Customer"</th><th scope="col" class="r">"Orders"</th><th scope="col" class="r">"Amount"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

pub fn visitors(rows: Vec<VisitorRow>, locale: &str) -> impl IntoView + use<> {
    let rows = rows
        .into_iter()
        .map(|row| {
            let at = row.first_visit_at;
            view! {
                <tr>
                    <td>{row.visitor}</td>
                    <td class="num"><time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::date_time(at)}</time></td>
                    <td class="r num hide">{format::count(row.visits, locale)}</td>
                    <td class="hide">{row.source.unwrap_or_else(|| format::UNKNOWN.to_owned())}</td>
                    <td>{if row.ordered { "Yes" } else { "No" }}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Visitor"</th><th scope="col">"First visit"</th><th scope="col" class="r">"Visits"</th>
                    <th scope="col">"Source"</th><th scope="col">"Ordered"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// Products of which little is left; the level in a word, not in colour alone.
pub fn products(rows: Vec<ProductRow>, locale: &str) -> impl IntoView + use<> {
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td>{row.name}<br/><small>{row.sku}</small></td>
                    <td class="hide">{row.site}</td>
                    <td class="r num">{format::number(row.available, locale)}</td>
                    <td class="r num hide">{format::number(row.reserved, locale)}</td>
                    <td><span class=format!("badge {}", row.level.tone())>{row.level.label()}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Product"</th><th scope="col">"Site"</th><th scope="col" class="r">"Available"</th>
                    <th scope="col" class="r">"Reserved"</th><th scope="col">"Level"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
