//! What is shown instead of a page that the reader may not see.

use crate::components::page::PageHead;
use leptos::prelude::*;

#[component]
pub fn Forbidden() -> impl IntoView {
    view! {
        <PageHead title="No access"/>
        <div class="empty">
            <p>"Your account does not hold the right to see this page. An administrator can grant it."</p>
            <p><a class="btn" href="/">"Go to the overview"</a></p>
        </div>
    }
}
