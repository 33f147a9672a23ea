//! The designed states of a block besides "ready": loading, empty, failed.

use crate::{fault::Fault, page_data::Settled};
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

/// What happened, in our words, with the request id and a way to try again; `section` is what of the page it happened to.
#[component]
pub fn Failed(error: AppError, #[prop(optional)] section: Option<&'static str>) -> impl IntoView {
    let sign_in = error.code == ErrorCode::Unauthenticated;
    view! {
        <div class="failed" role="alert" data-section-failed=section>
            {section.map(|name| view! { <p><strong>{name}" section unavailable"</strong></p> })}
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

/// A section of a page. One that could not be had says so by its name, above what it showed last; the others stand.
pub fn section<T, V: IntoView + 'static>(
    name: &'static str,
    settled: Settled<T>,
    view: impl FnOnce(T) -> V,
) -> AnyView {
    match settled {
        Settled::Ready(value) => view(value).into_any(),
        Settled::Last(value, Fault(error)) => view! { <Failed error section=name/> {view(value)} }.into_any(),
        Settled::Failed(Fault(error)) => view! { <Failed error section=name/> }.into_any(),
    }
}

/// The view of a loaded value, or its failure.
pub fn ready_or_failed<T, V: IntoView + 'static>(result: Result<T, Fault>, view: impl FnOnce(T) -> V) -> AnyView {
    match result {
        Ok(value) => view(value).into_any(),
        Err(Fault(error)) => view! { <Failed error/> }.into_any(),
    }
}
