//! The badge that tells the truth about the line to the server.

use crate::live::use_live;
use leptos::prelude::*;

#[component]
pub fn LiveBadge() -> impl IntoView {
    let line = use_live().line();
    view! {
        <span class="live" role="status" data-state=move || line.get().as_str()>{move || line.get().label()}</span>
    }
}
