//! `/reports/daily/{date}`: the report of a day, to read, print and download.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
        table::table_card,
    },
    context::session,
    features::reports::{RebuildReport, SubscribeReport, load_report},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use chrono::{Days, NaiveDate};
use domain::{
    access::Permission,
    analytics::{DailyReport, ReportPage, ReportRevision, ReportScreen, ReportSubscription, UNCATEGORISED},
    format,
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::{use_location, use_params_map};

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct ReportRoute {
    date: Memo<String>,
    screen: PageData<ReportPage>,
    rebuild: ServerAction<RebuildReport>,
    subscribe: ServerAction<SubscribeReport>,
}

impl LazyPage for ReportRoute {
    fn data() -> Self {
        let (params, search) = (use_params_map(), use_location().search);
        let date = Memo::new(move |_| params.with(|p| p.get("date").unwrap_or_default()));
        let (changed, rebuild, subscribe) = (use_topic(Topic::Analytics), ServerAction::new(), ServerAction::new());
        let (built, wished) = (rebuild.version(), subscribe.version());
        let asked = move || (date.get(), search.get(), changed.get(), built.get() + wished.get());
        Self { date, screen: PageData::load(asked, |(date, query, ..)| load_report(date, query)), rebuild, subscribe }
    }

    fn view(this: Self) -> AnyView {
        let ReportRoute { date, screen, rebuild, subscribe } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    ready_or_failed(screen.await, move |of| page(of, &date.get(), rebuild, subscribe))
                })}
            </Transition>
        }
        .into_any()
    }
}

fn page(
    of: ReportPage,
    asked: &str,
    rebuild: ServerAction<RebuildReport>,
    subscribe: ServerAction<SubscribeReport>,
) -> AnyView {
    let ReportPage { screen, subscription } = of;
    let day: Option<NaiveDate> = asked.parse().ok();
    let title = day.map_or_else(|| "Daily report".to_owned(), |day| format!("Report of {}", format::date(day)));
    let beside = |day: Option<NaiveDate>, words: &'static str| {
        day.map(|day| view! { <a class="btn" href=format!("/reports/daily/{day}")>{words}</a> })
    };
    let files = screen.as_ref().filter(|_| session().may(Permission::AccessExport)).map(|screen| {
        let file =
            format!("/api/v1/reports/daily/{}/file?revision={}&format=", screen.report.date, screen.shown.revision);
        view! {
            <a class="btn" rel="external" href=format!("{file}csv")>"CSV"</a>
            <a class="btn" rel="external" href=format!("{file}xlsx")>"XLSX"</a>
            <a class="btn" rel="external" href=format!("{file}pdf")>"PDF"</a>
        }
    });
    let may_rebuild = session().may(Permission::JobsRun) && day.is_some();
    let date = asked.to_owned();
    let build = may_rebuild.then(|| {
        let words = if screen.is_some() { "Rebuild" } else { "Build it" };
        view! {
            <ActionForm action=rebuild>
                <CsrfField/>
                <input type="hidden" name="date" value=date/>
                <button class="btn" type="submit">{words}</button>
            </ActionForm>
        }
    });
    let scope = screen.as_ref().map_or_else(String::new, |screen| {
        format!(
            "{} · {} · revision {}",
            format::date_long(screen.report.date),
            screen.report.zone,
            screen.shown.revision
        )
    });
    view! {
        <PageHead title=title scope=scope>
            {beside(day.and_then(|day| day.checked_sub_days(Days::new(1))), "Day before")}
            {beside(day.and_then(|day| day.checked_add_days(Days::new(1))), "Day after")}
            {files}
            {build}
        </PageHead>
        <ErrorSummary state=FormState::of(rebuild)/>
        <ErrorSummary state=FormState::of(subscribe)/>
        {match screen {
            Some(screen) => shown(screen).into_any(),
            None => view! { <Empty message="There is no report of this day. It is built when the day is over."/> }.into_any(),
        }}
        {day.map(|day| by_mail(subscription, day, subscribe))}
    }
    .into_any()
}

fn by_mail(of: ReportSubscription, day: NaiveDate, subscribe: ServerAction<SubscribeReport>) -> impl IntoView {
    let (said, words) = if of.subscribed {
        ("The report of each day is mailed to you in the night after it.", "Stop")
    } else {
        ("The report of each day is not mailed to you.", "Mail me the report each night")
    };
    let unset = (!of.mails).then_some(" No mail server is set: nothing is sent until an administrator sets one.");
    view! {
        <article class="card" data-by-mail>
            <header><h2>"By mail"</h2></header>
            <p>{said}{unset}</p>
            <ActionForm action=subscribe>
                <CsrfField/>
                <input type="hidden" name="date" value=day.to_string()/>
                <input type="hidden" name="subscribed" value=(!of.subscribed).to_string()/>
                <div class="form-actions"><button class="btn" type="submit">{words}</button></div>
            </ActionForm>
        </article>
    }
}

fn shown(screen: ReportScreen) -> impl IntoView {
    let ReportScreen { report, shown, revisions } = screen;
    let failed = (!report.failed.is_empty()).then(
        || view! { <p class="banner bad" role="status">"Unavailable when built: "{report.failed.join(", ")}</p> },
    );
    view! {
        {failed}
        {figures(&report)}
        <section class="grid2">{hours(&report)}{products(&report)}</section>
        {categories(&report)}
        {history(&revisions, &shown)}
    }
}

fn figures(report: &DailyReport) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let rows = report
        .figures
        .iter()
        .map(|f| {
            view! {
                <tr>
                    <td>{f.label.clone()}</td>
                    <td class="r num">{report.words(f, f.value, &locale)}</td>
                    <td class="r num">{report.against(f, f.day_before, &locale)}</td>
                    <td class="r num">{report.against(f, f.week_before, &locale)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <article class="card" data-figures>
            <header><h2>"The day"</h2></header>
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"Figure"</th><th scope="col" class="r">"This day"</th>
                    <th scope="col" class="r">"Day before"</th><th scope="col" class="r">"Week before"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </article>
    }
}

fn hours(report: &DailyReport) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let rows = report
        .hours
        .iter()
        .map(|h| {
            view! {
                <tr>
                    <td>{format::time(h.hour)}</td>
                    <td class="r num">{format::money(h.total_sales, report.currency, &locale)}</td>
                    <td class="r num">{format::count(h.transaction_count, &locale)}</td>
                </tr>
            }
        })
        .collect_view();
    table_card("Hours", &["Hour", "Revenue", "Orders"], rows.into_any(), None)
}

fn products(report: &DailyReport) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let rows = report
        .products
        .iter()
        .map(|p| {
            view! {
                <tr>
                    <td>{p.name.clone()}<div class="sub">{p.sku.clone()}</div></td>
                    <td class="r num">{format::money(p.total_revenue, report.currency, &locale)}</td>
                    <td class="r num">{format::number(p.units, &locale)}</td>
                </tr>
            }
        })
        .collect_view();
    table_card("Top products", &["Product", "Revenue", "Units"], rows.into_any(), None)
}

fn categories(report: &DailyReport) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let rows = report
        .categories
        .iter()
        .map(|c| {
            view! {
                <tr>
                    <td>{c.category.clone().unwrap_or_else(|| UNCATEGORISED.to_owned())}</td>
                    <td class="r num">{format::money(c.total_sales, report.currency, &locale)}</td>
                    <td class="r num">{format::count(c.transaction_count, &locale)}</td>
                </tr>
            }
        })
        .collect_view();
    table_card("Categories", &["Category", "Revenue", "Orders"], rows.into_any(), None)
}

fn history(revisions: &[ReportRevision], shown: &ReportRevision) -> impl IntoView + use<> {
    let rows = revisions
        .iter()
        .map(|r| {
            let href = format!("/reports/daily/{}?revision={}", r.date, r.revision);
            view! {
                <li>
                    <a href=href aria-current=(r.revision == shown.revision).then_some("true")>{format!("Revision {}", r.revision)}</a>
                    <div>{r.reason.clone()}<div class="sub"><code>{r.sha256.chars().take(16).collect::<String>()}</code></div></div>
                    <time datetime=format::date_time_machine(r.built_at) title=format::date_time_full(r.built_at)>{format::date_time(r.built_at)}</time>
                </li>
            }
        })
        .collect_view();
    view! {
        <article class="card" data-revisions>
            <header><h2>"Revisions"</h2></header>
            <ul class="list">{rows}</ul>
        </article>
    }
}
