//! Time that passes while a document is open: ages grow, and pages look again by themselves. It counts from the
//! moment the document came alive, so a view needs no clock and both sides begin with the same text.

use crate::browser;
use leptos::prelude::*;

/// Seconds since the document came alive; stands still while it is hidden, and catches up when it is shown.
#[derive(Debug, Clone, Copy)]
struct Passing(RwSignal<u32>);

/// Starts the count; called once, by the app.
pub fn provide_passing() {
    let passing = Passing(RwSignal::new(0));
    provide_context(passing);
    Effect::new(move |_| browser::count_seconds(passing.0));
}

/// Seconds since the document came alive; 0 on the server.
#[must_use]
pub fn use_seconds() -> Signal<u32> {
    use_context::<Passing>().map_or_else(|| Signal::stored(0), |passing| passing.0.into())
}
