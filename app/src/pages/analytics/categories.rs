//! Categories and their share; each narrows the products.

use super::{asked, export_link};
use crate::{
    charts::{Ranked, ranking},
    components::{
        age::Age,
        chart::{ChartFigure, LegendKey, Mark},
        states::Empty,
    },
    context::session,
    pages::overview::place::Place,
};
use domain::{
    analytics::{AnalyticsAnswer, CategoryPerformance},
    format,
    overview::{Basis, Scope},
};
use leptos::prelude::*;
use rust_decimal::Decimal;

pub fn name(category: &CategoryPerformance) -> String {
    category.category.clone().unwrap_or_else(|| "Without a category".to_owned())
}

pub fn categories_card(answer: AnalyticsAnswer<CategoryPerformance>, scope: Scope) -> impl IntoView {
    let AnalyticsAnswer { items, metadata } = answer;
    let locale = session().business.locale;
    let gross = scope.basis == Basis::Gross;
    let measure = if gross { "Gross revenue" } else { "Revenue" };
    let amount = move |c: &CategoryPerformance| if gross { c.gross_sales } else { c.total_sales };
    let money = |value: Decimal| format::money(value, metadata.currency, &locale);
    let unknown = || format::UNKNOWN.to_owned();
    let export = export_link("category-performance", &asked(scope));
    let body = if items.is_empty() {
        view! { <Empty message="Nothing sold in this period."/> }.into_any()
    } else {
        let share = |c: &CategoryPerformance| c.share.map_or_else(unknown, |share| format::percent(share, 1));
        let ranked: Vec<Ranked> = items
            .iter()
            .map(|c| Ranked {
                label: name(c),
                amount: amount(c),
                words: format!("{}: {} · {}", name(c), money(amount(c)), share(c)),
            })
            .collect();
        let summary =
            ranked.first().map(|best| format!("Most: {} with {}.", best.label, money(best.amount))).unwrap_or_default();
        let rows = items
            .iter()
            .map(|c| {
                let link = c.category_id.map(|id| {
                    let here = Place::Analytics.href(scope);
                    let mark = if here.contains('?') { '&' } else { '?' };
                    format!("{here}{mark}category={id}")
                });
                let label = match link {
                    Some(href) => view! { <a href=href>{name(c)}</a> }.into_any(),
                    None => name(c).into_any(),
                };
                let change = c
                    .change
                    .map_or_else(|| "n/a".to_owned(), |change| format!("{}\u{a0}%", format::change(change, &locale)));
                view! {
                    <tr>
                        <td>{label}</td>
                        <td class="r num">{money(amount(c))}</td>
                        <td class="r num">{share(c)}</td>
                        <td class="r num">{change}</td>
                        <td class="r num">{format::count(c.transaction_count, &locale)}</td>
                        <td class="r num">{format::count(c.unique_buyers, &locale)}</td>
                    </tr>
                }
            })
            .collect_view();
        let totals = metadata.totals;
        let whole = money(if gross { totals.gross_sales } else { totals.total_sales });
        let (sales, buyers) =
            (format::count(totals.transaction_count, &locale), format::count(totals.customers, &locale));
        let unit = format::symbol(metadata.currency).trim().to_owned();
        let legend = vec![LegendKey { mark: Mark::Series(1), words: measure.to_owned() }];
        view! {
            <ChartFigure label=format!("Categories. {summary}") summary legend option=move |palette| ranking(&ranked, measure, &unit, palette)>
                <table>
                    <thead><tr>
                        <th scope="col">"Category"</th><th scope="col" class="r">{measure}</th><th scope="col" class="r">"Share"</th>
                        <th scope="col" class="r">"Change"</th><th scope="col" class="r">"Sales"</th><th scope="col" class="r">"Buyers"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                    <tfoot><tr>
                        <th scope="row">"All, each once"</th><td class="r num">{whole}</td><td></td><td></td>
                        <td class="r num">{sales}</td>
                        <td class="r num">{buyers}</td>
                    </tr></tfoot>
                </table>
            </ChartFigure>
        }
        .into_any()
    };
    view! {
        <article class="card" data-categories>
            <header><h2>"Categories"</h2><span class="meta">"updated "<Age seconds=metadata.age_seconds/>" "{export}</span></header>
            {body}
        </article>
    }
}
