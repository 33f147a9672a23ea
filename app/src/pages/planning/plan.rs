//! What came of a solve: cost, figures, rows, and why.

use super::amounts::Words;
use crate::components::{moment::when, table::table_card};
use domain::planning::{BindingRow, Relaxation, RunResults, ShortageRow};
use leptos::prelude::*;

/// Rows of a table that a page shows; the API has all.
const MOST_ROWS: usize = 200;

pub fn shown(results: RunResults, bindings: Vec<BindingRow>, words: Words) -> impl IntoView {
    let checked = results.checker.as_ref().map(|check| {
        let (tone, said) = if check.passed { ("good", "Checked") } else { ("bad", "The checker refused it") };
        let hash = check.sha256.as_deref().map(|sha| sha.chars().take(12).collect::<String>());
        view! { <p><span class=format!("badge {tone}")>{said}</span>" "{hash.map(|hash| view! { <span class="num">{hash}</span> })}</p> }
    });
    let relaxed = results.is_relaxed.then(|| {
        view! { <p class="banner warn" role="status">"These rows are the cheapest way out, not a plan: hard limits are let go, and it cannot be promoted."</p> }
    });
    let removed = results.rows_removed_at.map(|at| {
        view! { <p class="banner" data-removed>"The rows of this plan were removed "{when(at)}": those of a plan that never held are kept 180 days. Its costs and figures stay."</p> }
    });
    let endless = (!results.endless.is_empty()).then(|| {
        view! { <p class="banner bad">"Grows without end: "{results.endless.join(", ")}</p> }
    });
    view! {
        <section class="card" data-result>
            <header><h2>"What came of it"</h2></header>
            <p>{results.termination_reason.clone()}</p>
            {checked}
            {relaxed}
            {removed}
            {endless}
            {figures(&results, &words)}
        </section>
        {results.relaxation.as_ref().map(|relaxation| way_out(relaxation, &words))}
        {shortages(&results.unmet_demand, &words)}
        {costs(&results, &words)}
        {production(&results, &words)}
        {shipments(&results, &words)}
        {stock(&results, &words)}
        {worth(&bindings, &words)}
        {kpis(&results, &words)}
    }
}

fn figures(results: &RunResults, words: &Words) -> impl IntoView + use<> {
    let lines = [
        ("Cost in all", words.money(results.total_cost)),
        ("Operating cost", words.money(results.operating_cost)),
        ("Penalties", words.money(results.penalty_cost)),
        ("Demand served", words.share(results.service_level)),
        ("Capacity used", words.share(results.avg_utilization)),
        ("Made", words.weight(results.total_production)),
        ("Shipped", words.weight(results.total_shipments)),
        ("In stock at the end", words.weight(results.total_inventory)),
    ];
    let lines = lines.map(|(name, value)| view! { <div><dt>{name}</dt><dd class="num">{value}</dd></div> });
    view! { <dl class="details">{lines.collect_view()}</dl> }
}

/// Says that there is more than is shown.
fn cut(rows: usize) -> Option<String> {
    (rows > MOST_ROWS).then(|| format!("The first {MOST_ROWS} of {rows}; all of them by the API."))
}

fn way_out(relaxation: &Relaxation, words: &Words) -> impl IntoView + use<> {
    let rows = relaxation.slacks.iter().take(MOST_ROWS).map(|slack| {
        let (words_of, amount, price, cost) =
            (slack.words.clone(), words.number(Some(slack.amount), 3), words.money(Some(slack.price)), words.money(Some(slack.cost)));
        view! { <tr><td>{words_of}</td><td class="r num">{amount}</td><td class="r num">{price}</td><td class="r num">{cost}</td></tr> }
    });
    let note = format!("Letting go costs {} in all.", words.money(Some(relaxation.total)));
    table_card(
        "The cheapest way out",
        &["Limit let go", "By", "Price of one", "Cost"],
        rows.collect_view().into_any(),
        Some(note),
    )
}

fn shortages(rows: &[ShortageRow], words: &Words) -> Option<AnyView> {
    (!rows.is_empty()).then(|| {
        let body = rows.iter().take(MOST_ROWS).map(|row| {
            let why = if row.examined {
                row.causes.iter().map(|cause| cause.words.clone()).collect::<Vec<_>>().join("; ")
            } else {
                "Not examined: there was no time.".to_owned()
            };
            let (missing, of, cost) =
                (words.tonnes(row.tonnes), words.tonnes(row.demand_tonnes), words.money(Some(row.cost)));
            view! {
                <tr>
                    <td>{row.node.clone()}<div class="sub">{row.product.clone()}</div></td><td class="r">{row.period.clone()}</td>
                    <td class="r num">{missing}" of "{of}</td><td class="r num">{cost}</td><td>{why}</td>
                </tr>
            }
        });
        table_card(
            "Shortages and why",
            &["Where", "Period", "Tonnes missing", "Cost", "Why"],
            body.collect_view().into_any(),
            cut(rows.len()),
        )
    })
}

fn costs(results: &RunResults, words: &Words) -> AnyView {
    let rows = results.costs.iter().filter(|(_, amount)| **amount != 0.0).map(|(component, amount)| {
        let named = component.replace('_', " ");
        view! { <tr><td>{named}</td><td class="r num">{words.money(Some(*amount))}</td></tr> }
    });
    table_card("Cost by component", &["Component", "Cost"], rows.collect_view().into_any(), None)
}

fn production(results: &RunResults, words: &Words) -> AnyView {
    let rows = results.production.iter().take(MOST_ROWS).map(|row| {
        let capacity = row.capacity_tonnes.map_or_else(String::new, |capacity| words.tonnes(capacity));
        let (made, cost) = (words.tonnes(row.tonnes), words.money(Some(row.cost)));
        view! {
            <tr>
                <td>{row.node.clone()}<div class="sub">{row.line.clone()}" · "{row.product.clone()}</div></td><td class="r">{row.period.clone()}</td>
                <td class="r num">{made}</td><td class="r num">{capacity}</td><td class="r num">{cost}</td>
            </tr>
        }
    });
    let body = rows.collect_view().into_any();
    table_card("Production", &["Plant", "Period", "Tonnes", "Capacity", "Cost"], body, cut(results.production.len()))
}

fn shipments(results: &RunResults, words: &Words) -> AnyView {
    let rows = results.shipments.iter().take(MOST_ROWS).map(|row| {
        let cost = row.freight_cost + row.handling_cost + row.transit_cost + row.trip_cost + row.lane_fixed_cost;
        let (tonnes, trips, cost) = (words.tonnes(row.tonnes), words.number(row.trips, 0), words.money(Some(cost)));
        view! {
            <tr>
                <td>{row.from.clone()}" → "{row.to.clone()}<div class="sub">{row.mode.clone()}" · "{row.product.clone()}</div></td>
                <td class="r">{row.period.clone()}</td><td class="r num">{tonnes}</td><td class="r num">{trips}</td><td class="r num">{cost}</td>
            </tr>
        }
    });
    let body = rows.collect_view().into_any();
    table_card("Shipments", &["Lane", "Period", "Tonnes", "Trips", "Cost"], body, cut(results.shipments.len()))
}

fn stock(results: &RunResults, words: &Words) -> AnyView {
    let rows = results.inventory.iter().take(MOST_ROWS).map(|row| {
        let (tonnes, safety, below) =
            (words.tonnes(row.tonnes), words.tonnes(row.safety_stock_tonnes), words.tonnes(row.below_tonnes));
        view! {
            <tr>
                <td>{row.node.clone()}<div class="sub">{row.product.clone()}</div></td><td class="r">{row.period.clone()}</td>
                <td class="r num">{tonnes}</td><td class="r num">{safety}</td><td class="r num">{below}</td>
            </tr>
        }
    });
    let body = rows.collect_view().into_any();
    table_card(
        "Stock at the end of each period",
        &["Where", "Period", "Tonnes", "Safety stock", "Below it"],
        body,
        cut(results.inventory.len()),
    )
}

fn worth(bindings: &[BindingRow], words: &Words) -> Option<AnyView> {
    (!bindings.is_empty()).then(|| {
        let rows = bindings.iter().take(MOST_ROWS).map(|row| {
            let (limit, worth) = (words.number(Some(row.limit_value), 3), words.money(Some(row.worth)));
            view! { <tr><td>{row.words.clone()}</td><td class="r num">{limit}</td><td class="r num">{worth}</td></tr> }
        });
        table_card(
            "What one unit more would save",
            &["Limit", "Is", "Worth"],
            rows.collect_view().into_any(),
            cut(bindings.len()),
        )
    })
}

fn kpis(results: &RunResults, words: &Words) -> AnyView {
    let rows = results.kpis.iter().take(MOST_ROWS).map(|kpi| {
        let value = match (kpi.value, &kpi.reason) {
            (None, Some(reason)) => reason.clone(),
            (value, _) => words.number(value, 4),
        };
        let named = kpi.kpi.replace('_', " ");
        view! {
            <tr>
                <td>{named}</td><td class="r">{kpi.scope.clone()}</td><td class="r num">{value}</td>
                <td class="r">{words.unit(&kpi.unit)}</td>
            </tr>
        }
    });
    table_card(
        "Key figures",
        &["Figure", "Of", "Value", "Unit"],
        rows.collect_view().into_any(),
        cut(results.kpis.len()),
    )
}
