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
    /// Actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title.clone()/>
        <div class="head">
            <div>
                <h1>{title}</h1>
                {scope.map(|scope| view! { <div class="sub">{scope}</div> })}
            </div>
            {children.map(|children| view! { <div class="tools">{children()}</div> })}
        </div>
    }
}
