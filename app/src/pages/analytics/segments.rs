//! Customers by segment, and who moved since the look before.

use super::export_link;
use crate::{
    charts::{Ranked, ranking},
    components::{
        age::Age,
        chart::{ChartFigure, LegendKey, Mark},
        states::Empty,
    },
    context::session,
};
use domain::{
    analytics::{SegmentMetadata, Segments},
    format,
};
use leptos::prelude::*;
use rust_decimal::Decimal;

/// The look before, or that there is none.
fn against(metadata: &SegmentMetadata) -> String {
    match (metadata.as_of, metadata.previous) {
        (Some(day), Some(before)) => format!("{}, moved since {} · ", format::date(day), format::date(before)),
        (Some(day), None) => format!("{} · ", format::date(day)),
        (None, _) => String::new(),
    }
}

pub fn segments_card(segments: Segments) -> impl IntoView {
    let Segments { items, metadata } = segments;
    let locale = session().business.locale;
    let unknown = || format::UNKNOWN.to_owned();
    let money = |value: Decimal| format::money(value, metadata.currency, &locale);
    let body = if items.is_empty() {
        view! { <Empty message="Customers are looked at each night; the first look is still to come."/> }.into_any()
    } else {
        let ranked: Vec<Ranked> = items
            .iter()
            .map(|s| Ranked {
                label: s.label().to_owned(),
                amount: s.customers.into(),
                words: format!(
                    "{}: {} customers · {}",
                    s.label(),
                    format::count(s.customers, &locale),
                    money(s.revenue)
                ),
            })
            .collect();
        let all: i64 = items.iter().map(|s| s.customers).sum();
        let most = items.iter().max_by_key(|s| s.customers).map_or("", |s| s.label());
        let summary = format!("{} customers; most: {most}.", format::count(all, &locale));
        let rows = items
            .iter()
            .map(|s| {
                let moved = |n: Option<i64>, sign: &str| n.map_or_else(unknown, |n| format!("{sign}{}", format::count(n, &locale)));
                view! {
                    <tr>
                        <td>{s.label()}</td>
                        <td class="r num">{format::count(s.customers, &locale)}</td>
                        <td class="r num">{moved(s.moved_in, "+")}</td>
                        <td class="r num">{moved(s.moved_out, "−")}</td>
                        <td class="r num">{format::count(s.orders, &locale)}</td>
                        <td class="r num">{money(s.revenue)}</td>
                        <td class="r num">{s.avg_order_value.map_or_else(unknown, money)}</td>
                        <td class="r num">{s.avg_risk.map_or_else(unknown, |risk| format::number(risk.round_dp(2), &locale))}</td>
                    </tr>
                }
            })
            .collect_view();
        let legend = vec![LegendKey { mark: Mark::Series(1), words: "Customers".to_owned() }];
        view! {
            <ChartFigure label=format!("Customer segments. {summary}") summary legend option=move |palette| ranking(&ranked, "Customers", "", palette)>
                <table>
                    <thead><tr>
                        <th scope="col">"Segment"</th><th scope="col" class="r">"Customers"</th><th scope="col" class="r">"In"</th>
                        <th scope="col" class="r">"Out"</th><th scope="col" class="r">"Sales"</th><th scope="col" class="r">"Revenue"</th>
                        <th scope="col" class="r">"Average"</th><th scope="col" class="r">"Risk"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </ChartFigure>
        }
        .into_any()
    };
    let (export, against) = (export_link("customer-segments", "by=rfm"), against(&metadata));
    view! {
        <article class="card" data-segments>
            <header>
                <h2>"Customer segments"</h2>
                <span class="meta">{against}"updated "<Age seconds=metadata.age_seconds/>" "{export}</span>
            </header>
            {body}
        </article>
    }
}
