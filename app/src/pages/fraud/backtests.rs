//! `/fraud/backtests`: try a rule set on the past; what was tried; files to try it on.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, fault},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::backtests::{RemoveDataset, StartBacktest, load_backtests},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use chrono::Days;
use domain::{
    format,
    fraud::backtest::{
        BacktestList, BacktestRow, BacktestState, CARDS, Dataset, DatasetField, LABEL_DELAY_DAYS, MOST_CARDS,
    },
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

/// Where the file of a dataset goes; a plain form, which comes back as the page it stands on.
pub const UPLOAD: &str = "/fraud/backtests";
/// Days tried unless said otherwise.
const USUAL_DAYS: u64 = 89;

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct BacktestsRoute {
    /// The set that the address asks for.
    asked: Memo<Option<String>>,
    list: PageData<BacktestList>,
    start: ServerAction<StartBacktest>,
    remove: ServerAction<RemoveDataset>,
}

impl LazyPage for BacktestsRoute {
    fn data() -> Self {
        let query = use_query_map();
        let set = Memo::new(move |_| query.with(|query| query.get("set")));
        let (changed, start, remove) = (use_topic(Topic::Fraud), ServerAction::new(), ServerAction::new());
        let asked = move || (changed.get(), remove.version().get());
        Self { asked: set, list: PageData::load(asked, |_| load_backtests()), start, remove }
    }

    fn view(this: Self) -> AnyView {
        let BacktestsRoute { asked, list, start, remove } = this;
        view! {
            <PageHead title="Backtests" scope="What a rule set would have done, and how right it would have been">
                <a class="btn" href="/fraud">"Fraud review"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(list.await, move |list| shown(list, asked.get_untracked(), start, remove)) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(
    list: BacktestList,
    asked: Option<String>,
    start: ServerAction<StartBacktest>,
    remove: ServerAction<RemoveDataset>,
) -> impl IntoView {
    let form = form(&list, asked, start);
    view! {
        {form}
        <section class="card">
            <header><h2>"Tried"</h2></header>
            {tried(list.backtests)}
        </section>
        <section class="card">
            <header><h2>"Datasets"</h2></header>
            <ErrorSummary state=FormState::of(remove)/>
            {datasets(list.datasets, remove)}
            {upload()}
        </section>
    }
}

fn day(state: FormState, (name, path, label): (&'static str, &'static str, &'static str), value: &str) -> AnyView {
    let (wrong, value) = (state.fault(path), state.typed(name, value));
    view! {
        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input id=name name=name type="date" value=value aria-describedby=format!("{path}-error")/>
            {fault(state, path)}
        </div>
    }
    .into_any()
}

fn number(state: FormState, name: &'static str, label: &'static str, value: String, most: u32) -> AnyView {
    let (wrong, value) = (state.fault(name), state.typed(name, &value));
    view! {
        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input id=name name=name type="number" min="0" max=most value=value inputmode="numeric"
                aria-describedby=format!("{name}-error")/>
            {fault(state, name)}
        </div>
    }
    .into_any()
}

fn form(list: &BacktestList, asked: Option<String>, start: ServerAction<StartBacktest>) -> impl IntoView + use<> {
    let state = FormState::of(start);
    let live = list.sets.iter().find(|set| set.state == "live").map(|set| set.number.to_string());
    let chosen = state.typed("rule_set", &asked.or(live).unwrap_or_default());
    let sets = list
        .sets
        .iter()
        .map(|set| {
            let (value, words) = (set.number.to_string(), format!("#{} {} ({})", set.number, set.name, set.state));
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    let chosen = state.typed("source", "own");
    let sources = list
        .datasets
        .iter()
        .map(|dataset| {
            let value = dataset.id.to_string();
            let selected = value == chosen;
            view! { <option value=value selected=selected>{dataset.name.clone()}</option> }
        })
        .collect_view();
    let last = list.last_day;
    let first = last.checked_sub_days(Days::new(USUAL_DAYS)).unwrap_or(last);
    view! {
        <ActionForm action=start>
            <section class="card">
                <header><h2>"Try a rule set"</h2></header>
                <CsrfField/>
                <ErrorSummary state/>
                <div class="form-grid">
                    <div class="field">
                        <label for="rule_set">"Rule set"</label>
                        <select id="rule_set" name="rule_set">{sets}</select>
                        {fault(state, "rule_set")}
                    </div>
                    <div class="field">
                        <label for="source">"Sales"</label>
                        <select id="source" name="source"><option value="own">"Own sales"</option>{sources}</select>
                        {fault(state, "dataset_id")}
                    </div>
                    {day(state, ("from", "from", "First day"), &first.to_string())}
                    {day(state, ("to", "to", "Last day"), &last.to_string())}
                    {day(state, ("train_from", "train.from", "Learn a score from (may be empty)"), "")}
                    {day(state, ("train_to", "train.to", "Learn until (before the first day)"), "")}
                    {number(state, "label_delay_days", "Fraud is known after, days", LABEL_DELAY_DAYS.to_string(), 90)}
                    {number(state, "k", "Customers looked at a day", CARDS.to_string(), MOST_CARDS)}
                </div>
                <p class="help">"Every sale is judged by what was known at its time. Labels are not looked at before they were known."</p>
                <div class="form-actions"><button class="btn primary" type="submit">"Start"</button></div>
            </section>
        </ActionForm>
    }
}

/// "1 Apr 2018 to 14 Apr 2018".
pub(super) fn days(row: &BacktestRow) -> String {
    format!("{} to {}", format::date(row.parameters.from), format::date(row.parameters.to))
}

pub(super) const fn tone(state: BacktestState) -> &'static str {
    match state {
        BacktestState::Queued | BacktestState::Running => "info",
        BacktestState::Finished => "good",
        BacktestState::Failed => "bad",
    }
}

fn tried(backtests: Vec<BacktestRow>) -> AnyView {
    if backtests.is_empty() {
        return view! { <Empty message="Nothing was tried yet."/> }.into_any();
    }
    let rows = backtests
        .into_iter()
        .map(|row| {
            let days = days(&row);
            let outdated = row.outdated.then(|| view! { " "<span class="badge neutral">"Set changed since"</span> });
            view! {
                <tr>
                    <td><a href=format!("/fraud/backtests/{}", row.id)>{format!("#{} {}", row.rule_set, row.rule_set_name)}</a>{outdated}</td>
                    <td>{row.dataset.unwrap_or_else(|| "Own sales".to_owned())}</td>
                    <td class="hide">{days}</td>
                    <td><span class=format!("badge {}", tone(row.state))>{row.state.label()}</span></td>
                    <td class="hide">{when(row.created_at)}" by "{row.by}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Rule set"</th><th scope="col">"Sales"</th><th scope="col">"Days"</th>
                    <th scope="col">"State"</th><th scope="col">"Started"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn datasets(datasets: Vec<Dataset>, remove: ServerAction<RemoveDataset>) -> AnyView {
    let locale = session().business.locale;
    if datasets.is_empty() {
        return view! { <Empty message="No file yet."/> }.into_any();
    }
    let rows = datasets
        .into_iter()
        .map(|of| {
            let columns = of.columns.iter().map(|(field, column)| format!("{field}: {column}")).collect::<Vec<_>>().join(", ");
            view! {
                <tr>
                    <td>{of.name}<div class="sub">{columns}</div></td>
                    <td class="r num">{format::count(of.rows, &locale)}</td>
                    <td class="r num">{format::count(of.frauds, &locale)}" of "{format::count(of.labelled, &locale)}</td>
                    <td class="hide">{format::date(of.first_at.date_naive())}" to "{format::date(of.last_at.date_naive())}" ("{of.zone}")"</td>
                    <td>
                        <ActionForm action=remove>
                            <CsrfField/>
                            <input type="hidden" name="id" value=of.id.to_string()/>
                            <button class="btn" type="submit">"Remove with its backtests"</button>
                        </ActionForm>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Dataset"</th><th scope="col" class="r">"Sales"</th><th scope="col" class="r">"Frauds of labelled"</th>
                    <th scope="col">"Days"</th><th scope="col"><span class="visually-hidden">"Remove"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn upload() -> impl IntoView {
    let state = FormState::plain(UPLOAD);
    let wrong = state.fault("file");
    let columns = DatasetField::ALL
        .map(|field| {
            let name = field.as_str();
            let wrong = state.fault(name);
            let label = format!("Column of: {}", field.words());
            view! {
                <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                    <label for=format!("column-{name}")>{label}</label>
                    <input id=format!("column-{name}") name=name maxlength="200" autocomplete="off" aria-describedby=format!("{name}-error")/>
                    {fault(state, name)}
                </div>
            }
        })
        .collect_view();
    view! {
        <form class="form" method="post" action=UPLOAD enctype="multipart/form-data">
            <h3>"Add a file"</h3>
            <CsrfField/>
            <ErrorSummary state/>
            <div class="field">
                <label for="dataset-name">"Name"</label>
                <input id="dataset-name" name="name" maxlength="200" autocomplete="off"/>
            </div>
            <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                <label for="dataset-file">"File"</label>
                <input id="dataset-file" name="file" type="file" required accept=".csv,.tsv,.txt,.gz,.xlsx,.xls,.ods"
                    aria-describedby="dataset-file-help file-error"/>
                <p class="help" id="dataset-file-help">
                    "One row a sale, at most 64 MiB, CSV and TSV may be gzip-compressed. Columns are found by their names; all others are dropped."
                </p>
                {fault(state, "file")}
            </div>
            <details>
                <summary>"Columns with other names"</summary>
                <div class="form-grid">{columns}</div>
            </details>
            <button class="btn primary" type="submit">"Upload"</button>
        </form>
    }
}
