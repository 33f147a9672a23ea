//! `/planning/runs/{id}`: a run while it is solved, and what came of it.

use super::{amounts::Words, force, plan};
use crate::{
    charts::planning::{solve_course, solve_legend, solve_summary},
    components::{
        chart::ChartFigure,
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::{
        planning::{CancelPlanRun, RemovePlanRun, SolveAgain, load_plan_run},
        plans::LetPlanLimitGo,
    },
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    live::Topic,
    planning::{ProgressPoint, RunDetail, RunState, RunStatus},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct PlanRunRoute {
    run: PageData<Option<RunDetail>>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    cancel: ServerAction<CancelPlanRun>,
    remove: ServerAction<RemovePlanRun>,
    again: ServerAction<SolveAgain>,
    let_go: ServerAction<LetPlanLimitGo>,
}

impl LazyPage for PlanRunRoute {
    fn data() -> Self {
        let params = use_params_map();
        let changed = use_topic(Topic::Optimize);
        let acts = Acts {
            cancel: ServerAction::new(),
            remove: ServerAction::new(),
            again: ServerAction::new(),
            let_go: ServerAction::new(),
        };
        let version = acts.cancel.version();
        let asked = move || (params.read().get("id").unwrap_or_default(), changed.get(), version.get());
        Self { run: PageData::load(asked, |(id, ..)| load_plan_run(id)), acts }
    }

    fn view(this: Self) -> AnyView {
        let PlanRunRoute { run, acts } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(run.await, move |run| found(run, acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(detail: Option<RunDetail>, acts: Acts) -> AnyView {
    let Some(detail) = detail else {
        set_status(404);
        return view! {
            <PageHead title="Run not found" scope="There is no run with this address."/>
            <p><a class="btn" href="/planning/runs">"All runs"</a></p>
        }
        .into_any();
    };
    let RunDetail { run, time_limit_seconds, now, course, plan: page, forced_from } = detail;
    let words = Words { currency: run.currency.clone(), locale: session().business.locale };
    let id = run.run_id.to_string();
    let version = run.scenario_version.map(|version| format!(", version {version}")).unwrap_or_default();
    let draw = run.batch_id.map(|_| format!(", draw {}", run.draw)).filter(|_| run.draw > 0).unwrap_or_default();
    let scope = format!("{}, scenario {}{version}{draw}", run.name, run.scenario_name);
    let batch =
        run.batch_id.map(|batch| view! { <a class="btn" href=format!("/planning/batches/{batch}")>"Its batch"</a> });
    let over = now.status.is_over();
    let failed = run.error_message.clone().filter(|_| over && run.status == RunState::Failed);
    let failed = failed.map(|message| view! { <p class="banner bad" role="alert">{message}</p> });
    let outcome = run.outcome.map(|of| view! { <span class=format!("badge {}", of.tone())>{of.label()}</span> });
    let plan = page.as_ref().and_then(|page| Some((page.results.plan_id?, page.results.is_relaxed)));
    let plan = plan.map(|(plan, is_relaxed)| {
        let words = if is_relaxed { "Its way out" } else { "Its plan" };
        view! { <a class="btn primary" href=format!("/planning/plans/{plan}")>{words}</a> }
    });
    let forced = forced_from.zip(page.as_ref());
    let forced = forced.and_then(|(from, page)| force::difference(&from, &page.results, &words));
    view! {
        <PageHead title=run.label.clone() scope=scope>
            <span class=format!("badge {}", run.status.tone())>{run.status.label()}</span>
            {outcome}
            {plan}
            {batch}
            <a class="btn" href="/planning/runs">"All runs"</a>
        </PageHead>
        <ErrorSummary state=FormState::of(acts.cancel)/>
        <ErrorSummary state=FormState::of(acts.remove)/>
        <ErrorSummary state=FormState::of(acts.again)/>
        <ErrorSummary state=FormState::of(acts.let_go)/>
        {failed}
        {standing(&now, time_limit_seconds, &words)}
        {drawn(course, words.clone())}
        {session().may(Permission::PlanRun).then(|| what_to_do(&id, over, acts))}
        {forced}
        {page.map(|page| plan::shown(page, words, acts.let_go))}
        {files(&id, over)}
        <p class="scope">"Asked for "{when(run.created_at)}" by "{run.created_by}"."</p>
    }
    .into_any()
}

/// What can be taken away: results beside the input once it is over, the model at any time.
fn files(id: &str, over: bool) -> impl IntoView + use<> {
    const RESULTS: [(&str, &str); 3] = [("xlsx", "Workbook"), ("csv", "CSV (zip)"), ("json", "JSON")];
    const MODEL: [(&str, &str); 2] = [("lp", "Model as LP"), ("mps", "Model as MPS")];
    let results = if over { &RESULTS[..] } else { &[] };
    let links = results.iter().chain(&MODEL).map(|(form, label)| {
        let address = format!("/api/v1/optimize/{id}/export?format={form}");
        view! { <a class="btn" rel="external" download="" href=address>{*label}</a> }
    });
    let links = links.collect_view();
    view! {
        <section class="card" data-files>
            <header><h2>"Files"</h2></header>
            <div class="form-actions">{links}</div>
            <p class="help">"The workbook and the CSV files hold the input, too, and can be solved again."</p>
        </section>
    }
}

/// Where it stands.
fn standing(now: &RunStatus, limit: f64, words: &Words) -> impl IntoView + use<> {
    let seconds = |value: Option<f64>| value.map_or_else(|| format::UNKNOWN.to_owned(), |s| format!("{s:.1} s"));
    let place = now.queue_position.map(|place| {
        view! { <div><dt>"Place in the queue"</dt><dd class="num">{format::count(place, &words.locale)}</dd></div> }
    });
    let until = now.estimated_completion.filter(|_| !now.status.is_over()).map(|at| {
        view! { <div><dt>"Likely over"</dt><dd class="num">{when(at)}</dd></div> }
    });
    let nodes = now.nodes.map_or_else(|| format::UNKNOWN.to_owned(), |n| format::count(n, &words.locale));
    let progress = (!now.status.is_over()).then(|| {
        view! { <progress max="100" value=now.progress aria-label="How far it is"></progress> }
    });
    view! {
        <section class="card" data-standing>
            <header><h2>"Where it stands"</h2></header>
            {progress}
            <dl class="details">
                {place}
                <div><dt>"Best plan"</dt><dd class="num">{words.money(now.incumbent)}</dd></div>
                <div><dt>"No plan is cheaper than"</dt><dd class="num">{words.money(now.bound)}</dd></div>
                <div><dt>"Gap"</dt><dd class="num">{words.share(now.gap)}</dd></div>
                <div><dt>"Nodes looked at"</dt><dd class="num">{nodes}</dd></div>
                <div><dt>"Running for"</dt><dd class="num">{seconds(now.elapsed_seconds)}" of "{seconds(Some(limit))}" at most"</dd></div>
                {until}
            </dl>
        </section>
    }
}

/// Its course, once there is one.
fn drawn(course: Vec<ProgressPoint>, words: Words) -> Option<impl IntoView> {
    let has_any = course.iter().any(|point| point.incumbent.is_some() || point.bound.is_some());
    has_any.then(|| {
        let rows = course
            .iter()
            .map(|point| {
                let cells = [words.money(point.incumbent), words.money(point.bound), words.share(point.gap)];
                let cells = cells.map(|cell| view! { <td class="r num">{cell}</td> });
                view! { <tr><td class="num">{format!("{:.1} s", point.elapsed_seconds)}</td>{cells.collect_view()}</tr> }
            })
            .collect_view();
        let (summary, currency) = (solve_summary(&course, &words), words.currency);
        view! {
            <section class="card" data-course>
                <header><h2>"Best plan and bound"</h2></header>
                <ChartFigure label="Best plan and bound over time" summary legend=solve_legend()
                    option=move |palette| solve_course(&course, &currency, palette)>
                    <table>
                        <thead><tr>
                            <th scope="col">"After"</th><th scope="col" class="r">"Best plan"</th><th scope="col" class="r">"Bound"</th>
                            <th scope="col" class="r">"Gap"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </ChartFigure>
            </section>
        }
    })
}

fn what_to_do(id: &str, over: bool, acts: Acts) -> AnyView {
    let id = id.to_owned();
    if over {
        let same = id.clone();
        return view! {
            <div class="form-actions">
                <ActionForm action=acts.again>
                    <CsrfField/>
                    <input type="hidden" name="id" value=same/>
                    <button class="btn" type="submit">"Solve again"</button>
                </ActionForm>
                <ActionForm action=acts.remove>
                    <CsrfField/>
                    <input type="hidden" name="id" value=id/>
                    <button class="btn" type="submit">"Remove this run"</button>
                </ActionForm>
            </div>
        }
        .into_any();
    }
    let (stop, kept) = (id.clone(), id);
    view! {
        <div class="form-actions">
            <ActionForm action=acts.cancel>
                <CsrfField/>
                <input type="hidden" name="id" value=stop/>
                <input type="hidden" name="keep" value="true"/>
                <button class="btn primary" type="submit">"Good enough: stop and keep the plan"</button>
            </ActionForm>
            <ActionForm action=acts.cancel>
                <CsrfField/>
                <input type="hidden" name="id" value=kept/>
                <button class="btn danger" type="submit">"Cancel without a plan"</button>
            </ActionForm>
        </div>
    }
    .into_any()
}
