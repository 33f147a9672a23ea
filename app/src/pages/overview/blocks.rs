//! What stands around the charts: the outage, failed blocks, and the newest sales.

use super::rows;
use crate::{
    components::{
        page::PageHead,
        states::{Empty, Failed},
    },
    context::{session, set_status},
    fault::Fault,
};
use chrono::{DateTime, FixedOffset};
use domain::{
    AppError, ErrorCode, format,
    overview::{ProductRow, RecentSale},
};
use leptos::prelude::*;

/// Says since when the database is away, and what that means here.
pub fn outage_note(since: Option<DateTime<FixedOffset>>) -> impl IntoView {
    since.map(|since| {
        view! {
            <p class="banner bad" role="status" data-outage>
                "Database unreachable since "{format::time(since)}". These are the last known figures, each with its age; "
                "the page goes on by itself when the database is back."
            </p>
        }
    })
}

/// Says that what follows is what was shown last, and why.
pub fn stale_note(fault: Option<Fault>) -> impl IntoView {
    fault.map(|Fault(error)| view! { <Failed error section="Figures"/> })
}

/// A page whose question was wrong, or of which nothing is known: its head stands, with what was wrong and a way on.
pub fn no_screen(title: &'static str, path: &'static str, Fault(error): Fault) -> AnyView {
    let section = if error.code == ErrorCode::Validation {
        set_status(error.code.status());
        None
    } else {
        Some("Figures")
    };
    let faults = error
        .fields
        .iter()
        .map(|fault| view! { <li><code>{fault.path.clone()}</code>": "{fault.message.clone()}</li> })
        .collect_view();
    view! {
        <PageHead title=title>
            <a class="btn" href=path>"Today"</a>
        </PageHead>
        {match section {
            Some(section) => view! { <Failed error section/> }.into_any(),
            None => view! { <Failed error/> }.into_any(),
        }}
        <ul>{faults}</ul>
    }
    .into_any()
}

/// A block, or why it could not be had: the others stand.
pub fn or_failed<T, V: IntoView + 'static>(
    title: &'static str,
    block: Result<T, AppError>,
    view: impl FnOnce(T) -> V,
) -> AnyView {
    match block {
        Ok(block) => view(block).into_any(),
        Err(error) => view! {
            <article class="card" data-failed>
                <header><h2>{title}</h2></header>
                <Failed error section=title/>
            </article>
        }
        .into_any(),
    }
}

/// The newest sales of whatever status.
pub fn recent_card(recent: Vec<RecentSale>) -> impl IntoView {
    let locale = session().business.locale;
    let body = if recent.is_empty() {
        view! { <Empty message="No sales yet. Record one, or upload a file of past sales."/> }.into_any()
    } else {
        let rows = recent
            .into_iter()
            .map(|sale| {
                let customer = if sale.customer.is_empty() { "Guest".to_owned() } else { sale.customer };
                view! {
                    <li>
                        <span class="num">{format!("#{}", sale.number)}</span>
                        <div>
                            <a href=format!("/transactions/{}", sale.id)>{format::money(sale.total.amount, sale.total.currency, &locale)}</a>
                            <br/><small>{customer}</small>
                        </div>
                        <time datetime=format::date_time_machine(sale.at) title=format::date_time_full(sale.at)>{format::when(sale.at, sale.age_seconds)}</time>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="list">{rows}</ul> }.into_any()
    };
    view! {
        <article class="card">
            <header><h2>"Recent transactions"</h2><span class="meta"><a href="/transactions">"All transactions"</a></span></header>
            {body}
        </article>
    }
}

/// The products of which the least is left.
pub fn low_stock_card(products: Vec<ProductRow>) -> impl IntoView {
    let locale = session().business.locale;
    let body = if products.is_empty() {
        view! { <Empty message="No product is low. Those at or below the reorder threshold will stand here."/> }
            .into_any()
    } else {
        rows::products(products, &locale).into_any()
    };
    view! {
        <article class="card">
            <header><h2>"Low stock"</h2><span class="meta"><a href="/overview/kpis/stock.low">"All low products"</a></span></header>
            {body}
        </article>
    }
}
