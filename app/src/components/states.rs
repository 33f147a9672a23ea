//! The designed states of a block besides "ready": loading, empty, failed.

use crate::fault::Fault;
use domain::{AppError, ErrorCode};
use leptos::prelude::*;

/// A grey shape of about the size of what is coming.
#[component]
pub fn Loading(
    /// Lines of text it stands for.
    #[prop(default = 3)]
    lines: u8,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">"Loading"</span>
            {(0..lines).map(|_| view! { <span class="skeleton-line"></span> }).collect_view()}
        </div>
    }
}

/// Nothing to show, and what to do about it.
#[component]
pub fn Empty(#[prop(into)] message: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="empty">
            <p>{message}</p>
            {children.map(|children| children())}
        </div>
    }
}

/// What happened, in our words, with the request id and a way to try again.
#[component]
pub fn Failed(error: AppError) -> impl IntoView {
    let sign_in = error.code == ErrorCode::Unauthenticated;
    view! {
        <div class="failed" role="alert">
            <p>{error.message}</p>
            {error.request_id.map(|id| view! { <p class="sub">"Request " <code>{id}</code></p> })}
            {if sign_in {
                view! { <a class="btn" href="/login" rel="external">"Sign in"</a> }.into_any()
            } else {
                view! { <a class="btn" href="" rel="external">"Try again"</a> }.into_any()
            }}
        </div>
    }
}

/// The view of a loaded value, or its failure.
pub fn ready_or_failed<T, V: IntoView + 'static>(result: Result<T, Fault>, view: impl FnOnce(T) -> V) -> AnyView {
    match result {
        Ok(value) => view(value).into_any(),
        Err(Fault(error)) => view! { <Failed error/> }.into_any(),
    }
}
