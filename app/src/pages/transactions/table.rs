//! The rows of the list.

use super::list_href;
use crate::{
    components::{pager::Pager, states::Empty},
    context::session,
};
use domain::{
    format,
    transactions::{SaleList, SaleQuery, SaleRow, SaleSort},
};
use leptos::prelude::*;

/// Chips, count, table and pager of a loaded page.
pub fn list_view(list: SaleList) -> AnyView {
    let locale = session().business.locale;
    let SaleList { page, query, zone, product, customer } = list;
    let total = format::count(page.total, &locale);
    let noun = if page.total == 1 { "transaction" } else { "transactions" };
    let chips = chips(&query, product, customer);
    if page.items.is_empty() {
        let message = if query.is_narrowed() { "No transaction matches these filters." } else { "No sales yet." };
        return view! {
            {chips}
            <p class="total" role="status">{total}" "{noun}</p>
            <Empty message>
                {if query.is_narrowed() {
                    view! { <a class="btn" href="/transactions">"Clear the filters"</a> }.into_any()
                } else {
                    view! { <a class="btn" href="/data/import">"Import sales"</a> }.into_any()
                }}
            </Empty>
        }
        .into_any();
    }
    let first = (query.cursor.is_some() || query.skip > 0).then(|| list_href(&query.first_page()));
    let next = page.next_cursor.map(|cursor| list_href(&query.page_after(cursor)));
    let rows = page.items.into_iter().map(|sale| row(sale, &locale)).collect_view();
    view! {
        {chips}
        <section class="card">
            <p class="total" role="status">{total}" "{noun}" · days in "{zone}</p>
            <div class="table-wrap">
                <table class="stack">
                    <thead>
                        <tr>
                            <th>"Number"</th>
                            <Sorted query=query.clone() sort=SaleSort::OccurredAt label="Time" class=""/>
                            <th>"Customer"</th>
                            <th>"Items"</th>
                            <Sorted query=query.clone() sort=SaleSort::Total label="Total" class="r"/>
                            <th class="r">"Risk"</th>
                            <th class="r">"Status"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager first next/>
        </section>
    }
    .into_any()
}

/// What the filter names by id, in words, each with a link that takes it away.
fn chips(query: &SaleQuery, product: Option<String>, customer: Option<String>) -> impl IntoView + use<> {
    let without = |change: fn(&mut SaleQuery)| {
        let mut less = query.first_page();
        change(&mut less);
        list_href(&less)
    };
    let mut chips: Vec<(String, String)> = Vec::new();
    if query.filter.product_id.is_some() {
        chips.push((
            format!("Product: {}", product.unwrap_or_else(|| "unknown".into())),
            without(|q| q.filter.product_id = None),
        ));
    }
    if query.filter.customer_id.is_some() {
        chips.push((
            format!("Customer: {}", customer.unwrap_or_else(|| "unknown".into())),
            without(|q| q.filter.customer_id = None),
        ));
    }
    if query.filter.import_id.is_some() {
        chips.push(("One import".into(), without(|q| q.filter.import_id = None)));
    }
    if let Some(hours) = query.filter.hours {
        chips.push((format!("Last {hours} h"), without(|q| q.filter.hours = None)));
    }
    (!chips.is_empty()).then(|| {
        let chips = chips
            .into_iter()
            .map(|(words, href)| {
                let remove = format!("{words}: remove this filter");
                view! { <li><a href=href aria-label=remove>{words}" ×"</a></li> }
            })
            .collect_view();
        view! { <ul class="chips">{chips}</ul> }
    })
}

/// A heading that sorts; pressed again it turns the order round.
#[component]
fn Sorted(query: SaleQuery, sort: SaleSort, label: &'static str, class: &'static str) -> impl IntoView {
    let active = query.sort == sort;
    let state = active.then_some(if query.ascending { "ascending" } else { "descending" });
    let arrow = match (active, query.ascending) {
        (false, _) => "",
        (true, true) => " ▲",
        (true, false) => " ▼",
    };
    view! {
        <th class=class aria-sort=state>
            <a href=list_href(&query.sorted_by(sort))>{label}<span aria-hidden="true">{arrow}</span></a>
        </th>
    }
}

fn row(sale: SaleRow, locale: &str) -> impl IntoView + use<> {
    let href = format!("/transactions/{}", sale.id);
    let number = match &sale.external_ref {
        Some(reference) => format!("#{} · {reference}", sale.number),
        None => format!("#{}", sale.number),
    };
    let more = sale.line_count - 1;
    let items = match (&sale.first_item, more) {
        (Some(name), 0) => name.clone(),
        (Some(name), _) => format!("{name} + {} more", format::count(more.into(), locale)),
        (None, _) => String::new(),
    };
    let pieces = format!(" ({})", format::number(sale.quantity, locale));
    let customer = sale.customer.map_or_else(|| "Guest".to_owned(), |c| c.label);
    // A word and a shape, not colour alone.
    let risk = if sale.is_suspicious {
        view! { <span class="badge warn">{format!("\u{25b2} Suspicious {}", sale.fraud_score)}</span> }.into_any()
    } else {
        format::number(sale.fraud_score, locale).into_any()
    };
    let demo = sale.demo.then(|| view! { <span class="badge demo">"Demo"</span> });
    view! {
        <tr>
            <td><a class="row-link num" href=href>{number}</a></td>
            <td class="num">
                <time datetime=format::date_time_machine(sale.timestamp) title=format::date_time_full(sale.timestamp)>
                    {format::date_time(sale.timestamp)}
                </time>
            </td>
            <td class="hide">{customer}</td>
            <td class="hide">{items}<span class="num">{pieces}</span></td>
            <td class="r num">{format::money(sale.total_amount, sale.currency, locale)}</td>
            <td class="r num hide">{risk}</td>
            <td class="r"><span class=format!("badge {}", sale.status.tone())>{sale.status.words()}</span>" "{demo}</td>
        </tr>
    }
}
