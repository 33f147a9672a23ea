//! `/planning/compare?a=&b=`: two plans row by row, beside them up to three more by their figures.

use super::amounts::{Words, horizon};
use crate::{
    components::{
        filter::{Choice, Kept, Text, param},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
        table::table_card,
    },
    context::{session, set_status},
    features::plans::{CompareScreen, load_comparison},
    live::use_topic,
    page_data::{PageData, own_search},
    pages::LazyPage,
};
use domain::{
    format,
    live::Topic,
    planning::{ComparedFigure, Comparison, PlanItem, RowChange, RowDifference, RowFamily},
    query,
};
use leptos::prelude::*;
use leptos_router::components::Form;

#[derive(Debug)]
pub struct CompareRoute {
    search: Memo<String>,
    screen: PageData<CompareScreen>,
}

impl LazyPage for CompareRoute {
    fn data() -> Self {
        let search = own_search("/planning/compare");
        let changed = use_topic(Topic::Planning);
        Self {
            search,
            screen: PageData::load(move || (search.get(), changed.get()), |(search, _)| load_comparison(search)),
        }
    }

    fn view(this: Self) -> AnyView {
        let CompareRoute { search, screen } = this;
        view! {
            <PageHead title="Compare plans" scope="Two plans row by row: what was added, removed and changed, with its tonnes, trips and cost">
                <a class="btn" href="/planning">"Planning"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, move |screen| shown(screen, search)) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: CompareScreen, search: Memo<String>) -> AnyView {
    if screen.choices.len() < 2 {
        return view! {
            <Empty message="There are not two plans yet. Solve another scenario, then come back.">
                <a class="btn" href="/planning/runs">"Solver runs"</a>
            </Empty>
        }
        .into_any();
    }
    let chosen = choosing(screen.choices, search);
    let comparison = match screen.comparison {
        Some(Ok(comparison)) => comparison,
        Some(Err(error)) => {
            set_status(422);
            let faults = error.fields.iter().map(|fault| view! { <p>{fault.message.clone()}</p> }).collect_view();
            return view! { {chosen}<div class="error-summary" role="alert">{faults}</div> }.into_any();
        }
        None => return view! { {chosen}<p class="sub">"Choose two plans."</p> }.into_any(),
    };
    let currency = comparison.plans.first().map(|plan| plan.currency.clone()).unwrap_or_default();
    let words = Words { currency, locale: session().business.locale };
    view! {
        {chosen}
        {heads(&comparison.plans, &words)}
        {figures("Cost by component", &comparison.costs, &comparison.plans, &words)}
        {figures("Key figures", &comparison.kpis, &comparison.plans, &words)}
        {differences(&comparison, search, &words)}
    }
    .into_any()
}

fn select(
    plans: &[PlanItem],
    search: Memo<String>,
    name: &'static str,
    label: &'static str,
    none: &'static str,
) -> impl IntoView + use<> {
    let value = param(search, name);
    let options = plans
        .iter()
        .map(|plan| {
            let id = plan.plan_id.to_string();
            let words =
                format!("{} {}, {}, {}", plan.label, plan.name, plan.scenario_name, plan.state.label().to_lowercase());
            let (key, selected) = (id.clone(), move || value.with(|value| *value == id));
            view! { <option value=key selected=selected>{words}</option> }
        })
        .collect_view();
    let id = format!("f-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id.clone() name=name><option value="">{none}</option>{options}</select>
        </div>
    }
}

fn choosing(plans: Vec<PlanItem>, search: Memo<String>) -> impl IntoView {
    let swapped = move || {
        let (a, b) = (param(search, "a").get(), param(search, "b").get());
        let others = query::pairs(&search.get()).into_iter().filter(|(name, _)| name != "a" && name != "b");
        let others: Vec<_> = others.collect();
        let both = [("a", b.as_str()), ("b", a.as_str())].into_iter();
        format!("/planning/compare?{}", query::write(both.chain(others.iter().map(|(n, v)| (n.as_str(), v.as_str())))))
    };
    let has_both = move || !param(search, "a").get().is_empty() && !param(search, "b").get().is_empty();
    view! {
        <Form method="get" action="/planning/compare" attr:class="filters">
            {select(&plans, search, "a", "Plan a", "Choose a plan")}
            {select(&plans, search, "b", "Plan b", "Choose a plan")}
            {select(&plans, search, "beside", "Beside them", "No other")}
            <button class="btn primary" type="submit">"Compare"</button>
            {move || has_both().then(|| view! { <a class="btn" href=swapped>"Swap a and b"</a> })}
        </Form>
    }
}

/// `a`, `b`, and what stands beside them.
fn mark(n: usize) -> &'static str {
    ["a", "b", "c", "d", "e"].get(n).copied().unwrap_or_default()
}

fn heads(plans: &[PlanItem], words: &Words) -> impl IntoView + use<> {
    let rows = plans
        .iter()
        .enumerate()
        .map(|(n, plan)| {
            let hash = plan.checker_sha256.as_deref().map(|sha| sha.chars().take(12).collect::<String>());
            view! {
                <tr>
                    <td><strong>{mark(n)}</strong>" "<a href=format!("/planning/plans/{}", plan.plan_id)>{plan.label.clone()}</a><div class="sub">{plan.name.clone()}</div></td>
                    <td>{plan.scenario_name.clone()}</td>
                    <td><span class=format!("badge {}", plan.state.tone())>{plan.state.label()}</span></td>
                    <td>{horizon(plan.from, plan.until)}</td>
                    <td class="r num">{words.money(Some(plan.total_cost))}</td>
                    <td class="num">{hash}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card" data-plans>
            <header><h2>"Plans"</h2></header>
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"Plan"</th><th scope="col">"Scenario"</th><th scope="col">"State"</th><th scope="col">"Days"</th>
                    <th scope="col" class="r">"Cost in all"</th><th scope="col">"Checked"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
}

/// One row a figure, one column a plan, and how much b is more than a.
fn figures(
    title: &'static str,
    figures: &[ComparedFigure],
    plans: &[PlanItem],
    words: &Words,
) -> impl IntoView + use<> {
    let shown = |figure: &ComparedFigure, value: Option<f64>| match figure.unit {
        None => words.money(value),
        Some(_) => words.number(value, 4),
    };
    let rows = figures
        .iter()
        .map(|figure| {
            let scope = figure.scope.clone().map(|scope| format!(" {scope}"));
            let unit = figure.unit.as_deref().map(|unit| format!(" ({})", words.unit(unit)));
            let values = figure.values.iter().map(|value| view! { <td class="r num">{shown(figure, *value)}</td> });
            let both = figure.values.first().copied().flatten().zip(figure.values.get(1).copied().flatten());
            let more = both.map(|(a, b)| b - a).filter(|more| more.abs() > 1e-9);
            let more = more.map(|more| shown(figure, Some(more)));
            view! {
                <tr><td>{figure.name.replace('_', " ")}{scope}{unit}</td>{values.collect_view()}<td class="r num">{more}</td></tr>
            }
        })
        .collect_view();
    let columns = plans
        .iter()
        .enumerate()
        .map(|(n, plan)| view! { <th scope="col" class="r">{mark(n)}" "{plan.label.clone()}</th> })
        .collect_view();
    view! {
        <article class="card">
            <header><h2>{title}</h2></header>
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr><th scope="col">"Figure"</th>{columns}<th scope="col" class="r">"b less a"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </article>
    }
}

fn differences(of: &Comparison, search: Memo<String>, words: &Words) -> impl IntoView + use<> {
    let families =
        std::iter::once(("", "All rows")).chain(RowFamily::ALL.iter().map(|f| (f.as_str(), f.label()))).collect();
    let changes =
        std::iter::once(("", "Any change")).chain(RowChange::ALL.iter().map(|c| (c.as_str(), c.label()))).collect();
    let export = move |kind: &str| {
        let kept = search.get();
        format!("/api/v1/exports/plan-differences.{kind}?{}", kept.trim_start_matches('?'))
    };
    let shown = of.rows.len();
    let told = match of.row_count {
        0 => "No row differs.".to_owned(),
        1 => "One row differs.".to_owned(),
        n => format!("{} rows differ.", format::count(n, &words.locale)),
    };
    let cut = i64::try_from(shown).is_ok_and(|shown| shown < of.row_count);
    let cut = cut.then(|| format!(" The {shown} with the largest difference of cost stand here; the export has all."));
    let counts = RowFamily::ALL.iter().filter_map(|family| {
        let of = of.counts.get(family.as_str())?;
        let parts = RowChange::ALL.iter().filter_map(|change| {
            let n = of.get(change.as_str())?;
            Some(format!("{} {}", format::count(*n, &words.locale), change.label().to_lowercase()))
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        Some(view! { <div><dt>{family.label()}</dt><dd>{parts}</dd></div> })
    });
    let counts = counts.collect_view();
    let rows = of.rows.iter().map(|row| line(row, words)).collect_view().into_any();
    let table = (shown > 0).then(|| {
        table_card(
            "Row by row",
            &["Row", "Period", "Tonnes a", "Tonnes b", "Δ tonnes", "Δ trips", "Δ cost"],
            rows,
            None,
        )
    });
    view! {
        <section class="card" data-differences>
            <header><h2>"What differs"</h2></header>
            <p>{told}{cut}</p>
            <dl class="details">{counts}</dl>
            <Form method="get" action="/planning/compare" attr:class="filters">
                <Kept search name="a"/>
                <Kept search name="b"/>
                <Kept search name="beside"/>
                <Choice search name="family" label="Rows about" options=families/>
                <Choice search name="change" label="Change" options=changes/>
                <Text search name="q" label="Place or product" kind="search"/>
                <button class="btn" type="submit">"Apply"</button>
                <a class="btn" rel="external" href=move || export("csv")>"CSV"</a>
                <a class="btn" rel="external" href=move || export("xlsx")>"Excel"</a>
            </Form>
        </section>
        {table}
    }
}

fn line(row: &RowDifference, words: &Words) -> impl IntoView + use<> {
    let tone = match row.change {
        RowChange::Added => "badge good",
        RowChange::Removed => "badge bad",
        RowChange::Changed => "badge neutral",
    };
    let side = |side: Option<domain::planning::RowAmounts>| side.map(|of| words.tonnes(of.tonnes));
    let trips = row.delta_trips.filter(|trips| trips.abs() > 1e-9).map(|trips| words.number(Some(trips), 3));
    view! {
        <tr>
            <td>
                <span class=tone>{row.change.label()}</span>" "{row.place.clone()}
                <div class="sub">{row.family.label()}" · "{row.product.clone()}</div>
            </td>
            <td class="r">{row.period.clone()}</td>
            <td class="r num">{side(row.a)}</td>
            <td class="r num">{side(row.b)}</td>
            <td class="r num">{words.tonnes(row.delta_tonnes)}</td>
            <td class="r num">{trips}</td>
            <td class="r num">{words.money(Some(row.delta_cost))}</td>
        </tr>
    }
}
