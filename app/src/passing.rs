//! Time that passes while a document is open: ages grow, and pages look again by themselves. It counts from the
//! moment the document came alive, so a view needs no clock and both sides begin with the same text.

use crate::browser;
use leptos::prelude::*;

/// Seconds since the document came alive; stands still while it is hidden, and catches up when it is shown.
///
/// It is the document's own signal, not a view's copy of it: a view that is made anew loses what it owns before its
/// successor stands, and what it still shows meanwhile goes on counting.
#[derive(Debug, Clone, Copy)]
pub struct Passing(RwSignal<u32>);

impl Passing {
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    #[must_use]
    pub fn get_untracked(self) -> u32 {
        self.0.get_untracked()
    }
}

/// Starts the count; called once, by the app.
pub fn provide_passing() {
    let passing = Passing(RwSignal::new(0));
    provide_context(passing);
    Effect::new(move |_| browser::count_seconds(passing.0));
}

/// Seconds since the document came alive; 0 on the server.
#[must_use]
pub fn use_seconds() -> Passing {
    use_context().unwrap_or_else(|| Passing(RwSignal::new(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_waits_for_its_successor_counts_on() {
        let document = Owner::new();
        document.with(|| provide_context(Passing(RwSignal::new(7))));
        let view = document.with(|| Owner::current().map(|owner| owner.child())).unwrap();
        let (passed, copied) = view.with(|| (use_seconds(), Signal::<u32>::from(use_seconds().0)));
        view.cleanup();
        assert_eq!(document.with(|| (passed.get(), copied.try_get())), (7, None));
    }
}
