//! `/planning/batches/{id}`: one input under many scenarios or draws, while they are solved, and what they cost together.

use super::amounts::Words;
use crate::{
    charts::batch::{batch_costs, batch_legend, batch_summary, served, served_legend, served_summary, span},
    components::{
        chart::ChartFigure,
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
        table::table_card,
    },
    context::{session, set_status},
    features::scenarios::{CancelPlanBatch, RetryPlanBatch, load_plan_batch},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    live::Topic,
    planning::{BatchDetail, BatchItem, BatchRun, BatchTotals, UNDER_CHANCE, WAIT_AND_SEE, histogram},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct BatchRoute {
    batch: PageData<Option<BatchDetail>>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    cancel: ServerAction<CancelPlanBatch>,
    retry: ServerAction<RetryPlanBatch>,
}

impl LazyPage for BatchRoute {
    fn data() -> Self {
        let params = use_params_map();
        let changed = use_topic(Topic::Planning);
        let acts = Acts { cancel: ServerAction::new(), retry: ServerAction::new() };
        let versions = (acts.cancel.version(), acts.retry.version());
        let asked =
            move || (params.read().get("id").unwrap_or_default(), changed.get(), versions.0.get(), versions.1.get());
        Self { batch: PageData::load(asked, |(id, ..)| load_plan_batch(id)), acts }
    }

    fn view(this: Self) -> AnyView {
        let BatchRoute { batch, acts } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(batch.await, move |batch| found(batch, acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(detail: Option<BatchDetail>, acts: Acts) -> AnyView {
    let Some(BatchDetail { batch, table, error_message }) = detail else {
        set_status(404);
        return view! {
            <PageHead title="Batch not found" scope="There is no batch with this address."/>
            <p><a class="btn" href="/planning/scenarios">"All scenarios"</a></p>
        }
        .into_any();
    };
    let words = Words { currency: batch.currency.clone(), locale: session().business.locale };
    let scope = match (&batch.scenario_name, batch.draws, batch.seed) {
        (Some(scenario), Some(draws), Some(seed)) => {
            format!("{}, {draws} draws of {scenario}, seed {seed}", batch.name)
        }
        _ => format!("{}, {} scenarios", batch.name, batch.runs),
    };
    let failed = error_message.map(|message| view! { <p class="banner bad" role="alert">{message}</p> });
    let totals = batch.totals.clone().map(|totals| costs(totals, &table, &words));
    let act = session().may(Permission::PlanRun).then(|| what_to_do(&batch, acts));
    view! {
        <PageHead title=batch.label.clone() scope=scope>
            <span class=format!("badge {}", batch.status.tone())>{batch.status.label()}</span>
            <a class="btn" href="/planning/scenarios">"Scenarios and batches"</a>
        </PageHead>
        <ErrorSummary state=FormState::of(acts.cancel)/>
        <ErrorSummary state=FormState::of(acts.retry)/>
        {failed}
        {standing(&batch, &words)}
        {act}
        {totals}
        {runs(table, &words)}
        <p class="scope">"Asked for "{when(batch.created_at)}" by "{batch.created_by}"."</p>
    }
    .into_any()
}

fn standing(batch: &BatchItem, words: &Words) -> impl IntoView + use<> {
    let progress = (!batch.status.is_over()).then(|| {
        view! { <progress max=batch.runs value=batch.ended aria-label="Runs that ended"></progress> }
    });
    let count = |n: i64| format::count(n, &words.locale);
    let (ended, failed) = (format!("{} of {}", count(batch.ended), count(batch.runs)), count(batch.failed));
    view! {
        <section class="card" data-standing>
            <header><h2>"Where it stands"</h2></header>
            {progress}
            <dl class="details">
                <div><dt>"Runs that ended"</dt><dd class="num">{ended}</dd></div>
                <div><dt>"Of them failed"</dt><dd class="num">{failed}</dd></div>
            </dl>
        </section>
    }
}

/// Figures, tails and the histogram of those that have a plan.
fn costs(totals: BatchTotals, table: &[BatchRun], words: &Words) -> AnyView {
    let lines = [
        ("Runs with a plan", format::count(totals.runs, &words.locale)),
        ("Mean", words.money(Some(totals.mean))),
        ("Standard deviation", words.money(totals.sd)),
        ("Least", words.money(Some(totals.min))),
        ("Most", words.money(Some(totals.max))),
    ];
    let lines =
        lines.map(|(name, value)| view! { <div><dt>{name}</dt><dd class="num">{value}</dd></div> }).collect_view();
    let tails = totals.tails.iter().map(|tail| {
        let (share, var) = (words.share(Some(tail.alpha)), words.money(Some(tail.value_at_risk)));
        let beyond = words.money(Some(tail.conditional_value_at_risk));
        view! { <tr><td>{share}</td><td class="r num">{var}</td><td class="r num">{beyond}</td></tr> }
    });
    let note =
        "VaR: the least cost that this share of the outcomes does not exceed. CVaR: the mean cost of what lies beyond.";
    let tails = table_card("Risk", &["Share", "VaR", "CVaR"], tails.collect_view().into_any(), Some(note.to_owned()));
    let bars = histogram(&table.iter().filter_map(|run| run.total_cost).collect::<Vec<_>>());
    let rows = bars
        .iter()
        .map(|bar| {
            let (of, runs) = (span(bar, words), format::count(bar.runs, &words.locale));
            view! { <tr><td class="num">{of}</td><td class="r num">{runs}</td></tr> }
        })
        .collect_view();
    let (summary, drawn) = (batch_summary(&totals, words), words.clone());
    let against = cost_and_service(table, words);
    view! {
        <section class="card" data-totals>
            <header><h2>"What they cost together"</h2></header>
            <p class="sub" data-basis>{basis(&totals.basis)}</p>
            <dl class="details">{lines}</dl>
            <ChartFigure label="Runs by cost" summary legend=batch_legend()
                option=move |palette| batch_costs(&bars, &drawn, palette)>
                <table>
                    <thead><tr><th scope="col">"Cost"</th><th scope="col" class="r">"Runs"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </ChartFigure>
        </section>
        {against}
        {tails}
    }
    .into_any()
}

/// What the costs of a batch mean, in a sentence.
fn basis(of: &str) -> &'static str {
    match of {
        WAIT_AND_SEE => "Wait and see: each run is optimised for its own outcome, as if it were known beforehand.",
        UNDER_CHANCE => {
            "This plan under chance: the decisions of one plan stand, and only what follows from them is found anew."
        }
        _ => "Some runs hold a plan fast, others are optimised for their own outcome: the table says which.",
    }
}

/// Each run by what it serves and costs.
fn cost_and_service(table: &[BatchRun], words: &Words) -> Option<AnyView> {
    let runs: Vec<BatchRun> =
        table.iter().filter(|run| run.total_cost.is_some() && run.fill_rate.is_some()).cloned().collect();
    (runs.len() > 1).then(|| {
        let rows = runs
            .iter()
            .map(|run| {
                let cells = [words.share(run.fill_rate), words.money(run.total_cost), words.share(Some(run.probability))];
                let cells = cells.map(|cell| view! { <td class="r num">{cell}</td> }).collect_view();
                view! { <tr><td>{run.scenario_name.clone()}<div class="sub">"draw "{run.draw}</div></td>{cells}</tr> }
            })
            .collect_view();
        let (summary, drawn) = (served_summary(&runs, words), words.clone());
        view! {
            <section class="card" data-served>
                <header><h2>"Cost against demand served"</h2></header>
                <ChartFigure label="Runs by demand served and cost" summary legend=served_legend()
                    option=move |palette| served(&runs, &drawn, palette)>
                    <table>
                        <thead><tr>
                            <th scope="col">"Scenario"</th><th scope="col" class="r">"Demand served"</th><th scope="col" class="r">"Cost"</th>
                            <th scope="col" class="r">"Weight"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </ChartFigure>
            </section>
        }
        .into_any()
    })
}

fn runs(table: Vec<BatchRun>, words: &Words) -> impl IntoView + use<> {
    let rows = table
        .into_iter()
        .map(|run| {
            let link = run.run_id.zip(run.label).map(|(id, label)| {
                if run.run_removed {
                    return view! { {label}<div class="sub" data-removed>"The run was removed; what it came to stays here."</div> }.into_any();
                }
                view! { <a href=format!("/planning/runs/{id}")>{label}</a> }.into_any()
            });
            let failed = run.error_message.map(|message| view! { <div class="sub">{message}</div> });
            let figures = [
                words.share(Some(run.probability)),
                words.money(run.total_cost),
                words.share(run.fill_rate),
                words.weight(run.shortage_tonnes),
            ];
            let figures = figures.map(|figure| view! { <td class="r num">{figure}</td> }).collect_view();
            view! {
                <tr>
                    <td>{run.scenario_name}<div class="sub">"draw "{run.draw}", "{run.basis}</div></td>
                    <td>{link}</td>
                    <td><span class=format!("badge {}", run.status.tone())>{run.status.label()}</span>{failed}</td>
                    {figures}
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card" data-runs>
            <header><h2>"Runs"</h2></header>
            <div class="table-wrap" tabindex="0">
                <table class="stack">
                    <thead><tr>
                        <th scope="col">"Scenario"</th><th scope="col">"Run"</th><th scope="col">"State"</th><th scope="col" class="r">"Weight"</th>
                        <th scope="col" class="r">"Cost"</th><th scope="col" class="r">"Demand served"</th><th scope="col" class="r">"Short"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn what_to_do(batch: &BatchItem, acts: Acts) -> AnyView {
    let id = batch.batch_id.to_string();
    if !batch.status.is_over() {
        return view! {
            <ActionForm action=acts.cancel>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <div class="form-actions"><button class="btn danger" type="submit">"Cancel what is not over"</button></div>
            </ActionForm>
        }
        .into_any();
    }
    let failed = batch.failed > 0 || batch.ended < batch.runs;
    if !failed || batch.status == domain::planning::BatchState::Cancelled {
        return ().into_any();
    }
    view! {
        <ActionForm action=acts.retry>
            <CsrfField/>
            <input type="hidden" name="id" value=id/>
            <div class="form-actions"><button class="btn primary" type="submit">"Solve again what failed"</button></div>
        </ActionForm>
    }
    .into_any()
}
