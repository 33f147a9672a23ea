//! The two charts of the days up to the scope's last, beside the same number of days before.

use super::{place::Place, tiles::freshness_badge};
use crate::{
    charts::{customers_legend, customers_summary, customers_trend, revenue_trend, trend_legend, trend_summary},
    components::{age::Age, chart::ChartFigure},
    context::session,
};
use domain::{
    format,
    overview::{Counterpart, MetricKey, NO_DATA, Scope, Trend, TrendDay},
};
use leptos::prelude::*;
use rust_decimal::Decimal;

/// Lengths to choose from.
const LENGTHS: [(u16, &str); 4] = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year")];

/// Choice of the length, and the charts.
pub fn trend_section(trend: Trend, scope: Scope, place: Place) -> impl IntoView {
    let lengths = LENGTHS
        .map(|(days, label)| {
            let current = (days == scope.trend_days).then_some("true");
            view! { <a href=place.href(scope.with_trend_days(days)) aria-current=current>{label}</a> }
        })
        .collect_view();
    view! {
        <section class="stack-y" data-trend>
            <div class="filters"><h2>"Trend"</h2><nav class="seg" aria-label="Length of the trend">{lengths}</nav></div>
            <div class="grid2">{cards(trend, scope, place)}</div>
        </section>
    }
}

/// `2 May 2011 to 31 May 2011 · Europe/London`.
fn range_words(trend: &Trend) -> String {
    let ends = trend.items.first().zip(trend.items.last());
    let days = ends.map(|(first, last)| format!("{} to {} · ", format::date(first.day), format::date(last.day)));
    format!("{}{}", days.unwrap_or_default(), trend.zone)
}

fn cards(trend: Trend, scope: Scope, place: Place) -> impl IntoView {
    let locale = session().business.locale;
    let n = trend.items.len();
    let (age, freshness, range) = (trend.age_seconds, trend.freshness, range_words(&trend));
    let meta = move || {
        let cached = freshness_badge(freshness);
        view! { <span class="meta">{range.clone()}" · "{cached}" updated "<Age seconds=age/></span> }
    };
    let revenue_rows = trend.items.iter().map(|day| revenue_row(day, &trend, scope, place, &locale)).collect_view();
    let customer_rows = trend.items.iter().map(|day| customer_row(day, scope, place, &locale)).collect_view();
    let (revenue_words, customer_words) = (trend_summary(&trend, &locale), customers_summary(&trend, &locale));
    let (revenue_key, customer_key) = (trend_legend(&trend), customers_legend(&trend));
    let (first, second) = ((trend.clone(), locale.clone()), (trend, locale));
    let revenue_title = format!("Revenue and orders, {n} days");
    let customer_title = format!("Active customers and visitors, {n} days");
    view! {
        <article class="card">
            <header><h2>{revenue_title.clone()}</h2>{meta()}</header>
            <ChartFigure label=format!("{revenue_title}. {revenue_words}") summary=revenue_words legend=revenue_key
                option=move |palette| revenue_trend(&first.0, &first.1, palette)>
                <table>
                    <thead><tr>
                        <th scope="col">"Day"</th><th scope="col" class="r">"Revenue"</th>
                        <th scope="col" class="r">"Refunds"</th><th scope="col" class="r">"Orders"</th>
                        <th scope="col" class="r">{format!("Revenue {n} days before")}</th>
                    </tr></thead>
                    <tbody>{revenue_rows}</tbody>
                </table>
            </ChartFigure>
        </article>
        <article class="card">
            <header><h2>{customer_title.clone()}</h2>{meta()}</header>
            <ChartFigure label=format!("{customer_title}. {customer_words}") summary=customer_words legend=customer_key
                option=move |palette| customers_trend(&second.0, &second.1, palette)>
                <table>
                    <thead><tr>
                        <th scope="col">"Day"</th><th scope="col" class="r">"Active customers"</th>
                        <th scope="col" class="r">"Visitors"</th><th scope="col" class="r">"Conversion"</th>
                        <th scope="col" class="r">{format!("Customers {n} days before")}</th>
                    </tr></thead>
                    <tbody>{customer_rows}</tbody>
                </table>
            </ChartFigure>
        </article>
    }
}

fn day_cell(day: &TrendDay, scope: Scope, place: Place) -> impl IntoView + use<> {
    let href = place.day(scope, day.day);
    view! { <td><a href=href>{format::date(day.day)}</a>{day.mark()}</td> }
}

/// What stood there in the period before, and on which day.
fn before_cell(before: Option<&Counterpart>, text: String) -> impl IntoView + use<> {
    let date = before.map(|before| view! { <small>{format::date(before.day)}</small> });
    view! { <td class="r num">{text}{date}</td> }
}

/// `text` of the day before, or that there is none.
fn text_of(before: Option<&Counterpart>, text: impl FnOnce(&Counterpart) -> String) -> String {
    before.map_or_else(|| format::UNKNOWN.to_owned(), text)
}

fn revenue_row(day: &TrendDay, trend: &Trend, scope: Scope, place: Place, locale: &str) -> impl IntoView + use<> {
    let (of, before) = (scope.on(day.day), day.before.as_ref());
    let money = |amount: Decimal| format::money(amount, trend.currency, locale);
    let (revenue, orders) = (place.rows(trend.basis.revenue(), of), place.rows(trend.basis.orders(), of));
    let known = |text: String| if day.no_sales_data { format::UNKNOWN.to_owned() } else { text };
    let said = if day.no_sales_data { NO_DATA.to_owned() } else { money(day.revenue) };
    view! {
        <tr>
            {day_cell(day, scope, place)}
            <td class="r num"><a href=revenue data-pick>{said}</a></td>
            <td class="r num">{known(money(day.refunds))}</td>
            <td class="r num"><a href=orders>{known(format::count(day.orders, locale))}</a></td>
            {before_cell(before, text_of(before, |before| money(before.revenue)))}
        </tr>
    }
}

fn customer_row(day: &TrendDay, scope: Scope, place: Place, locale: &str) -> impl IntoView + use<> {
    let before = day.before.as_ref();
    let rows = |metric: MetricKey| place.rows(metric, scope.on(day.day));
    let said = |silent: bool, n: i64| if silent { NO_DATA.to_owned() } else { format::count(n, locale) };
    let conversion = day.conversion.filter(|_| !day.no_sales_data && !day.no_visits_data);
    let conversion =
        conversion.map_or_else(|| format::UNKNOWN.to_owned(), |c| format::percent(c / Decimal::ONE_HUNDRED, 1));
    view! {
        <tr>
            {day_cell(day, scope, place)}
            <td class="r num"><a href=rows(MetricKey::ActiveCustomers) data-pick>{said(day.no_sales_data, day.active_customers)}</a></td>
            <td class="r num"><a href=rows(MetricKey::Visitors)>{said(day.no_visits_data, day.visitors)}</a></td>
            <td class="r num"><a href=rows(MetricKey::Conversion)>{conversion}</a></td>
            {before_cell(before, text_of(before, |before| format::count(before.active_customers, locale)))}
        </tr>
    }
}
