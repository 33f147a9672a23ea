//! `/overview/targets`: what the figures shall reach. Whole with and without script.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::overview::targets::{DeleteTarget, SetTarget, load_targets},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    live::Topic,
    overview::{MetricKey, Target, TargetPeriod, TargetsScreen},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// The page of targets.
#[derive(Debug)]
pub struct TargetsRoute {
    screen: PageData<TargetsScreen>,
}

impl LazyPage for TargetsRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Settings);
        Self { screen: PageData::load(move || changed.get(), |_| load_targets()) }
    }

    fn view(this: Self) -> AnyView {
        let screen = this.screen;
        let query = use_query_map();
        let (saved, deleted) = query.with_untracked(|q| (q.get("saved").is_some(), q.get("deleted").is_some()));
        view! {
            <PageHead title="Targets" scope="What the figures shall reach in a day or a month; a target counts until the next of its figure begins">
                <a class="btn" href="/overview/kpis">"Figures"</a>
            </PageHead>
            {saved.then(|| view! { <p class="banner" role="status">"The target is saved."</p> })}
            {deleted.then(|| view! { <p class="banner" role="status">"The target is deleted."</p> })}
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || {
                    // The target to change, if the address names one; the form starts from it.
                    let chosen = query.with(|q| q.get("change"));
                    Suspend::new(async move { ready_or_failed(screen.await, move |screen| shown(screen, chosen)) })
                }}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: TargetsScreen, chosen: Option<String>) -> AnyView {
    let may_edit = session().may(Permission::OverviewTargetsEdit);
    let chosen = chosen.and_then(|id| screen.targets.iter().find(|target| target.id.to_string() == id).cloned());
    let (today, currency) = (screen.today, screen.currency);
    view! {
        {list(screen, may_edit)}
        {may_edit.then(|| edit_form(chosen, today.to_string(), currency.as_str().to_owned()))}
    }
    .into_any()
}

fn list(screen: TargetsScreen, may_edit: bool) -> AnyView {
    if screen.targets.is_empty() {
        let message = if may_edit {
            "No targets yet. Set the first one below."
        } else {
            "No targets yet. An administrator can set them."
        };
        return view! { <Empty message/> }.into_any();
    }
    let today = screen.today;
    let rows = screen.targets.into_iter().map(|target| row(target, today, may_edit)).collect_view();
    view! {
        <section class="card">
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr>
                        <th scope="col">"Figure"</th><th scope="col">"For"</th><th scope="col" class="r">"Target"</th>
                        <th scope="col">"From"</th><th scope="col">"State"</th><th scope="col">"Note"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

const fn each(period: TargetPeriod) -> &'static str {
    match period {
        TargetPeriod::Day => "each day",
        TargetPeriod::Month => "each month",
    }
}

fn row(target: Target, today: chrono::NaiveDate, may_edit: bool) -> impl IntoView {
    let locale = session().business.locale;
    let (class, words) = if target.counts_on(today) {
        ("badge good", "In force")
    } else if target.valid_from > today {
        ("badge neutral", "To come")
    } else {
        ("badge neutral", "Over")
    };
    let until = target.until.map(|day| format!(" (until {})", format::date(day)));
    let named = format!("{} {} from {}", target.metric.label(), each(target.period), format::date(target.valid_from));
    let id = target.id.to_string();
    let acts = may_edit.then(|| {
        view! {
                <a class="btn quiet" href=format!("/overview/targets?change={id}#form") aria-label=format!("Change {named}")>"Change"</a>
                <form method="post" action=DeleteTarget::PATH>
                    <CsrfField/>
                    <input type="hidden" name="id" value=id.clone()/>
                    <button class="btn danger" type="submit" aria-label=format!("Delete {named}")>"Delete"</button>
                </form>
        }
    });
    view! {
        <tr>
            <td data-label="Figure">{target.metric.label()}</td>
            <td data-label="For">{each(target.period)}</td>
            <td data-label="Target" class="r num">{target.text(&locale)}</td>
            <td data-label="From">{format::date(target.valid_from)}{until}</td>
            <td data-label="State"><span class=class>{words}</span></td>
            <td data-label="Note">{target.note.clone()}" "<small>{target.created_by.clone()}</small></td>
            <td>{acts}</td>
        </tr>
    }
}

fn edit_form(chosen: Option<Target>, today: String, currency: String) -> impl IntoView {
    let state = FormState::plain(SetTarget::PATH);
    let was = |of: fn(&Target) -> String, otherwise: &str| chosen.as_ref().map_or_else(|| otherwise.to_owned(), of);
    let metric = state.typed("metric", &was(|t| t.metric.as_str().to_owned(), MetricKey::RevenueNet.as_str()));
    let period = state.typed("period", &was(|t| t.period.as_str().to_owned(), TargetPeriod::Day.as_str()));
    let valid_from = state.typed("valid_from", &was(|t| t.valid_from.to_string(), &today));
    let value = state.typed("value", &was(|t| t.value.to_string(), ""));
    let note = state.typed("note", &was(|t| t.note.clone(), ""));
    let version = state.typed("version", &was(|t| t.version.to_string(), ""));
    let changing = !version.is_empty();
    let metrics = MetricKey::with_targets()
        .map(|m| view! { <option value=m.as_str() selected=metric == m.as_str()>{m.label()}</option> })
        .collect_view();
    let periods = TargetPeriod::ALL
        .map(|p| view! { <option value=p.as_str() selected=period == p.as_str()>{each(p)}</option> })
        .collect_view();
    let (title, save) =
        if changing { ("Change the target", "Save the change") } else { ("Set a target", "Set the target") };
    view! {
        <section class="card" id="form">
            <header><h2>{title}</h2></header>
            <ErrorSummary state/>
            <form class="form" method="post" action=SetTarget::PATH>
                <CsrfField/>
                {changing.then(|| view! { <input type="hidden" name="version" value=version/> })}
                <div class="form-grid">
                    {choice(state, "metric", "Figure", "Revenue and orders are held against the usual course of the day, rates as they stand.", metrics.into_any())}
                    {choice(state, "period", "For", "Revenue and orders may have a target of the month too.", periods.into_any())}
                    {entry(state, "valid_from", "From", "date", valid_from, "Of a month target the first of a month.".to_owned())}
                    {entry(state, "value", "Target", "text", value, format!("Amounts in {currency}, the conversion in percent."))}
                    {entry(state, "note", "Note (optional)", "text", note, "Why, or by whom it was agreed.".to_owned())}
                </div>
                <div class="form-actions">
                    <button class="btn primary" type="submit">{save}</button>
                    {changing.then(|| view! { <a class="btn quiet" href="/overview/targets">"Do not change"</a> })}
                </div>
            </form>
        </section>
    }
}

fn choice(
    state: FormState,
    name: &'static str,
    label: &'static str,
    help: &'static str,
    options: AnyView,
) -> impl IntoView {
    let fault = state.fault(name);
    view! {
        <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <select id=name name=name aria-describedby=format!("{name}-help {name}-error")>{options}</select>
            <p class="help" id=format!("{name}-help")>{help}</p>
            <p class="error" id=format!("{name}-error")>{move || fault.get()}</p>
        </div>
    }
}

fn entry(
    state: FormState,
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: String,
    help: String,
) -> impl IntoView {
    let fault = state.fault(name);
    let mode = (name == "value").then_some("decimal");
    view! {
        <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input id=name name=name type=kind value=value inputmode=mode autocomplete="off" required=name != "note"
                aria-describedby=format!("{name}-help {name}-error")
                aria-invalid=move || fault.get().is_some().then_some("true")/>
            <p class="help" id=format!("{name}-help")>{help}</p>
            <p class="error" id=format!("{name}-error")>{move || fault.get()}</p>
        </div>
    }
}
