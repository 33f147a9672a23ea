//! `/alerts/act`: says how many alerts an act would change, takes what it needs, and does it when told so.

use super::alert::choice;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, fault},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::alerts::{ActOnAlerts, preview_act_on_alerts},
    page_data::{PageData, own_search},
    pages::LazyPage,
};
use domain::{
    alerts::{BulkAction, BulkScreen, MOST_AT_ONCE},
    format, query,
};
use leptos::{form::ActionForm, prelude::*};

/// The page that asks before it acts.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct AlertsActRoute {
    query: Memo<String>,
    screen: PageData<BulkScreen>,
    act: ServerAction<ActOnAlerts>,
}

impl LazyPage for AlertsActRoute {
    fn data() -> Self {
        let query = own_search("/alerts/act");
        Self { query, screen: PageData::load(move || query.get(), preview_act_on_alerts), act: ServerAction::new() }
    }

    fn view(this: Self) -> AnyView {
        let AlertsActRoute { query, screen, act } = this;
        view! {
            <PageHead title="Many alerts at once" scope="Nothing is changed before it is confirmed">
                <a class="btn quiet" href="/alerts">"All alerts"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(act)/>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move {
                    let asked = query.get();
                    ready_or_failed(screen.await, move |screen| shown(screen, asked, act))
                })}
            </Transition>
        }
        .into_any()
    }
}

const fn done(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Acknowledge => "acknowledged",
        BulkAction::Resolve => "resolved",
        BulkAction::Assign => "assigned",
        BulkAction::Silence => "silenced",
    }
}

fn shown(screen: BulkScreen, asked: String, act: ServerAction<ActOnAlerts>) -> AnyView {
    let locale = session().business.locale;
    let BulkScreen { action, matched, selected, filter, changed, people } = screen;
    let back = format!("/alerts?{}", query::write(filter.iter().map(|(n, v)| (n.as_str(), v.as_str()))));
    let alerts = |n: i64| format!("{} {}", format::count(n, &locale), if n == 1 { "alert" } else { "alerts" });
    let told = |words: String| {
        view! {
            <section class="card">
                <p role="status">{words}</p>
                <p><a class="btn" href=back.clone()>"Back to the list"</a></p>
            </section>
        }
        .into_any()
    };
    let which = if selected { "of those selected" } else { "of all that match the filter" };
    if let Some(changed) = changed {
        return told(format!("{} {}.", alerts(changed), done(action)));
    }
    if matched == 0 {
        return told(format!("No alert {which} can be {}.", done(action)));
    }
    if matched > MOST_AT_ONCE {
        let most = format::count(MOST_AT_ONCE, &locale);
        return told(format!("{} match, and at most {most} are changed at once. Narrow the filter.", alerts(matched)));
    }
    let state = FormState::of(act);
    let details = match action {
        BulkAction::Assign => choice(state, &people, "").into_any(),
        BulkAction::Silence => view! { {hours(state)} {note(state, "Why")} }.into_any(),
        BulkAction::Acknowledge | BulkAction::Resolve => note(state, "Note").into_any(),
    };
    let question = match action {
        // Those that have the person already are found when one is chosen.
        BulkAction::Assign => {
            format!("{} {which} will be assigned, but for those that are it already.", alerts(matched))
        }
        _ => format!("{} {which} will be {}.", alerts(matched), done(action)),
    };
    let confirm = format!("{}: {}", action.label(), alerts(matched));
    view! {
        <section class="card">
            <p role="status">{question}</p>
            <ActionForm action=act>
                <CsrfField/>
                <input type="hidden" name="query" value=asked/>
                {details}
                <div class="form-actions">
                    <button class="btn primary" type="submit">{confirm}</button>
                    <a class="btn quiet" href=back>"Change nothing"</a>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

fn hours(state: FormState) -> impl IntoView {
    let chosen = state.typed("hours", "1");
    let options = [("1", "1 hour"), ("8", "8 hours"), ("24", "1 day"), ("168", "1 week")]
        .map(|(value, words)| view! { <option value=value selected=chosen == value>{words}</option> });
    view! {
        <div class="field">
            <label for="hours">"For"</label>
            <select id="hours" name="hours">{options}</select>
        </div>
    }
}

fn note(state: FormState, label: &'static str) -> impl IntoView {
    let value = state.typed("note", "");
    let wrong = state.fault("note");
    view! {
        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
            <label for="note">{label}</label>
            <textarea id="note" name="note" rows="2" maxlength="2000" aria-describedby="note-error">{value}</textarea>
            {fault(state, "note")}
        </div>
    }
}
