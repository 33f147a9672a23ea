//! `/overview/drill`: rehearsing trouble. Whole with and without script.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::overview::fault_drill::{RunAllDrills, StartDrill, StopDrill, load_drill},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
    passing::use_seconds,
};
use domain::{
    format,
    live::Topic,
    overview::fault_drill::{DrillCheck, DrillRun, DrillScreen, Fault, Reach, RunningDrill, SECONDS},
};
use leptos::{prelude::*, server_fn::ServerFn};

/// The page of the drills.
#[derive(Debug)]
pub struct FaultDrillRoute {
    screen: PageData<DrillScreen>,
}

impl LazyPage for FaultDrillRoute {
    fn data() -> Self {
        let (system, metric) = (use_topic(Topic::System), use_topic(Topic::Metric));
        Self { screen: PageData::load(move || (system.get(), metric.get()), |_| load_drill()) }
    }

    fn view(this: Self) -> AnyView {
        let screen = this.screen;
        view! {
            <PageHead title="Fault drill" scope="Figures are made to fail in this server for a while; the database itself is left alone">
                <a class="btn" href="/">"Overview"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, shown) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: DrillScreen) -> AnyView {
    let DrillScreen { running, runs, runs_unavailable, metrics, .. } = screen;
    view! {
        {match running {
            Some(drill) => under_way(drill).into_any(),
            None => view! { {all_checks()} {start_form(metrics)} }.into_any(),
        }}
        {if runs_unavailable {
            view! { <p class="note">"Past drills cannot be read just now."</p> }.into_any()
        } else {
            past(runs)
        }}
    }
    .into_any()
}

fn under_way(drill: RunningDrill) -> impl IntoView {
    let faults = if drill.checking {
        "All checks are being run, one fault after the other.".to_owned()
    } else {
        drill.faults.iter().map(told).collect::<Vec<_>>().join(", ")
    };
    let servers = if drill.scope == Reach::All { "in all servers" } else { "in this server" };
    let seen = (!drill.checks.is_empty()).then(|| {
        let passed = drill.checks.iter().filter(|check| check.passed).count();
        let words = format!("{passed} of {} checks passed so far", drill.checks.len());
        view! { <p role="status" data-seen>{words}</p> {checks_table(drill.checks)} }
    });
    let (passed, left) = (use_seconds(), drill.remaining_seconds);
    let since = passed.get_untracked();
    let remaining = move || format::duration((left - i64::from(passed.get().saturating_sub(since))).max(0));
    view! {
        <section class="card" aria-labelledby="drill-running" data-drill>
            <header><h2 id="drill-running">"Under way"</h2></header>
            <p>{faults}</p>
            <p class="sub">{format!(
                "Begun by {} at {}, {servers}; ends by itself at {} at the latest, in ",
                drill.started_by, format::time(drill.started_at), format::time(drill.ends_at)
            )}<span class="num">{remaining}</span>"."</p>
            {seen}
            <form method="post" action=StopDrill::PATH>
                <CsrfField/>
                <button class="btn danger" type="submit">"Stop now"</button>
            </form>
        </section>
    }
}

fn told(fault: &Fault) -> String {
    match (fault, fault.metric()) {
        (Fault::ReplicaLag { seconds }, _) => format!("{} ({seconds} s)", fault.label()),
        (Fault::SlowQuery { ms, .. }, Some(metric)) => format!("{} ({metric}, {ms} ms)", fault.label()),
        (_, Some(metric)) => format!("{} ({metric})", fault.label()),
        (_, None) => fault.label().to_owned(),
    }
}

fn all_checks() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="drill-all">
            <header><h2 id="drill-all">"Run all checks"</h2></header>
            <p>"Five faults come one after the other: database unreachable, a failing, a slow, a silent and a lying query. After each the overview is looked at: does it answer, do the last numbers stand with their age and reason, are the others untouched, and is everything live again within ten seconds. It takes about half a minute."</p>
            <form method="post" action=RunAllDrills::PATH>
                <CsrfField/>
                <button class="btn primary" type="submit">"Run all checks"</button>
            </form>
        </section>
    }
}

fn start_form(metrics: Vec<String>) -> impl IntoView {
    let state = FormState::plain(StartDrill::PATH);
    let (kind, metric) = (state.typed("kind", "query_error"), state.typed("metric", "sales.orders"));
    let (ms, seconds) = (state.typed("ms", "3000"), state.typed("duration_seconds", "60"));
    let lag = state.typed("lag_seconds", "30");
    let kinds = Fault::KINDS
        .map(|(value, label)| view! { <option value=value selected=value == kind>{label}</option> })
        .collect_view();
    let metrics = metrics
        .into_iter()
        .map(|key| {
            let chosen = key == metric;
            view! { <option value=key.clone() selected=chosen>{key.clone()}</option> }
        })
        .collect_view();
    view! {
        <section class="card" aria-labelledby="drill-start">
            <header><h2 id="drill-start">"One fault"</h2></header>
            <ErrorSummary state/>
            <form class="form" method="post" action=StartDrill::PATH>
                <CsrfField/>
                <div class="form-grid">
                    <div class="field"><label for="kind">"What fails"</label><select id="kind" name="kind">{kinds}</select></div>
                    <div class="field"><label for="metric">"Figure"</label><select id="metric" name="metric">{metrics}</select></div>
                    <div class="field"><label for="ms">"Milliseconds, of a slow query"</label><input id="ms" name="ms" inputmode="numeric" value=ms/></div>
                    <div class="field"><label for="lag_seconds">"Seconds behind, of the database"</label><input id="lag_seconds" name="lag_seconds" inputmode="numeric" value=lag/></div>
                    <div class="field">
                        <label for="duration_seconds">"Lasts, in seconds"</label>
                        <input id="duration_seconds" name="duration_seconds" type="number" min=SECONDS.start().to_string() max=SECONDS.end().to_string() value=seconds required/>
                    </div>
                </div>
                <div class="field"><label><input type="checkbox" name="everywhere" value="1"/>" In all servers"</label></div>
                <div class="form-actions"><button class="btn danger" type="submit">"Begin the drill"</button></div>
            </form>
        </section>
    }
}

fn past(runs: Vec<DrillRun>) -> AnyView {
    if runs.is_empty() {
        return view! { <Empty message="No drill yet. Run all checks, and see whether the overview stands."/> }
            .into_any();
    }
    let runs = runs.into_iter().map(run).collect_view();
    view! { <section class="card" aria-labelledby="drill-past"><header><h2 id="drill-past">"Past drills"</h2><a class="btn" rel="external" href="/api/v1/drill/runs" download="drills.json">"Export JSON"</a></header>{runs}</section> }.into_any()
}

fn run(run: DrillRun) -> impl IntoView {
    let checked = !run.checks.is_empty();
    let (class, verdict) = match (run.ended_at, checked, run.failed) {
        (None, ..) => ("badge neutral", "under way, or broken off".to_owned()),
        (_, false, _) => ("badge neutral", "ended".to_owned()),
        (_, true, 0) => ("badge good", format!("{} checks passed", run.passed)),
        (_, true, n) => ("badge bad", format!("{n} of {} checks failed", run.passed + run.failed)),
    };
    let faults = run.faults.iter().map(told).collect::<Vec<_>>().join(", ");
    let checks = checked.then(|| {
        view! { <details><summary class="btn">"Checks"</summary>{checks_table(run.checks)}</details> }
    });
    view! {
        <article class="stack-y" data-drill-run>
            <p>
                <time datetime=format::date_time_machine(run.started_at) title=format::date_time_full(run.started_at)>{format::date_time(run.started_at)}</time>
                " by "{run.started_by}" "<span class=class>{verdict}</span>
            </p>
            <p class="sub">{faults}</p>
            {checks}
        </article>
    }
}

fn checks_table(checks: Vec<DrillCheck>) -> impl IntoView {
    let rows = checks.into_iter().map(check).collect_view();
    view! {
        <div class="table-wrap" tabindex="0">
            <table class="stack">
                <thead><tr><th scope="col">"Fault"</th><th scope="col">"Check"</th><th scope="col">"Passed"</th><th scope="col">"Seen"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn check(check: DrillCheck) -> impl IntoView {
    let (class, word) = if check.passed { ("badge good", "yes") } else { ("badge bad", "no") };
    view! {
        <tr>
            <td data-label="Fault">{check.fault}</td>
            <td data-label="Check">{check.check}</td>
            <td data-label="Passed"><span class=class>{word}</span></td>
            <td data-label="Seen">{check.seen}</td>
        </tr>
    }
}
