//! `/overview/kpis/{metric}`: the receipt of a figure and the rows behind it.

use super::{receipt, rows, scope_bar::scope_words, tiles::delta};
use crate::{
    components::{
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading},
    },
    context::{session, set_status},
    fault::Fault,
    features::overview::load_rows,
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
    pages::not_found::NotFound,
};
use domain::{
    ErrorCode,
    access::Permission,
    format,
    live::Topic,
    money::Currency,
    overview::{Drill, DrillRows, DrillSort, Earlier, HistoryItem, Tile},
    query,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_params_map};

#[derive(Debug)]
pub struct DrillRoute {
    search: Memo<String>,
    drill: PageData<Drill>,
}

impl LazyPage for DrillRoute {
    fn data() -> Self {
        let search = use_location().search;
        let params = use_params_map();
        let changed = [Topic::Transactions, Topic::Inventory].map(use_topic);
        let asked = move || {
            let metric = params.with(|p| p.get("metric").unwrap_or_default());
            (metric, search.get(), changed.map(|topic| topic.get()))
        };
        Self { search, drill: PageData::load(asked, |(metric, query, _)| load_rows(metric, query)) }
    }

    fn view(this: Self) -> AnyView {
        let DrillRoute { search, drill } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    match drill.await {
                        Ok(drill) => shown(drill, &search.get_untracked()).into_any(),
                        Err(Fault(error)) if error.code == ErrorCode::NotFound => view! { <NotFound/> }.into_any(),
                        Err(Fault(error)) => {
                            set_status(error.code.status());
                            view! { <PageHead title="Figure"/><crate::components::states::Failed error/> }.into_any()
                        }
                    }
                })}
            </Transition>
        }
        .into_any()
    }
}

/// The same address with some parameters set or (empty) taken away; the place in the list starts over.
fn address(path: &str, pairs: &[(String, String)], set: &[(&str, &str)]) -> String {
    let kept = pairs
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .filter(|(name, value)| *name != "cursor" && !value.is_empty() && !set.iter().any(|(other, _)| other == name));
    let text = query::write(kept.chain(set.iter().copied().filter(|(_, value)| !value.is_empty())));
    if text.is_empty() { path.to_owned() } else { format!("{path}?{text}") }
}

fn shown(drill: Drill, search: &str) -> impl IntoView + use<> {
    let Drill { number, earlier, past, rows, rows_missing, scope, sort, base_currency, as_of } = drill;
    let pairs = query::pairs(search);
    let path = format!("/overview/kpis/{}", number.key);
    let locale = session().business.locale;
    let total = rows.total();
    let next = rows.next_cursor().map(|cursor| address(&path, &pairs, &[("cursor", cursor)]));
    let first = pairs.iter().any(|(n, v)| n == "cursor" && !v.is_empty()).then(|| address(&path, &pairs, &[]));
    let whole: Vec<_> = pairs.iter().filter(|(n, _)| n != "limit").cloned().collect();
    let export =
        |kind: &str| address(&format!("/api/v1/exports/kpi-rows.{kind}"), &whole, &[("metric", number.key.as_str())]);
    let exports = session().may(Permission::AccessExport).then(|| {
        view! {
            <a class="btn" rel="external" href=export("csv")>"Export CSV"</a>
            <a class="btn" rel="external" href=export("xlsx")>"Export XLSX"</a>
        }
    });
    let hidden = pairs
        .iter()
        .filter(|(name, value)| !matches!(name.as_str(), "q" | "cursor" | "sort") && !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone()/> })
        .collect_view();
    let q = pairs.iter().find(|(n, _)| n == "q").map(|(_, v)| v.clone()).unwrap_or_default();
    let sorts = DrillSort::of(number.key.drill_kind())
        .iter()
        .map(|choice| view! { <option value=choice.as_str() selected=*choice == sort>{rows::sort_words(*choice)}</option> })
        .collect_view();
    let count = format!("{} of {} rows", format::count(total, &locale), format::count(number.row_count, &locale));
    let table = if let Some(why) = rows_missing {
        let message = format!("The rows cannot be shown just now. {why} The number is the last known one.");
        view! { <p class="stale" role="status" data-rows-missing>{message}</p> }.into_any()
    } else if total == 0 {
        view! { <Empty message="No row matches. Widen the period or clear the search."/> }.into_any()
    } else {
        match rows {
            DrillRows::Facts(page) => rows::facts(page.items, base_currency, &locale).into_any(),
            DrillRows::Buyers(page) => rows::buyers(page.items, base_currency, &locale).into_any(),
            DrillRows::Visitors(page) => rows::visitors(page.items, &locale).into_any(),
            DrillRows::Products(page) => rows::products(page.items, &locale).into_any(),
        }
    };
    // As it was chosen there, or not; the page shows whole days.
    let chosen: Vec<_> = pairs
        .iter()
        .filter(|(n, _)| !matches!(n.as_str(), "q" | "sort" | "limit" | "hour" | "seen"))
        .cloned()
        .collect();
    let back = address("/overview/kpis", &chosen, &[]);
    let (from, to) = (number.range.from, number.range.to);
    let hour = scope.hour.map(|_| format!("{} to {} on ", format::time(from), format::time(to))).unwrap_or_default();
    let words = if number.key.is_of_now() {
        format!("Now · {}", number.range.zone)
    } else {
        format!("{hour}{}", scope_words(scope, &number.range.zone))
    };
    let whole_day =
        scope.hour.map(|_| view! { <a class="btn" href=address(&path, &pairs, &[("hour", "")])>"Whole day"</a> });
    view! {
        <PageHead title=number.key.label() scope=words>
            <a class="btn" href=back>"All figures"</a>
            {whole_day}
            {exports}
        </PageHead>
        {receipt(&number, &locale, as_of)}
        {earlier.map(|earlier| since_then(&number, earlier, base_currency, &locale, as_of))}
        {(!past.is_empty()).then(|| how_it_came(&number, past, &locale))}
        <form class="filters" method="get" action=path aria-label="Filter rows">
            {hidden}
            <div class="field">
                <label for="drill-q">"Search"</label>
                <input id="drill-q" type="search" name="q" value=q maxlength="100"/>
            </div>
            <div class="field">
                <label for="drill-sort">"Sort by"</label>
                <select id="drill-sort" name="sort">{sorts}</select>
            </div>
            <button class="btn" type="submit">"Apply"</button>
            <span class="total num" data-rows=total.to_string()>{count}</span>
        </form>
        {table}
        <Pager first next/>
    }
}

/// "126 at 10:42:07, 127 now", and the rows that made the difference.
fn since_then(
    number: &Tile,
    earlier: Earlier,
    base: Currency,
    locale: &str,
    as_of: chrono::DateTime<chrono::FixedOffset>,
) -> impl IntoView + use<> {
    let then = earlier.value.computed_at;
    let at =
        if then.date_naive() == as_of.date_naive() { format::time_full(then) } else { format::date_time_full(then) };
    let was = number.text_of(earlier.value.value, locale);
    let words = format!("{was} at {at}, {} now", number.text(locale));
    let changed = (!earlier.changed.is_empty()).then(|| {
        view! {
            <h2>"Rows that came or changed since"</h2>
            {rows::facts(earlier.changed, base, locale)}
        }
    });
    view! {
        <section class="note" aria-label="Since you looked" data-earlier>
            <p>{words}</p>
            {changed}
        </section>
    }
}

/// How the day's number came, hour by hour.
fn how_it_came(number: &Tile, past: Vec<HistoryItem>, locale: &str) -> impl IntoView + use<> {
    let rows = past
        .into_iter()
        .map(|item| {
            view! {
                <tr>
                    <td class="num">{format::time_full(item.last.computed_at)}</td>
                    <td class="r num">{number.text_of(item.last.value, locale)}</td>
                    <td class="r num">{format::count(item.last.row_count, locale)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="twin" data-past>
            <summary>"How the number came, hour by hour"</summary>
            <div class="table-wrap" tabindex="0">
                <table>
                    <thead><tr>
                        <th scope="col">"Computed at"</th><th scope="col" class="r">"Value"</th><th scope="col" class="r">"Rows"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
}

/// What the number is made of, and how it moved.
fn receipt(number: &Tile, locale: &str, as_of: chrono::DateTime<chrono::FixedOffset>) -> impl IntoView + use<> {
    let notes = number.notes(locale).join(" · ");
    let notes = (!notes.is_empty()).then(|| view! { <div><dt>"Beside it"</dt><dd>{notes}</dd></div> });
    let reason = number.reason.clone().map(|reason| view! { <div><dt>"Why unknown"</dt><dd>{reason}</dd></div> });
    let change = number
        .change
        .as_ref()
        .filter(|_| number.value.is_some())
        .map(|change| view! { <div><dt>"Change"</dt><dd>{delta(change)}</dd></div> });
    view! {
        <section class="receipt" aria-label="Receipt">
            <div class="value num" data-metric=number.key.as_str()>{number.text(locale)}</div>
            <dl class="details">
                {receipt::entries(number, locale)}
                {reason}
                {change}
                {notes}
                <div><dt>"As of"</dt><dd class="num">{format::date_time_full(as_of)}</dd></div>
            </dl>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_filter_and_start_over() {
        let pairs = query::pairs("?day=2010-12-01&q=a%20b&cursor=x&basis=");
        assert_eq!(address("/p", &pairs, &[]), "/p?day=2010-12-01&q=a%20b");
        assert_eq!(address("/p", &pairs, &[("cursor", "1~2"), ("q", "")]), "/p?day=2010-12-01&cursor=1~2");
        assert_eq!(address("/p", &[], &[]), "/p");
    }
}
