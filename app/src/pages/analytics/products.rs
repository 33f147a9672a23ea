//! The products that sold best.

use super::{asked, export_link};
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
    analytics::{AnalyticsAnswer, TopProduct},
    format,
    overview::{Basis, Scope},
};
use leptos::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

pub fn products_card(answer: AnalyticsAnswer<TopProduct>, scope: Scope, category: Option<Uuid>) -> impl IntoView {
    let AnalyticsAnswer { items, metadata } = answer;
    let locale = session().business.locale;
    let gross = scope.basis == Basis::Gross;
    let measure = if gross { "Gross revenue" } else { "Revenue" };
    let amount = move |p: &TopProduct| if gross { p.gross_sales } else { p.total_revenue };
    let money = |value: Decimal| format::money(value, metadata.currency, &locale);
    let narrowed = category.map(|id| format!("&category={id}")).unwrap_or_default();
    let by = if gross { "&measure=gross" } else { "" };
    let export = export_link("top-products", &format!("{}{by}{narrowed}", asked(scope)));
    let body = if items.is_empty() {
        view! { <Empty message="Nothing sold in this period."/> }.into_any()
    } else {
        let ranked: Vec<Ranked> = items
            .iter()
            .map(|p| Ranked {
                label: p.name.clone(),
                amount: amount(p),
                words: format!("{}: {} · {} units", p.name, money(amount(p)), format::number(p.units, &locale)),
            })
            .collect();
        let most = ranked
            .first()
            .map(|best| format!("Most: {} with {}, of ", best.label, money(best.amount)))
            .unwrap_or_default();
        let summary = format!("{most}{} products.", format::count(metadata.total, &locale));
        let rows = items
            .iter()
            .map(|p| {
                let share = p.share.map_or_else(|| format::UNKNOWN.to_owned(), |share| format::percent(share, 1));
                let stock = p.stock.map_or_else(|| format::UNKNOWN.to_owned(), |stock| format::number(stock, &locale));
                let low = (p.is_low_stock == Some(true)).then(|| view! { " "<span class="badge warn">"low"</span> });
                let sales =
                    format!("/transactions?product_id={}&from={}&to={}", p.product_id, scope.days.from, scope.days.to);
                view! {
                    <tr>
                        <td><a href=sales>{p.name.clone()}</a><div class="sub">{p.sku.clone()}</div></td>
                        <td class="r num">{money(amount(p))}</td>
                        <td class="r num">{share}</td>
                        <td class="r num">{format::number(p.units, &locale)}</td>
                        <td class="r num">{format::count(p.sales_count, &locale)}</td>
                        <td class="r num">{stock}{low}</td>
                    </tr>
                }
            })
            .collect_view();
        let unit = format::symbol(metadata.currency).trim().to_owned();
        let legend = vec![LegendKey { mark: Mark::Series(1), words: measure.to_owned() }];
        view! {
            <ChartFigure label=format!("Top products. {summary}") summary legend option=move |palette| ranking(&ranked, measure, &unit, palette)>
                <table>
                    <thead><tr>
                        <th scope="col">"Product"</th><th scope="col" class="r">{measure}</th><th scope="col" class="r">"Share"</th>
                        <th scope="col" class="r">"Units"</th><th scope="col" class="r">"Sales"</th><th scope="col" class="r">"Stock"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </ChartFigure>
        }
        .into_any()
    };
    view! {
        <article class="card" data-products>
            <header><h2>"Top products"</h2><span class="meta">"updated "<Age seconds=metadata.age_seconds/>" "{export}</span></header>
            {body}
        </article>
    }
}
