//! The head of a page: title, scope, actions.

use leptos::prelude::*;
use leptos_meta::Title;

/// Title and scope at the left, actions (one primary at most) at the right.
#[component]
pub fn PageHead(
    /// The heading, and the start of the document's title.
    #[prop(into)]
    title: String,
    /// Scope in words: period, zone, filter.
    #[prop(optional, into)]
    scope: Option<String>,
    /// How many critical items wait: "(2) Overview" in the document's title.
    #[prop(optional, into)]
    critical: Option<Signal<i64>>,
    /// Actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let named = title.clone();
    // The server writes the title after the page: its owner, and the count with it, may be gone by then.
    let text = move || match critical.and_then(|critical| critical.try_get()) {
        Some(n) if n > 0 => format!("({n}) {named}"),
        _ => named.clone(),
    };
    view! {
        <Title text/>
        <div class="head">
            <div>
                <h1>{title}</h1>
                {scope.map(|scope| view! { <div class="sub">{scope}</div> })}
            </div>
            {children.map(|children| view! { <div class="tools">{children()}</div> })}
        </div>
    }
}
