//! How a page of figures is kept up to date: now, or every so often. Besides, what changes comes by itself.

use crate::{
    browser,
    components::form::{CsrfField, ErrorSummary, FormState},
    features::overview::cache::RefreshFigures,
    passing::use_seconds,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_location;

/// Seconds between two looks; 0 is off.
const CHOICES: [(u32, &str); 5] = [(0, "off"), (15, "15 s"), (30, "30 s"), (60, "1 min"), (300, "5 min")];
const DEFAULT: u32 = 30;
/// Where this browser keeps the choice.
const KEPT: &str = "auto-refresh";

/// The controls of a page that `refetch` reads anew.
#[component]
pub fn RefreshControls(refetch: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let action = ServerAction::<RefreshFigures>::new();
    let state = FormState::of(action);
    let every = RwSignal::new(DEFAULT);
    Effect::new(move |_| {
        let kept = browser::recall(KEPT).and_then(|text| text.parse().ok());
        every.set(kept.filter(|kept| CHOICES.iter().any(|(n, _)| n == kept)).unwrap_or(DEFAULT));
    });
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
        let (now, every) = (passed.get(), every.get());
        if every > 0 && now.saturating_sub(looked.get_value()) >= every {
            looked.set_value(now);
            refetch();
        }
    });
    let choose = move |event| {
        let text = event_target_value(&event);
        browser::remember(KEPT, &text);
        every.set(text.parse().unwrap_or(DEFAULT));
    };
    let place = use_location();
    let back = move || format!("{}{}", place.pathname.get(), query(&place.search.get()));
    let pending = action.pending();
    let options = CHOICES
        .map(|(n, label)| view! { <option value=n.to_string() selected=move || every.get() == n>{label}</option> })
        .collect_view();
    view! {
        <section class="filters refresh" aria-label="Refresh">
            <ActionForm action>
                <CsrfField/>
                <input type="hidden" name="back" value=back/>
                <button class="btn" type="submit" aria-busy=move || pending.get().then_some("true")>
                    {move || if pending.get() { "Refreshing…" } else { "Refresh now" }}
                </button>
            </ActionForm>
            <div class="field needs-script">
                <label for="auto-refresh">"Look again"</label>
                <select id="auto-refresh" on:change=choose>{options}</select>
            </div>
            <ErrorSummary state/>
        </section>
    }
}

/// The query part of an address, as the router has it, with its mark.
fn query(search: &str) -> String {
    let bare = search.trim_start_matches('?');
    if bare.is_empty() { String::new() } else { format!("?{bare}") }
}
