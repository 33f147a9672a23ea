//! `/fraud/backtests/{id}`: what a backtest found.

use super::backtests::{days, tone};
use crate::{
    charts::{precision_legend, precision_over_recall},
    components::{
        chart::ChartFigure,
        page::PageHead,
        states::{Loading, ready_or_failed},
        table::table_card,
    },
    context::{session, set_status},
    features::backtests::load_backtest,
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    fraud::{
        Outcome,
        backtest::{BacktestDetail, BacktestState, Learned, Ranking, RankingRow, Report, Share},
    },
    live::Topic,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use rust_decimal::Decimal;

#[derive(Debug)]
pub struct BacktestRoute {
    backtest: PageData<Option<BacktestDetail>>,
}

impl LazyPage for BacktestRoute {
    fn data() -> Self {
        let params = use_params_map();
        let changed = use_topic(Topic::Fraud);
        let asked = move || (params.read().get("id").unwrap_or_default(), changed.get());
        Self { backtest: PageData::load(asked, |(id, _)| load_backtest(id)) }
    }

    fn view(this: Self) -> AnyView {
        let backtest = this.backtest;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(backtest.await, found) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(detail: Option<BacktestDetail>) -> AnyView {
    let Some(BacktestDetail { row, report }) = detail else {
        set_status(404);
        return view! {
            <PageHead title="Backtest not found" scope="There is no backtest with this address."/>
            <p><a class="btn" href="/fraud/backtests">"All backtests"</a></p>
        }
        .into_any();
    };
    let source = row.dataset.clone().unwrap_or_else(|| "own sales".to_owned());
    let scope = format!("{source}, {}, by {}", days(&row), row.by);
    let scores = (row.state == BacktestState::Finished).then(|| {
        view! { <a class="btn" rel="external" href=format!("/api/v1/fraud/backtests/{}/scores", row.id)>"Scores as CSV"</a> }
    });
    let job = row.job_id.filter(|_| session().may(Permission::JobsView));
    let job = job.map(|id| view! { <a class="btn" href=format!("/jobs/{id}")>"Its job"</a> });
    let outdated = row.outdated.then(|| {
        view! { <p class="banner warn" role="status">"The rule set was changed since: this says nothing about it as it is now."</p> }
    });
    let body = match (row.state, report) {
        (_, Some(report)) => shown(report).into_any(),
        (BacktestState::Failed, None) => {
            view! { <p class="banner bad" role="alert">{row.fault.unwrap_or_default()}</p> }.into_any()
        }
        _ => view! { <p role="status">"It is being worked on; the report comes by itself, without script after a reload."</p> }
            .into_any(),
    };
    view! {
        <PageHead title=format!("Backtest of #{} {}", row.rule_set, row.rule_set_name) scope>
            <span class=format!("badge {}", tone(row.state))>{row.state.label()}</span>
            <a class="btn" href="/fraud/backtests">"All backtests"</a>
            {job}
            {scores}
        </PageHead>
        {outdated}
        {body}
    }
    .into_any()
}

fn share(share: Option<Share>) -> String {
    share.map_or_else(
        || format::UNKNOWN.to_owned(),
        |of| {
            let [share, low, high] = [of.share, of.low, of.high].map(|share| format::percent(share, 1));
            format!("{share} ({low} to {high}, n {})", of.n)
        },
    )
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| format::UNKNOWN.to_owned(), |share| format::percent(share, 2))
}

fn measure(value: Option<f64>) -> String {
    value.map_or_else(|| format::UNKNOWN.to_owned(), |value| format!("{value:.4}"))
}

fn shown(report: Report) -> impl IntoView {
    let locale = session().business.locale;
    let count = |n: i64| format::count(n, &locale);
    let summary = [
        ("Sales", count(report.sales)),
        ("Frauds among those whose truth is known", format!("{} of {}", count(report.frauds), count(report.labelled))),
        (
            "Cases a day",
            format::number(Decimal::from_f64_retain(report.cases_per_day).unwrap_or_default().round_dp(1), &locale),
        ),
        ("Amount held", format::number(report.held_value, &locale)),
        ("Left out: fraud of the customer known before", count(report.known_before)),
        ("Left out: no exchange rate", count(report.without_rate)),
        ("Took", format!("{:.1} s", report.seconds)),
    ];
    let summary =
        summary.map(|(term, value)| view! { <div><dt>{term}</dt><dd class="num">{value}</dd></div> }).collect_view();
    let unknown = (!report.unknown_features.is_empty()).then(|| {
        format!("Unknown of every sale, so that rules over it did not hit: {}.", report.unknown_features.join("; "))
    });
    let attached = report.attached.map(|number| {
        view! { <p class="sub">{format!("Outcomes and thresholds count the points of learned score {number}, which the set uses.")}</p> }
    });
    let learned = report.learned.as_ref().map(learned);
    let unlearned = report
        .unlearned
        .clone()
        .map(|why| view! { <p class="banner warn" role="status">"No score was learned. "{why}</p> });
    view! {
        <section class="card" data-summary><dl class="details">{summary}</dl>{attached}</section>
        {unlearned}
        {rankings(report.rankings.clone())}
        {outcomes(&report, &locale)}
        {rules(&report, &locale, unknown)}
        {thresholds(&report, &locale)}
        {differences(&report, &locale)}
        {learned}
    }
}

fn rankings(rankings: Vec<RankingRow>) -> impl IntoView {
    let rows = rankings
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <td>{row.ranking.label()}</td>
                    <td class="r num">{measure(row.roc_auc)}</td>
                    <td class="r num">{measure(row.average_precision)}</td>
                    <td class="r num">{measure(row.card_precision)}</td>
                </tr>
            }
        })
        .collect_view();
    let best = rankings.iter().filter(|row| row.ranking != Ranking::Amount);
    let best =
        best.max_by(|a, b| a.average_precision.unwrap_or_default().total_cmp(&b.average_precision.unwrap_or_default()));
    let summary = best.and_then(|row| Some((row.ranking, row.average_precision?))).map_or_else(
        || "Without a known fraud there is nothing to measure.".to_owned(),
        |(ranking, ap)| {
            format!(
                "Precision upwards over recall, in per cent. Best average precision: {} with {ap:.4}.",
                ranking.label()
            )
        },
    );
    let legend = precision_legend(&rankings);
    view! {
        <article class="card" data-rankings>
            <header><h2>"How well frauds are told from the rest"</h2></header>
            <ChartFigure label="Precision over recall" summary legend option=move |palette| precision_over_recall(&rankings, palette)>
                <table>
                    <thead><tr>
                        <th scope="col">"Ordered by"</th><th scope="col" class="r">"ROC AUC"</th>
                        <th scope="col" class="r">"Average precision"</th><th scope="col" class="r">"Card precision"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </ChartFigure>
        </article>
    }
}

fn outcomes(report: &Report, locale: &str) -> AnyView {
    let rows = report
        .outcomes
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <td>{row.outcome.label()}</td>
                    <td class="r num">{format::count(row.sales, locale)}</td>
                    <td class="r num">{format::count(row.frauds, locale)}</td>
                    <td class="r num">{format::number(row.amount, locale)}</td>
                </tr>
            }
        })
        .collect_view();
    table_card("Outcomes", &["Outcome", "Sales", "Frauds", "Amount"], rows.into_any(), None)
}

fn rules(report: &Report, locale: &str, note: Option<String>) -> AnyView {
    let rows = report
        .rules
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <td>{row.text.clone()}<div class="sub">{row.code.clone()}</div></td>
                    <td class="r num">{format::count(row.hits, locale)}</td>
                    <td class="r num">{format::count(row.confirmed, locale)}</td>
                    <td class="r num">{share(row.precision)}</td>
                    <td class="r num">{percent(row.recall)}</td>
                </tr>
            }
        })
        .collect_view();
    table_card("Rules", &["Rule", "Hits", "Frauds", "Precision (95 %)", "Recall"], rows.into_any(), note)
}

fn thresholds(report: &Report, locale: &str) -> AnyView {
    let rows = report
        .thresholds
        .iter()
        .map(|row| {
            let begins = row.outcome.map(|outcome| match outcome {
                Outcome::Review | Outcome::Approve => "Review from here",
                Outcome::Hold => "Hold from here",
                Outcome::Decline => "Decline from here",
            });
            view! {
                <tr>
                    <td>{format::number(row.points, locale)}" points "{begins.map(|words| view! { <span class="badge neutral">{words}</span> })}</td>
                    <td class="r num">{format::count(row.sales, locale)}</td>
                    <td class="r num">{share(row.precision)}</td>
                    <td class="r num">{percent(row.recall)}</td>
                </tr>
            }
        })
        .collect_view();
    table_card("Thresholds", &["From", "Sales", "Precision (95 %)", "Recall"], rows.into_any(), None)
}

fn differences(report: &Report, locale: &str) -> AnyView {
    if report.differences.is_empty() {
        let told = format!("The set in force (#{}) would have judged every sale alike.", report.live_set);
        return view! { <section class="card"><header><h2>"Against the set in force"</h2></header><p>{told}</p></section> }
            .into_any();
    }
    let rows = report
        .differences
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <td>{row.live.label()}" → "{row.tried.label()}</td>
                    <td class="r num">{format::count(row.sales, locale)}</td>
                    <td class="r num">{format::count(row.frauds, locale)}</td>
                </tr>
            }
        })
        .collect_view();
    let note = Some(format!("Set #{} is in force.", report.live_set));
    table_card("Against the set in force", &["From, to", "Sales", "Frauds"], rows.into_any(), note)
}

fn learned(of: &Learned) -> AnyView {
    let locale = session().business.locale;
    let rows = of
        .weights
        .iter()
        .map(
            |row| view! { <tr><td>{row.input.clone()}</td><td class="r num">{format!("{:+.3}", row.weight)}</td></tr> },
        )
        .collect_view();
    let note = format!(
        "Logistic regression, learned from {} labelled sales with {} frauds. Weights of standardised inputs; intercept {:+.3}.",
        format::count(of.labelled, &locale),
        format::count(of.frauds, &locale),
        of.intercept
    );
    let note = match of.model {
        Some(number) => format!("{note} Drafts of rule sets can use it as learned score {number}."),
        None => note,
    };
    table_card("Learned score", &["Input", "Weight"], rows.into_any(), Some(note))
}
