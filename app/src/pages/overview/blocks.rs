//! Charts with their tables, and the newest sales.

use super::tiles::freshness_badge;
use crate::{
    charts::{customers_summary, customers_trend, revenue_bars, revenue_summary, revenue_trend, trend_summary},
    components::{
        age::Age,
        chart::ChartFigure,
        page::PageHead,
        states::{Empty, Failed},
    },
    context::{session, set_status},
    fault::Fault,
};
use chrono::{DateTime, FixedOffset};
use domain::{
    AppError, ErrorCode, format,
    overview::{Bars, Period, Progress, RecentSale, Scope, Trend, TrendDay},
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

/// A page whose question was wrong, or of which nothing is known: its head stands, with what was wrong and a way on.
pub fn no_screen(title: &'static str, path: &'static str, Fault(error): Fault) -> AnyView {
    if error.code == ErrorCode::Validation {
        set_status(error.code.status());
    }
    let faults = error
        .fields
        .iter()
        .map(|fault| view! { <li><code>{fault.path.clone()}</code>": "{fault.message.clone()}</li> })
        .collect_view();
    view! {
        <PageHead title=title>
            <a class="btn" href=path>"Today"</a>
        </PageHead>
        <Failed error/>
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
                <Failed error/>
            </article>
        }
        .into_any(),
    }
}

/// Revenue by hour of one day, or by day of more.
pub fn bars_card(bars: Bars, scope: Scope) -> impl IntoView {
    let locale = session().business.locale;
    let by_hour = bars.by_hour;
    let (title, column) = if by_hour { ("Revenue by hour", "Hour") } else { ("Revenue by day", "Day") };
    let rows = bars
        .items
        .iter()
        .map(|bar| {
            let label = match bar.progress {
                Progress::Running => format!("{} (so far)", bar.label),
                Progress::Done | Progress::Ahead => bar.label.clone(),
            };
            let label = if by_hour {
                label.into_any()
            } else {
                let date = bar.start.date_naive();
                let day =
                    Scope { period: Period::Day, days: domain::overview::DayRange { from: date, to: date }, ..scope };
                view! { <a href=format!("/{}", day.link())>{label}</a> }.into_any()
            };
            let ahead = bar.progress == Progress::Ahead;
            let revenue =
                if ahead { format::UNKNOWN.to_owned() } else { format::money(bar.revenue, bars.currency, &locale) };
            let orders = if ahead { format::UNKNOWN.to_owned() } else { format::count(bar.orders, &locale) };
            view! { <tr><td>{label}</td><td class="r num">{revenue}</td><td class="r num">{orders}</td></tr> }
        })
        .collect_view();
    let summary = revenue_summary(&bars, &locale);
    let age = bars.age_seconds;
    let cached = freshness_badge(bars.freshness);
    view! {
        <article class="card">
            <header><h2>{title}</h2><span class="meta">{cached}" updated "<Age seconds=age/></span></header>
            <ChartFigure label=format!("{title}. {summary}") summary option=move |palette| revenue_bars(&bars, &locale, palette)>
                <table>
                    <thead><tr><th scope="col">{column}</th><th scope="col" class="r">"Revenue"</th><th scope="col" class="r">"Orders"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </ChartFigure>
        </article>
    }
}

/// The two 30-day charts.
pub fn trend_cards(trend: Trend, scope: Scope) -> impl IntoView {
    let locale = session().business.locale;
    let n = trend.items.len();
    let (trend_age, trend_freshness) = (trend.age_seconds, trend.freshness);
    let day_cell = |d: &TrendDay| {
        let day = d.day;
        let link =
            Scope { period: Period::Day, days: domain::overview::DayRange { from: day, to: day }, ..scope }.link();
        view! { <td><a href=format!("/{link}")>{format::date(day)}</a>{d.mark()}</td> }
    };
    let revenue_rows = trend
        .items
        .iter()
        .map(|d| {
            view! {
                <tr>
                    {day_cell(d)}
                    <td class="r num">{format::money(d.revenue, trend.currency, &locale)}</td>
                    <td class="r num">{format::money(d.refunds, trend.currency, &locale)}</td>
                    <td class="r num">{format::count(d.orders, &locale)}</td>
                </tr>
            }
        })
        .collect_view();
    let customer_rows = trend
        .items
        .iter()
        .map(|d| {
            let conversion = d.conversion.map_or_else(
                || format::UNKNOWN.to_owned(),
                |c| format::percent(c / rust_decimal::Decimal::ONE_HUNDRED, 1),
            );
            view! {
                <tr>
                    {day_cell(d)}
                    <td class="r num">{format::count(d.active_customers, &locale)}</td>
                    <td class="r num">{format::count(d.visitors, &locale)}</td>
                    <td class="r num">{conversion}</td>
                </tr>
            }
        })
        .collect_view();
    let updated = move || view! { <span class="meta">{freshness_badge(trend_freshness)}" updated "<Age seconds=trend_age/></span> };
    let (revenue_words, customer_words) = (trend_summary(&trend, &locale), customers_summary(&trend, &locale));
    let (first, second) = ((trend.clone(), locale.clone()), (trend, locale));
    let revenue_title = format!("Revenue and orders, {n} days");
    let customer_title = format!("Active customers and visitors, {n} days");
    view! {
        <section class="grid2" data-trend>
            <article class="card">
                <header><h2>{revenue_title.clone()}</h2>{updated()}</header>
                <ChartFigure label=format!("{revenue_title}. {revenue_words}") summary=revenue_words option=move |palette| revenue_trend(&first.0, &first.1, palette)>
                    <table>
                        <thead><tr>
                            <th scope="col">"Day"</th><th scope="col" class="r">"Revenue"</th>
                            <th scope="col" class="r">"Refunds"</th><th scope="col" class="r">"Orders"</th>
                        </tr></thead>
                        <tbody>{revenue_rows}</tbody>
                    </table>
                </ChartFigure>
            </article>
            <article class="card">
                <header><h2>{customer_title.clone()}</h2>{updated()}</header>
                <ChartFigure label=format!("{customer_title}. {customer_words}") summary=customer_words option=move |palette| customers_trend(&second.0, &second.1, palette)>
                    <table>
                        <thead><tr>
                            <th scope="col">"Day"</th><th scope="col" class="r">"Active customers"</th>
                            <th scope="col" class="r">"Visitors"</th><th scope="col" class="r">"Conversion"</th>
                        </tr></thead>
                        <tbody>{customer_rows}</tbody>
                    </table>
                </ChartFigure>
            </article>
        </section>
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
