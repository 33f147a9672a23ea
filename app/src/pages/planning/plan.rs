//! What came of a solve: cost, figures, rows, and why.

use super::{amounts::Words, force};
use crate::{
    components::{form::CsrfField, moment::when, table::table_card},
    context::session,
    features::plans::LetPlanLimitGo,
};
use domain::{
    access::Permission,
    format,
    ids::PlanId,
    planning::{BindingRow, MovedFamily, PlanPage, Relaxation, RowCounts, RunResults, ShortageRow},
};
use leptos::{form::ActionForm, prelude::*};

pub fn shown(page: PlanPage, words: Words, let_go: ServerAction<LetPlanLimitGo>) -> impl IntoView {
    let PlanPage { results, bindings, rows } = page;
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
        {results.relaxation.as_ref().map(|relaxation| way_out(relaxation, rows, results.plan_id, let_go, &words))}
        {shortages(&results.unmet_demand, rows, &words)}
        {costs(&results, &words)}
        {production(&results, rows, &words)}
        {shipments(&results, rows, &words)}
        {stock(&results, rows, &words)}
        {worth(&bindings, rows, &words)}
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
fn cut(shown: usize, rows: i64, words: &Words) -> Option<String> {
    let count = |n: i64| format::count(n, &words.locale);
    let first = i64::try_from(shown).ok().filter(|first| *first < rows)?;
    Some(format!("The first {} of {}; the files of the run have all.", count(first), count(rows)))
}

fn way_out(
    relaxation: &Relaxation,
    counts: RowCounts,
    plan: Option<PlanId>,
    let_go: ServerAction<LetPlanLimitGo>,
    words: &Words,
) -> impl IntoView + use<> {
    let plan = plan.filter(|_| session().may(Permission::PlanEditScenario));
    let rows = relaxation.slacks.iter().enumerate().map(|(n, slack)| {
        let (words_of, amount, price, cost) =
            (slack.words.clone(), words.number(Some(slack.amount), 3), words.money(Some(slack.price)), words.money(Some(slack.cost)));
        let act = plan.filter(|_| !slack.ops.is_empty()).map(|plan| {
            button(plan, n.to_string(), "Scenario", format!("Scenario with just this: {}", slack.words), let_go)
        });
        view! {
            <tr>
                <td>{words_of}</td><td class="r num">{amount}</td><td class="r num">{price}</td><td class="r num">{cost}</td>
                <td class="r">{act}</td>
            </tr>
        }
    });
    let total = format!("Letting go costs {} in all.", words.money(Some(relaxation.total)));
    let note = match cut(relaxation.slacks.len(), counts.slacks, words) {
        Some(cut) => format!("{total} {cut}"),
        None => total,
    };
    let every = relaxation.slacks.iter().all(|slack| !slack.ops.is_empty());
    let all = plan.filter(|_| every && !relaxation.slacks.is_empty()).map(|plan| {
        let label = "Scenario with all of it let go";
        button(plan, "all".to_owned(), label, label.to_owned(), let_go)
    });
    let table = table_card(
        "The cheapest way out",
        &["Limit let go", "By", "Price of one", "Cost", "Try it"],
        rows.collect_view().into_any(),
        Some(note),
    );
    view! { <div data-way-out>{table}{all}</div> }
}

/// Makes the scenario, and goes to it.
fn button(
    plan: PlanId,
    slack: String,
    words: &'static str,
    label: String,
    let_go: ServerAction<LetPlanLimitGo>,
) -> impl IntoView + use<> {
    view! {
        <ActionForm action=let_go>
            <CsrfField/>
            <input type="hidden" name="plan" value=plan.to_string()/>
            <input type="hidden" name="slack" value=slack/>
            <button class="btn" type="submit" aria-label=label>{words}</button>
        </ActionForm>
    }
}

/// The plan whose figures the reader may force.
fn forced(results: &RunResults) -> Option<PlanId> {
    let may = session().may(Permission::PlanEditScenario) && session().may(Permission::PlanRun);
    results.plan_id.filter(|_| may && !results.is_relaxed && results.rows_removed_at.is_none())
}

fn shortages(rows: &[ShortageRow], counts: RowCounts, words: &Words) -> Option<AnyView> {
    (!rows.is_empty()).then(|| {
        let body = rows.iter().map(|row| {
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
            cut(rows.len(), counts.unmet_demand, words),
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

fn production(results: &RunResults, counts: RowCounts, words: &Words) -> AnyView {
    let plan = forced(results);
    let rows = results.production.iter().enumerate().map(|(n, row)| {
        let capacity = row.capacity_tonnes.map_or_else(String::new, |capacity| words.tonnes(capacity));
        let (made, cost) = (words.tonnes(row.tonnes), words.money(Some(row.cost)));
        view! {
            <tr>
                <td>{row.node.clone()}<div class="sub">{row.line.clone()}" · "{row.product.clone()}</div></td><td class="r">{row.period.clone()}</td>
                <td class="r num">{made}</td><td class="r num">{capacity}</td><td class="r num">{cost}</td>
                {force::link(plan, MovedFamily::Production, n, &format!("{} {} in {}", row.node, row.line, row.period))}
            </tr>
        }
    });
    let body = rows.collect_view().into_any();
    table_card(
        "Production",
        force::headings(plan, &["Plant", "Period", "Tonnes", "Capacity", "Cost", force::HEADING]),
        body,
        cut(results.production.len(), counts.production, words),
    )
}

fn shipments(results: &RunResults, counts: RowCounts, words: &Words) -> AnyView {
    let plan = forced(results);
    let rows = results.shipments.iter().enumerate().map(|(n, row)| {
        let cost = row.freight_cost + row.handling_cost + row.transit_cost + row.trip_cost + row.lane_fixed_cost;
        let (tonnes, trips, cost) = (words.tonnes(row.tonnes), words.number(row.trips, 0), words.money(Some(cost)));
        view! {
            <tr>
                <td>{row.from.clone()}" → "{row.to.clone()}<div class="sub">{row.mode.clone()}" · "{row.product.clone()}</div></td>
                <td class="r">{row.period.clone()}</td><td class="r num">{tonnes}</td><td class="r num">{trips}</td><td class="r num">{cost}</td>
                {force::link(plan, MovedFamily::Shipments, n, &format!("{} to {} in {}", row.from, row.to, row.period))}
            </tr>
        }
    });
    let body = rows.collect_view().into_any();
    table_card(
        "Shipments",
        force::headings(plan, &["Lane", "Period", "Tonnes", "Trips", "Cost", force::HEADING]),
        body,
        cut(results.shipments.len(), counts.shipments, words),
    )
}

fn stock(results: &RunResults, counts: RowCounts, words: &Words) -> AnyView {
    let rows = results.inventory.iter().map(|row| {
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
        cut(results.inventory.len(), counts.inventory, words),
    )
}

fn worth(bindings: &[BindingRow], counts: RowCounts, words: &Words) -> Option<AnyView> {
    (!bindings.is_empty()).then(|| {
        let rows = bindings.iter().map(|row| {
            let (limit, worth) = (words.number(Some(row.limit_value), 3), words.money(Some(row.worth)));
            view! { <tr><td>{row.words.clone()}</td><td class="r num">{limit}</td><td class="r num">{worth}</td></tr> }
        });
        table_card(
            "What one unit more would save",
            &["Limit", "Is", "Worth"],
            rows.collect_view().into_any(),
            cut(bindings.len(), counts.bindings, words),
        )
    })
}

fn kpis(results: &RunResults, words: &Words) -> AnyView {
    let rows = results.kpis.iter().map(|kpi| {
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
    table_card("Key figures", &["Figure", "Of", "Value", "Unit"], rows.collect_view().into_any(), None)
}
