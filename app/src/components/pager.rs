//! Keyset paging as links: the state is in the URL.

use leptos::prelude::*;

/// "First page" and "Next page" links. Each `href` carries all filters.
#[component]
pub fn Pager(
    /// Where the list starts over; `None` on the first page.
    first: Option<String>,
    /// The next page; `None` on the last.
    next: Option<String>,
) -> impl IntoView {
    view! {
        <nav class="pager" aria-label="Pages">
            {first.map(|href| view! { <a class="btn" href=href>"First page"</a> })}
            {next.map(|href| view! { <a class="btn" href=href rel="next">"Next page"</a> })}
        </nav>
    }
}
