//! Revenue by hour of one day, or by day of more, beside the period before.

use super::{place::Place, scope_bar::scope_words, tiles::freshness_badge};
use crate::{
    charts::{revenue_bars, revenue_legend, revenue_summary},
    components::{age::Age, chart::ChartFigure},
    context::session,
};
use chrono::Utc;
use domain::{
    format,
    overview::{Bar, Bars, NO_DATA, Progress, Scope},
};
use leptos::prelude::*;

/// The chart and its table.
pub fn bars_card(bars: Bars, scope: Scope, place: Place) -> impl IntoView {
    let locale = session().business.locale;
    let (title, column) = if bars.by_hour { ("Revenue by hour", "Hour") } else { ("Revenue by day", "Day") };
    let rows = bars.items.iter().map(|bar| row(bar, &bars, scope, place, &locale)).collect_view();
    let before = bars.against.clone().map(|against| view! { <th scope="col" class="r">{against}</th> });
    let summary = revenue_summary(&bars, &locale);
    let legend = revenue_legend(&bars);
    let age = bars.age_seconds;
    let cached = freshness_badge(bars.freshness);
    let words = scope_words(scope, &bars.zone);
    view! {
        <article class="card">
            <header>
                <h2>{title}</h2>
                <span class="meta">{words}" · "{cached}" updated "<Age seconds=age/></span>
            </header>
            <ChartFigure label=format!("{title}. {summary}") summary legend option=move |palette| revenue_bars(&bars, &locale, palette)>
                <table>
                    <thead><tr>
                        <th scope="col">{column}</th><th scope="col" class="r">"Revenue"</th>
                        <th scope="col" class="r">"Orders"</th>{before}
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </ChartFigure>
        </article>
    }
}

fn row(bar: &Bar, bars: &Bars, scope: Scope, place: Place, locale: &str) -> impl IntoView + use<> {
    let label = match bar.progress {
        Progress::Running => format!("{} (so far)", bar.label),
        Progress::Done | Progress::Ahead => bar.label.clone(),
    };
    let day = bar.start.date_naive();
    let of = if bars.by_hour { scope.in_hour(bar.start.with_timezone(&Utc)) } else { scope.on(day) };
    let label =
        if bars.by_hour { label.into_any() } else { view! { <a href=place.day(scope, day)>{label}</a> }.into_any() };
    let (revenue, orders) = if bar.progress == Progress::Ahead {
        (format::UNKNOWN.into_any(), format::UNKNOWN.into_any())
    } else {
        let money = if bar.no_data { NO_DATA.to_owned() } else { format::money(bar.revenue, bars.currency, locale) };
        let count = if bar.no_data { format::UNKNOWN.to_owned() } else { format::count(bar.orders, locale) };
        let (revenue, orders) = (place.rows(bars.basis.revenue(), of), place.rows(bars.basis.orders(), of));
        (view! { <a href=revenue data-pick>{money}</a> }.into_any(), view! { <a href=orders>{count}</a> }.into_any())
    };
    let before = bars.against.is_some().then(|| {
        let text = bar.revenue_before.map(|amount| format::money(amount, bars.currency, locale));
        view! { <td class="r num">{text.unwrap_or_else(|| format::UNKNOWN.to_owned())}</td> }
    });
    view! { <tr><td>{label}</td><td class="r num">{revenue}</td><td class="r num">{orders}</td>{before}</tr> }
}
