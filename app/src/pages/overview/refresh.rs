//! How a page of figures is kept up to date: now, or every so often. Besides, what changes comes by itself.

use super::place::query;
use crate::{
    components::form::{CsrfField, ErrorSummary, FormState},
    context::session,
    features::{access::ChooseAutoRefresh, overview::cache::RefreshFigures},
    passing::use_seconds,
};
use domain::access::AutoRefresh;
use leptos::{form::ActionForm, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_location;

/// What the person has chosen: the session knows it from before the document was loaded, this since.
#[derive(Debug, Clone, Copy)]
struct Chosen(RwSignal<AutoRefresh>);

/// Called once, by the app.
pub fn provide_auto_refresh() {
    let kept = session().user.map(|user| user.auto_refresh).unwrap_or_default();
    provide_context(Chosen(RwSignal::new(kept)));
}

/// The controls of a page that `refetch` reads anew.
#[component]
pub fn RefreshControls(refetch: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let action = ServerAction::<RefreshFigures>::new();
    let state = FormState::of(action);
    let kept = use_context::<Chosen>().map_or_else(RwSignal::default, |chosen| chosen.0);
    // Asked for: as soon as the figures are marked.
    Effect::new(move |_| {
        if action.value().with(|value| value.as_ref().is_some_and(Result::is_ok)) {
            refetch();
        }
    });
    // By itself: a hidden document counts no seconds and looks once when it is shown again.
    let passed = use_seconds();
    let looked = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let (now, every) = (passed.get(), u32::from(kept.get().seconds()));
        if every > 0 && now.saturating_sub(looked.get_value()) >= every {
            looked.set_value(now);
            refetch();
        }
    });
    let place = use_location();
    let back = Signal::derive(move || format!("{}{}", place.pathname.get(), query(&place.search.get())));
    let pending = action.pending();
    view! {
        <section class="filters refresh" aria-label="Refresh">
            <ActionForm action>
                <CsrfField/>
                <input type="hidden" name="back" value=back/>
                <button class="btn" type="submit" aria-busy=move || pending.get().then_some("true")>
                    {move || if pending.get() { "Refreshing…" } else { "Refresh now" }}
                </button>
            </ActionForm>
            {every_so_often(kept, back)}
            <ErrorSummary state/>
        </section>
    }
}

/// The choice of a pace: kept at once where there is script, by its button where there is none.
fn every_so_often(kept: RwSignal<AutoRefresh>, back: Signal<String>) -> impl IntoView {
    let keep = ServerAction::<ChooseAutoRefresh>::new();
    let state = FormState::of(keep);
    let shown = RwSignal::new(AutoRefresh::parse(&state.typed("every", "")).unwrap_or(kept.get_untracked()));
    // What could not be kept is not in force, and the choice shows what is.
    Effect::new(move |_| match keep.value().get() {
        Some(Ok(())) => kept.set(shown.get_untracked()),
        Some(Err(_)) => shown.set(kept.get_untracked()),
        None => {}
    });
    let choose = move |event| {
        if let Ok(every) = AutoRefresh::parse(&event_target_value(&event)) {
            shown.set(every);
            keep.dispatch(ChooseAutoRefresh { every: every.seconds().to_string(), back: String::new() });
        }
    };
    let options = AutoRefresh::ALL
        .map(|choice| {
            let chosen = move || shown.get() == choice;
            view! {
                <option value=choice.seconds().to_string() selected=chosen prop:selected=chosen>{choice.label()}</option>
            }
        })
        .collect_view();
    view! {
        <form class="field" method="post" action=ChooseAutoRefresh::PATH>
            <CsrfField/>
            <input type="hidden" name="back" value=back/>
            <label for="auto-refresh">"Look again"</label>
            <select id="auto-refresh" name="every" on:change=choose>{options}</select>
            <button class="btn without-script" type="submit">"Keep"</button>
        </form>
        <ErrorSummary state/>
    }
}
