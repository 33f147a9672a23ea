//! The page for an address that leads nowhere.

use crate::{components::page::PageHead, context::set_status};
use leptos::prelude::*;

#[component]
pub fn NotFound() -> impl IntoView {
    set_status(404);
    view! {
        <PageHead title="Page not found"/>
        <div class="empty">
            <p>"Nothing lives at this address. It may have moved, or the link was cut short."</p>
            <p><a class="btn" href="/">"Go to the overview"</a></p>
        </div>
    }
}
