//! What was put off: told right after, with a way back; and everything that is put off, on the page of the list.

use super::NeedsAttention;
use crate::components::form::{CsrfField, ErrorSummary, FormState};
use domain::{
    AppError, format,
    overview::attention::{AttentionItem, PutOff},
};
use leptos::{form::ActionForm, prelude::*};

/// The item whose putting off was refused last, and why.
pub fn refused(of: NeedsAttention) -> Signal<Option<(String, AppError)>> {
    let state = FormState::of(of.snooze);
    // Without script the page was loaded anew, and knows from the form that came back.
    let typed = state.typed("key", "");
    Signal::derive(move || {
        let with_script = of.snooze.value().with(Option::is_some);
        let tried = if with_script { of.tried.get().unwrap_or_default() } else { typed.clone() };
        state.error().get().filter(|_| !of.snooze.pending().get()).map(|error| (tried, error))
    })
}

/// A fault in its place.
pub fn fault_line(fault: impl Fn() -> Option<AppError> + Send + 'static) -> impl IntoView {
    view! {
        <div aria-live="assertive">
            {move || fault().map(|error| view! { <p class="error" role="alert" data-snooze-fault>{error.message}</p> })}
        </div>
    }
}

/// Until when the item put off last is away, with Undo; or why an item could not be that is not listed any more.
pub fn told(put_off: &[PutOff], items: &[AttentionItem], of: NeedsAttention) -> impl IntoView + use<> {
    let listed: Vec<String> = items.iter().map(|item| item.key.clone()).collect();
    let refused = refused(of);
    let gone = move || refused.get().filter(|(key, _)| !listed.contains(key)).map(|(_, error)| error);
    let put_off = put_off.to_vec();
    let last = move || of.tried.get().and_then(|key| put_off.iter().find(|one| one.key == key).cloned());
    view! {
        {fault_line(gone)}
        <ErrorSummary state=FormState::of(of.unsnooze)/>
        <div aria-live="polite">
            {move || last().map(|PutOff { key, title, until }| view! {
                <div class="put-off" role="status" data-snoozed=key.clone()>
                    <span>"Snoozed until "{time(until)}": "{title.clone()}</span>
                    {undo("Undo", &key, &title, of)}
                </div>
            })}
        </div>
    }
}

/// Everything put off, folded.
pub fn waiting(put_off: Vec<PutOff>, of: NeedsAttention) -> impl IntoView {
    (!put_off.is_empty()).then(|| {
        let rows = put_off
            .into_iter()
            .map(|PutOff { key, title, until }| {
                view! {
                    <li class="put-off" data-put-off=key.clone()>
                        <span>{title.clone()}" until "{time(until)}</span>
                        {undo("Bring back", &key, &title, of)}
                    </li>
                }
            })
            .collect_view();
        view! {
            <details class="twin">
                <summary>"Put off"</summary>
                <ul class="list">{rows}</ul>
            </details>
        }
    })
}

fn time(until: chrono::DateTime<chrono::FixedOffset>) -> impl IntoView {
    view! {
        <time class="num" datetime=format::date_time_machine(until) title=format::date_time_full(until)>
            {format::date_time(until)}
        </time>
    }
}

fn undo(label: &'static str, key: &str, title: &str, of: NeedsAttention) -> impl IntoView + use<> {
    let (named, key) = (format!("{label}: {title}"), key.to_owned());
    view! {
        <ActionForm action=of.unsnooze>
            <CsrfField/>
            <input type="hidden" name="key" value=key/>
            <button class="btn" type="submit" aria-label=named>{label}</button>
        </ActionForm>
    }
}
